"""Starting, refusing to start, and stopping; the demo."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support import BINARY, CollectorTest, wait_until


def run(*arguments, seconds=20, **options):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL, **options)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-serve-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def serve(self, config="", listen="127.0.0.1:0"):
        path = self.directory / "sluice.yaml"
        path.write_text(config)
        return run("serve", f"--config.file={path}", f"--storage.path={self.directory}/data",
                   f"--web.listen-address={listen}",
                   "--web.admin-listen-address=127.0.0.1:0")

    def refused(self, done, *texts):
        self.assertEqual(done.returncode, 1, done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)

    def test_unknown_key_names_file_line_and_accepted_keys(self):
        self.refused(self.serve("aws:\n  region: us-west-2\n  regoin: x\n"), "sluice.yaml:3: aws.regoin: unknown key",
                     "region")

    def test_wrong_type_and_bad_yaml(self):
        self.refused(self.serve("query:\n  timeout_seconds: soon\n"), "sluice.yaml:2: query.timeout_seconds",
                     "wanted a whole number of seconds, 1 to 86400")
        self.refused(self.serve("web: {\n"), "sluice.yaml", "not YAML")

    def test_plaintext_beyond_loopback(self):
        self.refused(self.serve(listen="0.0.0.0:0"), "not loopback", "web.tls")

    def test_certificate_that_is_not_there(self):
        self.refused(self.serve("web:\n  tls: {cert_file: /nonexistent.pem, key_file: /nonexistent.key}\n"),
                     "/nonexistent.pem")

    def test_data_directory_of_a_newer_format(self):
        (self.directory / "data").mkdir()
        (self.directory / "data" / "format").write_text("sluice data directory, format 99\n")
        self.refused(self.serve(), "99", "newer")

    def test_catalog_that_is_no_database(self):
        (self.directory / "data").mkdir()
        (self.directory / "data" / "catalog.db").write_bytes(b"garbage" * 1000)
        self.refused(self.serve(), "catalog.db")

    def test_unwritable_data_directory(self):
        if os.geteuid() == 0:
            # root writes anywhere: a path below a file is what cannot be made
            (self.directory / "data").write_text("a file")
        else:
            (self.directory / "data").mkdir(mode=0o500)
        self.refused(self.serve(), "data")

    def test_wrong_usage(self):
        self.assertEqual(run("serve", "--no-such-flag").returncode, 2)
        self.assertEqual(run("nonsense").returncode, 2)
        self.assertRegex(run("version").stdout, r"^sluice \d+\.\d+\.\d+ \(revision ([0-9a-f]{12}|unknown)\)$")


class Running(CollectorTest):
    def test_data_directory_in_use(self):
        done = run("serve", f"--storage.path={self.sluice.storage}", "--web.listen-address=127.0.0.1:0",
                   "--web.admin-listen-address=127.0.0.1:0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use", done.stderr)

    def test_health_readiness_metrics_and_request_ids(self):
        self.assertEqual(self.sluice.plain("GET", "/-/healthy").status, 200)
        self.assertEqual(self.sluice.plain("GET", "/-/ready").status, 200)
        metrics = self.sluice.plain("GET", "/metrics", admin=True)
        self.assertIn("sluice_http_requests_total", metrics.text)
        promtool_like = re.compile(r"^(#.*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+)$")
        for line in metrics.text.splitlines():
            self.assertRegex(line, promtool_like)
        ids = set()
        for path in ("/-/healthy", "/workspaces", "/nowhere", "/"):
            ids.add(self.sluice.plain("GET", path).request_id)
        self.assertEqual(len(ids - {None}), 4)
        self.assertEqual(self.sluice.plain("GET", "/-/explain/x", headers={"X-Forwarded-For": "1.2.3.4"}).status, 403)
        self.assertEqual(self.sluice.plain("GET", "/metrics", headers={"X-Forwarded-For": "1.2.3.4"}).status, 403)

    def test_root_secret_is_in_no_file_but_the_credentials(self):
        secret = self.root.secret_key.encode()
        for path in pathlib.Path(self.sluice.storage).rglob("*"):
            if path.is_file() and path.name != "credentials":
                self.assertNotIn(secret, path.read_bytes(), path)
        self.assertNotIn(secret.decode(), self.sluice.log_text())


class Demo(unittest.TestCase):
    def test_demo_runs_the_whole_chain_and_its_commands_work(self):
        home = tempfile.mkdtemp(prefix="sluice-demo-home-")
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        out_path = pathlib.Path(home) / "out"
        env = {"PATH": "/usr/bin:/bin", "HOME": home, "TMPDIR": home}
        with open(out_path, "wb") as out:
            demo = subprocess.Popen([BINARY, "demo", "--listen-address=127.0.0.1:0",
                                     "--admin-listen-address=127.0.0.1:0",
                                     "--interval=1"], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    env=env)
        try:
            text = wait_until(lambda: "explain" in out_path.read_text() and demo.poll() is None
                              and out_path.read_text(), "the demo's commands")
            commands = [line for line in text.splitlines() if re.match(r"(aws|curl|read|/\S+ explain) ", line)]
            self.assertEqual(len(commands), 4, text)

            def shell(command):
                return subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, timeout=60)
            verified = json.loads(shell(commands[0]).stdout)
            self.assertEqual(verified["SubjectFromWebIdentityToken"], "system:serviceaccount:monitoring:prometheus")
            queried = wait_until(lambda: json.loads(shell(commands[1]).stdout)["data"]["result"],
                                 "rates of the pretend cluster")
            self.assertIn("idle", [r["metric"]["mode"] for r in queried])
            refused = shell(commands[2])
            self.assertIn("403", refused.stdout.splitlines()[0], refused.stdout + refused.stderr)
            self.assertIn("is not authorized to perform: aps:RemoteWrite", refused.stdout)
            explained = shell(commands[3])
            self.assertEqual(explained.returncode, 0, explained.stderr)
            self.assertIn("policy.resource-mismatch", explained.stdout)
        finally:
            demo.send_signal(signal.SIGINT)
            code = demo.wait(30)
        self.assertEqual(code, 0, out_path.read_text())
        self.assertEqual([p.name for p in pathlib.Path(home).glob("sluice-demo-*")], [], "its directory is gone")


if __name__ == "__main__":
    unittest.main()
