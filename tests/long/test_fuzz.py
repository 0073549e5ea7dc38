"""Every fuzz target under libFuzzer, the time shared among them; what they find is in build/fuzz/findings."""
import os
import pathlib
import subprocess
import unittest

from long_support import Span, report

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECONDS_MIN = 10


class Fuzz(unittest.TestCase):
    def test_no_target_finds_anything(self):
        span = Span(minutes_default=30)
        targets = len(list((ROOT / "fuzz").glob("*_fuzz.cc")))
        jobs = os.cpu_count() or 1
        rounds = -(-targets // jobs)
        seconds = max(SECONDS_MIN, int(span.seconds / rounds))
        done = subprocess.run([ROOT / "script/fuzz", "--no-build", "--seconds", str(seconds), "--jobs", str(jobs)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=rounds * (seconds + 240))
        print(done.stdout)
        for line in done.stdout.partition("\ntarget ")[2].splitlines()[1:]:
            if line.strip():
                report(f"fuzz: {line}")
        self.assertEqual(done.returncode, 0, "a target found something, see the table")


if __name__ == "__main__":
    unittest.main()
