"""The front door under attack: the real binary, with another client asking all the while. A small form runs in CI;
SLUICE_LONG=1 is the full size.

Bounds, each asserted: the bystander is never refused and never waits longer than LATENCY_SECONDS_MAX; RssAnon grows by
rss_growth_bytes_max at most; the process lives on; the log grows by a few lines and has no error.
"""
import contextlib
import gzip
import http.client
import os
import pathlib
import re
import resource
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest

import remote_write
from support import CollectorTest, wait_until

IS_LONG = os.environ.get("SLUICE_LONG") == "1"
LATENCY_SECONDS_MAX = 3
MEMORY_FACTOR = float(os.environ.get("SLUICE_MEMORY_FACTOR", "1"))
LOG_LINES_MAX = 50
ANSWERS_MIN = 10
IP_BIND_ADDRESS_NO_PORT = 24
TCP_REPAIR = 19
ATTACKER = "127.0.0.66"


def raise_open_files_max():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Swarm:
    """Many connections of one address. What the server does to them is its business: errors are counted only."""

    def __init__(self, port):
        self.port, self.sockets, self.lost = port, [], 0

    def open(self, count):
        for i in range(count):
            connection = socket.socket()
            connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            connection.bind((ATTACKER, 0))
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", self.port))
            self.sockets.append(connection)
            if i % 200 == 199:
                time.sleep(0.02)  # the kernel's queue of unaccepted connections is not what is tested
        return self

    def send(self, data):
        """To each; those that are gone are opened anew."""
        left = []
        for connection in self.sockets:
            try:
                connection.send(data)
                left.append(connection)
            except BlockingIOError:
                left.append(connection)
            except OSError:
                connection.close()
        gone = len(self.sockets) - len(left)
        self.lost += gone
        self.sockets = left
        self.open(gone)

    def close(self, linger=None):
        for connection in self.sockets:
            if linger is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
        self.sockets = []


class Bystander(threading.Thread):
    """Asks for something all the time, each time on a new connection and once more on an old one."""

    def __init__(self, sluice):
        super().__init__(daemon=True)
        self.sluice, self.ending = sluice, threading.Event()
        self.answered, self.failures, self.slowest = 0, [], 0.0

    def run(self):
        while not self.ending.wait(0.03):
            begun = time.monotonic()
            try:
                connection = self.sluice.connection()
                connection.timeout = 2 * LATENCY_SECONDS_MAX
                for _ in range(2):
                    connection.request("GET", "/-/healthy")
                    response = connection.getresponse()
                    response.read()
                    if response.status != 200:
                        self.failures.append(f"status {response.status}")
                connection.close()
                self.answered += 1
            except OSError as error:
                self.failures.append(f"{error!r} after {time.monotonic() - begun:.1f} s")
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def stop(self):
        self.ending.set()
        self.join(30)


