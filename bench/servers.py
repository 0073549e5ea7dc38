"""The servers that script/bench compares: how each is started on a port and a directory of its own, made ready,
written to and asked how many series it has. Each is ended by the handle it was started with."""
import gzip
import http.client
import pathlib
import re
import signal
import socket
import subprocess
import time

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
COUNT_SECONDS_MAX = 200
REGION = "us-east-1"  # the collector's default


class BenchError(Exception):
    """What stops a benchmark, in a sentence for people."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path, seconds=10):
    """(status, body) of a plain GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Server:
    """One process under test. Subclasses say what is special about theirs."""
    name = ""
    ready_path = "/-/ready"
    version_arguments = ("--version",)

    def __init__(self, bin_dir, peers, directory):
        self.bin_dir, self.peers = pathlib.Path(bin_dir), pathlib.Path(peers)
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.log_path = self.directory / "log"
        self.port = free_port()
        self.process = None

    @property
    def program(self):
        raise NotImplementedError

    def missing(self):
        """Why this server cannot be measured here, or None."""
        if not self.program.exists():
            return f"{self.program} is not there; script/bootstrap --peers unpacks the peers"
        return None

    def version(self):
        """Name and version, as the program or its package says."""
        done = subprocess.run([self.program, *self.version_arguments], capture_output=True, text=True, timeout=20,
                              stdin=subprocess.DEVNULL)
        lines = (done.stdout or done.stderr).strip().splitlines()
        return re.sub(r" \(branch.*|, version", "", lines[0]) if lines else f"{self.name}, version unknown"

    def arguments(self):
        raise NotImplementedError

    def write_arguments(self):
        """What `sluice-bench load` needs to reach it."""
        raise NotImplementedError

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(exist_ok=True)
        self.prepare()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, *self.arguments()], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.directory)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise BenchError(f"{self.name} ended with {self.process.returncode} while starting:\n{self.log_tail()}")
            try:
                if get(self.port, self.ready_path)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise BenchError(f"{self.name} was not ready after {READY_SECONDS_MAX} s:\n{self.log_tail()}")

    def prepare(self):
        pass

    def count_arguments(self):
        """What `sluice-bench count` needs to reach it."""
        return ["--url", f"http://127.0.0.1:{self.port}/api/v1/query"]

    def series_count(self, at_ms):
        """Active series at a time, as the server itself counts them."""
        return int(self.bench("count", *self.count_arguments(), "--at-ms", str(at_ms), seconds=COUNT_SECONDS_MAX))

    def bench(self, *arguments, seconds=30):
        """The output of a sluice-bench command."""
        done = subprocess.run([self.bin_dir / "sluice-bench", *arguments], capture_output=True, text=True,
                              timeout=seconds, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise BenchError(f"{self.name}: {done.stderr.strip()}")
        return done.stdout.strip()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log_tail(self):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])


class Sink(Server):
    name = "sink"

    @property
    def program(self):
        return self.bin_dir / "sluice-bench"

    def prepare(self):
        (self.directory / "secret").write_text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n")

    def key(self):
        return ["--sigv4-region", REGION, "--key-id", "AKIDEXAMPLE", "--secret-file", str(self.directory / "secret")]

    def arguments(self):
        return ["sink", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data), *self.key()]

    def write_arguments(self):
        return ["--url", f"http://127.0.0.1:{self.port}/api/v1/write", *self.key()]

    def series_count(self, at_ms):
        return int(get(self.port, "/-/series")[1])


class Sluice(Server):
    name = "sluice"
    version_arguments = ("version",)

    @property
    def program(self):
        return self.bin_dir / "sluice"

    def arguments(self):
        return ["serve", f"--web.listen-address=127.0.0.1:{self.port}", "--web.admin-listen-address=127.0.0.1:0",
                f"--storage.path={self.data}", "--log.level=warn"]

    def key(self):
        return ["--sigv4-region", REGION, "--credentials-file", str(self.data / "credentials")]

    def start(self):
        super().start()
        endpoint = f"http://127.0.0.1:{self.port}"
        self.workspace_url = f"{endpoint}/workspaces/" + self.bench("workspace", "--endpoint", endpoint, *self.key())
        self.wait_until_open()

    def wait_until_open(self):
        """A workspace's storage is opened after the answer that creates it; until then it refuses, for a retry."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                return self.series_count(0)
            except BenchError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def write_arguments(self):
        return ["--url", f"{self.workspace_url}/api/v1/remote_write", *self.key()]

    def count_arguments(self):
        return ["--url", f"{self.workspace_url}/api/v1/query", *self.key()]


class Prometheus(Server):
    name = "prometheus"

    @property
    def program(self):
        return self.peers / "usr/bin/prometheus"

    def prepare(self):
        (self.directory / "prometheus.yml").write_text("global: {}\n")

    def arguments(self):
        return [f"--config.file={self.directory}/prometheus.yml", f"--storage.tsdb.path={self.data}",
                f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver", "--log.level=warn"]

    def write_arguments(self):
        return ["--url", f"http://127.0.0.1:{self.port}/api/v1/write"]


class VictoriaMetrics(Server):
    name = "victoria-metrics"
    ready_path = "/health"

    @property
    def program(self):
        return self.peers / "usr/bin/victoria-metrics"

    def version(self):
        # Debian's build does not know its own version; its package does.
        changelog = self.peers / "usr/share/doc/victoria-metrics/changelog.Debian.gz"
        if not changelog.exists():
            return f"{self.name}, version unknown"
        with gzip.open(changelog, "rt") as lines:
            return f"{self.name} " + re.search(r"\((.*?)\)", lines.readline()).group(1)

    def arguments(self):
        return [f"-storageDataPath={self.data}", f"-httpListenAddr=127.0.0.1:{self.port}", "-loggerLevel=WARN",
                "-search.maxUniqueTimeseries=30000000", "-search.disableCache", "-search.latencyOffset=0s"]

    def write_arguments(self):
        return ["--url", f"http://127.0.0.1:{self.port}/api/v1/write"]

    def series_count(self, at_ms):
        # What was written becomes visible some time later, or when it is asked for.
        get(self.port, "/internal/force_flush")
        return super().series_count(at_ms)


SERVERS = {server.name: server for server in (Sink, Sluice, Prometheus, VictoriaMetrics)}
