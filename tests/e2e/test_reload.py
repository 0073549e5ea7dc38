"""The configuration and the certificate read again by a collector that runs; the service manager's view of it."""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import unittest.mock

import remote_write
from support import BINARY, REGION, CollectorTest, Sluice, wait_until

NAMES = ["127.0.0.1", "localhost"]


class ReloadTest(CollectorTest):
    """A collector whose configuration file the test writes as it goes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good_config = cls.sluice.config
        cls.config_file = pathlib.Path(cls.sluice.storage + ".yaml")

    def setUp(self):
        self.addCleanup(self.restore)

    def restore(self):
        self.write_config(self.good_config)
        self.must(self.reload())

    def write_config(self, text):
        self.config_file.write_text(text)

    def reload(self, method="POST", admin=True, headers=None):
        return self.sluice.plain(method, "/-/reload", admin=admin, headers=headers)

    def refused(self, *patterns):
        """A reload that must fail, tell why in answer, log and metric, and leave the collector serving."""
        offset = len(self.sluice.log_text())
        answer = self.reload()
        self.assertEqual(answer.status, 500, answer)
        self.assertTrue(answer.text.startswith("the old configuration stays in force:\n"), answer.text)
        log = self.sluice.log_text()[offset:]
        self.assertIn("reload failed; the old configuration stays in force", log)
        for pattern in patterns:
            self.assertRegex(answer.text, pattern)
            self.assertRegex(log, pattern)
        self.assertEqual(self.metric("sluice_config_last_reload_successful"), 0)
        self.must(self.sluice.plain("GET", "/-/healthy"))
        return answer.text

    def metric(self, name):
        text = self.must(self.sluice.plain("GET", "/metrics", admin=True)).text
        found = re.search(rf"^{name}(?:{{.*?}})? (\S+)$", text, re.M)
        self.assertIsNotNone(found, name)
        return float(found.group(1))


class TlsTest(ReloadTest):
    with_tls = True

    def issue(self):
        """Renews the server's certificate in place."""
        return self.authority.issue("server", NAMES)

    def open_connection(self):
        context = ssl.create_default_context(cafile=self.authority.ca_file)
        peer = socket.create_connection(("127.0.0.1", self.sluice.port), 10)
        return context.wrap_socket(peer, server_hostname="127.0.0.1")

    def serial(self):
        with self.open_connection() as peer:
            return peer.getpeercert()["serialNumber"]

    @staticmethod
    def healthy(peer):
        peer.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return peer.recv(65536)


class Certificate(TlsTest):
    def restore(self):
        self.issue()
        super().restore()

    def test_new_connections_see_the_renewed_certificate_and_old_ones_live_on(self):
        old = self.serial()
        with self.open_connection() as peer:
            self.assertIn(b"200 OK", self.healthy(peer))
            self.issue()
            self.assertEqual(self.serial(), old, "nothing was asked for yet")
            self.assertIn("the certificate's files were read again", self.must(self.reload()).text)
            self.assertNotEqual(self.serial(), old)
            self.assertIn(b"200 OK", self.healthy(peer))
            self.assertEqual(peer.getpeercert()["serialNumber"], old)

    def test_a_key_of_another_certificate_keeps_the_old_pair(self):
        old = self.serial()
        before = self.metric("sluice_config_last_reload_success_timestamp_seconds")
        _, other_key = self.authority.issue("other", NAMES)
        shutil.copy(other_key, self.directory / "server.key")
        self.refused(r"data\.yaml:6: web\.tls\.key_file: .*does not belong to the certificate in .*server\.pem")
        self.assertEqual(self.serial(), old)
        self.assertEqual(self.metric("sluice_config_last_reload_success_timestamp_seconds"), before)
        self.issue()
        self.must(self.reload())
        self.assertEqual(self.metric("sluice_config_last_reload_successful"), 1)
        self.assertNotEqual(self.serial(), old)

    def test_a_file_that_is_gone_or_garbled_keeps_the_old_pair(self):
        old = self.serial()
        (self.directory / "server.pem").unlink()
        self.refused(r"data\.yaml:5: web\.tls\.cert_file: .*server\.pem")
        self.assertEqual(self.serial(), old)
        self.issue()
        (self.directory / "server.key").write_text("garbage")
        self.refused(r"data\.yaml:6: web\.tls\.key_file: .*server\.key")
        self.assertEqual(self.serial(), old)

    def test_other_files_are_used_from_the_reload_on(self):
        old = self.serial()
        self.authority.issue("moved", NAMES)
        self.write_config(self.good_config.replace("server.pem", "moved.pem").replace("server.key", "moved.key"))
        for name in ("server.pem", "server.key"):
            (self.directory / name).unlink()
        self.assertIn("changed: web.tls.cert_file, web.tls.key_file\n", self.must(self.reload()).text)
        self.assertNotEqual(self.serial(), old)


