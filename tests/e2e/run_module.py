"""Runs one unittest module and writes {"passed", "failed", "skipped": [names]} to a report file.

Every test counts once: a test with several failed subtests is one failure, and a class whose set-up failed or was
skipped counts with all its tests.
"""
import importlib.util
import json
import pathlib
import re
import sys
import unittest


def ids(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from ids(test)
        else:
            yield test.id()


def affected(case, known):
    """The ids that an entry of a result stands for: a test, a subtest's test, or all of a class or module."""
    identity = getattr(case, "test_case", case).id()
    if identity in known:
        return {identity}
    holder = re.fullmatch(r"(?:setUp|tearDown)(?:Class|Module) \((.*)\)", identity)
    return {name for name in known if holder and name.startswith(holder.group(1) + ".")} or {identity}


def counts(result, known):
    failed, skipped = set(), set()
    for case in [c for c, _ in result.failures + result.errors] + list(result.unexpectedSuccesses):
        failed |= affected(case, known)
    for case, _ in result.skipped:
        skipped |= affected(case, known)
    skipped -= failed
    return {"passed": len(known - failed - skipped), "failed": len(failed), "skipped": sorted(skipped)}


def main():
    module_path, report_path = sys.argv[1], sys.argv[2]
    sys.path.insert(0, str(pathlib.Path(module_path).parent))
    spec = importlib.util.spec_from_file_location(pathlib.Path(module_path).stem, module_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tests = unittest.defaultTestLoader.loadTestsFromModule(module)
    known = set(ids(tests))  # before the run: a suite forgets its tests as they end
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
    report = counts(result, known)
    with open(report_path, "w") as out:
        json.dump(report, out)
    return 1 if report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
