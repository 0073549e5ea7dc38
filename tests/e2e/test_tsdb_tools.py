"""sluice tsdb: what goes in and out of workspaces is what promtool and a stock Prometheus make of the same data."""
import json
import math
import os
import pathlib
import shutil
import subprocess
import time
import unittest
import urllib.parse
import urllib.request

import remote_write
import stock_prometheus
from support import BINARY, PEERS, CollectorTest

PROMTOOL = str(PEERS / "usr/bin/promtool")
KEEP_ALL = "--storage.tsdb.retention.time=10y"
HOUR_S = 3600
NO_WORKSPACE = "ws-00000000-0000-4000-8000-000000000000"


def open_metrics(begin_s, hours):
    """Text with two families, stale series and values of all sizes."""
    lines = ["# HELP requests Requests, counted.", "# TYPE requests counter"]
    for pod in "abc":
        lines += [f'requests_total{{pod="{pod}",job="x y"}} {n * 7.25e5} {begin_s + n * 60}' for n in range(hours * 60)]
    lines += ["# TYPE temperature gauge"]
    for n in range(hours * 60):
        value = ["NaN", "+Inf", "-0.00001", "1e-300"][n % 4] if n % 10 == 0 else f"{math.sin(n) * 10 ** (n % 9)!r}"
        lines.append(f'temperature{{zone="\\"quoted\\" \\\\ line\\nbreak"}} {value} {begin_s + n * 60}.{n % 1000:03}')
    return "\n".join(lines) + "\n# EOF\n"