class CertificateWatch(TlsTest):
    @classmethod
    def config(cls):
        return super().config().replace("  tls:\n", "  tls:\n    reload_interval_seconds: 1\n")

    def test_a_certificate_renewed_by_its_manager_is_seen_without_a_signal(self):
        old = self.serial()
        self.issue()
        wait_until(lambda: self.serial() != old, "the renewed certificate", 15)
        self.assertIn("the certificate's files changed and were read again", self.sluice.log_text())

    def test_a_pair_that_does_not_match_is_told_once_and_mended_when_it_does(self):
        old = self.serial()
        good_key = (self.directory / "server.key").read_bytes()
        _, other_key = self.authority.issue("other", NAMES)
        shutil.copy(other_key, self.directory / "server.key")
        text = "the certificate's files changed and cannot be used; the old pair stays in use"
        wait_until(lambda: text in self.sluice.log_text(), "the complaint", 15)
        time.sleep(2.5)
        self.assertEqual(self.sluice.log_text().count(text), 1)
        self.assertEqual(self.serial(), old)
        self.assertEqual(self.metric("sluice_tls_certificate_last_reload_successful"), 0)
        (self.directory / "server.key").write_bytes(good_key)
        wait_until(lambda: self.metric("sluice_tls_certificate_last_reload_successful") == 1, "the mended pair", 15)


