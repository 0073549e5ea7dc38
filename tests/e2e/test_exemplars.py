"""Exemplars and metadata: what a stock Prometheus sends of them is what Sluice answers, also after a kill."""
import http.server
import json
import struct
import threading
import time
import urllib.parse
import urllib.request

import snappy

import remote_write
import stock_prometheus
from remote_write import field, message, varint
from support import REGION, CollectorTest, wait_until


class Target:
    """A process to be scraped, in OpenMetrics with an exemplar on each of its buckets and its counter."""

    def __init__(self):
        target = self
        self.scrapes = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                target.scrapes += 1
                body = target.exposition(target.scrapes).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def exposition(n):
        buckets = "".join(f'latency_seconds_bucket{{le="{le}"}} {n * share} # {{trace_id="b{le}-{n}"}} {value}\n'
                          for le, share, value in (("0.1", 1, 0.05), ("1.0", 2, 0.5), ("+Inf", 3, 5.5)))
        return ('# HELP latency_seconds How long it took,\\nin \\"seconds\\".\n'
                "# TYPE latency_seconds histogram\n"
                f"# UNIT latency_seconds seconds\n{buckets}"
                f"latency_seconds_count {n * 3}\nlatency_seconds_sum {n * 6.05}\n"
                "# HELP calls Calls.\n# TYPE calls counter\n"
                f'calls_total{{path="/a"}} {n} # {{trace_id="c{n}",span_id="s"}} 1\n'
                "# TYPE temperature gauge\ntemperature 20\n# EOF\n")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class StockPrometheus(CollectorTest):
    def start_prometheus(self, workspace, target):
        config = f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: target
    static_configs: [{{targets: ['127.0.0.1:{target.port}']}}]
remote_write:
  - url: {self.sluice.endpoint}/workspaces/{workspace}/api/v1/remote_write
    sigv4: {{region: {REGION}, access_key: {self.root.access_key}, secret_key: {self.root.secret_key}}}
    send_exemplars: true
    metadata_config: {{send_interval: 1s}}
    queue_config: {{batch_send_deadline: 1s}}
