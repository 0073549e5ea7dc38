"""An acknowledged sample is on disk: kill -9 in the middle of write storms, again and again."""
import http.client
import random
import threading
import time
import unittest

import remote_write
from support import CollectorTest

WRITERS = 4
STORM_SECONDS = 0.4


class Writer(threading.Thread):
    """Sends one sample a request, each with the next timestamp, until the server dies. Every request is sent on two
    connections at once, so that a twin often meets the commit of the other still pending."""

    def __init__(self, test, number, begin_ms, known):
        super().__init__(daemon=True)
        self.test, self.number, self.t_ms = test, number, begin_ms
        self.acknowledged, self.odd = known, []
        self.stop = False

    def send(self, body, outcome):
        try:
            outcome.append(self.test.write(self.test.root, self.test.workspace, body))
        except (OSError, http.client.HTTPException) as gone:
            outcome.append(gone)

    def run(self):
        while not self.stop:
            self.t_ms += 1
            value = float(self.t_ms % 100_000)
            body = remote_write.body(remote_write.series({"__name__": "storm", "writer": str(self.number)},
                                                         [(self.t_ms, value)]))
            outcomes = []
            twin = threading.Thread(target=self.send, args=(body, outcomes), daemon=True)
            twin.start()
            self.send(body, outcomes)
            twin.join(30)
            for outcome in outcomes:
                if isinstance(outcome, Exception):
                    self.stop = True
                elif outcome.status == 200:
                    self.acknowledged[self.t_ms] = value
                elif outcome.status < 500:
                    self.odd.append(outcome)


class KillNine(CollectorTest):
    rounds = 20

    def test_every_acknowledged_sample_survives_kills_in_write_storms(self):
        self.workspace, _ = self.create_workspace("storm")
        generator = random.Random(20261121)
        acknowledged = [{} for _ in range(WRITERS)]
        now_ms = int(time.time() * 1000) - self.rounds * 60_000
        for round_number in range(self.rounds):
            writers = [Writer(self, n, now_ms + round_number * 60_000, acknowledged[n]) for n in range(WRITERS)]
            for writer in writers:
                writer.start()
            time.sleep(STORM_SECONDS * generator.uniform(0.5, 1.5))
            self.sluice.kill()
            for writer in writers:
                writer.stop = True
                writer.join(60)
                self.assertEqual(writer.odd, [])
            self.sluice.start()
            for number, known in enumerate(acknowledged):
                result = self.must(self.sluice.query(self.root, self.workspace,
                                                     f'storm{{writer="{number}"}}[1d]')).json()
                rows = result["data"]["result"]
                stored = {round(t * 1000): float(v) for t, v in (rows[0]["values"] if rows else [])}
                lost = {t: v for t, v in known.items() if stored.get(t) != v}
                self.assertEqual(lost, {}, f"round {round_number}, writer {number}: {len(lost)} of {len(known)} lost")
        total = sum(map(len, acknowledged))
        print(f"{total} samples acknowledged over {self.rounds} kills, none lost")
        self.assertGreater(total, self.rounds * WRITERS)

    def test_sigterm_ends_cleanly_and_loses_nothing(self):
        workspace, _ = self.create_workspace("clean")
        now = int(time.time() * 1000)
        for i in range(20):
            self.must(self.write(self.root, workspace, remote_write.body(
                remote_write.series({"__name__": "clean"}, [(now + i, float(i))]))))
        self.assertEqual(self.sluice.stop(), 0)
        self.sluice.start()
        values = self.must(self.sluice.query(self.root, workspace, "clean[1h]",
                                             time=(now + 1000) / 1000)).json()["data"]["result"][0]["values"]
        self.assertEqual([float(v) for _, v in values], [float(i) for i in range(20)])


class KillNineBuffered(KillNine):
    """storage.ack: buffered gives up the power cut, not the kill."""
    extra_config = "storage: {ack: buffered, sync_interval_ms: 60000}\n"
    rounds = 5

    def test_the_start_says_so(self):
        self.assertRegex(self.sluice.log_text(), r"answered before they are synced.*key=storage\.ack")


if __name__ == "__main__":
    unittest.main()
