"""What a sanitizer reports in any process of a suite fails the suite, though its tests passed."""
import importlib.util
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
specification = importlib.util.spec_from_file_location("run_tests", ROOT / "script/run_tests.py")
run_tests = importlib.util.module_from_spec(specification)
specification.loader.exec_module(run_tests)


def suite_of_two(name, env, reports=()):
    """Two tests that pass, and processes that report, each as a sanitizer's runtime does: to log_path.PID."""
    for pid, (variable, text) in enumerate(reports):
        options = dict(option.split("=", 1) for option in env[variable].split(":") if option)
        pathlib.Path(f"{options['log_path']}.{pid}").write_text(text)
    return run_tests.Outcome(name, passed=2, output="the suite's own words\n")


class SanitizerReports(unittest.TestCase):
    def run_suite(self, *reports, env=None):
        return run_tests.with_sanitizer_reports(lambda n, e: suite_of_two(n, e, reports), "made_up", env or {})

    def test_without_a_report_the_outcome_is_the_suites(self):
        outcome = self.run_suite()
        self.assertEqual((outcome.passed, outcome.failed, outcome.output), (2, 0, "the suite's own words\n"))

    def test_a_report_is_a_failure_and_is_shown(self):
        for variable in ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
            with self.subTest(variable):
                outcome = self.run_suite((variable, "WARNING: data race"), (variable, "another one"))
                self.assertEqual((outcome.passed, outcome.failed), (2, 1))
                for text in ("the suite's own words", "2 processes", "WARNING: data race", "another one"):
                    self.assertIn(text, outcome.output)

    def test_options_that_were_set_stay(self):
        seen = {}
        run_tests.with_sanitizer_reports(lambda n, e: seen.update(e) or suite_of_two(n, e), "made_up",
                                         {"TSAN_OPTIONS": "history_size=7", "HOME": "/nowhere"})
        self.assertTrue(seen["TSAN_OPTIONS"].startswith("history_size=7:log_path="))
        self.assertEqual(seen["HOME"], "/nowhere")


if __name__ == "__main__":
    unittest.main()
