"""Programs other than Prometheus that meet Sluice: vmagent as a writer, promtool as a reader of /metrics."""
import socket
import subprocess
import unittest

from support import PEERS, REGION, CollectorTest, wait_until

VMAGENT = str(PEERS / "usr/bin/vmagent")
PROMTOOL = str(PEERS / "usr/bin/promtool")


class Vmagent(CollectorTest):
    """A pod's vmagent: web identity by GET at its STS, and a security token that it sends but does not sign."""

    def start_vmagent(self, role_arn, workspace, token):
        directory = self.directory / "vmagent"
        directory.mkdir()
        token_file, log_path = directory / "token", directory / "log"
        token_file.write_text(token)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        (directory / "scrape.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: vmagent, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n")
        env = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "AWS_ROLE_ARN": role_arn,
               "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file)}
        with open(log_path, "wb") as log:
            process = subprocess.Popen(
                [VMAGENT, f"-promscrape.config={directory}/scrape.yml", f"-httpListenAddr=127.0.0.1:{port}",
                 f"-remoteWrite.url={self.sluice.endpoint}/workspaces/{workspace}/api/v1/remote_write",
                 "-remoteWrite.aws.useSigv4", f"-remoteWrite.aws.region={REGION}",
                 f"-remoteWrite.aws.stsEndpoint={self.sluice.endpoint}", f"-remoteWrite.tmpDataPath={directory}/data",
                 "-remoteWrite.flushInterval=1s", "-remoteWrite.queues=1"],
                env=env, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(lambda: (process.kill(), process.wait(20)))
        return log_path

    def test_it_logs_in_and_delivers(self):
        workspace, arn = self.create_workspace("vmagent")
        role = self.create_role("vmagent", self.trust(self.create_provider()), self.allow("aps:RemoteWrite", arn))
        log_path = self.start_vmagent(role, workspace, self.issuer.token())

        def scrapes():
            answer = self.must(self.sluice.query(self.root, workspace, "up{job='vmagent'}[5m]"))
            result = answer.json()["data"]["result"]
            return len(result[0]["values"]) >= 5 and result[0]["values"] if result else None
        try:
            values = wait_until(scrapes, "five scrapes of vmagent", 60)
        except AssertionError as missing:
            raise AssertionError(f"{missing}\n{log_path.read_text()[-2000:]}") from None
        self.assertEqual({value for _, value in values}, {"1"})


class Promtool(CollectorTest):
    def test_it_has_nothing_to_say_against_our_metrics(self):
        workspace, _ = self.create_workspace("metrics")
        wait_until(lambda: self.sluice.query(self.root, workspace, "up").status == 200, "the workspace")
        text = self.must(self.sluice.plain("GET", "/metrics", admin=True)).text
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
