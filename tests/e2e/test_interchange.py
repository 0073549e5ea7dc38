"""Data is never locked in: the real promtool and a stock Prometheus read what a workspace's blocks hold, and answer as
Sluice does."""
import json
import math
import pathlib
import re
import shutil
import subprocess
import time
import unittest
import urllib.parse
import urllib.request

import remote_write
import stock_prometheus
from support import PEERS, CollectorTest, wait_until

PROMTOOL = str(PEERS / "usr/bin/promtool")
KEEP_ALL = "--storage.tsdb.retention.time=10y"
BLOCK_MS = 2 * 60 * 60 * 1000
STEP_MS = 60_000
HOURS = 9

# At times inside the blocks. Both evaluate them; what is compared is the whole answer.
QUERIES = [
    "sum by (job) (rate(requests_total[5m]))",
    "histogram_quantile(0.9, sum by (le) (rate(seconds_bucket[10m])))",
    "count({__name__=~'.+'})",
    "topk(3, temperature)",
    "max_over_time(temperature{zone=~'z[01]'}[30m])",
    "requests_total{job!='a'}",
    "absent(ends_early)",
    "count_over_time(late_total[1h])",
    "deriv(temperature[20m]) > 0",
    "{__name__=~'temp.*|requests.*', zone=''}",
]


def load(now_ms):
    """Some series as name and labels -> samples in time order; the last hours end now."""
    begin = now_ms - HOURS * 3_600_000
    times = range(begin, now_ms, STEP_MS)
    series = {}
    for i in range(8):
        series[("requests_total", ("job", "ab"[i % 2]), ("pod", f"p{i}"))] = [(t, float(n * (i + 1))) for n, t in
                                                                             enumerate(times)]
        series[("temperature", ("pod", f"p{i}"), ("zone", f"z{i % 3}"))] = [
            (t + i, math.sin(n / 7 + i) * 20 + i) for n, t in enumerate(times)]
    for le in ("0.1", "1", "+Inf"):
        series[("seconds_bucket", ("le", le))] = [(t, float(n * {"0.1": 3, "1": 7, "+Inf": 9}[le])) for n, t in
                                                  enumerate(times)]
    series[("ends_early",)] = [(t, 1.0) for t in times[:200]]
    series[("late_total",)] = [(t, float(n)) for n, t in enumerate(times)]
    return series


