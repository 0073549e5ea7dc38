"""What the long tests share. Each is given its time by script/test --long, through SLUICE_LONG_MINUTES."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

SEED = int(os.environ.get("SLUICE_LONG_SEED", "20261121"))


class Span:
    """The time a test may take; work begun before its end is finished."""

    def __init__(self, minutes_default):
        self.seconds = 60 * float(os.environ.get("SLUICE_LONG_MINUTES", minutes_default))
        self.began = time.monotonic()

    @property
    def spent_seconds(self):
        return time.monotonic() - self.began

    @property
    def is_over(self):
        return self.spent_seconds >= self.seconds


def report(text):
    """A line for the table that closes the run."""
    print(f"\nreport: {text}", flush=True)  # the runner of the tests has begun a line


class ProcessState:
    """What a process holds at one moment."""

    def __init__(self, pid):
        status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        self.at_seconds = time.monotonic()
        self.rss_anon_bytes = int(status["RssAnon"].split()[0]) * 1024
        self.threads = int(status["Threads"])
        self.files = len(os.listdir(f"/proc/{pid}/fd"))


def slope_bytes_per_minute(states):
    """The median of the slopes between all pairs of states at least a fifth of the time apart (Theil and Sen): a single
    jump, such as an allocator's new arena, does not move it."""
    apart_seconds = (states[-1].at_seconds - states[0].at_seconds) / 5
    pairs = [(a, b) for i, a in enumerate(states) for b in states[i + 1:]
             if b.at_seconds - a.at_seconds >= apart_seconds]
    slopes = sorted((b.rss_anon_bytes - a.rss_anon_bytes) / (b.at_seconds - a.at_seconds) for a, b in pairs)
    return 60 * slopes[len(slopes) // 2]
