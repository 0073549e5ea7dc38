"""The restore drill: samples are written while a backup is made, everything is destroyed, the backup is restored, and
what was acknowledged is there."""
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import unittest

import remote_write
from support import BINARY, CollectorTest, Sluice


def sluice(*arguments, expect=0):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stderr if expect else done.stdout


class BackupTest(CollectorTest):
    @classmethod
    def config(cls):
        cls.backups = cls.directory / "backups"
        cls.key = cls.directory / "backup.key"
        cls.key.write_text("0123456789abcdef0123456789abcdef0123456789ab\n")
        return super().config() + f"storage:\n  backup_directory: {cls.backups}\n  backup_key_file: {cls.key}\n"

    def setUp(self):
        self.now = int(time.time() * 1000) - 600_000

    def write_one(self, workspace, i, credentials=None):
        return self.write(credentials or self.root, workspace, remote_write.body(
            remote_write.series({"__name__": "drill"}, [(self.now + i, float(i))])))

    def samples(self, collector, workspace):
        result = self.must(collector.query(self.root, workspace, "drill[1h]")).json()["data"]["result"]
        return [float(v) for _, v in result[0]["values"]] if result else []

    def back_up(self):
        return pathlib.Path(sluice("backup", f"--admin=127.0.0.1:{self.sluice.admin_port}").strip())

    def restored(self, backup, name):
        """A collector on what a backup makes; it is stopped at the end of the test."""
        target = self.directory / name
        sluice("restore", "--from", backup, "--to", target, "--key-file", self.key)
        collector = Sluice(target, super().config())
        self.addCleanup(collector.stop)
        return collector


class Drill(BackupTest):
    def test_everything_acknowledged_before_the_backup_is_there_after_it(self):
        workspace, arn = self.create_workspace("drill")
        role = self.create_role("writer", self.trust(self.create_provider()), self.allow(["aps:*"], arn))
        deleted, _ = self.create_workspace("deleted by mistake")
        self.must(self.write_one(deleted, 7))
        self.must(self.sluice.signed(self.root, "DELETE", f"/workspaces/{deleted}"), 202)
        acknowledged, stop = [], threading.Event()

        def storm():
            i = 0
            while not stop.is_set():
                if self.write_one(workspace, i).status == 200:
                    acknowledged.append(float(i))
                i += 1
        writer = threading.Thread(target=storm)
        writer.start()
        try:
            while len(acknowledged) < 50:
                time.sleep(0.01)
            before = list(acknowledged)
            first = self.back_up()
            while len(acknowledged) < len(before) + 50:
                time.sleep(0.01)
            before_second = list(acknowledged)
            second = self.back_up()
        finally:
            stop.set()
            writer.join()
        self.assertNotEqual(first, second)
        secrets = [self.root.secret_key.encode(),
                   *pathlib.Path(self.sluice.storage, "keys/sealing.keys").read_bytes().split()[-1:]]
        for path in self.backups.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                for secret in secrets:
                    self.assertNotIn(secret, data, path)
        session = self.sluice.session(role, self.issuer.token())
        self.sluice.kill()
        shutil.rmtree(self.sluice.storage)

        for backup, wanted, name in ((first, before, "first"), (second, before_second, "second")):
            collector = self.restored(backup, name)
            found = self.samples(collector, workspace)
            self.assertEqual(found[:len(wanted)], wanted, name)
            self.assertEqual(found, acknowledged[:len(found)], "nothing invented, nothing missing in between")
            # Identities are those of the backup: the old session too.
            body = remote_write.body(remote_write.series({"__name__": "after"}, [(self.now, 1.0)]))
            answer = collector.signed(session, "POST", f"/workspaces/{workspace}/api/v1/remote_write", body,
                                      dict(remote_write.HEADERS))
            self.must(answer)
            admin = f"--admin=127.0.0.1:{collector.admin_port}"
            self.assertIn("is back", sluice("workspace", "undelete", deleted, admin))
            self.assertEqual(self.samples(collector, deleted), [7])
            self.assertEqual(collector.root_credentials().secret_key, self.root.secret_key)
            mode = os.stat(pathlib.Path(collector.storage, "keys/sealing.keys")).st_mode & 0o777
            self.assertEqual(mode, 0o600)


class Refusals(BackupTest):
    def test_of_a_stopped_data_directory(self):
        workspace, _ = self.create_workspace("stopped")
        self.must(self.write_one(workspace, 1))
        to = self.directory / "elsewhere"
        arguments = ("backup", "--storage.path", self.sluice.storage, "--to", to, "--key-file", self.key)
        self.assertIn("is in use", sluice(*arguments, expect=1))
        self.sluice.stop()
        backup = sluice(*arguments).strip()
        self.sluice.start()
        self.assertIn("as they were written", sluice("restore", "--from", backup, "--check"))
        self.assertEqual(self.samples(self.restored(backup, "of-stopped"), workspace), [1])

    def test_mistakes_are_told_with_the_way_out(self):
        backup = self.back_up()
        self.assertIn("not empty", sluice("restore", "--from", backup, "--to", self.sluice.storage, "--key-file",
                                          self.key, expect=1))
        self.assertIn("is no backup", sluice("restore", "--from", self.backups, "--check", expect=1))
        self.assertIn("--key-file", sluice("restore", "--from", backup, "--to", self.directory / "x", expect=1))
        self.assertIn("none of the three", sluice("backup", "--to", self.backups, expect=1))
        other = self.directory / "other.key"
        other.write_text("x" * 44)
        target = self.directory / "half"
        self.assertIn("another backup key",
                      sluice("restore", "--from", backup, "--to", target, "--key-file", other, expect=1))
        self.assertIn("a restore into it has not ended", sluice("serve", "--storage.path", target,
                                                                "--web.listen-address=127.0.0.1:0",
                                                                "--web.admin-listen-address=127.0.0.1:0", expect=1))
        sluice("restore", "--from", backup, "--to", target, "--key-file", self.key)
        catalog = backup / "catalog.db"
        data = bytearray(catalog.read_bytes())
        data[len(data) // 2] ^= 1
        catalog.write_bytes(data)
        self.assertIn("catalog.db is damaged", sluice("restore", "--from", backup, "--check", expect=1))

    def test_without_configuration_it_says_what_is_missing(self):
        collector = Sluice(self.directory / "plain", super(BackupTest, type(self)).config())
        self.addCleanup(collector.stop)
        admin = f"--admin=127.0.0.1:{collector.admin_port}"
        self.assertIn("storage.backup_directory", sluice("backup", admin, expect=1))
        state = json.loads(collector.plain("GET", "/-/backup", admin=True).text)
        self.assertEqual(state, {"state": "none"})
        self.assertEqual(collector.plain("POST", "/-/backup", headers={"Origin": "http://x"}, admin=True).status, 403)


if __name__ == "__main__":
    unittest.main()
