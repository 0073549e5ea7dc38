"""The runner of Python suites counts every test once, whatever befalls its class."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

RUNNER = pathlib.Path(__file__).resolve().parent.parent / "e2e/run_module.py"

MODULE = '''
import unittest

class Skipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("what it needs is not there")
    def test_a(self): pass
    def test_b(self): pass

class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError
    def test_a(self): pass
    def test_b(self): pass

class Mixed(unittest.TestCase):
    def test_three_failed_subtests_are_one_failure(self):
        for i in range(3):
            with self.subTest(i): self.fail()
    def test_passes(self): pass
    @unittest.skip("by itself")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_passes_unexpectedly(self): pass
    @unittest.expectedFailure
    def test_fails_as_expected(self): self.fail()
'''


def run(text):
    with tempfile.TemporaryDirectory(prefix="sluice-tools-") as directory:
        module, report = pathlib.Path(directory, "test_made_up.py"), pathlib.Path(directory, "report.json")
        module.write_text(text)
        done = subprocess.run([sys.executable, str(RUNNER), str(module), str(report)], capture_output=True, timeout=60)
        return done.returncode, json.loads(report.read_text())


class RunModule(unittest.TestCase):
    def test_every_test_counts_once(self):
        code, counts = run(MODULE)
        self.assertEqual((code, counts["passed"], counts["failed"]), (1, 2, 4))
        skipped = ["Mixed.test_skipped", "Skipped.test_a", "Skipped.test_b"]
        self.assertEqual(counts["skipped"], [f"test_made_up.{name}" for name in skipped])

    def test_a_module_without_failures_ends_with_0(self):
        code, counts = run("import unittest\nclass T(unittest.TestCase):\n  def test_a(self): pass\n")
        self.assertEqual((code, counts), (0, {"passed": 1, "failed": 0, "skipped": []}))


if __name__ == "__main__":
    unittest.main()