class Interchange(CollectorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now_ms = int(time.time() * 1000)
        cls.series = load(cls.now_ms)

    def setUp(self):
        if not hasattr(type(self), "workspace"):
            type(self).workspace = self.fill()

    def send(self, workspace, rows):
        body = remote_write.body(*(remote_write.series({"__name__": key[0], **dict(key[1:])}, samples)
                                   for key, samples in rows.items() if samples))
        self.must(self.write(self.root, workspace, body))

    def blocks(self, workspace):
        directory = pathlib.Path(self.sluice.storage, "workspaces", workspace)
        return sorted(path for path in directory.iterdir() if re.fullmatch("[0-9A-Z]{26}", path.name))

    def fill(self):
        """In the order of time, a quarter of late_total's samples late by up to half an hour, which is before the block
        of their time is cut; until most of it is in blocks."""
        workspace, _ = self.create_workspace("interchange")
        late = ("late_total",)
        for begin in range(0, HOURS * 60, 30):
            rows = {key: samples[begin:begin + 30] for key, samples in self.series.items()}
            in_time = [s for n, s in enumerate(rows[late]) if n % 4 != 0]
            self.send(workspace, {**rows, late: in_time})
            self.send(workspace, {late: rows[late][::4]})
        # All that is over for an hour goes into blocks of two hours, which are compacted as they may be.
        end_ms = (self.now_ms - STEP_MS - BLOCK_MS // 2) // BLOCK_MS * BLOCK_MS

        def are_cut():
            try:
                metas = [json.loads((path / "meta.json").read_text()) for path in self.blocks(workspace)]
            except FileNotFoundError:  # compacted meanwhile
                return False
            return metas and max(meta["maxTime"] for meta in metas) >= end_ms
        wait_until(are_cut, "blocks", 60)
        type(self).end_ms = end_ms
        return workspace

    def copy(self, name):
        """A plain directory with the workspace's blocks, of a moment in which no compaction replaced any."""
        directory = self.directory / name

        def is_copied():
            shutil.rmtree(directory, ignore_errors=True)
            (directory / "wal").mkdir(parents=True)  # promtool dump asks for one
            blocks = self.blocks(self.workspace)
            try:
                for block in blocks:
                    shutil.copytree(block, directory / block.name)
            except shutil.Error:
                return False
            return blocks == self.blocks(self.workspace)
        wait_until(is_copied, "a copy", 60)
        return directory

    def promtool(self, *arguments):
        done = subprocess.run([PROMTOOL, "tsdb", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_promtool_lists_and_analyzes_the_blocks(self):
        directory = self.copy("listed")
        listed = self.promtool("list", directory)
        for block in directory.glob("01*"):
            self.assertIn(block.name, listed)
            analyzed = self.promtool("analyze", directory, block.name)
            self.assertIn("Total Series:", analyzed)

    def test_promtool_dumps_every_sample_once(self):
        dumped = {}
        dump = self.promtool("dump", f"--sandbox-dir-root={self.directory}", self.copy("dumped"))
        for line in dump.splitlines():
            match = re.fullmatch(r"\{(.*)\} (\S+) (\d+)", line)
            if not match:
                continue
            labels = dict(re.findall(r'(\w+)="([^"]*)"', match[1]))
            key = (labels.pop("__name__"), *sorted(labels.items()))
            samples = dumped.setdefault(key, {})
            self.assertNotIn(int(match[3]), samples)
            samples[int(match[3])] = float(match[2])
        expected = {key: {t: v for t, v in samples if t < self.end_ms} for key, samples in self.series.items()}
        expected = {key: samples for key, samples in expected.items() if samples}
        self.assertEqual(dumped.keys(), expected.keys())
        for key, samples in expected.items():
            self.assertEqual(dumped[key], samples, key)

    def both(self, port, path, **parameters):
        text = urllib.parse.urlencode(parameters, doseq=True, quote_via=urllib.parse.quote)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}?{text}", timeout=30) as answer:
            theirs = json.load(answer)["data"]
        ours = self.must(self.sluice.signed(self.root, "GET", f"/workspaces/{self.workspace}/api/v1/{path}?{text}"))
        return ours.json()["data"], theirs

    def assert_same(self, ours, theirs, what):
        """But for the last digit: newer Prometheus sum with compensation, 2.53 does not."""
        rows = [sorted(data["result"], key=lambda row: json.dumps(row["metric"], sort_keys=True))
                for data in (ours, theirs)]
        self.assertEqual(ours["resultType"], theirs["resultType"], what)
        self.assertEqual([row["metric"] for row in rows[0]], [row["metric"] for row in rows[1]], what)
        for our, their in zip(*rows):
            points = [row["values"] if "values" in row else [row["value"]] for row in (our, their)]
            self.assertEqual([t for t, _ in points[0]], [t for t, _ in points[1]], what)
            for (t, a), (_, b) in zip(*points):
                is_same = a == b or math.isclose(float(a), float(b), rel_tol=1e-13)
                self.assertTrue(is_same, (what, our["metric"], t, a, b))

    def test_a_stock_prometheus_on_a_copy_answers_identically(self):
        port = stock_prometheus.start(self, self.copy("prometheus"), KEEP_ALL)
        first_s = (self.now_ms - HOURS * 3_600_000) // 1000
        end_s = self.end_ms // 1000 - 60
        for query in QUERIES:
            for at in (first_s + 3600, first_s + 3 * 3600 + 17, end_s - 1800):
                ours, theirs = self.both(port, "query", query=query, time=at)
                self.assert_same(ours, theirs, (query, at))
            ours, theirs = self.both(port, "query_range", query=query, start=first_s, end=end_s, step=97)
            self.assert_same(ours, theirs, query)
        window = {"start": first_s, "end": end_s}
        for path, parameters in (("labels", {}), ("label/pod/values", {}), ("label/__name__/values", {}),
                                 ("series", {"match[]": ["temperature", "{job='a'}"]})):
            ours, theirs = self.both(port, path, **window, **parameters)
            key = lambda row: json.dumps(row, sort_keys=True)
            self.assertEqual(sorted(ours, key=key), sorted(theirs, key=key), path)

    def test_it_stays_so_after_a_restart(self):
        before = [self.must(self.sluice.query(self.root, self.workspace, query, time=self.end_ms // 1000 - 600)).json()
                  for query in QUERIES]
        self.sluice.kill()
        self.sluice.start()
        for query, answer in zip(QUERIES, before):
            again = self.must(self.sluice.query(self.root, self.workspace, query, time=self.end_ms // 1000 - 600))
            self.assertEqual(again.json()["data"], answer["data"], query)


if __name__ == "__main__":
    unittest.main()
