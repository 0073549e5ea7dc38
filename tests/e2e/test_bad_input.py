"""Bad input, over the wire and in the configuration: the documented status, and a message that names what and where."""
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import snappy

import remote_write
from support import BINARY, REGION, Authority, CollectorTest, Credentials, Sluice


class RemoteWrite(CollectorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup = cls()
        cls.workspace, cls.arn = setup.create_workspace("bad-input")

    def runTest(self):
        """Lets setUpClass make an instance for its set-up calls."""

    def refused(self, body, status, message, headers=None):
        answer = self.write(self.root, self.workspace, body, headers)
        self.assertEqual(answer.status, status, answer)
        self.assertRegex(answer.text.splitlines()[0], message)
        self.must(self.write(self.root, self.workspace, self.good()))
        return answer

    @staticmethod
    def good(value=1.0, t_ms=None, **labels):
        return remote_write.body(remote_write.series({"__name__": "good", **labels},
                                                     [(t_ms or int(time.time() * 1000), value)]))

    def test_decompression_bomb_is_refused_by_its_declared_size(self):
        self.refused(remote_write.varint(1 << 31) + b"\x00", 413, "(?i)declares|decoded|larger|limit")

    def test_framed_snappy_is_told_from_block_snappy(self):
        framed = b"\xff\x06\x00\x00sNaPpY" + b"\x01\x07\x00\x00" + b"\x00" * 4 + b"abc"
        self.refused(framed, 400, "(?i)fram")

    def test_truncated_snappy(self):
        self.refused(self.good()[:-5], 400, "(?i)snappy")

    def test_malformed_protobuf_names_the_offset(self):
        self.refused(snappy.compress(b"\x0a\xff\xff\xff\x7f\x01"), 400, r"(?i)(byte|offset)\D*\d+")

    def test_wrong_content_type_and_encoding(self):
        for headers in ({**remote_write.HEADERS, "Content-Type": "application/json"},
                        {**remote_write.HEADERS, "Content-Encoding": "gzip"}):
            self.refused(self.good(), 415, "(?i)content", headers)

    def test_remote_write_2_tells_what_was_written(self):
        now = int(time.time() * 1000)
        good = ({"__name__": "v2", "job": "x"}, [(now - 1, 1.0), (now, 2.0)])
        nameless = ({"job": "x"}, [(now, 3.0)])
        for entries, status, written in (((good,), 200, "2"), ((good, nameless), 400, "2"), ((), 200, "0")):
            answer = self.write(self.root, self.workspace, remote_write.body_2(*entries), remote_write.HEADERS_2)
            self.assertEqual(answer.status, status, answer)
            self.assertEqual(answer.headers.get("X-Prometheus-Remote-Write-Samples-Written"), written, answer)

    def test_remote_write_2_without_its_message_type_is_refused(self):
        headers = {**remote_write.HEADERS, "X-Prometheus-Remote-Write-Version": "2.0.0"}
        self.refused(self.good(), 415, r"io\.prometheus\.write\.v2\.Request", headers)

    def test_duplicate_label_refuses_that_series_alone(self):
        now = int(time.time() * 1000)
        bad = remote_write.series([("__name__", "half"), ("a", "1"), ("a", "2")], [(now, 1.0)])
        fine = remote_write.series({"__name__": "half", "kept": "yes"}, [(now, 2.0)])
        self.refused(remote_write.body(bad, fine), 400, "(?i)duplicate")
        result = self.must(self.sluice.query(self.root, self.workspace, "half",
                                             time=now / 1000)).json()["data"]["result"]
        self.assertEqual([(r["metric"], r["value"][1]) for r in result], [({"__name__": "half", "kept": "yes"}, "2")])

    def test_unsorted_labels_are_sorted(self):
        now = int(time.time() * 1000)
        entry = remote_write.series([("z", "1"), ("__name__", "unsorted"), ("a", "2")], [(now, 3.0)])
        self.must(self.write(self.root, self.workspace, remote_write.body(entry)))
        result = self.must(self.sluice.query(self.root, self.workspace, 'unsorted{a="2",z="1"}',
                                             time=now / 1000)).json()
        self.assertEqual(len(result["data"]["result"]), 1)

    def test_missing_metric_name(self):
        entry = remote_write.series({"job": "x"}, [(int(time.time() * 1000), 3.0)])
        self.refused(remote_write.body(entry), 400, "(?i)metric name|__name__")

    def test_out_of_order_and_conflicting_samples(self):
        now = int(time.time() * 1000)
        self.must(self.write(self.root, self.workspace, self.good(1.0, now, order="x")))
        self.must(self.write(self.root, self.workspace, self.good(1.0, now, order="x")))
        self.refused(self.good(2.0, now, order="x"), 400, "(?i)duplicate sample for timestamp")
        self.must(self.write(self.root, self.workspace, self.good(3.0, now - 5000, order="x")))  # late, in the window
        self.refused(self.good(1.0, now - 25 * 3_600_000, order="x"), 400, "(?i)too old sample")

    def test_body_over_the_limit(self):
        connection = self.sluice.connection()
        connection.putrequest("POST", f"/workspaces/{self.workspace}/api/v1/remote_write")
        connection.putheader("Content-Length", str(1 << 30))
        connection.endheaders()
        response = connection.getresponse()
        self.assertEqual(response.status, 413)
        self.assertIn(b"16777216", response.read())
        connection.close()

    def test_unknown_route_and_method_say_what_there_is(self):
        unknown = self.sluice.signed(self.root, "GET", f"/workspaces/{self.workspace}/api/v1/nonsense")
        self.assertEqual(unknown.status, 404)
        self.assertIn("remote_write", unknown.json()["message"])
        wrong = self.sluice.signed(self.root, "GET", f"/workspaces/{self.workspace}/api/v1/remote_write")
        self.assertEqual((wrong.status, wrong.headers["Allow"]), (405, "POST"))
        slash = self.sluice.signed(self.root, "POST", f"/workspaces/{self.workspace}/api/v1/remote_write/")
        self.assertEqual(slash.status, 404)

    def test_workspace_that_does_not_exist(self):
        answer = self.write(self.root, "ws-00000000-0000-4000-8000-000000000000", self.good())
        self.assertEqual(answer.status, 404)
        self.assertIn("ws-00000000", answer.text)

    def test_pipelined_garbage_and_smuggling_do_not_reach_the_handler(self):
        for raw in (b"\x00\x01\x02garbage\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
                    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000 + b"\r\n\r\n"):
            with self.subTest(raw[:40]), socket.create_connection(("127.0.0.1", self.sluice.port), 10) as peer:
                peer.sendall(raw)
                answer = peer.recv(65536)
                self.assertRegex(answer.split(b"\r\n")[0], rb"HTTP/1\.1 (400|431|413|505)")
        self.must(self.write(self.root, self.workspace, self.good()))


class Queries(CollectorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup = cls()
        cls.workspace, _ = setup.create_workspace("queries")
        cls.now = int(time.time())
        entries = [remote_write.series({"__name__": "http_requests_total", "job": job, "code": code},
                                       [((cls.now - 60 + 15 * i) * 1000, float(step * i)) for i in range(5)])
                   for job, code, step in (("api", "200", 30), ("api", "500", 3), ("web", "200", 15))]
        setup.must(setup.write(cls.root, cls.workspace, remote_write.body(*entries)))

    def runTest(self):
        """Lets setUpClass make an instance for its set-up calls."""

    def get(self, path, **parameters):
        target = f"/workspaces/{self.workspace}/api/v1/{path}"
        if parameters:
            target += "?" + urllib.parse.urlencode(parameters, doseq=True, quote_via=urllib.parse.quote)
        return self.sluice.signed(self.root, "GET", target)

    def error(self, answer, status, kind, message):
        self.assertEqual(answer.status, status, answer)
        body = answer.json()
        self.assertEqual((body["status"], body["errorType"]), ("error", kind))
        self.assertRegex(body["error"], message)

    def test_answers_are_prometheus_json_to_the_letter(self):
        answer = self.must(self.get("query", query="sum by (job) (http_requests_total)", time=self.now))
        self.assertEqual(answer.text, '{"status":"success","data":{"resultType":"vector","result":['
                         f'{{"metric":{{"job":"api"}},"value":[{self.now},"132"]}},'
                         f'{{"metric":{{"job":"web"}},"value":[{self.now},"60"]}}]}}}}')
        answer = self.must(self.get("query", query="2 * 1.5", time=f"{self.now}.5"))
        self.assertEqual(answer.text,
                         f'{{"status":"success","data":{{"resultType":"scalar","result":[{self.now}.500,"3"]}}}}')

    def test_query_range_series_labels_and_values(self):
        answer = self.must(self.get("query_range", query='http_requests_total{job="web"}', start=self.now - 60,
                                    end=self.now, step=30))
        self.assertEqual(answer.json()["data"]["result"][0]["values"],
                         [[self.now - 60, "0"], [self.now - 30, "30"], [self.now, "60"]])
        self.assertEqual(len(self.must(self.get("series", **{"match[]": "http_requests_total"})).json()["data"]), 3)
        self.assertEqual(self.must(self.get("labels")).json()["data"], ["__name__", "code", "job"])
        self.assertEqual(self.must(self.get("label/job/values")).json()["data"], ["api", "web"])
        self.assertEqual(self.must(self.get("label/job/values", **{"match[]": '{code="500"}'})).json()["data"], ["api"])
        self.assertIn("version", self.must(self.get("status/buildinfo")).json()["data"])

    def test_post_form_answers_like_get(self):
        body = urllib.parse.urlencode({"query": "rate(http_requests_total[1m])", "time": self.now}).encode()
        answer = self.must(self.sluice.signed(self.root, "POST", f"/workspaces/{self.workspace}/api/v1/query", body,
                                              {"Content-Type": "application/x-www-form-urlencoded"}))
        self.assertEqual(answer.text,
                         self.must(self.get("query", query="rate(http_requests_total[1m])", time=self.now)).text)

    def test_malformed_promql_names_the_position(self):
        self.error(self.get("query", query="sum(up"), 400, "bad_data",
                   r'invalid parameter "query": 1:\d+: parse error: unclosed left parenthesis')
        self.error(self.get("query", query="foo{"), 400, "bad_data", r"1:\d+: parse error")
        self.error(self.get("query", query="rate(up)"), 400, "bad_data",
                   "expected type range vector in call to function \"rate\"")
        self.error(self.get("query"), 400, "bad_data", "parse error: no expression found in input")

    def test_bad_parameters(self):
        self.error(self.get("query", query="up", time="yesterday"), 400, "bad_data",
                   'invalid parameter "time": cannot parse "yesterday" to a valid timestamp')
        self.error(self.get("query_range", query="up", start=10, end=5, step=1), 400, "bad_data",
                   "end timestamp must not be before start time")
        self.error(self.get("query_range", query="up", start=0, end=5, step=0), 400, "bad_data",
                   "zero or negative query resolution step widths are not accepted")
        self.error(self.get("query_range", query="up", start=0, end=self.now, step=1), 400, "bad_data",
                   "exceeded maximum resolution of 11,000 points")
        self.error(self.get("series"), 400, "bad_data", "no match")
        self.error(self.get("series", **{"match[]": "{}"}), 400, "bad_data", "at least one non-empty matcher")

    def test_many_to_many_is_an_execution_error(self):
        self.error(self.get("query", query="http_requests_total / on(job) http_requests_total", time=self.now), 422,
                   "execution",
                   "found duplicate series for the match group|multiple matches for labels")


class Configuration(unittest.TestCase):
    """`sluice check config` and `sluice serve` on files with mistakes in them."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.authority = Authority(self.directory)
        self.file = self.directory / "sluice.yaml"

    def run_sluice(self, *arguments, environment=None):
        return subprocess.run([BINARY, *arguments], cwd=self.directory, capture_output=True, text=True, timeout=60,
                              env={"PATH": "/usr/bin:/bin", **(environment or {})})

    def check(self, text, *arguments, environment=None):
        self.file.write_text(text)
        return self.run_sluice("check", "config", "--config.file=sluice.yaml", *arguments, environment=environment)

    def refused(self, text, *lines, environment=None):
        """Every line of complaint, in order; `serve` says the same and does not start."""
        checked = self.check(text, environment=environment)
        self.assertEqual((checked.returncode, checked.stdout), (1, ""), checked.stderr)
        self.assertEqual(checked.stderr.splitlines(), list(lines))

    def test_a_good_file_is_one_line(self):
        cert_file, key_file = self.authority.issue("server", ["localhost"])
        done = self.check("web:\n  listen_address: 0.0.0.0:9009\n"
                          f"  tls: {{cert_file: {cert_file}, key_file: {key_file}}}\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertRegex(done.stdout, r"^sluice\.yaml is good: 3 of \d+ keys set; certificate valid until \S+Z\n$")
        self.assertEqual(self.run_sluice("check", "config").returncode, 0)

    def test_the_file_to_begin_with_is_good(self):
        example = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy/sluice.yaml"
        done = self.check(example.read_text())
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        # And so it is with its comments taken for keys, but for the files that are not there.
        lines = [line.replace("# ", "", 1) if ": " in line or line.endswith(":") else line
                 for line in example.read_text().splitlines() if "AKIASLU0" not in line and "root_secret" not in line]
        done = self.check("\n".join(line for line in lines if not line[:1].isupper()))
        self.assertEqual(re.findall(r"^sluice\.yaml:\d+: (\S+): ", done.stderr, re.M),
                         ["web.tls.cert_file", "oidc.allow.ca_file"], done.stderr)

    def test_mistakes_in_the_text(self):
        self.refused(
            "web:\n  listen_address: 0.0.0.0:9009\n  tls:\n    cert_fil: a.pem\nquery:\n  timeout_seconds: 2m\n"
            "aws:\n  region: ${REGION}\n  account_id: 42\noidc:\n  allow:\n    networks: [10.0.0.1/8]\n",
            "sluice.yaml:2: web.listen_address: 0.0.0.0:9009 is not loopback and web.tls is not set: tokens would "
            "travel in the clear. Set web.tls.cert_file and web.tls.key_file, or web.tls_terminated_upstream: true if "
            "a proxy in front ends TLS",
            "sluice.yaml:4: web.tls.cert_fil: unknown key; accepted here: cert_file, key_file, reload_interval_seconds",
            "sluice.yaml:6: query.timeout_seconds: '2m' is not accepted; wanted a whole number of seconds, 1 to 86400",
            "sluice.yaml:8: aws.region: the environment variable REGION is not set; set it, or give a default: "
            "${REGION:-...}",
            "sluice.yaml:9: aws.account_id: '42' is not an account id; wanted 12 digits, quoted",
            "sluice.yaml:12: oidc.allow.networks: network '10.0.0.1/8' has bits set after its first 8")

    def test_mistakes_in_the_files_it_names(self):
        cert_file, _ = self.authority.issue("server", ["localhost"])
        _, other_key = self.authority.issue("other", ["localhost"])
        (self.directory / "text").write_text("hello\n")
        self.refused(
            f"web:\n  tls:\n    cert_file: {cert_file}\n    key_file: {other_key}\n"
            "oidc:\n  allow:\n    ca_file: text\n  pinned_jwks:\n    - issuer: https://a.example\n      file: nowhere\n"
            "    - issuer: https://b.example\n      file: text\n"
            "aws:\n  root_access_key_id: AKIASLU0ABCDEFGH2345\n  root_secret_access_key_file: text\n",
            f"sluice.yaml:4: web.tls.key_file: the key in '{other_key}' does not belong to the certificate in "
            f"'{cert_file}'",
            "sluice.yaml:7: oidc.allow.ca_file: CA file 'text' cannot be used: no certificate or crl found",
            "sluice.yaml:9: oidc.pinned_jwks[0].file: open nowhere: No such file or directory",
            "sluice.yaml:11: oidc.pinned_jwks[1].file: text is no JWKS: key set: JSON, byte 0: syntax error",
            "sluice.yaml:15: aws.root_secret_access_key_file: the file's content (not shown) is no secret access key; "
            "wanted one line of 40 to 128 of A-Z, a-z, 0-9, '+', '/' and '='")

    def test_serve_says_the_same_and_does_not_start(self):
        self.file.write_text("query:\n  timeout_seconds: 2m\nlog:\n  level: loud\n")
        done = self.run_sluice("serve", "--config.file=sluice.yaml", "--storage.path=data")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.splitlines(), [
            "sluice: sluice.yaml:2: query.timeout_seconds: '2m' is not accepted; wanted a whole number of seconds, "
            "1 to 86400",
            "sluice: sluice.yaml:4: log.level: 'loud' is not accepted; wanted debug, info, warn or error"])
        self.assertFalse((self.directory / "data").exists())
        flag = self.run_sluice("serve", "--web.listen-address=nowhere:1")
        self.assertEqual(flag.stderr, "sluice: --web.listen-address: listen address 'nowhere:1': 'nowhere' is not an "
                                      "IP address; wanted HOST:PORT, e.g. 127.0.0.1:9009 or [::1]:9009\n")

    def test_serve_names_the_key_of_a_tls_file_and_of_a_port_that_is_taken(self):
        cert_file, _ = self.authority.issue("server", ["localhost"])
        _, other_key = self.authority.issue("other", ["localhost"])
        self.file.write_text(f"web:\n  listen_address: 127.0.0.1:0\n  admin_listen_address: 127.0.0.1:0\n"
                             f"  tls:\n    cert_file: {cert_file}\n    key_file: {other_key}\n")
        done = self.run_sluice("serve", "--config.file=sluice.yaml", "--storage.path=data")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"sluice: sluice.yaml:6: web.tls.key_file: the key in '{other_key}' does not belong to",
                      done.stderr)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.file.write_text(f"web:\n  listen_address: 127.0.0.1:{port}\n  admin_listen_address: 127.0.0.1:0\n")
            done = self.run_sluice("serve", "--config.file=sluice.yaml", "--storage.path=data")
        self.assertRegex(done.stderr,
                         rf"sluice: sluice\.yaml:2: web\.listen_address: .*127\.0\.0\.1.*{port}.*[Aa]ddress already")
        self.assertFalse((self.directory / "data").exists())

    def test_the_effective_configuration_is_printed_without_secrets(self):
        secret_file = self.directory / "secret"
        secret_file.write_text("x" * 40 + "\n")
        secret_file.chmod(0o600)
        text = (f"aws:\n  region: ${{WHERE:-eu-north-1}}\n  root_access_key_id: AKIASLU0ABCDEFGH2345\n"
                f"  root_secret_access_key_file: {secret_file}\n")
        done = self.check(text, "--print", "--log.level=warn", environment={"WHERE": "eu-west-3"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("  region: eu-west-3  # sluice.yaml:2\n", done.stdout)
        self.assertIn("  level: warn  # --log.level\n", done.stdout)
        self.assertIn("  path: ", done.stdout)
        self.assertIn("# default\n", done.stdout)
        self.assertNotIn("x" * 40, done.stdout + done.stderr)
        again = self.check(done.stdout, "--print")
        self.assertEqual(again.returncode, 0, again.stderr)
        values = lambda printed: [line.split("  #")[0] for line in printed.splitlines()]
        self.assertEqual(values(again.stdout), values(done.stdout))

    def test_a_secret_never_shows(self):
        secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        for text in (f"aws: {{root_secret_access_key: {secret}}}\n",
                     f"aws: {{root_access_key_id: {secret}, root_secret_access_key_file: {secret}}}\n"):
            done = self.check(text)
            self.assertEqual(done.returncode, 1)
            self.assertNotIn(secret, done.stdout + done.stderr)
            self.assertIn("root_secret_access_key", done.stderr)

    def test_wrong_usage(self):
        self.assertEqual(self.run_sluice("check").returncode, 2)
        self.assertEqual(self.run_sluice("check", "nonsense").returncode, 2)
        missing = self.run_sluice("check", "config", "--config.file=nowhere.yaml")
        self.assertEqual((missing.returncode, missing.stderr),
                         (1, "nowhere.yaml: cannot read the configuration file\n"))


class RootKey(unittest.TestCase):
    """A root key that the operator brings."""

    def test_it_is_the_root_key_from_the_first_start_and_can_be_replaced(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        secret_file = directory / "secret"
        first = Credentials("AKIASLU0AAAAAAAAAAAA", "a" * 40)
        second = Credentials("AKIASLU0BBBBBBBBBBBB", "b" * 40)

        def start(credentials, mode=0o600):
            secret_file.write_text(credentials.secret_key + "\n")
            secret_file.chmod(mode)
            sluice = Sluice(directory / "data", f"aws:\n  region: {REGION}\n"
                                                f"  root_access_key_id: {credentials.access_key}\n"
                                                f"  root_secret_access_key_file: {secret_file}\n")
            self.addCleanup(sluice.stop)
            return sluice

        def status(sluice, credentials):
            return sluice.signed(credentials, "GET", "/workspaces").status

        sluice = start(first)
        self.assertEqual((status(sluice, first), status(sluice, second)), (200, 403))
        self.assertFalse((directory / "data" / "credentials").exists())
        sluice.stop()
        sluice = start(second, 0o644)
        self.assertEqual((status(sluice, first), status(sluice, second)), (403, 200))
        log = sluice.log_text()
        self.assertIn("others than its owner may read the file (mode 0644); wanted 0600 or 0400", log)
        self.assertRegex(log, 'level=warn msg="a root key no longer works: the configuration brings another" '
                              '.*key=AKIASLU0A')
        self.assertNotIn("a" * 40, log)
        self.assertNotIn("b" * 40, log)


if __name__ == "__main__":
    unittest.main()
