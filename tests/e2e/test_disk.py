"""A full disk, a torn tail and damaged bytes: nothing acknowledged is lost, and the log says what happened where."""
import pathlib
import re
import shutil
import subprocess
import time
import unittest

import remote_write
from support import BINARY, CollectorTest, Sluice, wait_until

FILLER_BYTES = 60_000


class SmallDisk(CollectorTest):
    """The data directory on a file system of 16 MiB of its own (needs root, or sudo without a password)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mount_point = cls.directory / "small"
        cls.mount_point.mkdir()
        is_root = subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip() == "0"
        cls.as_root = prefix = [] if is_root else ["sudo", "-n"]
        mounted = subprocess.run([*prefix, "mount", "-t", "tmpfs", "-o", "size=16m,mode=0777", "none",
                                  str(cls.mount_point)],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            raise unittest.SkipTest("cannot mount a small file system: " + mounted.stderr.strip())
        cls.addClassCleanup(subprocess.run, [*prefix, "umount", "-l", str(cls.mount_point)])

    def test_read_only_file_system_is_refused_with_the_way_out(self):
        (self.mount_point / "frozen").mkdir()
        subprocess.run([*self.as_root, "mount", "-o", "remount,ro", str(self.mount_point)], check=True)
        try:
            done = subprocess.run([BINARY, "serve", f"--storage.path={self.mount_point}/frozen",
                                   "--web.listen-address=127.0.0.1:0", "--web.admin-listen-address=127.0.0.1:0"],
                                  capture_output=True, text=True, timeout=20)
        finally:
            subprocess.run([*self.as_root, "mount", "-o", "remount,rw", str(self.mount_point)], check=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"{self.mount_point}/frozen", done.stderr)
        self.assertRegex(done.stderr, "(?i)read-only")

    def test_full_disk_answers_503_loses_nothing_and_recovers(self):
        sluice, self.sluice = self.sluice, Sluice(self.mount_point / "data", self.config())
        self.addCleanup(setattr, self, "sluice", sluice)
        self.addCleanup(self.sluice.stop)
        root = self.sluice.root_credentials()
        answer = self.must(self.sluice.signed(root, "POST", "/workspaces", b"{}", {"Content-Type": "application/json"}),
                           202)
        workspace = answer.json()["workspaceId"]
        now = int(time.time() * 1000) - 3_600_000
        acknowledged = []

        def write(i):
            # A fresh label value each time keeps the log growing faster than samples alone would.
            body = remote_write.body(remote_write.series({"__name__": "disk"}, [(now + i, float(i))]),
                                     remote_write.series({"__name__": "filler", "x": f"{i}-" + "y" * FILLER_BYTES},
                                                         [(now + i, 1.0)]))
            return self.write(root, workspace, body)

        def stored():
            result = self.must(self.sluice.query(root, workspace, "disk[2h]")).json()["data"]["result"]
            return [float(v) for _, v in result[0]["values"]]

        full = None
        for i in range(1000):
            answer = write(i)
            if answer.status != 200:
                full = answer
                break
            acknowledged.append(float(i))
        self.assertIsNotNone(full, "the disk never filled")
        self.assertEqual(full.status, 503, full)
        self.assertTrue(full.headers["Retry-After"])
        self.assertRegex(full.text, "(?i)no space|disk")
        self.assertEqual(stored(), acknowledged)
        # Space returns (an operator grows the disk): the very next writes are taken again.
        subprocess.run([*self.as_root, "mount", "-o", "remount,size=64m", str(self.mount_point)], check=True)
        taken = wait_until(lambda: write(5000).status == 200, "writes after space returned")
        self.assertTrue(taken)
        self.assertEqual(stored(), acknowledged + [5000.0])
        self.sluice.kill()
        self.sluice.start()
        self.assertEqual(stored(), acknowledged + [5000.0])

    def test_below_the_reserve_writes_wait_and_queries_go_on(self):
        def resize(size):
            subprocess.run([*self.as_root, "mount", "-o", f"remount,size={size}", str(self.mount_point)], check=True)
        resize("64m")
        self.addCleanup(resize, "16m")  # as the other tests want it
        self.addCleanup(shutil.rmtree, self.mount_point / "reserve")
        sluice, self.sluice = self.sluice, Sluice(self.mount_point / "reserve", self.config() +
                                                  "storage:\n  disk_reserve_bytes: 20000000\n")
        self.addCleanup(setattr, self, "sluice", sluice)
        self.addCleanup(self.sluice.stop)
        root = self.sluice.root_credentials()
        workspace = self.must(self.sluice.signed(root, "POST", "/workspaces", b"{}",
                                                 {"Content-Type": "application/json"}), 202).json()["workspaceId"]
        now = int(time.time() * 1000) - 60_000

        def write(i):
            return self.write(root, workspace, remote_write.body(
                remote_write.series({"__name__": "reserve"}, [(now + i, float(i))])))

        def metric(name):
            text = self.sluice.plain("GET", "/metrics", admin=True).text
            return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))

        self.must(write(1))
        self.assertEqual(metric("sluice_disk_reserve_bytes"), 20000000)
        filler = self.mount_point / "filler"
        available = shutil.disk_usage(self.mount_point).free
        filler.write_bytes(b"x" * (available - 10_000_000))
        refused = wait_until(lambda: (a := write(2)).status != 200 and a, "a refusal")
        self.assertEqual(refused.status, 503, refused)
        self.assertTrue(refused.headers["Retry-After"])
        self.assertIn("storage.disk_reserve_bytes", refused.text)
        self.assertEqual(metric("sluice_disk_ingest_stopped"), 1)
        self.assertIn("disk nearly full", self.sluice.log_text())
        result = self.must(self.sluice.query(root, workspace, "reserve")).json()["data"]["result"]
        self.assertEqual(len(result), 1, "queries go on")
        filler.unlink()
        wait_until(lambda: write(100).status == 200, "writes once there is room", 5)
        self.assertIn("room on the disk again", self.sluice.log_text())
        self.assertEqual(metric("sluice_disk_ingest_stopped"), 0)


class Damage(CollectorTest):
    def setUp(self):
        self.workspace, _ = self.create_workspace("damage")
        self.now = int(time.time() * 1000) - 60_000
        self.wal = pathlib.Path(self.sluice.storage, "workspaces", self.workspace, "wal")

    def write_one(self, i):
        self.must(self.write(self.root, self.workspace, remote_write.body(
            remote_write.series({"__name__": "damage", "i": str(i)}, [(self.now + i, float(i))]))))

    def series(self):
        result = self.must(self.sluice.query(self.root, self.workspace, "damage[1h]")).json()["data"]["result"]
        return sorted(int(r["metric"]["i"]) for r in result)

    def newest_segment(self):
        return max((p for p in self.wal.iterdir() if p.is_file()), key=lambda p: p.stat().st_mtime_ns)

    def restart_with(self, change):
        self.sluice.kill()
        offset = len(self.sluice.log_text())
        change()
        self.sluice.start()
        return self.sluice.log_text()[offset:]

    def test_torn_tail_is_cut_with_a_log_line(self):
        for i in range(10):
            self.write_one(i)

        def tear():
            segment = self.newest_segment()
            data = segment.read_bytes()
            end = len(data.rstrip(b"\0"))
            # What a crash in the middle of a write leaves: the beginning of a record.
            segment.write_bytes(data[:end] + data[max(0, end - 60):end - 30] + b"\x01\x02\x03")
        log = self.restart_with(tear)
        self.assertEqual(self.series(), list(range(10)))
        self.assertRegex(log, r"torn tail.*file=\S+.*offset=\d+|damaged.*file=\S+.*offset=\d+")
        self.write_one(99)
        self.assertIn(99, self.series())

    def test_damage_before_the_tail_is_reported_and_the_rest_is_served(self):
        for i in range(200):
            self.write_one(i)

        def damage():
            segment = self.newest_segment()
            data = bytearray(segment.read_bytes())
            middle = len(bytes(data).rstrip(b"\0")) // 2
            data[middle] ^= 0xFF
            segment.write_bytes(data)
        log = self.restart_with(damage)
        self.assertRegex(log, r'level=error msg="log damaged, the rest is served".*file=\S+.*offset=\d+')
        served = self.series()
        self.assertGreaterEqual(len(served), 190)
        self.assertIn(0, served)
        self.assertIn(199, served)


if __name__ == "__main__":
    unittest.main()
