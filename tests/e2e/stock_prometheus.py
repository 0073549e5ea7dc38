"""A stock Prometheus beside the collector, for what both must say alike."""
import socket
import subprocess
import urllib.request

from support import PROMETHEUS, wait_until


def start(test, data, *arguments, config="global: {}\n"):
    """Starts one on a directory of data and waits until it is ready; its port. It ends with the test."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config_path, log_path = test.directory / "prometheus.yml", test.directory / "prometheus.log"
    config_path.write_text(config)
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={config_path}", f"--storage.tsdb.path={data}",
             f"--web.listen-address=127.0.0.1:{port}", *arguments],
            cwd=test.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    test.addCleanup(lambda: (process.kill(), process.wait(20)))

    def is_ready():
        test.assertIsNone(process.poll(), log_path.read_text())
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5).status == 200
        except OSError:
            return False
    wait_until(is_ready, "Prometheus", 60)
    return port
