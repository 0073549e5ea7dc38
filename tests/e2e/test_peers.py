"""Programs other than Prometheus that meet Sluice: vmagent as a writer, promtool as a reader of /metrics; and that
Alertmanager, which nothing of Sluice's meets yet, runs from build/peers."""
import http.client
import json
import pathlib
import socket
import subprocess
import tempfile
import unittest

from support import PEERS, REGION, CollectorTest, wait_until

VMAGENT = str(PEERS / "usr/bin/vmagent")
PROMTOOL = str(PEERS / "usr/bin/promtool")
ALERTMANAGER = str(PEERS / "usr/bin/prometheus-alertmanager")
# Debian's Alertmanager reads its templates below /usr/share and has no flag for another place. In a mount namespace of
# its own it finds there what was unpacked into build/peers; the system sees none of it.
OVERLAY = f"mount -t overlay overlay -o lowerdir={PEERS}/usr/share:/usr/share /usr/share"
WITH_PEERS_SHARE = ["unshare", "--map-root-user", "--mount", "sh", "-c", OVERLAY + ' && exec "$@"', "sh"]


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


class Alertmanager(unittest.TestCase):
    def setUp(self):
        if subprocess.run([*WITH_PEERS_SHARE, "true"], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
            self.skipTest("this system allows no mount namespace")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def start(self):
        """Returns the port and the log's path."""
        config, log_path = self.directory / "alertmanager.yml", self.directory / "log"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with open(log_path, "wb") as log:
            process = subprocess.Popen(
                [*WITH_PEERS_SHARE, ALERTMANAGER, f"--config.file={config}", f"--storage.path={self.directory}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(lambda: (process.kill(), process.wait(20)))
        return port, log_path

    def request(self, port, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def test_it_takes_an_alert_and_gives_it_back(self):
        port, log_path = self.start()
        try:
            wait_until(lambda: self.request(port, "GET", "/-/ready")[0] == 200, "Alertmanager")
        except AssertionError as missing:
            raise AssertionError(f"{missing}\n{log_path.read_text()[-2000:]}") from None
        alert = json.dumps([{"labels": {"alertname": "Down", "job": "api"}}])
        self.assertEqual(self.request(port, "POST", "/api/v2/alerts", alert)[0], 200)
        _, body = self.request(port, "GET", "/api/v2/alerts")
        self.assertEqual([a["labels"] for a in json.loads(body)], [{"alertname": "Down", "job": "api"}])


if __name__ == "__main__":
    unittest.main()
