"""Runs one unittest module and writes {"passed", "failed", "skipped": [names]} to a report file."""
import importlib.util
import json
import pathlib
import sys
import unittest


def main():
    module_path, report_path = sys.argv[1], sys.argv[2]
    sys.path.insert(0, str(pathlib.Path(module_path).parent))
    spec = importlib.util.spec_from_file_location(pathlib.Path(module_path).stem, module_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tests = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = [str(test) for test, _ in result.skipped]
    with open(report_path, "w") as report:
        json.dump({"passed": result.testsRun - failed - len(skipped), "failed": failed, "skipped": skipped}, report)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