class Configuration(ReloadTest):
    def test_sighup_reads_the_file_and_changes_the_log_level(self):
        self.write_config(self.good_config + "log:\n  level: error\n")
        self.sluice.process.send_signal(signal.SIGHUP)
        wait_until(lambda: 'trigger=SIGHUP' in self.sluice.log_text(), "the signal's trace")
        wait_until(lambda: self.metric("sluice_config_last_reload_successful") == 1, "the reload")
        offset = len(self.sluice.log_text())
        self.must(self.reload())
        self.assertEqual(self.sluice.log_text()[offset:], "", "info lines are not logged at level error")

    def test_bad_yaml_and_every_mistake_at_once(self):
        self.write_config("web: {\n")
        self.refused(r"data\.yaml:\d+: not YAML: ")
        self.write_config("log:\n  level: loud\nnonsense: 1\noidc:\n  allow:\n    networks: [10.0.0.0/33]\n")
        text = self.refused(r"data\.yaml:2: log\.level: 'loud' is not accepted; wanted debug, info, warn or error")
        self.assertIn("data.yaml:3: nonsense: unknown key; accepted here: aws, log, oidc, query, storage, web\n", text)
        self.assertIn("data.yaml:6: oidc.allow.networks: ", text)
        self.config_file.unlink()
        self.refused("cannot read the configuration file")

    def test_keys_that_only_a_restart_changes_are_named(self):
        self.write_config(self.good_config + "storage:\n  head_bytes_max: 2000000\n")
        answer = self.must(self.reload())
        self.assertIn("changed: nothing\nchanged, needs a restart: storage.head_bytes_max\n", answer.text)
        self.assertIn('level=warn msg="changed, needs a restart" keys=storage.head_bytes_max', self.sluice.log_text())

    def test_a_flag_outlives_the_file(self):
        self.write_config(self.good_config + "storage:\n  path: /elsewhere\n")
        self.assertNotIn("storage.path", self.must(self.reload()).text)

    def test_an_issuer_that_is_allowed_by_a_reload(self):
        # The file without this issuer's address: nothing is fetched from it.
        self.write_config(f"aws: {{region: {REGION}}}\n")
        self.must(self.reload())
        role = self.create_role("allowed-later", self.trust(self.create_provider()))
        refused = self.sluice.exchange(role, self.issuer.token())
        self.assertEqual(refused.status, 400, refused)
        self.assertEqual(self.issuer.discovery_hits, 0)
        self.restore()
        self.assertTrue(self.sluice.session(role, self.issuer.token()).token)

    def test_accepted_regions(self):
        target = "/workspaces"
        signed = lambda: self.sluice.signed(self.root, "GET", target, region="eu-central-1").status
        self.assertEqual(signed(), 403)
        own = f"region: {REGION}\n"
        self.write_config(self.good_config.replace(own, own + "  accepted_regions: [eu-central-1]\n"))
        self.assertIn("changed: aws.accepted_regions\n", self.must(self.reload()).text)
        self.assertEqual(signed(), 200)

    def test_query_limits(self):
        workspace, _ = self.create_workspace("limits")
        now_ms = int(time.time() * 1000)
        entries = [remote_write.series({"__name__": "up", "i": str(i)}, [(now_ms, 1.0)]) for i in range(3)]
        self.must(self.write(self.root, workspace, remote_write.body(*entries)))
        self.must(self.sluice.query(self.root, workspace, "sum(up)"))
        self.write_config(self.good_config + "query:\n  samples_max: 2\n")
        self.must(self.reload())
        refused = self.sluice.query(self.root, workspace, "sum(up)")
        self.assertEqual(refused.status, 422, refused)
        self.assertIn("samples", refused.json()["error"])

    def test_pinned_keys_are_read_again(self):
        file = self.directory / "pinned.json"
        pinned = f"  pinned_jwks:\n    - issuer: https://pinned.invalid\n      file: {file}\n"
        self.write_config(self.good_config + pinned)
        self.refused(r"oidc\.pinned_jwks\[0\]\.file: .*pinned\.json")
        file.write_text(json.dumps({"keys": []}))
        self.refused("holds no usable signing key")
        file.write_text(json.dumps({"keys": [self.issuer.keys[0].jwk()]}))
        self.assertIn("1 pinned key sets were read again", self.must(self.reload()).text)

    def test_only_post_on_the_admin_listener_and_no_web_page_may_ask(self):
        wrong = self.reload("GET")
        self.assertEqual((wrong.status, wrong.headers["Allow"]), (405, "POST"))
        self.assertEqual(self.reload(admin=False).status, 403)
        self.assertEqual(self.reload(headers={"Origin": "https://evil.example"}).status, 403)
        self.assertEqual(self.reload(headers={"Host": "evil.example"}).status, 403)

    def test_many_at_once_are_done_one_after_the_other(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: self.reload().status, range(32)))
        self.assertEqual(answers, [200] * 32)

    def test_the_admin_index_lists_every_address(self):
        text = self.must(self.sluice.plain("GET", "/", admin=True)).text
        for path in ("/-/healthy", "/-/ready", "/metrics", "/-/explain/{request id}", "/-/reload",
                     "/workspaces/{id}/api/v1/query"):
            self.assertIn(path, text)
        self.assertEqual(self.sluice.plain("GET", "/nowhere", admin=True).status, 404)


