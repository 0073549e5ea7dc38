"""Write storms over several workspaces, ended by kill -9 at random moments, seed after seed: nothing acknowledged is
lost, nothing is there that nobody sent, and a kill while the log is replayed does no harm."""
import http.client
import pathlib
import random
import shutil
import tempfile
import threading
import time
import unittest

from long_support import SEED, Span, report

import remote_write
from support import REGION, Sluice

KILLS_PER_SEED = 20
WORKSPACES = 3
WRITERS_PER_WORKSPACE = 2
STORM_SECONDS_MAX = 1.2
SERIES_MAX = 400         # of one request
REPLAY_KILL_CHANCE = 0.3


class Writer(threading.Thread):
    """Sends requests of many series until the server dies, some of them twice at once. What was sent and what was
    acknowledged is kept in `store`, {(series, t_ms): value}."""

    def __init__(self, storm, workspace, number, seed):
        super().__init__(daemon=True)
        self.storm, self.workspace, self.number = storm, workspace, number
        self.random = random.Random(seed)
        self.odd, self.stop = [], False

    def send(self, body, outcomes):
        try:
            outcomes.append(self.storm.sluice.signed(
                self.storm.root, "POST", f"/workspaces/{self.workspace}/api/v1/remote_write", body,
                dict(remote_write.HEADERS)))
        except (OSError, http.client.HTTPException) as gone:
            outcomes.append(gone)

    def run(self):
        known = self.storm.known[self.workspace]
        while not self.stop:
            t_ms = self.storm.next_timestamp()
            samples = {(f"{self.number}-{n}", t_ms): float(self.random.randrange(1 << 40))
                       for n in range(self.random.choice([1, 5, 60, SERIES_MAX]))}
            body = remote_write.body(*(remote_write.series({"__name__": "storm", "series": name}, [(t, value)])
                                       for (name, t), value in samples.items()))
            known.sent.update(samples)
            outcomes, twin = [], None
            if self.random.random() < 0.3:
                twin = threading.Thread(target=self.send, args=(body, outcomes), daemon=True)
                twin.start()
            self.send(body, outcomes)
            if twin:
                twin.join(30)
            for outcome in outcomes:
                if isinstance(outcome, Exception):
                    self.stop = True
                elif outcome.status == 200:
                    known.acknowledged.update(samples)
                elif outcome.status < 500:
                    self.odd.append(outcome)


class Known:
    def __init__(self):
        self.sent, self.acknowledged = {}, {}


class Storm:
    """One seed's collector, its workspaces and what they must hold."""

    def __init__(self, test, seed):
        self.test, self.random = test, random.Random(seed)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-storm-"))
        self.sluice = Sluice(self.directory / "data", f"aws:\n  region: {REGION}\n")
        self.root = self.sluice.root_credentials()
        self.known = {self.create_workspace(): Known() for _ in range(WORKSPACES)}
        self.lock, self.t_ms = threading.Lock(), int(time.time() * 1000) - 3_600_000
        self.first_ms = self.t_ms

    def create_workspace(self):
        answer = self.sluice.signed(self.root, "POST", "/workspaces", b"{}", {"Content-Type": "application/json"})
        self.test.assertEqual(answer.status, 202, answer)
        return answer.json()["workspaceId"]

    def next_timestamp(self):
        with self.lock:
            self.t_ms += 1
            return self.t_ms

    def rage_and_kill(self):
        writers = [Writer(self, workspace, number, self.random.random())
                   for workspace in self.known for number in range(WRITERS_PER_WORKSPACE)]
        for writer in writers:
            writer.start()
        time.sleep(self.random.uniform(0.05, STORM_SECONDS_MAX))
        self.sluice.kill()
        for writer in writers:
            writer.stop = True
            writer.join(60)
            self.test.assertEqual(writer.odd, [], "answers that blame the writer")
        while self.random.random() < REPLAY_KILL_CHANCE:
            self.sluice.start(wait_ready=False)
            time.sleep(self.random.uniform(0, 0.2))
            self.sluice.kill()
        self.sluice.start()

    def verify(self, context):
        for workspace, known in self.known.items():
            span_seconds = (self.t_ms - self.first_ms) // 1000 + 60
            answer = self.sluice.query(self.root, workspace, f"storm[{span_seconds}s]", time=(self.t_ms + 1) / 1000)
            self.test.assertEqual(answer.status, 200, answer)
            stored = {(row["metric"]["series"], round(t * 1000)): float(value)
                      for row in answer.json()["data"]["result"] for t, value in row["values"]}
            lost = [key for key, value in known.acknowledged.items() if stored.get(key) != value]
            strange = [key for key, value in stored.items() if known.sent.get(key) != value]
            self.test.assertEqual((lost[:5], strange[:5]), ([], []),
                                  f"{context}: {len(lost)} of {len(known.acknowledged)} lost, {len(strange)} never "
                                  f"sent; kept in {self.directory}")

    def end(self):
        self.sluice.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class Storms(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_whatever_the_seed(self):
        span = Span(minutes_default=10)
        kills = samples = seeds = 0
        while seeds == 0 or not span.is_over:
            seed = SEED + seeds
            storm = Storm(self, seed)
            self.addCleanup(storm.sluice.stop)
            for kill in range(KILLS_PER_SEED):
                storm.rage_and_kill()
                storm.verify(f"seed {seed}, kill {kill} (SLUICE_LONG_SEED={seed} repeats it)")
                kills += 1
            samples += sum(len(known.acknowledged) for known in storm.known.values())
            seeds += 1
            self.assertEqual(storm.sluice.stop(), 0)
            storm.end()
            print(f"seed {seed}: {samples} samples acknowledged so far, {span.spent_seconds:.0f} s", flush=True)
        report(f"storms: {seeds} seeds from {SEED}, {kills} kills, {samples:,} samples acknowledged, none lost, "
               "none made up")
        self.assertGreater(samples, kills * WRITERS_PER_WORKSPACE)


if __name__ == "__main__":
    unittest.main()
