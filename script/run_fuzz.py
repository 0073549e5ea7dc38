#!/usr/bin/env python3
"""Runs libFuzzer targets with their corpora and closes on a table; exits 1 when one found something."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/fuzz"
INPUT_BYTES_MAX = 16 << 10      # structure, not size: what is large is refused by a bound checked first
INPUT_SECONDS_MAX = 10
RSS_MB_MAX = 2048
KEPT_INPUT_BYTES_MAX = 1 << 10  # what is kept in the tree is small; longer inputs are cut
MERGE_SECONDS_MAX = 1800
STOP_SECONDS_MAX = 120          # past -max_total_time: reading the corpus, the last input, the leak check
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Run:
    """One target's run: what it did, and the files of inputs that broke it."""

    def __init__(self, name, seconds, cpu_seconds, output, findings):
        self.name, self.seconds, self.cpu_seconds, self.findings = name, seconds, cpu_seconds, findings
        self.executions = int((re.findall(r"^stat::number_of_executed_units: (\d+)", output, re.M) or ["0"])[-1])
        self.edges = int((re.findall(r"\bcov: (\d+)", output) or ["0"])[-1])
        self.corpus = int((re.findall(r"\bcorp: (\d+)/", output) or ["0"])[-1])
        self.peak_mb = int((re.findall(r"\brss: (\d+)Mb", output) or ["0"])[-1])


def environment():
    env = dict(os.environ)
    for name, value in SANITIZERS.items():
        env.setdefault(name, value)
    symbolizer = shutil.which("llvm-symbolizer-19")
    if symbolizer:
        env.setdefault("ASAN_SYMBOLIZER_PATH", symbolizer)
    return env


def fuzz(binary, seconds):
    name = binary.name.removesuffix("_fuzz")
    kept, findings, seeds = BUILD / "corpus" / name, BUILD / "findings" / name, ROOT / "fuzz/corpus" / name
    for directory in (kept, findings, BUILD / "logs"):
        directory.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    log_path = BUILD / "logs" / f"{name}.log"
    command = [str(binary), str(kept), str(seeds), f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}",
               f"-timeout={INPUT_SECONDS_MAX}", f"-rss_limit_mb={RSS_MB_MAX}", f"-artifact_prefix={findings}/",
               "-print_final_stats=1", "-report_slow_units=5"]
    began = time.monotonic()
    with open(log_path, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(),
                                   cwd=ROOT)
        status, usage = wait(process, seconds + STOP_SECONDS_MAX)
    output = log_path.read_text(errors="replace")
    # A slow unit is reported, not refused: on a busy machine it says little.
    found = [str(path.relative_to(ROOT)) for path in sorted(set(findings.iterdir()) - before)
             if not path.name.startswith("slow-unit-")]
    if status != 0 and not found:
        found = [f"ended with status {status}: see {log_path.relative_to(ROOT)}"]
    return Run(name, time.monotonic() - began, usage.ru_utime + usage.ru_stime, output, found)


def wait(process, seconds_max):
    """Returns (exit status, resource usage); a process that outlives its time is ended."""
    deadline = time.monotonic() + seconds_max
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > deadline:
            process.kill()
            deadline = float("inf")
        time.sleep(0.2)


def keep(binary):
    """Adds to fuzz/corpus what reaches code that nothing there reaches, smallest inputs first; returns how many. How
    often a piece of code is reached does not count here, or hundreds of inputs would be new."""
    name = binary.name.removesuffix("_fuzz")
    seeds, kept = ROOT / "fuzz/corpus" / name, BUILD / "corpus" / name
    before = len(list(seeds.iterdir()))
    command = [str(binary), "-set_cover_merge=1", "-use_counters=0", f"-max_len={KEPT_INPUT_BYTES_MAX}",
               f"-timeout={INPUT_SECONDS_MAX}", f"-artifact_prefix={BUILD}/findings/{name}/", str(seeds), str(kept)]
    subprocess.run(command, check=True, env=environment(), cwd=ROOT, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=MERGE_SECONDS_MAX)
    return len(list(seeds.iterdir())) - before


def print_table(runs):
    print(f"\n{'target':<24} {'wall s':>7} {'CPU s':>7} {'executions':>12} {'edges':>7} {'corpus':>7} {'RSS MB':>7}  "
          "findings")
    for run in runs:
        print(f"{run.name:<24} {run.seconds:>7.0f} {run.cpu_seconds:>7.0f} {run.executions:>12,} {run.edges:>7} "
              f"{run.corpus:>7} {run.peak_mb:>7}  {', '.join(run.findings) or '-'}")
    total = sum(len(run.findings) for run in runs)
    print(f"\n{len(runs)} targets, {sum(run.executions for run in runs):,} executions, {total} findings", flush=True)
    return total


def main():
    parser = argparse.ArgumentParser(prog="script/fuzz")
    parser.add_argument("names", nargs="*", help="only targets whose name contains one of these")
    parser.add_argument("--seconds", type=int, default=60, help="of each target (default 60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at a time (default: cores)")
    parser.add_argument("--keep", action="store_true", help="add what reaches new code to fuzz/corpus")
    parser.add_argument("--no-build", action="store_true", help="use the binaries that are there")
    parser.add_argument("--bin", type=pathlib.Path, default=BUILD / "bin", help="where they are")
    arguments = parser.parse_args()
    binaries = [b for b in sorted(arguments.bin.resolve().glob("*_fuzz"))
                if not arguments.names or any(n in b.name.removesuffix("_fuzz") for n in arguments.names)]
    if not binaries:
        print(f"script/fuzz: no fuzz target matches {' '.join(arguments.names) or '*'} in {arguments.bin}",
              file=sys.stderr)
        return 2

    def timed(binary):
        run = fuzz(binary, arguments.seconds)
        print(f"{'FOUND' if run.findings else 'ok   '} {run.name:<24} {run.executions:>12,} executions, "
              f"{run.edges} edges", flush=True)
        return run

    with ThreadPoolExecutor(max(arguments.jobs, 1)) as pool:
        runs = list(pool.map(timed, binaries))
    if arguments.keep:
        for binary in binaries:
            print(f"kept {keep(binary):>4} new inputs in fuzz/corpus/{binary.name.removesuffix('_fuzz')}", flush=True)
    return 1 if print_table(runs) else 0


if __name__ == "__main__":
    sys.exit(main())
