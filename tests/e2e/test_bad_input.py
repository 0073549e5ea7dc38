"""Bad input over the wire: the documented status, and a message that names what and where."""
import socket
import struct
import time
import unittest
import urllib.parse

import snappy

import remote_write
from support import CollectorTest, REGION


class RemoteWrite(CollectorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup = cls()
        cls.workspace, cls.arn = setup.create_workspace("bad-input")

    def runTest(self):
        """Lets setUpClass make an instance for its set-up calls."""

    def refused(self, body, status, message, headers=None):
        answer = self.write(self.root, self.workspace, body, headers)
        self.assertEqual(answer.status, status, answer)
        self.assertRegex(answer.text.splitlines()[0], message)
        self.must(self.write(self.root, self.workspace, self.good()))
        return answer

    @staticmethod
    def good(value=1.0, t_ms=None, **labels):
        return remote_write.body(remote_write.series({"__name__": "good", **labels},
                                                     [(t_ms or int(time.time() * 1000), value)]))

    def test_decompression_bomb_is_refused_by_its_declared_size(self):
        self.refused(remote_write.varint(1 << 31) + b"\x00", 413, "(?i)declares|decoded|larger|limit")

    def test_framed_snappy_is_told_from_block_snappy(self):
        framed = b"\xff\x06\x00\x00sNaPpY" + b"\x01\x07\x00\x00" + b"\x00" * 4 + b"abc"
        self.refused(framed, 400, "(?i)fram")

    def test_truncated_snappy(self):
        self.refused(self.good()[:-5], 400, "(?i)snappy")

    def test_malformed_protobuf_names_the_offset(self):
        self.refused(snappy.compress(b"\x0a\xff\xff\xff\x7f\x01"), 400, r"(?i)(byte|offset)\D*\d+")

    def test_wrong_content_type_and_encoding(self):
        for headers in ({**remote_write.HEADERS, "Content-Type": "application/json"},
                        {**remote_write.HEADERS, "Content-Encoding": "gzip"}):
            self.refused(self.good(), 415, "(?i)content", headers)

    def test_remote_write_2_is_named_as_not_offered(self):
        headers = {**remote_write.HEADERS,
                   "Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
                   "X-Prometheus-Remote-Write-Version": "2.0.0"}
        self.refused(self.good(), 415, r"(?i)2\.0|v2", headers)

    def test_duplicate_label_refuses_that_series_alone(self):
        now = int(time.time() * 1000)
        bad = remote_write.series([("__name__", "half"), ("a", "1"), ("a", "2")], [(now, 1.0)])
        fine = remote_write.series({"__name__": "half", "kept": "yes"}, [(now, 2.0)])
        self.refused(remote_write.body(bad, fine), 400, "(?i)duplicate")
        result = self.must(self.sluice.query(self.root, self.workspace, "half",
                                             time=now / 1000)).json()["data"]["result"]
        self.assertEqual([(r["metric"], r["value"][1]) for r in result], [({"__name__": "half", "kept": "yes"}, "2")])

    def test_unsorted_labels_are_sorted(self):
        now = int(time.time() * 1000)
        entry = remote_write.series([("z", "1"), ("__name__", "unsorted"), ("a", "2")], [(now, 3.0)])
        self.must(self.write(self.root, self.workspace, remote_write.body(entry)))
        result = self.must(self.sluice.query(self.root, self.workspace, 'unsorted{a="2",z="1"}',
                                             time=now / 1000)).json()
        self.assertEqual(len(result["data"]["result"]), 1)

    def test_missing_metric_name(self):
        entry = remote_write.series({"job": "x"}, [(int(time.time() * 1000), 3.0)])
        self.refused(remote_write.body(entry), 400, "(?i)metric name|__name__")

    def test_out_of_order_and_conflicting_samples(self):
        now = int(time.time() * 1000)
        self.must(self.write(self.root, self.workspace, self.good(1.0, now, order="x")))
        self.must(self.write(self.root, self.workspace, self.good(1.0, now, order="x")))
        self.refused(self.good(2.0, now, order="x"), 400, "(?i)duplicate sample for timestamp")
        self.refused(self.good(1.0, now - 5000, order="x"), 400, "(?i)out of order sample")

    def test_body_over_the_limit(self):
        connection = self.sluice.connection()
        connection.putrequest("POST", f"/workspaces/{self.workspace}/api/v1/remote_write")
        connection.putheader("Content-Length", str(1 << 30))
        connection.endheaders()
        response = connection.getresponse()
        self.assertEqual(response.status, 413)
        self.assertIn(b"16777216", response.read())
        connection.close()

    def test_unknown_route_and_method_say_what_there_is(self):
        unknown = self.sluice.signed(self.root, "GET", f"/workspaces/{self.workspace}/api/v1/nonsense")
        self.assertEqual(unknown.status, 404)
        self.assertIn("remote_write", unknown.json()["message"])
        wrong = self.sluice.signed(self.root, "GET", f"/workspaces/{self.workspace}/api/v1/remote_write")
        self.assertEqual((wrong.status, wrong.headers["Allow"]), (405, "POST"))
        slash = self.sluice.signed(self.root, "POST", f"/workspaces/{self.workspace}/api/v1/remote_write/")
        self.assertEqual(slash.status, 404)

    def test_workspace_that_does_not_exist(self):
        answer = self.write(self.root, "ws-00000000-0000-4000-8000-000000000000", self.good())
        self.assertEqual(answer.status, 404)
        self.assertIn("ws-00000000", answer.text)

    def test_pipelined_garbage_and_smuggling_do_not_reach_the_handler(self):
        for raw in (b"\x00\x01\x02garbage\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
                    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000 + b"\r\n\r\n"):
            with self.subTest(raw[:40]), socket.create_connection(("127.0.0.1", self.sluice.port), 10) as peer:
                peer.sendall(raw)
                answer = peer.recv(65536)
                self.assertRegex(answer.split(b"\r\n")[0], rb"HTTP/1\.1 (400|431|413|505)")
        self.must(self.write(self.root, self.workspace, self.good()))


class Queries(CollectorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup = cls()
        cls.workspace, _ = setup.create_workspace("queries")
        cls.now = int(time.time())
        entries = [remote_write.series({"__name__": "http_requests_total", "job": job, "code": code},
                                       [((cls.now - 60 + 15 * i) * 1000, float(step * i)) for i in range(5)])
                   for job, code, step in (("api", "200", 30), ("api", "500", 3), ("web", "200", 15))]
        setup.must(setup.write(cls.root, cls.workspace, remote_write.body(*entries)))

    def runTest(self):
        """Lets setUpClass make an instance for its set-up calls."""

    def get(self, path, **parameters):
        target = f"/workspaces/{self.workspace}/api/v1/{path}"
        if parameters:
            target += "?" + urllib.parse.urlencode(parameters, doseq=True, quote_via=urllib.parse.quote)
        return self.sluice.signed(self.root, "GET", target)

    def error(self, answer, status, kind, message):
        self.assertEqual(answer.status, status, answer)
        body = answer.json()
        self.assertEqual((body["status"], body["errorType"]), ("error", kind))
        self.assertRegex(body["error"], message)

    def test_answers_are_prometheus_json_to_the_letter(self):
        answer = self.must(self.get("query", query="sum by (job) (http_requests_total)", time=self.now))
        self.assertEqual(answer.text, '{"status":"success","data":{"resultType":"vector","result":['
                         f'{{"metric":{{"job":"api"}},"value":[{self.now},"132"]}},'
                         f'{{"metric":{{"job":"web"}},"value":[{self.now},"60"]}}]}}}}')
        answer = self.must(self.get("query", query="2 * 1.5", time=f"{self.now}.5"))
        self.assertEqual(answer.text,
                         f'{{"status":"success","data":{{"resultType":"scalar","result":[{self.now}.500,"3"]}}}}')

    def test_query_range_series_labels_and_values(self):
        answer = self.must(self.get("query_range", query='http_requests_total{job="web"}', start=self.now - 60,
                                    end=self.now, step=30))
        self.assertEqual(answer.json()["data"]["result"][0]["values"],
                         [[self.now - 60, "0"], [self.now - 30, "30"], [self.now, "60"]])
        self.assertEqual(len(self.must(self.get("series", **{"match[]": "http_requests_total"})).json()["data"]), 3)
        self.assertEqual(self.must(self.get("labels")).json()["data"], ["__name__", "code", "job"])
        self.assertEqual(self.must(self.get("label/job/values")).json()["data"], ["api", "web"])
        self.assertEqual(self.must(self.get("label/job/values", **{"match[]": '{code="500"}'})).json()["data"], ["api"])
        self.assertIn("version", self.must(self.get("status/buildinfo")).json()["data"])

    def test_post_form_answers_like_get(self):
        body = urllib.parse.urlencode({"query": "rate(http_requests_total[1m])", "time": self.now}).encode()
        answer = self.must(self.sluice.signed(self.root, "POST", f"/workspaces/{self.workspace}/api/v1/query", body,
                                              {"Content-Type": "application/x-www-form-urlencoded"}))
        self.assertEqual(answer.text,
                         self.must(self.get("query", query="rate(http_requests_total[1m])", time=self.now)).text)

    def test_malformed_promql_names_the_position(self):
        self.error(self.get("query", query="sum(up"), 400, "bad_data",
                   r'invalid parameter "query": 1:\d+: parse error: unclosed left parenthesis')
        self.error(self.get("query", query="foo{"), 400, "bad_data", r"1:\d+: parse error")
        self.error(self.get("query", query="rate(up)"), 400, "bad_data",
                   "expected type range vector in call to function \"rate\"")
        self.error(self.get("query"), 400, "bad_data", "parse error: no expression found in input")

    def test_bad_parameters(self):
        self.error(self.get("query", query="up", time="yesterday"), 400, "bad_data",
                   'invalid parameter "time": cannot parse "yesterday" to a valid timestamp')
        self.error(self.get("query_range", query="up", start=10, end=5, step=1), 400, "bad_data",
                   "end timestamp must not be before start time")
        self.error(self.get("query_range", query="up", start=0, end=5, step=0), 400, "bad_data",
                   "zero or negative query resolution step widths are not accepted")
        self.error(self.get("query_range", query="up", start=0, end=self.now, step=1), 400, "bad_data",
                   "exceeded maximum resolution of 11,000 points")
        self.error(self.get("series"), 400, "bad_data", "no match")
        self.error(self.get("series", **{"match[]": "{}"}), 400, "bad_data", "at least one non-empty matcher")

    def test_many_to_many_is_an_execution_error(self):
        self.error(self.get("query", query="http_requests_total / on(job) http_requests_total", time=self.now), 422,
                   "execution",
                   "found duplicate series for the match group|multiple matches for labels")


if __name__ == "__main__":
    unittest.main()
