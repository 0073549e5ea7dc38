"""A thousand workspaces, most of them idle: what one costs in memory, file handles and disk, open and closed, and what
a start with all of them costs."""
import concurrent.futures
import json
import pathlib
import time
import unittest

from long_support import ProcessState, report

import remote_write
from support import CollectorTest, wait_until

WORKSPACES = 1000
SERIES_EACH = 10
IDLE_CLOSE_SECONDS = 120
# What may be spent on one, with room for an allocator's habits.
OPEN_BYTES_MAX = 96 << 10
CLOSED_BYTES_MAX = 4 << 10
CLOSED_DISK_BYTES_MAX = 16 << 10
START_SECONDS_MAX = 10


def disk_bytes(directory):
    return sum(512 * path.lstat().st_blocks for path in pathlib.Path(directory).rglob("*") if path.is_file())


class ManyWorkspaces(CollectorTest):
    extra_config = f"storage:\n  idle_close_seconds: {IDLE_CLOSE_SECONDS}\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.restart()
        cls.now = int(time.time() * 1000) - 60_000

    @classmethod
    def restart(cls):
        cls.sluice.stop()
        cls.sluice.arguments = ["--debug.core-dumps"]  # or /proc/<pid> is nobody's business
        began = time.monotonic()
        cls.sluice.start()
        return time.monotonic() - began

    def state(self):
        return ProcessState(self.sluice.process.pid)

    def open_count(self):
        text = self.sluice.plain("GET", "/metrics", admin=True).text
        return int(next(line for line in text.splitlines() if line.startswith("sluice_workspaces_open ")).split()[1])

    def make(self, number):
        answer = self.must(self.sluice.signed(self.root, "POST", "/workspaces",
                                              json.dumps({"alias": f"many-{number}"}).encode(),
                                              {"Content-Type": "application/json"}), 202)
        workspace = answer.json()["workspaceId"]
        series = [remote_write.series({"__name__": "many", "i": str(i)}, [(self.now, 1.0)])
                  for i in range(SERIES_EACH)]
        self.must(self.write(self.root, workspace, remote_write.body(*series)))
        return workspace

    def tell(self, what, state, before):
        per = (state.rss_anon_bytes - before.rss_anon_bytes) / WORKSPACES
        files = (state.files - before.files) / WORKSPACES
        disk = disk_bytes(pathlib.Path(self.sluice.storage, "workspaces")) / WORKSPACES
        report(f"{what}: {per / 1024:.1f} KiB of memory, {files:.2f} file handles, {disk / 1024:.1f} KiB of disk each")
        return per, files, disk

    def test_what_one_costs(self):
        before = self.state()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            workspaces = list(pool.map(self.make, range(WORKSPACES)))
        self.assertEqual(self.open_count(), WORKSPACES)
        opened, _, _ = self.tell(f"{WORKSPACES} open workspaces with {SERIES_EACH} series", self.state(), before)
        self.assertLess(opened, OPEN_BYTES_MAX)

        wait_until(lambda: self.open_count() == 0, "all to be closed", 2 * IDLE_CLOSE_SECONDS)
        _, files, disk = self.tell("the same, closed", self.state(), before)
        self.assertLess(files, 0.1)
        self.assertLess(disk, CLOSED_DISK_BYTES_MAX)

        seconds = self.restart()
        self.assertEqual(self.open_count(), 0)
        state = self.state()
        closed, files, _ = self.tell(f"after a restart ({seconds:.2f} s)", state, before)
        self.assertLess(closed, CLOSED_BYTES_MAX)
        self.assertLess(files, 0.1)
        self.assertLess(seconds, START_SECONDS_MAX)

        began = time.monotonic()
        for workspace in workspaces[:50]:
            result = self.must(self.sluice.query(self.root, workspace, "count(many)", time=self.now / 1000)).json()
            self.assertEqual(result["data"]["result"][0]["value"][1], str(SERIES_EACH))
        report(f"opened by a query: {(time.monotonic() - began) / 50 * 1000:.1f} ms each")


if __name__ == "__main__":
    unittest.main()
