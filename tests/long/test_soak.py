"""Hours of an ordinary day in minutes: clusters that write, people who query, tokens that expire, callers who are
refused, connections that come and go. Memory, file descriptors and threads stay flat."""
import http.client
import itertools
import random
import threading
import time
import unittest

from long_support import SEED, ProcessState, Span, report, slope_bytes_per_minute

import remote_write
from support import CollectorTest, Credentials, wait_until

CLUSTERS = 4
SERIES_PER_CLUSTER = 20       # few, and written often: requests are what may leak
SCRAPE_SECONDS = 0.2
SESSION_SECONDS = 20          # a new exchange this often; AWS's clients keep theirs for an hour
MINUTES_MIN = 6               # in less, a heap that settles cannot be told from one that leaks
WARM_UP_SHARE = 1 / 3         # of the time: caches, arenas and the decision log fill
STATE_SECONDS = 2.0
# All samples are held in memory: what one may cost with its chunk's slack, and what an allocator's habits may.
BYTES_PER_SAMPLE_MAX = 10
RSS_SLOPE_BYTES_PER_MINUTE_MAX = 256 << 10
FILES_SPREAD_MAX = 40         # connections open at the moment of looking
DECISIONS_KEPT_MAX = {"anonymous": 5_000, "authenticated": 20_000}


class Part(threading.Thread):
    """Repeats `step` at an interval until the soak ends; a failed step ends the part, and the soak with it."""

    def __init__(self, soak, step, interval_seconds):
        super().__init__(daemon=True)
        self.soak, self.step, self.interval_seconds = soak, step, interval_seconds
        self.steps, self.problem = 0, None

    def run(self):
        due = time.monotonic()
        while not self.soak.is_ending.is_set():
            try:
                self.step()
            except (AssertionError, OSError, http.client.HTTPException, KeyError, AttributeError) as problem:
                self.problem = f"{getattr(self.step, '__name__', self.step)}: {problem!r}"
                self.soak.is_ending.set()
                return
            self.steps += 1
            due = max(due + self.interval_seconds, time.monotonic() - 5 * self.interval_seconds)
            self.soak.is_ending.wait(max(0.0, due - time.monotonic()))


class Cluster:
    """One Prometheus: its session, renewed as a token would be, and its scrapes over a connection kept alive."""

    def __init__(self, soak, number, workspace, role):
        self.soak, self.number, self.workspace, self.role = soak, number, workspace, role
        self.session_until = 0.0
        self.connection = soak.sluice.connection()
        self.labels = [{"__name__": f"soak_{n % 40}_total", "cluster": f"c{number}", "instance": f"10.0.0.{n}:9100",
                        "job": "node", "namespace": "monitoring"} for n in range(SERIES_PER_CLUSTER)]
        self.samples = 0

    def scrape_and_write(self):
        sluice = self.soak.sluice
        if time.monotonic() >= self.session_until:
            self.credentials = sluice.session(self.role, self.soak.issuer.token())
            self.session_until = time.monotonic() + SESSION_SECONDS
        t_ms = int(time.time() * 1000)
        body = remote_write.body(*(remote_write.series(labels, [(t_ms, float(self.samples * n))])
                                   for n, labels in enumerate(self.labels)))
        target = f"/workspaces/{self.workspace}/api/v1/remote_write"
        self.connection.request("POST", target, body=body, headers=sluice.sign(
            self.credentials, "POST", target, body, dict(remote_write.HEADERS)))
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (answer.status, text)
        self.samples += len(self.labels)