class TsdbTools(CollectorTest):
    def setUp(self):
        self.begin_s = (int(time.time()) - 30 * HOUR_S) // 7200 * 7200

    def tool(self, *arguments, expect=0):
        """`sluice tsdb ...`; its output, or with an error its error text."""
        done = subprocess.run([BINARY, "tsdb", *map(str, arguments)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout[-4000:] + done.stderr[-4000:])
        return done.stderr if expect and done.stderr else done.stdout

    def promtool(self, *arguments):
        done = subprocess.run([PROMTOOL, "tsdb", *map(str, arguments)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def promtool_dump(self, directory):
        (directory / "wal").mkdir(exist_ok=True)
        return self.promtool("dump", f"--sandbox-dir-root={self.directory}", directory)

    def import_into(self, workspace, source, expect=0):
        return self.tool("import", source, "--data-dir", self.sluice.storage, "--workspace", workspace,
                         f"--admin=127.0.0.1:{self.sluice.admin_port}", expect=expect)

    def workspace_directory(self, workspace):
        return pathlib.Path(self.sluice.storage, "workspaces", workspace)

    def answers(self, workspace, queries):
        window = {"start": self.begin_s, "end": self.begin_s + 8 * HOUR_S, "step": 61}
        text = [urllib.parse.urlencode({"query": query, **window}, quote_via=urllib.parse.quote) for query in queries]
        return [self.must(self.sluice.signed(self.root, "GET", f"/workspaces/{workspace}/api/v1/query_range?{one}"))
                .json()["data"] for one in text]

    def text_file(self, hours=7):
        path = self.directory / f"{self.id()}.txt"
        path.write_text(open_metrics(self.begin_s, hours))
        return path

    def blocks_of(self, text):
        directory = self.directory / f"{self.id()}-blocks"
        self.promtool("create-blocks-from", "openmetrics", text, directory)
        return directory


class Import(TsdbTools):
    QUERIES = ["sum by (pod) (rate(requests_total[5m]))", "temperature", "count({__name__=~'.+'})",
               "max_over_time(temperature[1h])"]

    def test_promtools_blocks_and_the_text_they_are_of_answer_identically(self):
        text = self.text_file()
        blocks = self.blocks_of(text)
        of_blocks, _ = self.create_workspace("of-blocks")
        of_text, _ = self.create_workspace("of-text")
        self.assertRegex(self.import_into(of_blocks, blocks), r"^[45] blocks with 1680 samples imported; 0 were there")
        self.assertRegex(self.import_into(of_text, text), r"^4 blocks with 1680 samples imported; 0 samples were repea")
        answers = self.answers(of_blocks, self.QUERIES)
        self.assertEqual(answers, self.answers(of_text, self.QUERIES))
        self.assertTrue(all(answer["result"] for answer in answers))
        self.assertRegex(self.import_into(of_blocks, blocks), r"^0 blocks with 0 samples imported; [45] were there")
        self.sluice.kill()
        self.sluice.start()
        self.assertEqual(answers, self.answers(of_blocks, self.QUERIES))
        self.assertEqual(list(pathlib.Path(self.sluice.storage, "imports").iterdir()), [])

    def test_into_a_stopped_collectors_workspace(self):
        workspace, _ = self.create_workspace()
        text = self.text_file()
        self.sluice.stop()
        self.assertRegex(self.import_into(workspace, text), r"^4 blocks with 1680 samples")
        dump = self.tool("dump", self.workspace_directory(workspace))
        self.sluice.start()
        self.assertEqual(len(dump.splitlines()), 1680)
        self.assertEqual(len(self.answers(workspace, ["requests_total"])[0]["result"]), 3)
        self.assertIn("whole", self.tool("verify", self.sluice.storage))

    def test_refused_is_what_is_damaged_or_absurd(self):
        workspace, _ = self.create_workspace()
        blocks = self.blocks_of(self.text_file())
        one = sorted(blocks.iterdir())[0]

        def flip(name, offset):
            path = one / name
            bytes_ = bytearray(path.read_bytes())
            bytes_[offset] ^= 1
            path.write_bytes(bytes_)

        def rewrite_meta(**members):
            (one / "meta.json").write_text(json.dumps({**json.loads((one / "meta.json").read_text()), **members}))
        cases = [
            ("wrong magic of the index", lambda: flip("index", 0), [str(one / "index"), "offset 0"]),
            ("another version of the index", lambda: flip("index", 4), [str(one / "index"), "version"]),
            ("a wrong checksum of a chunk", lambda: flip("chunks/000001", 40), ["chunks/000001", "offset", "checksum"]),
            ("wrong magic of tombstones", lambda: flip("tombstones", 1), ["tombstones", "offset 0"]),
            ("another version of the block", lambda: rewrite_meta(version=2), ["meta.json", "version 2", "wanted 1"]),
            ("times in the far future", lambda: rewrite_meta(maxTime=10**15), [one.name, "wanted them between"]),
            ("ends before it begins", lambda: rewrite_meta(maxTime=5), [one.name]),
            ("samples outside of its times", lambda: rewrite_meta(minTime=self.begin_s * 1000 + 1),
             [str(one / "index"), "offset"]),
            ("no index", lambda: (one / "index").unlink(), [str(one / "index"), "No such file"]),
            ("no meta.json", lambda: (one / "meta.json").unlink(), ["meta.json"]),
        ]
        kept = self.directory / "kept"
        shutil.copytree(one, kept)
        for what, break_it, told in cases:
            with self.subTest(what):
                break_it()
                error = self.import_into(workspace, blocks, expect=1)
                for part in told:
                    self.assertIn(part, error)
                self.assertIn("nothing was imported", error)
                shutil.rmtree(one)
                shutil.copytree(kept, one)
        self.assertIn("line 1", self.import_into(workspace, self.written("bad.txt", "a x 1\n# EOF\n"), expect=1))
        milliseconds = self.written("ms.txt", "a 1 1700000000000\n# EOF\n")
        self.assertIn("in seconds", self.import_into(workspace, milliseconds, expect=1))
        self.assertEqual([p for p in self.workspace_directory(workspace).iterdir() if len(p.name) == 26], [])

    def written(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def test_it_says_where_it_should_go(self):
        workspace, _ = self.create_workspace()
        text = self.text_file(1)
        self.assertIn("there is no workspace", self.import_into(NO_WORKSPACE, text, expect=1))
        self.assertIn("there is no /nowhere", self.import_into(workspace, "/nowhere", expect=1))
        error = self.tool("import", text, "--data-dir", self.directory, "--workspace", workspace, expect=1)
        self.assertIn("wanted a data directory", error)
        error = self.tool("import", text, "--data-dir", self.sluice.storage, "--workspace", workspace,
                          "--admin=127.0.0.1:1", expect=1)
        self.assertIn("--admin", error)
        self.assertIn("stop it first", error)


class ListVerifyDump(TsdbTools):
    def filled(self):
        workspace, _ = self.create_workspace()
        self.import_into(workspace, self.text_file())
        now_ms = int(time.time()) * 1000
        self.must(self.write(self.root, workspace, remote_write.body(
            remote_write.series({"__name__": "fresh"}, [(now_ms, 4.0)]))))
        return workspace, now_ms

    def test_a_dump_is_promtools_dump(self):
        workspace, now_ms = self.filled()
        text = self.tool("dump", self.workspace_directory(workspace))
        self.sluice.stop()
        copy = self.directory / "copy"
        copy.mkdir()
        for block in self.workspace_directory(workspace).iterdir():
            if len(block.name) == 26:
                shutil.copytree(block, copy / block.name)
        self.assertEqual(sorted(text.splitlines()), sorted(self.promtool_dump(copy).splitlines()))
        stopped = self.tool("dump", self.workspace_directory(workspace))
        self.assertEqual(set(stopped.splitlines()) - set(text.splitlines()), {f'{{__name__="fresh"}} 4 {now_ms}'})
        some = self.tool("dump", self.workspace_directory(workspace), "--match", 'requests_total{pod="a"}', "--match",
                         "fresh", "--min-time", self.begin_s * 1000 + 60_000, "--max-time",
                         time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.begin_s + 120)))
        self.assertEqual(some.splitlines(), [f'{{__name__="requests_total", job="x y", pod="a"}} {value} {at}' for
                                             value, at in (("725000", self.begin_s * 1000 + 60_000),
                                                           ("1.45e+06", self.begin_s * 1000 + 120_000))])
        self.sluice.start()

    def test_an_openmetrics_dump_is_read_by_import_and_promtool(self):
        workspace, _ = self.filled()
        self.sluice.stop()
        text = self.directory / "dumped.txt"
        text.write_text(self.tool("dump", self.workspace_directory(workspace), "--format", "openmetrics"))
        dump = self.tool("dump", self.workspace_directory(workspace))
        self.sluice.start()
        again, _ = self.create_workspace()
        self.import_into(again, text)
        self.assertEqual(self.tool("dump", self.workspace_directory(again)), dump)
        self.assertEqual(sorted(self.promtool_dump(self.blocks_of(text)).splitlines()), sorted(dump.splitlines()))

    def test_the_list_has_what_promtool_lists(self):
        workspace, _ = self.filled()
        self.sluice.stop()  # or it may compact
        self.addCleanup(self.sluice.start)
        listed = self.tool("list", self.sluice.storage)
        self.assertIn(str(self.workspace_directory(workspace)), listed)
        rows = json.loads(self.tool("list", self.workspace_directory(workspace), "--json"))["workspaces"][0]
        self.assertGreater(rows["log"]["bytes"], 0)
        self.assertEqual(sum(block["samples"] for block in rows["blocks"]), 1680)
        for block in rows["blocks"]:
            meta = json.loads((self.workspace_directory(workspace) / block["ulid"] / "meta.json").read_text())
            self.assertEqual((block["minTime"], block["maxTime"], block["series"], block["level"]),
                             (meta["minTime"], meta["maxTime"], meta["stats"]["numSeries"],
                              meta["compaction"]["level"]))
            self.assertIn(block["ulid"], listed)

    def test_verify_names_damage_and_touches_nothing(self):
        workspace, _ = self.filled()
        self.assertRegex(self.tool("verify", self.sluice.storage), f"{workspace}: .*: whole")
        self.sluice.stop()
        directory = self.workspace_directory(workspace)
        before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in directory.rglob("*")}
        self.tool("verify", directory)
        self.tool("dump", directory)
        self.tool("list", directory)
        self.assertEqual({path: (path.stat().st_mtime_ns, path.stat().st_size) for path in directory.rglob("*")},
                         before)
        checkpoint = next(directory.glob("checkpoint.*"))
        whole = checkpoint.read_bytes()
        cases = [(8, b"\x63", ["format 99", "a newer one"]), (70, b"\xff", [str(checkpoint), "offset 64", "backup"])]
        for offset, bytes_, told in cases:
            checkpoint.write_bytes(whole[:offset] + bytes_ + whole[offset + 1:])
            text = self.tool("verify", directory, expect=1)
            for part in told:
                self.assertIn(part, text)
        checkpoint.write_bytes(whole)
        for name in ("", "nothing"):
            self.assertIn("no", self.tool("verify", self.directory / name, expect=1))
        self.sluice.start()


class Snapshot(TsdbTools):
    def test_a_stock_prometheus_starts_on_it_and_has_the_newest_sample(self):
        workspace, _ = self.create_workspace()
        self.import_into(workspace, self.text_file())
        now_s = int(time.time())
        rows = [(now_s * 1000 - n * 15_000, float(n)) for n in range(240, 0, -1)]
        self.must(self.write(self.root, workspace, remote_write.body(
            remote_write.series({"__name__": "fresh", "pod": "a"}, rows))))
        path = pathlib.Path(self.tool("snapshot", "--workspace", workspace,
                                      f"--admin=127.0.0.1:{self.sluice.admin_port}").strip())
        self.assertEqual(path.parent, pathlib.Path(self.sluice.storage, "snapshots"))
        listed = self.promtool("list", path)
        blocks = [block for block in path.iterdir() if len(block.name) == 26]
        for block in blocks:
            self.assertIn(block.name, listed)
        linked = [block for block in blocks if os.stat(block / "index").st_nlink == 2]
        self.assertEqual(len(linked), len(blocks) - 1, "the head's block alone takes space")
        self.assertRegex(self.tool("verify", path), ": whole")

        port = stock_prometheus.start(self, path, KEEP_ALL)
        for query, at in (("sum(fresh)", now_s - 30), ("rate(fresh[30m])", now_s - 67),
                          ("sum by (pod) (requests_total)", self.begin_s + 1800)):
            ours = self.must(self.sluice.query(self.root, workspace, query, time=at)).json()["data"]["result"]
            text = urllib.parse.urlencode({"query": query, "time": at})
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{text}", timeout=30) as answer:
                theirs = json.load(answer)["data"]["result"]
            key = lambda row: json.dumps(row["metric"], sort_keys=True)
            self.assertEqual(sorted(ours, key=key), sorted(theirs, key=key), query)
            self.assertTrue(ours)

    def test_of_an_empty_workspace_it_is_empty_and_of_none_an_error(self):
        workspace, _ = self.create_workspace()
        admin = f"--admin=127.0.0.1:{self.sluice.admin_port}"
        path = pathlib.Path(self.tool("snapshot", "--workspace", workspace, admin).strip())
        self.assertEqual([entry.name for entry in path.iterdir()], ["wal"])
        self.assertIn("ws-0", self.tool("snapshot", "--workspace", NO_WORKSPACE, admin, expect=1))


if __name__ == "__main__":
    unittest.main()
