"""What the end-to-end tests share: a running collector, a token issuer, real clients and signed requests.

Everything listens on loopback, every wait is bounded, every process is ended by its own handle.
"""
import base64
import datetime
import http.client
import http.server
import ipaddress
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

BINARY = os.environ.get("SLUICE_BINARY", "")
PEERS = pathlib.Path(os.environ.get("SLUICE_PEERS", ""))
CONFORMANCE = pathlib.Path(os.environ.get("SLUICE_CONFORMANCE_DIR", ""))
AWS = "/usr/bin/aws"
PROMETHEUS = str(PEERS / "usr/bin/prometheus")
REGION = "us-west-2"
START_SECONDS_MAX = 20
WAIT_SECONDS_MAX = 30


def wait_until(condition, what, seconds=WAIT_SECONDS_MAX):
    """Polls until condition() is truthy and returns it; fails naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            value = condition()
            if value:
                return value
        except (OSError, http.client.HTTPException) as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}" + (f" (last: {last})" if last else ""))


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sluice test CA")])
        self.certificate = self._sign(self.name, self.key.public_key(), [], is_ca=True)
        self.ca_file = str(self.directory / "ca.pem")
        pathlib.Path(self.ca_file).write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, public_key, names, is_ca=False):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=2))
                   .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, label, names):
        """Returns (cert_file, key_file) for host names and IP addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternative = []
        for name in names:
            try:
                alternative.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                alternative.append(x509.DNSName(name))
        certificate = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label)]), key.public_key(),
                                 alternative)
        cert_file, key_file = self.directory / f"{label}.pem", self.directory / f"{label}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        return str(cert_file), str(key_file)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_integer(value, size=None):
    return b64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class SigningKey:
    def __init__(self, kid, kind="RS256"):
        self.kid, self.kind = kid, kind
        if kind.startswith("RS"):
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        if self.kind.startswith("RS"):
            return {"kty": "RSA", "use": "sig", "alg": self.kind, "kid": self.kid,
                    "n": b64url_integer(numbers.n), "e": b64url_integer(numbers.e)}
        return {"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.kid,
                "x": b64url_integer(numbers.x, 32), "y": b64url_integer(numbers.y, 32)}

    def sign(self, data):
        if self.kind.startswith("RS"):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Issuer:
    """A cluster's OIDC issuer: discovery and JWKS over HTTPS on loopback, and its tokens."""

    def __init__(self, authority, trailing_slash=False, kind="RS256", path="/id/CLUSTER"):
        self.keys = [SigningKey("key-1", kind)]
        self.discovery_hits = self.jwks_hits = 0
        self.failing = False
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = issuer.document(self.path)
                if body is None:
                    self.send_error(503 if issuer.failing else 404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cert_file, key_file = authority.issue(f"issuer-{self.server.server_port}", ["127.0.0.1", "localhost"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert_file, key_file)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"https://localhost:{self.port}{path}" + ("/" if trailing_slash else "")
        self.path = path
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def without_scheme(self):
        return self.url.removeprefix("https://")

    def document(self, path):
        if self.failing:
            return None
        if path == self.path + "/.well-known/openid-configuration":
            self.discovery_hits += 1
            return json.dumps({"issuer": self.url, "jwks_uri": f"https://localhost:{self.port}{self.path}/keys",
                               "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
                               "id_token_signing_alg_values_supported": ["RS256"]}).encode()
        if path == self.path + "/keys":
            self.jwks_hits += 1
            return json.dumps({"keys": [key.jwk() for key in self.keys]}).encode()
        return None

    def token(self, subject="system:serviceaccount:monitoring:prometheus", audience="sts.amazonaws.com", header=None,
              key=None, drop=(), **claims):
        key = key or self.keys[-1]
        now = int(time.time())
        body = {"iss": self.url, "sub": subject, "aud": audience if isinstance(audience, list) else [audience],
                "iat": now, "nbf": now, "exp": now + 3600,
                "kubernetes.io": {"namespace": "monitoring", "serviceaccount": {"name": "prometheus"}}}
        body.update(claims)
        for name in drop:
            body.pop(name)
        head = {"alg": key.kind, "kid": key.kid, "typ": "JWT"}
        head.update(header or {})
        signed = b64url(json.dumps(head).encode()) + "." + b64url(json.dumps(body).encode())
        return signed + "." + b64url(key.sign(signed.encode()))

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class ConnectProxy:
    """An HTTP CONNECT proxy that sends every tunnel to one address, whatever host was asked for: how a client
    whose SDK ignores endpoint variables reaches a local STS under its AWS name."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.hosts = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        request = b""
        while b"\r\n\r\n" not in request and len(request) < 8192:
            part = client.recv(4096)
            if not part:
                return client.close()
            request += part
        self.hosts.append(request.split(b" ")[1].decode())
        upstream = socket.create_connection(("127.0.0.1", self.target_port))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for source, sink in ((client, upstream), (upstream, client)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            try:
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def stop(self):
        self.listener.close()


def newer_models(directory):
    """Makes `directory` a data path of botocore that holds the conformance tree's API models, newer than Debian's, and
    returns it for AWS_DATA_PATH; skips the test where they are not. botocore wants <service>/<api-version>/."""
    models = sorted(CONFORMANCE.glob("api-models/*-service-2.json")) if CONFORMANCE.name else []
    if not models:
        raise unittest.SkipTest("SLUICE_CONFORMANCE_DIR has no api-models")
    for model in models:
        service = model.name.removesuffix("-service-2.json")
        version = json.loads(model.read_text())["metadata"]["apiVersion"]
        target = pathlib.Path(directory) / service / version
        target.mkdir(parents=True, exist_ok=True)
        for source in model.parent.glob(f"{service}-*.json"):
            (target / source.name.removeprefix(f"{service}-")).symlink_to(source)
    return str(directory)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)

    @property
    def request_id(self):
        return self.headers.get("x-amzn-requestid")

    def __repr__(self):
        return f"<{self.status} {self.text[:300]!r}>"


class Sluice:
    """A `sluice serve` process on a port of its own choosing."""

    def __init__(self, storage, config="", tls=None, arguments=()):
        self.storage = str(storage)
        self.config, self.tls, self.arguments = config, tls, list(arguments)
        self.process = None
        self.log_path = pathlib.Path(self.storage).parent / (pathlib.Path(self.storage).name + ".log")
        self.start()

    def start(self, wait_ready=True):
        config_file = pathlib.Path(self.storage).parent / (pathlib.Path(self.storage).name + ".yaml")
        config_file.write_text(self.config)
        self.log = open(self.log_path, "ab")
        offset = self.log_path.stat().st_size
        self.process = subprocess.Popen(
            [BINARY, "serve", f"--config.file={config_file}", "--web.listen-address=127.0.0.1:0",
             "--web.admin-listen-address=127.0.0.1:0", f"--storage.path={self.storage}", *self.arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        def addresses():
            if self.process.poll() is not None:
                raise AssertionError(f"sluice ended with {self.process.returncode}: {self.log_text()[offset:]}")
            found = dict(re.findall(r"msg=listening.* listener=(\w+) .*address=\S+?:(\d+)", self.log_text()[offset:]))
            return found if {"public", "admin"} <= found.keys() else None
        ports = wait_until(addresses, "the listening lines", START_SECONDS_MAX)
        self.port, self.admin_port = int(ports["public"]), int(ports["admin"])
        if wait_ready:
            wait_until(lambda: self.plain("GET", "/-/ready").status == 200, "ready", START_SECONDS_MAX)

    @property
    def endpoint(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_SECONDS_MAX)

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(WAIT_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def connection(self, admin=False):
        port = self.admin_port if admin else self.port
        if self.tls and not admin:
            return http.client.HTTPSConnection("127.0.0.1", port, timeout=WAIT_SECONDS_MAX,
                                               context=ssl.create_default_context(cafile=self.tls))
        return http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS_MAX)

    def plain(self, method, target, body=None, headers=None, admin=False):
        connection = self.connection(admin)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def root_credentials(self):
        text = pathlib.Path(self.storage, "credentials").read_text()
        values = dict(re.findall(r"^(aws_\w+)\s*=\s*(\S+)", text, re.M))
        return Credentials(values["aws_access_key_id"], values["aws_secret_access_key"])

    def sign(self, credentials, method, target, body=b"", headers=None, service="aps", region=REGION):
        request = botocore.awsrequest.AWSRequest(method, self.endpoint + target, data=body, headers=headers or {})
        botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
        return dict(request.headers.items())

    def signed(self, credentials, method, target, body=b"", headers=None, service="aps", region=REGION):
        return self.plain(method, target, body, self.sign(credentials, method, target, body, headers, service, region))

    def query(self, credentials, workspace, text, **parameters):
        parameters = urllib.parse.urlencode({"query": text, **parameters}, quote_via=urllib.parse.quote)
        return self.signed(credentials, "GET", f"/workspaces/{workspace}/api/v1/query?{parameters}")

    def exchange(self, role_arn, token, session="e2e", **parameters):
        """AssumeRoleWithWebIdentity, unsigned, as SDKs send it."""
        form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": role_arn,
                "RoleSessionName": session, "WebIdentityToken": token, **parameters}
        return self.plain("POST", "/", urllib.parse.urlencode(form),
                          {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})

    def session(self, role_arn, token, **parameters):
        answer = self.exchange(role_arn, token, **parameters)
        assert answer.status == 200, answer
        return Credentials(*(re.search(f"<{name}>(.*?)</{name}>", answer.text).group(1)
                             for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))

    def decision(self, request_id):
        answer = self.plain("GET", f"/-/explain/{request_id}", admin=True)
        assert answer.status == 200, answer
        return answer.json()


def Credentials(key, secret, token=None):
    return botocore.credentials.Credentials(key, secret, token)


class CollectorTest(unittest.TestCase):
    """A collector, a CA and an issuer for a whole test class."""

    trailing_slash = False
    with_tls = False
    extra_config = ""
    more_issuers = ()  # names of further clusters; found in self.issuers

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.authority = Authority(cls.directory)
        cls.issuer = Issuer(cls.authority, trailing_slash=cls.trailing_slash)
        cls.addClassCleanup(cls.issuer.stop)
        cls.issuers = {name: Issuer(cls.authority, path=f"/id/{name}") for name in cls.more_issuers}
        for issuer in cls.issuers.values():
            cls.addClassCleanup(issuer.stop)
        cls.sluice = Sluice(cls.directory / "data", cls.config(), tls=cls.authority.ca_file if cls.with_tls else None)
        cls.addClassCleanup(cls.sluice.stop)
        cls.root = cls.sluice.root_credentials()

    @classmethod
    def config(cls):
        tls = ""
        if cls.with_tls:
            cert_file, key_file = cls.authority.issue("server", [
                "127.0.0.1", "localhost", "sts.amazonaws.com", f"sts.{REGION}.amazonaws.com"])
            tls = f"web:\n  tls:\n    cert_file: {cert_file}\n    key_file: {key_file}\n"
        return (f"aws:\n  region: {REGION}\n{tls}oidc:\n  allow:\n    networks: [127.0.0.0/8, '::1/128']\n"
                f"    ports: {[i.port for i in (cls.issuer, *cls.issuers.values())]}\n"
                f"    ca_file: {cls.authority.ca_file}\n" + cls.extra_config)

    def aws(self, *arguments, credentials=None, expect=0, extra_env=None):
        """The real CLI. Returns its JSON answer (or None), or its error text when it must fail."""
        credentials = credentials or self.root
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.directory), "AWS_REGION": REGION,
               "AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
               "AWS_CA_BUNDLE": self.authority.ca_file, "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"}
        if credentials.token:
            env["AWS_SESSION_TOKEN"] = credentials.token
        env.update(extra_env or {})
        done = subprocess.run([AWS, "--endpoint-url", self.sluice.endpoint, "--output", "json", *arguments], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, f"aws {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        if expect:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    # Set-up through signed requests, quicker than starting the CLI for each.

    def iam(self, action, credentials=None, **parameters):
        body = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **parameters})
        return self.sluice.signed(credentials or self.root, "POST", "/", body.encode(),
                                  {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, service="iam")

    def must(self, answer, status=200):
        self.assertEqual(answer.status, status, answer)
        return answer

    def create_workspace(self, alias="prod"):
        answer = self.must(self.sluice.signed(self.root, "POST", "/workspaces", json.dumps({"alias": alias}).encode(),
                                              {"Content-Type": "application/json"}), 202)
        return answer.json()["workspaceId"], answer.json()["arn"]

    def create_provider(self, issuer=None, audiences=("sts.amazonaws.com",)):
        issuer = issuer or self.issuer
        clients = {f"ClientIDList.member.{i}": name for i, name in enumerate(audiences, 1)}
        answer = self.must(self.iam("CreateOpenIDConnectProvider", Url=issuer.url, **clients))
        return re.search("<OpenIDConnectProviderArn>(.*?)<", answer.text).group(1)

    def trust(self, provider_arn, issuer=None, subject="system:serviceaccount:monitoring:prometheus", condition=None):
        prefix = (issuer or self.issuer).without_scheme
        condition = condition or {"StringEquals": {f"{prefix}:sub": subject, f"{prefix}:aud": "sts.amazonaws.com"}}
        return json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": provider_arn}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition}]})

    def create_role(self, name, trust, policy=None):
        answer = self.must(self.iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=trust))
        if policy:
            self.must(self.iam("PutRolePolicy", RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy)))
        return re.search("<Arn>(.*?)</Arn>", answer.text).group(1)

    @staticmethod
    def allow(actions, resource):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}

    def write(self, credentials, workspace, body, headers=None):
        """A signed remote write of a finished body."""
        import remote_write
        return self.sluice.signed(credentials, "POST", f"/workspaces/{workspace}/api/v1/remote_write", body,
                                  headers or dict(remote_write.HEADERS))