class ServiceManager(unittest.TestCase):
    """The process as systemd sees it: messages on NOTIFY_SOCKET."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def listen(self, address):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(address)
        manager.settimeout(20)
        self.addCleanup(manager.close)
        return manager

    def start(self, **environment):
        with unittest.mock.patch.dict(os.environ, environment):
            sluice = Sluice(self.directory / "data")
        self.addCleanup(sluice.stop)
        return sluice

    @staticmethod
    def receive_until(manager, wanted):
        """Messages up to and including the first that has the line `wanted`."""
        messages = []
        while not messages or wanted not in messages[-1].split("\n"):
            messages.append(manager.recv(4096).decode())
        return messages

    def test_ready_reloading_and_stopping(self):
        manager = self.listen(str(self.directory / "notify"))
        sluice = self.start(NOTIFY_SOCKET=str(self.directory / "notify"))
        self.receive_until(manager, "READY=1")
        self.receive_until(manager, f"STATUS=running on 127.0.0.1:{sluice.port}")
        sluice.process.send_signal(signal.SIGHUP)
        reloading = self.receive_until(manager, "RELOADING=1")[-1]
        self.assertRegex(reloading, r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.receive_until(manager, "READY=1")
        pathlib.Path(sluice.storage + ".yaml").write_text("nonsense: 1\n")
        sluice.process.send_signal(signal.SIGHUP)
        failed = self.receive_until(manager, "READY=1")[-1]
        self.assertRegex(failed, r"STATUS=running on \S+; the last reload failed: .*nonsense: unknown key")
        self.assertEqual(sluice.stop(), 0)
        self.receive_until(manager, "STOPPING=1")

    def test_an_abstract_socket_and_the_watchdog(self):
        name = f"sluice-e2e-{os.getpid()}"
        manager = self.listen("\0" + name)
        self.start(NOTIFY_SOCKET="@" + name, WATCHDOG_USEC="400000")
        self.receive_until(manager, "READY=1")
        for _ in range(3):
            self.receive_until(manager, "WATCHDOG=1")


class Unit(unittest.TestCase):
    """deploy/sluice.service: what systemd can say about it without running it."""

    FILE = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy/sluice.service"

    def test_it_keeps_what_the_process_relies_on(self):
        lines = self.FILE.read_text().splitlines()
        for line in ("Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "LimitCORE=0", "ProtectSystem=strict",
                     "MemoryDenyWriteExecute=yes", "NoNewPrivileges=yes", "StateDirectory=sluice",
                     "CapabilityBoundingSet="):
            self.assertIn(line, lines)

    def test_systemd_takes_every_line_of_it(self):
        verifier = shutil.which("systemd-analyze")
        if verifier is None:
            return  # the lines themselves are held by the test above
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as directory:
            unit = pathlib.Path(directory, "sluice.service")
            unit.write_text(self.FILE.read_text().replace("/usr/bin/sluice", BINARY))
            done = subprocess.run([verifier, "verify", "--man=no", str(unit)], capture_output=True, text=True,
                                  timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


class Memory(unittest.TestCase):
    """Secrets stay out of core files and debuggers: the kernel hands /proc/PID of such a process to root."""

    def owner_of_process(self, *arguments):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        directory.chmod(0o777)
        user = {"user": 65534, "group": 65534} if os.getuid() == 0 else {}
        process = subprocess.Popen(
            [BINARY, "serve", "--web.listen-address=127.0.0.1:0", "--web.admin-listen-address=127.0.0.1:0",
             f"--storage.path={directory}/data", *arguments],
            cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            **user)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.terminate)
        for line in process.stderr:
            if "listener=public" in line:
                break
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
        return os.stat(f"/proc/{process.pid}/environ").st_uid, re.search(r"Max core file size\s+(\S+)", limits).group(1)

    def test_the_process_cannot_be_dumped(self):
        self.assertEqual(self.owner_of_process(), (0, "0"))

    def test_unless_a_developer_asks_for_it(self):
        owner, core_bytes = self.owner_of_process("--debug.core-dumps")
        self.assertNotEqual(owner, 0)
        self.assertEqual(core_bytes, subprocess.check_output(["sh", "-c", "ulimit -Sc"], text=True).strip())


if __name__ == "__main__":
    unittest.main()