class Attacked(CollectorTest):
    """What the attacks have in common."""

    rss_growth_bytes_max = 64 << 20  # 4,096 connections of 16 kB; times what a sanitizer takes on top

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise_open_files_max()
        for _ in range(50):
            cls.sluice.plain("GET", "/-/healthy")

    def rss_anon(self):
        status = pathlib.Path(f"/proc/{self.sluice.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) << 10

    def open_connections(self):
        text = self.sluice.plain("GET", "/metrics", admin=True).text
        return int(float(re.search(r'^sluice_http_connections{listener="public"} (\S+)$', text, re.M).group(1)))

    @contextlib.contextmanager
    def under_attack(self):
        before, log_before = self.rss_anon(), self.sluice.log_text()
        peak = {"bytes": before}
        bystander = Bystander(self.sluice)
        bystander.start()
        swarm = Swarm(self.sluice.port)
        swarm.look = lambda: peak.update(bytes=max(peak["bytes"], self.rss_anon()))
        try:
            yield swarm
            swarm.look()
            wait_until(lambda: bystander.answered > ANSWERS_MIN, "the bystander's answers", 10)
        finally:
            bystander.stop()
            swarm.close()
        new_log = self.sluice.log_text()[len(log_before):]
        figures = (f"{self.id().rsplit('.', 1)[-1]}: bystander {bystander.answered} answers, slowest "
                   f"{bystander.slowest * 1000:.0f} ms; RssAnon +{(peak['bytes'] - before) >> 10} kB")
        if IS_LONG or os.environ.get("SLUICE_FIGURES"):
            print(figures)
        self.assertEqual(bystander.failures, [], figures)
        self.assertLess(bystander.slowest, LATENCY_SECONDS_MAX, figures)
        self.assertLess(peak["bytes"] - before, self.rss_growth_bytes_max * MEMORY_FACTOR, figures)
        self.assertIsNone(self.sluice.process.poll(), "the process lives on")
        self.assertNotIn("level=error", new_log)
        self.assertLess(new_log.count("\n"), LOG_LINES_MAX, new_log[:2000])
        wait_until(lambda: self.open_connections() < 10, "the attackers' connections to be gone", 100)

    def during(self, seconds, swarm, act):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            act()
            swarm.look()
            time.sleep(0.1)

    def raw(self, data, timeout=10):
        """What comes back for bytes, up to the end of the stream."""
        with socket.create_connection(("127.0.0.1", self.sluice.port), timeout=timeout) as connection:
            connection.sendall(data)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(65536):
                    answer += part
            return answer

    def idle_connections(self, count, kept_min):
        """Opens so many that never say a word; so many of them at least must be kept."""
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < count + 500:
            self.skipTest(f"the limit of open files is below {count + 500}")
        with self.under_attack() as swarm:
            kept = 0
            for _ in range(count // 500):
                swarm.open(500)
                swarm.look()
                kept = max(kept, self.open_connections())
            self.during(15 if IS_LONG else 1, swarm, lambda: None)
            self.assertGreaterEqual(kept, kept_min)


class FrontDoor(Attacked):
    def test_slow_loris_with_headers(self):
        header = b"GET /workspaces HTTP/1.1\r\nHost: h\r\n" + b"X-Filler: " + b"a" * 4000
        with self.under_attack() as swarm:
            swarm.open(2000 if IS_LONG else 300)
            at = iter(range(len(header)))
            self.during(30 if IS_LONG else 3, swarm, lambda: swarm.send(header[(i := next(at)):i + 1]))

    def test_slow_loris_with_bodies(self):
        with self.under_attack() as swarm:
            swarm.open(2000 if IS_LONG else 300)
            swarm.send(b"POST /workspaces/x/api/v1/remote_write HTTP/1.1\r\nHost: h\r\n"
                       b"Content-Length: 16000000\r\n\r\n")
            self.during(30 if IS_LONG else 3, swarm, lambda: swarm.send(b"x"))

    def test_large_unfinished_headers(self):
        with self.under_attack() as swarm:
            swarm.open(500 if IS_LONG else 100)
            for _ in range(15):
                swarm.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: " if _ == 0 else b"a" * 4000)
                swarm.look()
            time.sleep(1)

    def test_idle_connections(self):
        self.idle_connections(10_000 if IS_LONG else 5_000, 3_800)

    def test_idle_connections_after_a_request(self):
        with self.under_attack() as swarm:
            for _ in range(8 if IS_LONG else 2):
                swarm.open(500)
                swarm.send(b"GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n")
                swarm.look()
            self.during(2, swarm, lambda: None)

    def test_decompression_bomb(self):
        workspace, _ = self.create_workspace("bomb")
        bomb = remote_write.varint(0xFFFFFFFF) + b"\xfe\x01\x00" * 20_000
        with self.under_attack() as swarm:
            for _ in range(200 if IS_LONG else 20):
                answer = self.write(self.root, workspace, bomb)
                self.assertIn(answer.status, (400, 413), answer)
                swarm.look()
        self.assertRegex(answer.text, r"4294967295|4\.0 GiB|larger|limit", answer)

    def test_gzip_bodies_are_refused_by_name(self):
        workspace, _ = self.create_workspace("gzip")
        headers = dict(remote_write.HEADERS, **{"Content-Encoding": "gzip"})
        answer = self.write(self.root, workspace, b"\x1f\x8b" + b"\x00" * 100, headers)
        self.assertEqual(answer.status, 415, answer)
        self.assertIn("gzip", answer.text)
        for target in ("/", "/workspaces", f"/workspaces/{workspace}/api/v1/query"):
            answer = self.sluice.plain("POST", target, gzip.compress(b"query=up"), {
                "Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(answer.status, 415, answer)
            quote = "&apos;" if target == "/" else "'"
            self.assertIn(f"Content-Encoding {quote}gzip{quote}", answer.text)

    def test_header_of_100_megabytes(self):
        with self.under_attack() as swarm:
            for _ in range(5 if IS_LONG else 1):
                connection = socket.create_connection(("127.0.0.1", self.sluice.port), timeout=10)
                connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
                sent = 0
                with contextlib.suppress(OSError):
                    for _ in range(100):
                        connection.sendall(b"a" * (1 << 20))
                        sent += 1
                        swarm.look()
                connection.close()
                self.assertLess(sent, 100, "the server stopped reading")
            self.assertTrue(self.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000).startswith(b"HTTP/1.1 431 "))
            time.sleep(0.5)

    def test_pipelined_garbage(self):
        pieces = [b"\x00" * 5000, b"\r\n" * 3000, b"GET / HTTP/1.1\r\n" * 2000 + b"\r\n", os.urandom(20_000),
                  b"GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n" + b"\xff" * 5000 + b"\r\n\r\n",
                  b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                  b"GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n" * 500 + b"garbage\r\n\r\n"]
        with self.under_attack() as swarm:
            for _ in range(100 if IS_LONG else 5):
                for piece in pieces:
                    answer = self.raw(piece, timeout=20)
                    self.assertIn(b"HTTP/1.1 400 ", answer, piece[:100])
                swarm.look()

    def test_clients_that_close_by_halves(self):
        complete = b"GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n"
        with self.under_attack() as swarm:
            for round_ in range(20 if IS_LONG else 3):
                for ending in ("shutdown", "reset", "vanish"):
                    for data in (b"", b"GET / HT", complete, complete + b"GET",
                                 b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc"):
                        swarm.open(20)
                        swarm.send(data)
                        self.end(swarm, ending)
                swarm.look()

    def end(self, swarm, how):
        if how == "reset":
            return swarm.close(linger=struct.pack("ii", 1, 0))
        for connection in swarm.sockets:
            with contextlib.suppress(OSError):
                if how == "shutdown":
                    connection.shutdown(socket.SHUT_WR)
                else:
                    # A socket in repair mode closes without a word. Needs CAP_NET_ADMIN; else it just closes.
                    connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        if how == "vanish":
            swarm.close()
        return None

    def test_a_client_that_ends_sending_still_gets_its_answer(self):
        with socket.create_connection(("127.0.0.1", self.sluice.port), timeout=10) as connection:
            connection.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 200 "))

    def test_head_options_and_absolute_targets(self):
        for method, target, status, allow in (
                ("HEAD", "/-/healthy", 200, None), ("HEAD", "/", 400, None), ("OPTIONS", "*", 204, "GET"),
                ("OPTIONS", "/", 204, "POST"),
                ("OPTIONS", "/workspaces", 204, "POST, GET, HEAD, OPTIONS"), ("OPTIONS", "/-/healthy", 204, "HEAD"),
                ("OPTIONS", "/workspaces/ws-1/api/v1/query", 204, "POST"), ("OPTIONS", "/nothing/here", 404, None),
                ("GET", f"http://127.0.0.1:{self.sluice.port}/-/healthy", 200, None)):
            with self.subTest(method=method, target=target):
                answer = self.sluice.plain(method, target)
                self.assertEqual(answer.status, status, answer)
                if allow:
                    self.assertIn(allow, answer.headers["Allow"])
                if method == "HEAD" or status == 204:
                    self.assertEqual(answer.body, b"")

    def test_answers_are_gzipped_for_those_who_ask(self):
        plain = self.sluice.plain("GET", "/metrics", admin=True)
        packed = self.sluice.plain("GET", "/metrics", headers={"Accept-Encoding": "gzip"}, admin=True)
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(packed.headers["Vary"], "Accept-Encoding")
        self.assertIsNone(plain.headers["Content-Encoding"])
        self.assertLess(len(packed.body), len(plain.body) / 2)
        self.assertIn(b"sluice_http_connections", gzip.decompress(packed.body))


class ProxiedFrontDoor(CollectorTest):
    """Whom policies see behind a proxy: 127.0.0.1 is one, 127.0.0.66 is not."""

    extra_config = "web:\n  trusted_proxies: [127.0.0.1]\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup = cls()
        cls.workspace, arn = setup.create_workspace("proxied")
        provider = setup.create_provider()
        policy = cls.allow("aps:*", arn)
        policy["Statement"][0]["Condition"] = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                                               "Bool": {"aws:SecureTransport": "true"}}
        role = setup.create_role("inside", setup.trust(provider), policy)
        cls.session = cls.sluice.session(role, cls.issuer.token())

    def runTest(self):
        """Lets setUpClass make an instance for its set-up calls."""

    def ask(self, headers, source="127.0.0.1"):
        target = f"/workspaces/{self.workspace}/api/v1/labels"
        signed = self.sluice.sign(self.session, "GET", target)
        connection = http.client.HTTPConnection("127.0.0.1", self.sluice.port, timeout=10, source_address=(source, 0))
        connection.request("GET", target, headers={**signed, **headers})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status, response.headers["x-amzn-requestid"]

    def test_policies_see_the_address_that_the_proxy_saw(self):
        inside, https = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-Proto": "https"}
        for headers, source, status, seen in (
                ({**inside, **https}, "127.0.0.1", 200, None),
                ({"X-Forwarded-For": "10.0.0.1, 203.0.113.5:1234, 127.0.0.1", **https}, "127.0.0.1", 200, None),
                (inside, "127.0.0.1", 403, "203.0.113.5"),
                ({**inside, "X-Forwarded-Proto": "https, http"}, "127.0.0.1", 403, "203.0.113.5"),
                ({"X-Forwarded-For": "203.0.113.5, 198.51.100.1", **https}, "127.0.0.1", 403, "198.51.100.1"),
                ({"X-Forwarded-For": "203.0.113.5, garbage", **https}, "127.0.0.1", 403, "127.0.0.1"),
                ({"X-Forwarded-For": "203.0.113.5, ", **https}, "127.0.0.1", 403, "127.0.0.1"),
                ({"Forwarded": "for=203.0.113.5", "X-Real-Ip": "203.0.113.5", **https}, "127.0.0.1", 403, "127.0.0.1"),
                (https, "127.0.0.1", 403, "127.0.0.1"),
                ({**inside, **https}, ATTACKER, 403, ATTACKER)):
            with self.subTest(headers=headers, source=source):
                got, request_id = self.ask(headers, source)
                self.assertEqual(got, status)
                if seen:
                    self.assertEqual(self.sluice.decision(request_id)["source_ip"], seen)


class WideFrontDoor(Attacked):
    """A server that is told to take ten thousand."""

    extra_config = "web:\n  limits:\n    connections_max: 10000\n    header_timeout_seconds: 30\n"

    def test_ten_thousand_idle_connections_are_kept(self):
        self.idle_connections(10_000, 9_800)


class TlsFrontDoor(Attacked):
    """What TLS does another way."""

    with_tls = True
    rss_growth_bytes_max = 200 << 20  # 4,096 connections of 50 kB, which OpenSSL takes for a handshake under way

    def test_idle_connections(self):
        self.idle_connections(10_000 if IS_LONG else 5_000, 3_800)

    def test_renegotiation(self):
        with self.under_attack() as swarm:
            for _ in range(30 if IS_LONG else 3):
                done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.sluice.port}", "-tls1_2",
                                       "-CAfile", self.authority.ca_file],
                                      input=b"R\n", capture_output=True, timeout=20)
                said = done.stdout + done.stderr
                self.assertIn(b"RENEGOTIATING", said)
                self.assertRegex(said, rb"(?i)no renegotiation|unexpected eof|errno|alert")
                swarm.look()
            self.assertEqual(self.sluice.plain("GET", "/-/healthy").status, 200)

    def test_handshakes_that_trickle(self):
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 4000
        with self.under_attack() as swarm:
            swarm.open(2000 if IS_LONG else 200)
            at = iter(range(len(hello)))
            self.during(30 if IS_LONG else 2, swarm, lambda: swarm.send(hello[(i := next(at)):i + 1]))

    def test_idle_connections_after_a_request(self):
        context = ssl.create_default_context(cafile=self.authority.ca_file)
        with self.under_attack() as swarm:
            for _ in range(1000 if IS_LONG else 100):
                connection = socket.create_connection(("127.0.0.1", self.sluice.port), timeout=10)
                connection = context.wrap_socket(connection, server_hostname="localhost")
                connection.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n")
                connection.recv(4096)
                swarm.sockets.append(connection)
            swarm.look()
            self.during(1, swarm, lambda: None)


if __name__ == "__main__":
    unittest.main()
