#!/usr/bin/env python3
"""script/bench ingest: the same load against each server in turn, and the table that compares them.

Each server gets a fresh data directory and a free loopback port, and runs alone. A round measures all of them; with
--repeat the table shows medians. Everything that was measured is kept as JSON below build/bench.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from servers import SERVERS, BenchError

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEFAULT_SERVERS = "sink,sluice,prometheus,victoria-metrics"
LOAD_SECONDS_MAX = 3600


def read_arguments():
    parser = argparse.ArgumentParser(prog="script/bench ingest", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--servers", default=DEFAULT_SERVERS, help="which, in this order")
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--scrapes", type=int, default=60)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=1, help="rounds; the table shows medians")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace-ms", type=int, default=0, help="real time between two scrapes; 0: flat out")
    parser.add_argument("--churn-percent", type=float, default=1.0)
    parser.add_argument("--churn-every", type=int, default=10)
    parser.add_argument("--settle-seconds", type=float, default=3,
                        help="watched after the load, for work that a server puts off")
    parser.add_argument("--bin", default=str(ROOT / "build/release/bin"), help="where sluice and sluice-bench are")
    parser.add_argument("--peers", default=str(ROOT / "build/peers"), help="where script/bootstrap --peers unpacked")
    parser.add_argument("--data", default="", help="where the servers' data directories go (default: a temporary one)")
    parser.add_argument("--out", default=str(ROOT / "build/bench"), help="where the JSON goes")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.servers.split(",") if name not in SERVERS]
    if unknown:
        parser.error(f"--servers: {unknown[0]!r} is none of {', '.join(SERVERS)}")
    return arguments


def disk_bytes(path):
    """As du counts: allocated blocks, hard links once."""
    seen, total = set(), 0
    for directory, _, names in os.walk(path):
        for name in [directory, *(os.path.join(directory, name) for name in names)]:
            try:
                info = os.lstat(name)
            except FileNotFoundError:
                continue
            if (info.st_dev, info.st_ino) not in seen:
                seen.add((info.st_dev, info.st_ino))
                total += info.st_blocks * 512
    return total


def machine():
    models = (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return {"cpu": next(models, "?"), "cores": os.cpu_count(), "kernel": platform.release(),
            "memory_gib": round(memory / 2**20, 1), "load_before": os.getloadavg()[0]}


def cpu_seconds(pid):
    """utime and stime of all threads, those that ended included."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(server, arguments, json_path):
    command = [str(pathlib.Path(arguments.bin) / "sluice-bench"), "load", *server.write_arguments(),
               "--series", str(arguments.series), "--scrapes", str(arguments.scrapes),
               "--connections", str(arguments.connections), "--seed", str(arguments.seed),
               "--pace-ms", str(arguments.pace_ms), "--churn-percent", str(arguments.churn_percent),
               "--churn-every", str(arguments.churn_every), "--server-pid", str(server.process.pid),
               "--server-data", str(server.data), "--json", str(json_path)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=LOAD_SECONDS_MAX)
    except subprocess.TimeoutExpired as late:
        raise BenchError(f"{server.name} took longer than {LOAD_SECONDS_MAX} s for the load") from late
    print("  " + done.stdout.strip().replace("\n", "\n  "), flush=True)
    if done.returncode != 0:
        raise BenchError(f"{server.name} did not take the whole load; its log ends:\n{server.log_tail()}")
    return json.loads(json_path.read_text())


