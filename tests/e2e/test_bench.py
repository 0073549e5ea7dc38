"""script/bench and sluice-bench on a load of test size: that they measure and say so, not how fast anything is."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import BINARY, CollectorTest, REGION

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(BINARY).parent
SMALL = ["--series", "2000", "--scrapes", "3", "--connections", "2"]


def bench(*arguments, seconds=60):
    return subprocess.run([BIN / "sluice-bench", *arguments], capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL)


class Comparison(unittest.TestCase):
    def test_sink_and_sluice_take_the_same_load_and_make_a_table(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-test-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        done = subprocess.run(
            [sys.executable, ROOT / "bench/ingest.py", *SMALL, "--servers", "sink,sluice", "--bin", BIN,
             "--churn-every", "2", "--churn-percent", "50", "--out", directory / "out", "--data", directory],
            capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^\| sink \| [\d,]+ \|")
        self.assertRegex(done.stdout, r"(?m)^\| sluice \| [\d,]+ \|")

        report = json.loads(next((directory / "out").glob("ingest-*.json")).read_text())
        sink, sluice = (report["results"][name][0] for name in ("sink", "sluice"))
        for result in (sink, sluice):
            first, steady = result["phases"]
            self.assertEqual(first["samples"], 2000)
            self.assertGreater(steady["samples"], 4000, "with the stale markers of replaced pods")
            self.assertEqual((first["refused_requests"], steady["refused_requests"]), (0, 0))
            for phase in (first, steady):
                self.assertGreater(phase["server_cpu_s"], 0)
                self.assertLessEqual(phase["latency_ms"]["p50"], phase["latency_ms"]["p99"])
            self.assertGreater(result["server"]["rss_anon_bytes"], 0)
            self.assertGreater(result["disk_stopped_bytes"], 0)
        self.assertEqual([p["samples"] for p in sink["phases"]], [p["samples"] for p in sluice["phases"]])
        self.assertEqual(sluice["series_counted"], 2000, "replaced series have ended")
        self.assertEqual(sink["series_counted"], sink["series_created"])
        self.assertEqual(list(directory.glob("sluice-bench-*")), [], "data directories are gone")

    def test_a_server_that_is_not_there_is_left_out_by_name(self):
        done = subprocess.run(
            [sys.executable, ROOT / "bench/ingest.py", "--servers", "prometheus", "--peers", "/nonexistent"],
            capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 1)
        self.assertIn("left out: prometheus: /nonexistent/usr/bin/prometheus is not there", done.stdout)
        self.assertIn("nothing to measure", done.stderr)


class OverTls(CollectorTest):
    with_tls = True

    def key(self, name="credentials"):
        return ["--sigv4-region", REGION, "--credentials-file", f"{self.sluice.storage}/{name}",
                "--ca-file", self.authority.ca_file]

    def test_a_paced_load_arrives_and_is_counted(self):
        made = bench("workspace", "--endpoint", self.sluice.endpoint, *self.key())
        self.assertEqual(made.returncode, 0, made.stderr)
        url = f"{self.sluice.endpoint}/workspaces/{made.stdout.strip()}/api/v1/"
        done = bench("load", "--url", url + "remote_write", *self.key(), *SMALL, "--pace-ms", "300",
                     "--server-pid", str(self.sluice.process.pid), "--json", "-")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        report = json.loads(done.stdout.splitlines()[-1])
        self.assertGreater(sum(phase["wall_s"] for phase in report["phases"]), 0.6, "three scrapes, 300 ms apart")
        counted = bench("count", "--url", url + "query", "--at-ms", str(report["samples_end_ms"]), *self.key())
        self.assertEqual(counted.stdout, "2000\n", counted.stderr)

    def test_a_refusal_ends_the_run_and_shows_the_servers_words(self):
        url = f"{self.sluice.endpoint}/workspaces/ws-00000000-0000-4000-8000-000000000000/api/v1/remote_write"
        done = bench("load", "--url", url, *self.key(), *SMALL)
        self.assertEqual(done.returncode, 1)
        self.assertIn("REFUSED", done.stdout)
        self.assertIn("HTTP 404", done.stdout)
        unsigned = bench("load", "--url", url, "--ca-file", self.authority.ca_file, *SMALL)
        self.assertEqual(unsigned.returncode, 1)
        self.assertIn("HTTP 403", unsigned.stdout)

    def test_a_mistake_on_the_command_line_is_named(self):
        for arguments, text in [
            ([*SMALL, "--pace-ms", "99999"], "--pace-ms is 99999; 0 to 15000 are taken"),
            (["--sigv4-region", REGION], "--credentials-file"),
            (["--sigv4-region", REGION, "--credentials-file", "/nonexistent"], "/nonexistent"),
            (["--server-pid", "1073741823"], "1073741823"),
        ]:
            done = bench("load", "--url", "http://127.0.0.1:1/", *arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn(text, done.stderr)
        self.assertEqual(bench("load").returncode, 2)
        self.assertIn("--unsigned", bench("sink", "--listen", "127.0.0.1:0", "--data", "/nonexistent").stderr)


if __name__ == "__main__":
    unittest.main()