class Soak(CollectorTest):
    def setUp(self):
        self.is_ending = threading.Event()
        self.workspace, arn = self.create_workspace("soak")
        wait_until(lambda: self.sluice.query(self.root, self.workspace, "up").status == 200, "the workspace's log")
        provider = self.create_provider()
        self.role = self.create_role("soaker", self.trust(provider), self.allow(["aps:*"], arn))
        self.stranger = self.create_role("stranger", self.trust(provider))
        self.stranger_session = self.sluice.session(self.stranger, self.issuer.token())
        self.clusters = [Cluster(self, n, self.workspace, self.role) for n in range(CLUSTERS)]
        self.queries = itertools.cycle(random.Random(SEED).sample([
            "sum by (cluster) (rate(soak_1_total[1m]))", "count({__name__=~'soak_.*'})", "topk(5, soak_3_total)",
            "histogram_quantile(0.9, sum by (le) (soak_2_total))", "quantile_over_time(0.9, soak_4_total[2m])",
            "label_replace(soak_5_total, 'x', '$1', 'instance', '(.*):.*')"], 6))

    def query(self):
        self.must(self.sluice.query(self.root, self.workspace, next(self.queries)))
        self.must(self.sluice.signed(self.root, "GET", f"/workspaces/{self.workspace}/api/v1/labels"))

    def be_refused(self):
        """A foreign signature, a role without the right, a token of another audience, a body that is none."""
        body = remote_write.body(remote_write.series({"__name__": "refused"}, [(int(time.time() * 1000), 1.0)]))
        self.must(self.write(Credentials("AKIASLU0AAAAAAAAAAAA", "x" * 40), self.workspace, body), 403)
        self.must(self.write(self.stranger_session, self.workspace, body), 403)
        self.must(self.sluice.exchange(self.role, self.issuer.token(audience="somebody-else")), 400)
        self.must(self.write(self.root, self.workspace, b"no snappy"), 400)

    def administer(self):
        workspace, _ = self.create_workspace("short-lived")
        self.must(self.sluice.signed(self.root, "DELETE", f"/workspaces/{workspace}"), 202)
        self.must(self.iam("ListRoles"))

    def look_around(self):
        """What an operator's tools ask, and a connection that says half a request and goes."""
        self.must(self.sluice.plain("GET", "/metrics", admin=True))
        self.must(self.sluice.plain("GET", "/-/explain", admin=True))
        half = self.sluice.connection()
        half.connect()
        half.sock.sendall(b"POST /workspaces HTTP/1.1\r\nHost: x\r\nContent-Le")
        half.close()

    def fill_decision_log(self):
        """Refusals are kept up to a number; the log is full before memory is measured."""
        connection = self.sluice.connection()
        target = f"/workspaces/{self.workspace}"
        signed = self.sluice.sign(self.stranger_session, "GET", target)  # a signature may be used again for minutes
        for caller, headers in (("anonymous", {}), ("authenticated", signed)):
            for _ in range(DECISIONS_KEPT_MAX[caller]):
                connection.request("GET", target, headers=headers)
                answer = connection.getresponse()
                answer.read()
                self.assertEqual(answer.status, 403)

    def test_memory_files_and_threads_stay_flat(self):
        span = Span(minutes_default=15)
        span.seconds = max(span.seconds, 60 * MINUTES_MIN)
        self.fill_decision_log()
        parts = [Part(self, cluster.scrape_and_write, SCRAPE_SECONDS) for cluster in self.clusters]
        parts += [Part(self, self.query, 0.5), Part(self, self.be_refused, 2.0), Part(self, self.administer, 1.0),
                  Part(self, self.look_around, 1.0)]
        for part in parts:
            part.start()
        states, samples_before = [], 0
        try:
            while not span.is_over and not self.is_ending.wait(STATE_SECONDS):
                if span.spent_seconds < span.seconds * WARM_UP_SHARE:
                    samples_before = sum(cluster.samples for cluster in self.clusters)
                    continue
                states.append(ProcessState(self.sluice.process.pid))
        finally:
            self.is_ending.set()
            for part in parts:
                part.join(60)
        self.assertEqual([part.problem for part in parts if part.problem], [])
        self.assertGreater(len(states), 10, "too short a time to say anything")
        self.judge(states, sum(cluster.samples for cluster in self.clusters) - samples_before,
                   sum(part.steps for part in parts))

    def judge(self, states, samples, steps):
        minutes = (states[-1].at_seconds - states[0].at_seconds) / 60
        slope = slope_bytes_per_minute(states)
        slope_max = RSS_SLOPE_BYTES_PER_MINUTE_MAX + BYTES_PER_SAMPLE_MAX * samples / minutes
        files = [state.files for state in states]
        threads = {state.threads for state in states}
        report(f"soak: {minutes:.1f} minutes measured, {samples:,} samples, {steps:,} steps; RssAnon "
               f"{states[0].rss_anon_bytes >> 20} -> {states[-1].rss_anon_bytes >> 20} MiB, slope {slope / 1024:.0f} "
               f"KiB a minute (at most {slope_max / 1024:.0f}); files {min(files)}-{max(files)}, "
               f"threads {sorted(threads)}")
        course = " ".join(f"{state.rss_anon_bytes >> 10}" for state in states[::max(1, len(states) // 30)])
        self.assertLessEqual(slope, slope_max, f"memory grows; RssAnon in KiB: {course}")
        self.assertEqual(len(threads), 1, f"threads come or go: {threads}")
        third = len(files) // 3
        self.assertLessEqual(min(files[-third:]), min(files[:third]) + 2, f"file descriptors grow: {files}")
        self.assertLessEqual(max(files) - min(files), FILES_SPREAD_MAX)


if __name__ == "__main__":
    unittest.main()
