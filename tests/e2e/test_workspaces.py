"""Many workspaces and deleted ones: what is idle costs nothing, what was deleted by mistake comes back."""
import json
import os
import pathlib
import subprocess
import time
import unittest

import remote_write
from support import BINARY, CollectorTest, Sluice, wait_until


def open_files(sluice, workspace):
    """Paths of a workspace's files that the process has open; it must have been started with --debug.core-dumps."""
    directory = f"/proc/{sluice.process.pid}/fd"
    found = []
    for name in os.listdir(directory):
        try:
            found.append(os.readlink(f"{directory}/{name}"))
        except FileNotFoundError:
            pass
    return [path for path in found if workspace in path]


class WorkspacesTest(CollectorTest):
    def setUp(self):
        self.now = int(time.time() * 1000) - 60_000

    def write_one(self, workspace, i):
        return self.write(self.root, workspace, remote_write.body(
            remote_write.series({"__name__": "kept"}, [(self.now + i, float(i))])))

    def samples(self, workspace):
        result = self.must(self.sluice.query(self.root, workspace, "kept[1h]")).json()["data"]["result"]
        return [float(v) for _, v in result[0]["values"]] if result else []

    def tool(self, *arguments, expect=0):
        """`sluice workspace ...` at this collector; its output, or its error text."""
        done = subprocess.run([BINARY, "workspace", *arguments, f"--admin=127.0.0.1:{self.sluice.admin_port}"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stderr if expect else done.stdout

    def directories(self):
        return sorted(p.name for p in pathlib.Path(self.sluice.storage, "workspaces").iterdir())


class Undelete(WorkspacesTest):
    def test_a_workspace_deleted_with_the_cli_comes_back_with_everything(self):
        created = self.aws("amp", "create-workspace", "--alias", "prod", "--tags", "team=infra")
        workspace = created["workspaceId"]
        for i in range(5):
            self.must(self.write_one(workspace, i))
        role = self.create_role("writer", self.trust(self.create_provider()),
                                self.allow(["aps:RemoteWrite", "aps:QueryMetrics"], created["arn"]))
        session = self.sluice.session(role, self.issuer.token())
        self.aws("amp", "delete-workspace", "--workspace-id", workspace)
        self.assertIn("ResourceNotFoundException",
                      self.aws("amp", "describe-workspace", "--workspace-id", workspace, expect=254))
        self.assertEqual(self.write_one(workspace, 9).status, 404)
        self.assertEqual([n.split("-")[0] for n in self.directories() if workspace in n and ".deleted-" in n], ["ws"])

        listed = self.tool("deleted")
        self.assertRegex(listed, f"{workspace}  deleted .* kept until .* prod")
        self.assertIn(workspace, [w["workspaceId"] for w in json.loads(self.tool("deleted", "--json"))["workspaces"]])
        # Also across a crash.
        self.sluice.kill()
        self.sluice.start()
        self.assertEqual(self.tool("undelete", workspace), f"workspace {workspace} is back (prod)\n")

        described = self.aws("amp", "describe-workspace", "--workspace-id", workspace)["workspace"]
        self.assertEqual((described["alias"], described["tags"], described["arn"], described["status"]["statusCode"]),
                         ("prod", {"team": "infra"}, created["arn"], "ACTIVE"))
        self.assertEqual(self.samples(workspace), [0, 1, 2, 3, 4])
        body = remote_write.body(remote_write.series({"__name__": "kept"}, [(self.now + 10, 10.0)]))
        self.must(self.write(session, workspace, body))
        self.assertEqual(self.samples(workspace), [0, 1, 2, 3, 4, 10])
        self.assertIn("not among the deleted", self.tool("undelete", workspace, expect=1))
        self.assertNotIn(workspace, self.tool("deleted"))

    def test_the_tool_says_what_is_wrong(self):
        self.assertIn("not among the deleted",
                      self.tool("undelete", "ws-00000000-0000-4000-8000-000000000000", expect=1))
        done = subprocess.run([BINARY, "workspace", "deleted", "--admin=127.0.0.1:1"], capture_output=True, text=True,
                              timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--admin", done.stderr)


class DeleteSeries(WorkspacesTest):
    def test_what_is_deleted_is_gone_for_good_and_in_the_audit(self):
        workspace, _ = self.create_workspace()
        old_ms = self.now - 10 * 3_600_000  # in blocks before long
        samples = [(t, 1.0) for t in range(old_ms, self.now, 60_000)]
        rows = [remote_write.series({"__name__": "kept", "job": job}, samples) for job in "ab"]
        self.must(self.write(self.root, workspace, remote_write.body(*rows)))
        directory = pathlib.Path(self.sluice.storage, "workspaces", workspace)
        wait_until(lambda: any(len(p.name) == 26 for p in directory.iterdir()), "blocks", 60)

        def jobs(selector="kept"):
            query = f"count by (job) (count_over_time({selector}[11h]))"
            return sorted(row["metric"]["job"] for row in
                          self.must(self.sluice.query(self.root, workspace, query)).json()["data"]["result"])
        self.assertEqual(jobs(), ["a", "b"])
        told = self.tool("delete-series", workspace, "--match", '{job="a"}', "--json")
        self.assertEqual(json.loads(told).keys(), {"headSeries", "headSamples", "blockSeries", "blocks"})
        self.assertGreater(json.loads(told)["blocks"], 0)
        self.assertEqual(jobs(), ["b"])
        told = self.tool("delete-series", workspace, "--match", 'kept{job="a"}', "--match", 'kept{job="b"}',
                         f"--start={self.now // 1000 - 3600}")
        self.assertRegex(told, r"^deleted \d+ samples of 1 series in the head; in \d blocks, what \d+ series have")
        self.must(self.write_one(workspace, 1))
        self.sluice.kill()
        self.sluice.start()
        self.assertEqual(jobs('kept{job!=""}'), ["b"])
        last = self.must(self.sluice.query(self.root, workspace, 'max(timestamp(kept{job="b"}))',
                                           time=self.now // 1000 - 3600)).json()["data"]["result"]
        self.assertLess(float(last[0]["value"][1]), self.now // 1000 - 3600)
        self.assertEqual(self.samples(workspace), [1])

    def test_it_says_what_is_wrong(self):
        workspace, _ = self.create_workspace()
        self.assertIn("at least one non-empty matcher",
                      self.tool("delete-series", workspace, "--match", "{}", expect=1))
        self.assertIn("parse", self.tool("delete-series", workspace, "--match", "{job=", expect=1))
        self.assertIn("ws-0", self.tool("delete-series", "ws-00000000-0000-4000-8000-000000000000", "--match", "up",
                                        expect=1))


class WithoutRetention(WorkspacesTest):
    extra_config = "storage:\n  deleted_retention_seconds: 0\n"

    def test_a_deletion_is_for_good(self):
        workspace, _ = self.create_workspace()
        self.must(self.write_one(workspace, 1))
        self.must(self.sluice.signed(self.root, "DELETE", f"/workspaces/{workspace}"), 202)
        self.assertEqual(self.tool("deleted"), "no deleted workspace is kept\n")
        self.assertNotIn(workspace, " ".join(self.directories()))


class Retention(WorkspacesTest):
    extra_config = "storage:\n  deleted_retention_seconds: 1\n"

    def test_what_was_kept_long_enough_is_removed(self):
        workspace, _ = self.create_workspace()
        self.must(self.sluice.signed(self.root, "DELETE", f"/workspaces/{workspace}"), 202)
        time.sleep(1.1)
        self.sluice.stop()
        self.sluice.start()  # looks at its start, and then every minute
        wait_until(lambda: workspace not in " ".join(self.directories()), "the removal")
        wait_until(lambda: "removed for good" in self.sluice.log_text(), "the log line")


class Idle(WorkspacesTest):
    extra_config = "storage:\n  idle_close_seconds: 2\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sluice.stop()
        cls.sluice.arguments = ["--debug.core-dumps"]  # or the process' open files are nobody's business
        cls.sluice.start()

    def wait_closed(self, workspace):
        wait_until(lambda: not open_files(self.sluice, workspace), "the workspace to be closed")

    def test_an_idle_workspace_is_closed_and_opened_by_the_next_request(self):
        workspace, _ = self.create_workspace()
        self.must(self.write_one(workspace, 1))
        self.assertTrue(open_files(self.sluice, workspace))
        self.wait_closed(workspace)
        wait_until(lambda: workspace not in self.sluice.plain("GET", "/metrics", admin=True).text,
                   "its gauges to be gone")
        self.assertEqual(self.samples(workspace), [1])
        self.must(self.write_one(workspace, 2))
        self.wait_closed(workspace)
        self.must(self.write_one(workspace, 3))
        self.assertEqual(self.samples(workspace), [1, 2, 3])

    def test_a_start_opens_what_was_in_use_and_waits_for_what_was_killed(self):
        idle, _ = self.create_workspace("idle")
        used, _ = self.create_workspace("used")
        self.must(self.write_one(idle, 1))
        self.wait_closed(idle)
        self.must(self.write_one(used, 1))
        self.sluice.stop()
        offset = len(self.sluice.log_text())
        self.sluice.start()
        self.assertRegex(self.sluice.log_text()[offset:], r"workspaces found.* to_replay=0 in_use_before=1")
        wait_until(lambda: f'msg="workspace open' in self.sluice.log_text()[offset:], "the opening")
        self.assertNotRegex(self.sluice.log_text()[offset:], f"workspace open.*{idle}")
        self.assertEqual((self.samples(idle), self.samples(used)), ([1], [1]))

        self.must(self.write_one(idle, 2))
        self.sluice.kill()
        offset = len(self.sluice.log_text())
        self.sluice.start()
        self.assertRegex(self.sluice.log_text()[offset:], r"workspaces found.* to_replay=[12] ")
        self.assertTrue(open_files(self.sluice, idle), "it was not closed: replayed before ready")
        self.assertEqual((self.samples(idle), self.samples(used)), ([1, 2], [1]))


if __name__ == "__main__":
    unittest.main()