def measure(name, arguments, scratch, round_number):
    """One server, one round: what sluice-bench measured, and what only shows afterwards."""
    directory = scratch / f"{name}-{round_number}"
    server = SERVERS[name](arguments.bin, arguments.peers, directory)
    print(f"{name}, round {round_number}", flush=True)
    try:
        server.start()
        result = load(server, arguments, scratch / "report.json")
        cpu_before = cpu_seconds(server.process.pid)
        time.sleep(arguments.settle_seconds)
        result["settle_cpu_s"] = cpu_seconds(server.process.pid) - cpu_before
        result["series_counted"] = server.series_count(result["samples_end_ms"])
        began = time.monotonic()
        server.stop()
        result["stop_s"] = time.monotonic() - began
        # After a clean stop everything is on disk, whatever a server keeps in memory for how long.
        result["disk_stopped_bytes"] = disk_bytes(server.data)
        return result
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def row_of(results, prometheus):
    """The table's numbers for one server: medians over its rounds."""
    def median(pick):
        return statistics.median(pick(result) for result in results)

    def phase(result, index):
        return result["phases"][min(index, len(result["phases"]) - 1)]

    series = results[0]["load"]["series"]
    row = {
        "first_per_cpu_s": median(lambda r: phase(r, 0)["samples_per_server_cpu_s"]),
        "steady_per_cpu_s": median(lambda r: phase(r, 1)["samples_per_server_cpu_s"]),
        "first_per_s": median(lambda r: phase(r, 0)["samples_per_s"]),
        "steady_per_s": median(lambda r: phase(r, 1)["samples_per_s"]),
        "p50_ms": median(lambda r: phase(r, 1)["latency_ms"]["p50"]),
        "p99_ms": median(lambda r: phase(r, 1)["latency_ms"]["p99"]),
        "anon_per_series": median(lambda r: r["server"]["rss_anon_bytes"] / series),
        "anon_peak_per_series": median(lambda r: r["server"]["rss_anon_peak_bytes"] / series),
        "disk_per_sample": median(lambda r: r["disk_stopped_bytes"] / sum(p["samples"] for p in r["phases"])),
        "settle_cpu_s": median(lambda r: r["settle_cpu_s"]),
        "series_counted": results[-1]["series_counted"],
    }
    for key in ("first_per_cpu_s", "steady_per_cpu_s", "anon_per_series"):
        row[f"{key}_ratio"] = row[key] / prometheus[key] if prometheus else None
    return row


COLUMNS = [
    ("samples / server CPU s, first scrape", "first_per_cpu_s", "{:,.0f}", True),
    ("steady", "steady_per_cpu_s", "{:,.0f}", True),
    ("samples/s wall, first", "first_per_s", "{:,.0f}", False),
    ("steady", "steady_per_s", "{:,.0f}", False),
    ("CPU s afterwards", "settle_cpu_s", "{:.2f}", False),
    ("p50 ms", "p50_ms", "{:.1f}", False),
    ("p99 ms", "p99_ms", "{:.1f}", False),
    ("RssAnon B/series", "anon_per_series", "{:,.0f}", True),
    ("peak", "anon_peak_per_series", "{:,.0f}", False),
    ("disk B/sample", "disk_per_sample", "{:.2f}", False),
]


def table(rows):
    """Markdown; in brackets the multiple of Prometheus' number."""
    lines = ["| server | " + " | ".join(title for title, *_ in COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, row in rows.items():
        cells = []
        for _, key, form, has_ratio in COLUMNS:
            ratio = row[f"{key}_ratio"] if has_ratio else None
            cells.append(form.format(row[key]) + (f" ({ratio:.2f}x)" if ratio is not None else ""))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def run(arguments):
    chosen, versions = [], {}
    for name in arguments.servers.split(","):
        probe = SERVERS[name](arguments.bin, arguments.peers, "/nonexistent")
        reason = probe.missing()
        if reason:
            print(f"left out: {name}: {reason}", flush=True)
        else:
            chosen.append(name)
            versions[name] = probe.version()
    if not chosen:
        raise BenchError("nothing to measure")
    began = datetime.datetime.now(datetime.timezone.utc)
    about = {"machine": machine(), "versions": versions, "began": began.isoformat()}
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=arguments.data or None))
    results = {name: [] for name in chosen}
    try:
        for round_number in range(1, arguments.repeat + 1):
            for name in chosen:
                results[name].append(measure(name, arguments, scratch, round_number))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)

    prometheus = row_of(results["prometheus"], None) if "prometheus" in results else None
    rows = {name: row_of(results[name], prometheus) for name in chosen}
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"ingest-{began.strftime('%Y%m%dT%H%M%SZ')}.json"
    path.write_text(json.dumps({**about, "arguments": vars(arguments), "rows": rows, "results": results}, indent=1))
    print(f"\n{arguments.series:,} series x {arguments.scrapes} scrapes, {arguments.connections} connections, "
          f"medians of {arguments.repeat}; {{cpu}}, {{cores}} cores, Linux {{kernel}}".format(**about["machine"]))
    print("; ".join(versions.values()) + "\n")
    print(table(rows))
    if {"sink", "sluice"} <= rows.keys():
        share = rows["sluice"]["steady_per_cpu_s"] / rows["sink"]["steady_per_cpu_s"]
        print(f"\nSluice's steady samples per CPU second are {share:.0%} of the floor's.")
    for name, row in rows.items():
        if row["series_counted"] is not None and row["series_counted"] < arguments.series:
            raise BenchError(f"{name} counts {row['series_counted']} series of {arguments.series}: it lost some")
    print(f"\nall numbers: {path}")


def main():
    arguments = read_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is stopped
    try:
        run(arguments)
    except BenchError as error:
        print(f"script/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