"""
        return stock_prometheus.start(self, self.directory / "prometheus", "--enable-feature=exemplar-storage",
                                      config=config)

    def ours(self, workspace, path, **parameters):
        text = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)
        return self.must(self.sluice.signed(self.root, "GET", f"/workspaces/{workspace}/api/v1/{path}?{text}")).json()

    @staticmethod
    def theirs(port, path, **parameters):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}?" + urllib.parse.urlencode(parameters),
                                    timeout=10) as answer:
            return json.load(answer)

    def test_it_finds_here_what_it_has_itself(self):
        workspace, _ = self.create_workspace("exemplars")
        target = Target()
        self.addCleanup(target.stop)
        began = time.time()
        port = self.start_prometheus(workspace, target)
        wait_until(lambda: target.scrapes >= 6, "scrapes", 60)
        # What is compared is over, so that only what is still under way can make a difference.
        end = time.time() - 1
        everything = "latency_seconds_bucket or calls_total or temperature"
        queries = [everything, "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket{le!='1.0'}[5m])))",
                   "rate(calls_total[1m])", "temperature"]

        def both(query):
            window = {"query": query, "start": began, "end": end}
            return (self.ours(workspace, "query_exemplars", **window), self.theirs(port, "query_exemplars", **window))

        def are_same():
            ours, theirs = both(everything)
            return ours["data"] and ours == theirs
        try:
            wait_until(are_same, "the same exemplars", 30)
        except AssertionError:
            self.assertEqual(*both(everything))
        for query in queries:
            ours, theirs = both(query)
            self.assertEqual(ours, theirs, query)
        self.assertEqual(len(both(everything)[0]["data"]), 4)

        wait_until(lambda: len(self.ours(workspace, "metadata")["data"]) >= 3, "metadata")
        families = self.ours(workspace, "metadata")
        self.assertEqual(families, self.theirs(port, "metadata"))
        for parameters in ({"metric": "calls"}, {"metric": "none"}, {"limit": 0}, {"limit_per_metric": 1}):
            ours, theirs = self.ours(workspace, "metadata", **parameters), self.theirs(port, "metadata", **parameters)
            self.assertEqual(ours, theirs, parameters)
        self.assertEqual(len(self.ours(workspace, "metadata", limit=1)["data"]), 1)

        exemplars = both(everything)[0]
        self.sluice.kill()
        self.sluice.start()
        self.assertEqual(both(everything)[0], exemplars)
        self.assertEqual(self.ours(workspace, "metadata"), families)


class RemoteWrite2(CollectorTest):
    def send(self, workspace, t_ms, value=1.0, start_ms=0):
        """One counter with an exemplar, metadata and a start timestamp."""
        symbols = ["", "__name__", "jobs_total", "trace_id", "abc", "Jobs."]
        sample = field(1, 1, struct.pack("<d", value)) + field(2, 0, varint(t_ms))
        if start_ms:
            sample += field(3, 0, varint(start_ms))
        exemplar = (message(1, varint(3) + varint(4)) + field(2, 1, struct.pack("<d", 7.5)) + field(3, 0, varint(t_ms)))
        metadata = field(1, 0, varint(1)) + field(3, 0, varint(5))
        series = (message(1, varint(1) + varint(2)) + message(2, sample) + message(4, exemplar) + message(5, metadata))
        body = snappy.compress(b"".join(message(4, s.encode()) for s in symbols) + message(5, series))
        return self.must(self.write(self.root, workspace, body, dict(remote_write.HEADERS_2)), 200)

    def get(self, workspace, path):
        return self.sluice.signed(self.root, "GET", f"/workspaces/{workspace}/api/v1/{path}")

    def test_the_answer_counts_what_was_written(self):
        workspace, _ = self.create_workspace("version-2")
        now_ms = int(time.time() * 1000)
        for _ in range(2):  # sent again, it is there already
            answer = self.send(workspace, now_ms, start_ms=now_ms - 60_000)
            written = {kind: answer.headers[f"X-Prometheus-Remote-Write-{kind}-Written"]
                       for kind in ("Samples", "Histograms", "Exemplars")}
            self.assertEqual(written, {"Samples": "1", "Histograms": "0", "Exemplars": "1"})
        expected = [{"seriesLabels": {"__name__": "jobs_total"},
                     "exemplars": [{"labels": {"trace_id": "abc"}, "value": "7.5", "timestamp": now_ms / 1000}]}]
        self.sluice.kill()
        self.sluice.start()
        self.assertEqual(self.must(self.get(workspace, "query_exemplars?query=jobs_total")).json()["data"], expected)
        self.assertEqual(self.must(self.get(workspace, "metadata")).json()["data"],
                         {"jobs_total": [{"type": "counter", "help": "Jobs.", "unit": ""}]})
        found = self.must(self.sluice.query(self.root, workspace, "jobs_total")).json()["data"]["result"]
        self.assertEqual(found[0]["value"][1], "1")

    def test_what_is_asked_wrong_is_refused_as_prometheus_does(self):
        workspace, _ = self.create_workspace("wrong")
        for path, text in (("query_exemplars?query=up%7B", "parse error"),
                           ("query_exemplars?query=up&start=x", "timestamp"),
                           ("query_exemplars?query=up&start=2&end=1", "end timestamp must not be before"),
                           ("metadata?limit=x", "limit must be a number")):
            answer = self.must(self.get(workspace, path), 400).json()
            self.assertEqual((answer["status"], answer["errorType"]), ("error", "bad_data"), path)
            self.assertIn(text, answer["error"])
        self.assertEqual(self.must(self.get(workspace, "query_exemplars?query=1")).json()["data"], [])

    def test_who_may_not_read_metadata_does_not(self):
        workspace, arn = self.create_workspace("rights")
        role = self.create_role("reader", self.trust(self.create_provider()), self.allow("aps:QueryMetrics", arn))
        reader = self.sluice.session(role, self.issuer.token())
        target = f"/workspaces/{workspace}/api/v1/"
        self.must(self.sluice.signed(reader, "GET", target + "query_exemplars?query=up"))
        self.must(self.sluice.signed(reader, "GET", target + "metadata"), 403)


if __name__ == "__main__":
    import unittest
    unittest.main()
