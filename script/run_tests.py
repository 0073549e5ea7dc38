#!/usr/bin/env python3
"""Runs every test suite of a build and closes on "N passed, N failed, N skipped".

A suite is a GoogleTest binary (bin/*_test), a fuzz replay (bin/*_fuzz), a check of the tree (layers, style, docs), or a
Python module (tests/tools and, end to end, tests/e2e). Each test case counts once; a suite that dies is one failure.
What a sanitizer reports in any process of a suite, servers included, is a failure of that suite, whatever its tests
saw. Output of a suite is shown only when it fails. With --long the suites are those of LONG instead, one at a time,
each for its minutes; what they report closes as a table.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITE_SECONDS_MAX = 900
CHECKS = {"layers": "tests/layers/check_layers.py", "style": "tests/tools/check_style.py",
          "docs": "tests/tools/check_docs.py"}
# Name: module, minutes by default, and how much longer it may take to end what it has begun.
LONG = {
    "storms": ("tests/long/test_storms.py", 10, 10),
    "model": ("tests/long/test_model.py", 10, 10),
    "soak": ("tests/long/test_soak.py", 15, 5),
    "many": ("tests/long/test_many_workspaces.py", 5, 5),
    "front_door": ("tests/e2e/test_front_door.py", 10, 10),
    "fuzz": ("tests/long/test_fuzz.py", 30, 30),
}


class Outcome:
    def __init__(self, name, passed=0, failed=0, skipped=0, output="", seconds=0.0, skipped_names=()):
        self.name, self.passed, self.failed, self.skipped = name, passed, failed, skipped
        self.output, self.seconds, self.skipped_names = output, seconds, list(skipped_names)


def run(command, env, seconds_max=SUITE_SECONDS_MAX):
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds_max)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return -1, (late.stdout or b"").decode(errors="replace") + f"\nstopped after {seconds_max} s\n"


def run_gtest(name, binary, env):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        code, output = run([binary, f"--gtest_output=json:{report.name}", "--gtest_brief=1"], env)
        try:
            cases = [case for suite in json.load(open(report.name))["testsuites"] for case in suite["testsuite"]]
        except (ValueError, KeyError):
            cases = []
    failed = sum(1 for case in cases if case.get("failures"))
    skipped = [f'{case["classname"]}.{case["name"]}' for case in cases if case["result"] == "SKIPPED"]
    passed = sum(1 for case in cases if case["result"] == "COMPLETED" and not case.get("failures"))
    if code != 0 and failed == 0:
        failed = 1
    return Outcome(name, passed, failed, len(skipped), output, skipped_names=skipped)


def run_plain(name, command, env):
    code, output = run(command, env)
    return Outcome(name, passed=int(code == 0), failed=int(code != 0), output=output)


def run_python(name, module, env, seconds_max=SUITE_SECONDS_MAX):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, str(ROOT / "tests/e2e/run_module.py"), module, report.name]
        code, output = run(command, env, seconds_max)
        try:
            counts = json.load(open(report.name))
        except ValueError:
            counts = {"passed": 0, "failed": 1, "skipped": []}
    if code != 0 and counts["failed"] == 0:
        counts["failed"] = 1
    return Outcome(name, counts["passed"], counts["failed"], len(counts["skipped"]), output,
                   skipped_names=counts["skipped"])


def suites(build):
    """Each suite as (name, function of its name and environment)."""
    bin_dir = build / "bin"
    for binary in sorted(bin_dir.glob("*_test")):
        yield binary.name.removesuffix("_test"), lambda n, e, b=binary: run_gtest(n, str(b), e)
    for binary in sorted(bin_dir.glob("*_fuzz")):
        target = binary.name.removesuffix("_fuzz")
        corpus = str(ROOT / "fuzz/corpus" / target)
        yield f"fuzz_{target}", lambda n, e, b=binary, c=corpus: run_plain(n, [str(b), c], e)
    for name, check in CHECKS.items():
        yield name, lambda n, e, c=check: run_plain(n, [sys.executable, str(ROOT / c)], e)
    for module in sorted((ROOT / "tests/tools").glob("test_*.py")):
        yield f'tools_{module.stem.removeprefix("test_")}', lambda n, e, m=module: run_python(n, str(m), e)
    for module in sorted((ROOT / "tests/e2e").glob("test_*.py")):
        yield f'e2e_{module.stem.removeprefix("test_")}', lambda n, e, m=module: run_python(n, str(m), e)


def long_suites(minutes):
    for name, (module, minutes_default, minutes_more) in LONG.items():
        if not (ROOT / module).exists():
            continue
        time_given = minutes or minutes_default
        told = {"SLUICE_LONG": "1", "SLUICE_LONG_MINUTES": str(time_given)}
        seconds_max = 60 * (time_given + minutes_more)
        yield (f"long_{name}",
               lambda n, e, m=str(ROOT / module), t=told, s=seconds_max: run_python(n, m, dict(e, **t), s))


def with_sanitizer_reports(function, name, env):
    """The suite's outcome; a report that a sanitizer wrote meanwhile makes it a failure, and part of its output."""
    with tempfile.TemporaryDirectory(prefix="sluice-sanitizer-") as directory:
        told = {variable: f"{env.get(variable, '')}:log_path={directory}/report"
                for variable in ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")}
        outcome = function(name, dict(env, **told))
        reports = [path.read_text(errors="replace") for path in sorted(pathlib.Path(directory).iterdir())]
    if reports:
        outcome.failed = max(outcome.failed, 1)
        outcome.output += f"\n{len(reports)} processes had something reported by a sanitizer\n" + "\n".join(reports)
    return outcome


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--minutes", type=float, help="of each long suite, instead of its own default")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    build = (ROOT / arguments.build).resolve()
    env = dict(os.environ, SLUICE_BINARY=str(build / "bin/sluice"), SLUICE_PEERS=str(ROOT / "build/peers"))
    # Sanitizers would forbid core files to the whole process, which is what a test of Sluice's own setting looks at.
    for variable in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
        env.setdefault(variable, "disable_coredump=0")
    if build.name == "tsan":  # keeps a shadow of all memory that is touched
        env.setdefault("SLUICE_MEMORY_FACTOR", "3")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env.setdefault("SLUICE_CONFORMANCE_DIR", str(ROOT.parent / "shared/conformance"))

    every = list(long_suites(arguments.minutes) if arguments.long else suites(build))
    chosen = [(n, f) for n, f in every if not arguments.names or any(w in n for w in arguments.names)]
    if not chosen:
        print(f"no suite matches {' '.join(arguments.names)}; there are {', '.join(n for n, _ in every)}",
              file=sys.stderr)

    def timed(item):
        name, function = item
        began = time.monotonic()
        outcome = with_sanitizer_reports(function, name, env)
        outcome.seconds = time.monotonic() - began
        verdict = "ok  " if outcome.failed == 0 else "FAIL"
        print(f"{verdict} {name:<28} {outcome.passed:>5} passed {outcome.failed:>3} failed "
              f"{outcome.skipped:>3} skipped  {outcome.seconds:6.1f} s", flush=True)
        return outcome

    # End-to-end and long suites start servers and real clients, so they run one at a time, after the rest.
    quick = [item for item in chosen if not item[0].startswith(("e2e_", "long_"))]
    slow = [item for item in chosen if item[0].startswith(("e2e_", "long_"))]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(timed, quick))
    outcomes += [timed(item) for item in slow]

    for outcome in outcomes:
        if outcome.failed:
            print(f"\n=== {outcome.name} ===\n{outcome.output[-20000:]}")
    reports = [line.removeprefix("report: ") for o in outcomes for line in o.output.splitlines()
               if line.startswith("report: ")]
    if reports:
        print("\n" + "\n".join(reports))
    skipped = [f"{o.name}: {name}" for o in outcomes for name in o.skipped_names]
    if skipped:
        print("\nskipped:\n  " + "\n  ".join(skipped))
    totals = [sum(getattr(o, field) for o in outcomes) for field in ("passed", "failed", "skipped")]
    print("\n{} passed, {} failed, {} skipped".format(*totals), flush=True)
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
