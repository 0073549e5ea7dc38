"""The six steps of the README with the real clients: aws CLI, boto3, Prometheus 2.53."""
import json
import os
import pathlib
import re
import subprocess
import time
import unittest
import urllib.parse

import boto3
import botocore.config
import botocore.exceptions

import remote_write
from support import (AWS, CONFORMANCE, PROMETHEUS, REGION, CollectorTest, ConnectProxy, Credentials, Issuer, wait_until)

# Models as old as Debian 12's still demand a thumbprint; newer ones and the server do not.
UNUSED_THUMBPRINT = "0" * 40


class CliSteps(CollectorTest):
    """Steps 1 to 4 and 6 with the stock AWS CLI; the issuer has AKS' trailing slash."""

    trailing_slash = True

    def test_storage_has_the_root_key_in_a_private_file(self):
        path = pathlib.Path(self.sluice.storage, "credentials")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertRegex(path.read_text(),
                         r"(?s)\[default\].*aws_access_key_id\s*=\s*AKIA[A-Z0-9]{16}\b"
                         r".*aws_secret_access_key\s*=\s*\S{40}\b")

    def test_workspace_is_created_described_listed_and_deleted(self):
        created = self.aws("amp", "create-workspace", "--alias", "prod", "--tags", "team=infra")
        self.assertRegex(created["workspaceId"], r"^ws-[0-9a-f-]{36}$")
        self.aws("amp", "wait", "workspace-active", "--workspace-id", created["workspaceId"])
        described = self.aws("amp", "describe-workspace", "--workspace-id", created["workspaceId"])["workspace"]
        self.assertEqual(described["status"]["statusCode"], "ACTIVE")
        self.assertEqual((described["alias"], described["tags"], described["arn"]),
                         ("prod", {"team": "infra"}, created["arn"]))
        self.assertEqual(described["prometheusEndpoint"],
                         f"{self.sluice.endpoint}/workspaces/{created['workspaceId']}/")
        listed = self.aws("amp", "list-workspaces", "--alias", "prod")["workspaces"]
        self.assertIn(created["workspaceId"], [w["workspaceId"] for w in listed])
        self.aws("amp", "delete-workspace", "--workspace-id", created["workspaceId"])
        gone = self.aws("amp", "describe-workspace", "--workspace-id", created["workspaceId"], expect=254)
        self.assertIn("ResourceNotFoundException", gone)

    def test_guide_from_provider_to_session_letter_for_letter(self):
        workspace = self.aws("amp", "create-workspace", "--alias", "guide")
        provider = self.aws("iam", "create-open-id-connect-provider", "--url", self.issuer.url, "--client-id-list",
                            "sts.amazonaws.com", "--thumbprint-list", UNUSED_THUMBPRINT)["OpenIDConnectProviderArn"]
        self.addCleanup(self.aws, "iam", "delete-open-id-connect-provider", "--open-id-connect-provider-arn", provider)
        self.assertTrue(provider.endswith(":oidc-provider/" + self.issuer.without_scheme), provider)
        self.assertTrue(provider.endswith("/"), "the trailing slash is kept")
        got = self.aws("iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", provider)
        self.assertEqual((got["Url"], got["ClientIDList"]), (self.issuer.without_scheme, ["sts.amazonaws.com"]))

        trust = self.directory / "trust.json"
        trust.write_text(self.trust(provider))
        role = self.aws("iam", "create-role", "--role-name", "guide-writer", "--assume-role-policy-document",
                        f"file://{trust}")["Role"]
        self.assertEqual(role["AssumeRolePolicyDocument"], json.loads(trust.read_text()))
        policy = self.directory / "write.json"
        policy.write_text(json.dumps(self.allow("aps:RemoteWrite", workspace["arn"])))
        managed = self.aws("iam", "create-policy", "--policy-name", "guide-write", "--policy-document",
                           f"file://{policy}")
        self.aws("iam", "attach-role-policy", "--role-name", "guide-writer", "--policy-arn", managed["Policy"]["Arn"])
        attached = self.aws("iam", "list-attached-role-policies", "--role-name", "guide-writer")["AttachedPolicies"]
        self.assertEqual([a["PolicyArn"] for a in attached], [managed["Policy"]["Arn"]])

        token_file = self.directory / "token"
        token_file.write_text(self.issuer.token())
        # The guide's own line, run by a shell, with its variables and its abbreviated option.
        line = ("aws sts assume-role-with-web-identity --role-arn $AWS_ROLE_ARN --role-session-name x-account "
                "--web-identity-token file://$AWS_WEB_IDENTITY_TOKEN_FILE --duration 1500")
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.directory), "AWS_REGION": REGION, "ROLE": role["Arn"],
               "TOKEN": str(token_file), "AWS_MAX_ATTEMPTS": "1", "ENDPOINT": self.sluice.endpoint}
        shell = ('aws() { command /usr/bin/aws --endpoint-url $ENDPOINT "$@"; }; '
                 'AWS_ROLE_ARN=$ROLE AWS_WEB_IDENTITY_TOKEN_FILE=$TOKEN; ' + line)
        done = subprocess.run(["bash", "-c", shell], env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        account = role["Arn"].split(":")[4]
        self.assertEqual(answer["SubjectFromWebIdentityToken"], "system:serviceaccount:monitoring:prometheus")
        self.assertEqual(answer["Audience"], "sts.amazonaws.com")
        self.assertEqual(answer["Provider"], provider)
        self.assertEqual(answer["AssumedRoleUser"]["Arn"],
                         f"arn:aws:sts::{account}:assumed-role/guide-writer/x-account")
        self.assertEqual(answer["AssumedRoleUser"]["AssumedRoleId"], role["RoleId"] + ":x-account")
        credentials = answer["Credentials"]
        self.assertRegex(credentials["AccessKeyId"], "^ASIA[A-Z0-9]{16}$")
        self.assertEqual(len(credentials["SecretAccessKey"]), 40)
        self.assertRegex(credentials["Expiration"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")

        session = Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
        identity = self.aws("sts", "get-caller-identity", credentials=session)
        self.assertEqual(identity, {"UserId": role["RoleId"] + ":x-account", "Account": account,
                                    "Arn": f"arn:aws:sts::{account}:assumed-role/guide-writer/x-account"})
        denied = self.aws("amp", "list-workspaces", credentials=session, expect=254)
        self.assertIn("AccessDeniedException", denied)
        self.assertIn("because no identity-based policy allows the aps:ListWorkspaces action", denied)

        self.aws("iam", "detach-role-policy", "--role-name", "guide-writer", "--policy-arn", managed["Policy"]["Arn"])
        self.aws("iam", "delete-policy", "--policy-arn", managed["Policy"]["Arn"])
        self.aws("iam", "delete-role", "--role-name", "guide-writer")

    def test_explain_command_names_the_failed_check(self):
        workspace, arn = self.create_workspace("explain")
        provider = self.create_provider()
        self.addCleanup(self.iam, "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=provider)
        role = self.create_role("explained", self.trust(provider), self.allow("aps:QueryMetrics", arn))
        session = self.sluice.session(role, self.issuer.token())
        refused = self.write(session, workspace, remote_write.body())
        self.assertEqual(refused.status, 403)
        done = subprocess.run([os.environ["SLUICE_BINARY"], "explain", refused.request_id, "--admin",
                               f"127.0.0.1:{self.sluice.admin_port}"], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        for expected in ("policy.", "aps:RemoteWrite", arn, "explained"):
            self.assertIn(expected, done.stdout)
        missing = subprocess.run([os.environ["SLUICE_BINARY"], "explain", "00000000-0000-4000-8000-000000000000",
                                  "--admin",
                                  f"127.0.0.1:{self.sluice.admin_port}"], capture_output=True, text=True, timeout=20)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("no decision record", missing.stderr)


class BotoSteps(CollectorTest):
    def client(self, name, credentials=None, **options):
        credentials = credentials or self.root
        return boto3.client(name, endpoint_url=self.sluice.endpoint, region_name=REGION,
                            aws_access_key_id=credentials.access_key,
                            aws_secret_access_key=credentials.secret_key, aws_session_token=credentials.token,
                            config=botocore.config.Config(retries={"max_attempts": 1}), **options)

    def test_the_same_chain_by_boto3(self):
        iam, amp, sts = self.client("iam"), self.client("amp"), self.client("sts")
        workspace = amp.create_workspace(alias="boto")
        amp.get_waiter("workspace_active").wait(workspaceId=workspace["workspaceId"])
        provider = iam.create_open_id_connect_provider(Url=self.issuer.url, ClientIDList=["sts.amazonaws.com"],
                                                       ThumbprintList=[UNUSED_THUMBPRINT])
        role = iam.create_role(RoleName="boto-writer",
                               AssumeRolePolicyDocument=self.trust(provider["OpenIDConnectProviderArn"]))
        iam.put_role_policy(RoleName="boto-writer", PolicyName="w",
                            PolicyDocument=json.dumps(self.allow("aps:RemoteWrite", workspace["arn"])))
        document = iam.get_role_policy(RoleName="boto-writer", PolicyName="w")["PolicyDocument"]
        self.assertEqual(document, self.allow("aps:RemoteWrite", workspace["arn"]))
        answer = sts.assume_role_with_web_identity(RoleArn=role["Role"]["Arn"], RoleSessionName="boto",
                                                   WebIdentityToken=self.issuer.token())
        c = answer["Credentials"]
        session = Credentials(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])
        arn = self.client("sts", session).get_caller_identity()["Arn"]
        self.assertTrue(arn.endswith("assumed-role/boto-writer/boto"), arn)
        with self.assertRaises(amp.exceptions.AccessDeniedException):
            self.client("amp", session).describe_workspace(workspaceId=workspace["workspaceId"])
        with self.assertRaises(amp.exceptions.ResourceNotFoundException):
            amp.describe_workspace(workspaceId="ws-00000000-0000-4000-8000-000000000000")
        with self.assertRaises(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="BOTO-WRITER",
                            AssumeRolePolicyDocument=self.trust(provider["OpenIDConnectProviderArn"]))
        with self.assertRaises(iam.exceptions.MalformedPolicyDocumentException):
            iam.put_role_policy(RoleName="boto-writer", PolicyName="bad", PolicyDocument="{")
        with self.assertRaises(sts.exceptions.InvalidIdentityTokenException):
            sts.assume_role_with_web_identity(RoleArn=role["Role"]["Arn"], RoleSessionName="boto",
                                              WebIdentityToken="a.b.c")
        pages = list(iam.get_paginator("list_roles").paginate())
        self.assertIn("boto-writer", [r["RoleName"] for page in pages for r in page["Roles"]])
        iam.delete_role_policy(RoleName="boto-writer", PolicyName="w")
        iam.delete_role(RoleName="boto-writer")
        amp.delete_workspace(workspaceId=workspace["workspaceId"])


class PrometheusSteps(CollectorTest):
    """Steps 5 and 6: a stock Prometheus that gets its own credentials, over TLS."""

    with_tls = True

    def start_prometheus(self, role_arn, workspace, token, name):
        directory = self.directory / name
        directory.mkdir()
        token_file = directory / "token"
        token_file.write_text(token)
        # Port of its own: asked of the system, then released.
        import socket
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        (directory / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, external_labels: {{cluster: e2e}}}}
scrape_configs:
  - job_name: prometheus
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
remote_write:
  - url: {self.sluice.endpoint}/workspaces/{workspace}/api/v1/remote_write
    sigv4: {{region: {REGION}}}
    tls_config: {{ca_file: {self.authority.ca_file}}}
    queue_config: {{batch_send_deadline: 1s}}
""")
        proxy = ConnectProxy(self.sluice.port)
        self.addCleanup(proxy.stop)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "AWS_ROLE_ARN": role_arn,
               "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file), "AWS_STS_REGIONAL_ENDPOINTS": "regional",
               "AWS_REGION": REGION, "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
               "SSL_CERT_FILE": self.authority.ca_file, "NO_PROXY": "127.0.0.1"}
        log_path = directory / "log"
        log = open(log_path, "wb")
        process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--web.console.templates=.", "--web.console.libraries=."],
            env=env, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def stop():
            process.kill()
            process.wait(20)
            log.close()
        self.addCleanup(stop)
        return process, port, log_path, proxy

    def prometheus_query(self, port, query, **parameters):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/api/v1/query?" + urllib.parse.urlencode({"query": query, **parameters}))
        response = connection.getresponse()
        body = response.read()
        if response.status == 503:  # still replaying its own log
            raise ConnectionError(body.decode())
        return json.loads(body)["data"]["result"]

    def test_prometheus_delivers_and_both_apis_agree_and_a_restart_keeps_it(self):
        workspace, arn = self.create_workspace("prometheus")
        provider = self.create_provider()
        self.addCleanup(self.iam, "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=provider)
        role = self.create_role("prometheus", self.trust(provider), self.allow("aps:RemoteWrite", arn))
        process, port, log_path, proxy = self.start_prometheus(role, workspace, self.issuer.token(), "prom")

        def ours(query, **parameters):
            return self.must(self.sluice.query(self.root, workspace, query, **parameters)).json()["data"]["result"]

        wait_until(lambda: ours("count(up{cluster='e2e'})"), "the first samples", 60)
        self.assertIn(f"sts.{REGION}.amazonaws.com:443", proxy.hosts)
        wait_until(lambda: len(ours("up[1m]")) == 1 and len(ours("up[1m]")[0]["values"]) >= 8, "eight scrapes", 60)
        process.terminate()   # flushes its queue, then ends
        process.wait(60)
        values = ours("up[10m]")[0]["values"]
        self.assertGreaterEqual(len(values), 8)

        # The same data directory, served again without remote write: both APIs must agree on every sample.
        at = values[-1][0]
        directory = self.directory / "prom"
        (directory / "serve.yml").write_text("global: {external_labels: {cluster: e2e}}\n")
        with open(log_path, "ab") as log:
            again = subprocess.Popen(
                [PROMETHEUS, f"--config.file={directory}/serve.yml", f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--web.console.templates=.", "--web.console.libraries=."],
                cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(lambda: (again.kill(), again.wait(20)))
        wait_until(lambda: self.prometheus_query(port, "up[10m]", time=at), "Prometheus again", 30)

        def comparable(result):
            rows = []
            for series in result:
                labels = {k: v for k, v in series["metric"].items() if k != "cluster"}
                rows.append((sorted(labels.items()), series.get("values") or series.get("value")))
            return sorted(rows, key=lambda row: row[0])
        for query in ("{__name__=~'prometheus_.*|go_.*|up'}[10m]",
                      "sum by (handler) (rate(prometheus_http_requests_total[30s]))",
                      "histogram_quantile(0.9, "
                      "sum by (le) (rate(prometheus_tsdb_compaction_chunk_range_seconds_bucket[30s])))",
                      "count({__name__=~'.+'})", "up == 1", "go_goroutines / on(instance, job) up",
                      "max(go_memstats_alloc_bytes) - min(go_memstats_alloc_bytes offset 5s)"):
            self.assertEqual(comparable(ours(query, time=at)), comparable(self.prometheus_query(port, query, time=at)),
                             query)

        self.sluice.kill()
        self.sluice.start()
        self.assertEqual(ours("up[10m]", time=at)[0]["values"], values)

    def test_writes_to_another_workspace_and_by_another_service_account_are_refused(self):
        workspace, arn = self.create_workspace("mine")
        other, _ = self.create_workspace("other")
        provider = self.create_provider(issuer=self.issuer)
        self.addCleanup(self.iam, "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=provider)
        role = self.create_role("narrow", self.trust(provider), self.allow("aps:RemoteWrite", arn))
        _, _, log_path, _ = self.start_prometheus(role, other, self.issuer.token(), "prom-other")
        text = wait_until(lambda: re.search(r"403 Forbidden: (\{.*?aps:RemoteWrite.*?\})", log_path.read_text()),
                          "a refused write", 60)
        self.assertIn(f"workspace/{other} because no identity-based policy allows the aps:RemoteWrite action",
                      text.group(1).replace('\\"', '"'))
        intruder, _, log_path, _ = self.start_prometheus(
            role, workspace, self.issuer.token("system:serviceaccount:default:intruder"), "prom-intruder")
        intruder.wait(60)   # Prometheus ends when it cannot get credentials at start
        self.assertIn("Not authorized to perform sts:AssumeRoleWithWebIdentity", log_path.read_text())
        self.assertNotEqual(intruder.returncode, 0)


if __name__ == "__main__":
    unittest.main()
