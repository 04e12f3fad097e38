"""HTTP tasks against a server of this process."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from thermik.tasks.http import exchange
from thermik.tasks.http.download import named_by
from thermik.tasks.runnable import TaskFailure, TaskInterrupted
from unit.tasks.fake_context import FakeContext, make, outputs_of

FILE = "kestra:///company/team/orders/executions/1/inputs/file/photo.jpg"


class Handler(BaseHTTPRequestHandler):
    """`/echo` answers what it got, `/to/STATUS?URL` redirects, `/again` to itself; the others are short answers."""

    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        path = "/echo" if self.path.startswith("http:") else self.path  # that is how a proxy is asked
        _, action, *rest = path.split("?")[0].split("/")
        length = int(self.headers.get("Content-Length") or 0)
        self.sent = self.rfile.read(length).decode("latin-1")
        getattr(self, f"do_{action}")(*rest)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - the server's names

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_echo(self, *_: str) -> None:
        got = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": self.sent}
        self.answer(200, json.dumps(got).encode(), X_One="1")

    def do_to(self, status: str) -> None:
        self.answer(int(status), b"", Location=self.path.partition("?")[2])

    def do_again(self) -> None:
        self.answer(302, b"", Location="/again")

    def do_status(self, status: str) -> None:
        self.answer(int(status), f"it is {status}".encode())

    def do_bytes(self, size: str) -> None:
        self.answer(200, b"x" * int(size))

    def do_file(self) -> None:
        self.answer(200, b"1,2\n", Content_Disposition='attachment; filename="../up/my orders.csv"')

    def do_binary(self) -> None:
        self.answer(200, b"\xff\xfe\x00")

    def do_short(self) -> None:
        self.answer(200, b"12345", Content_Length="10", Connection="close")
        self.close_connection = True

    def do_wait(self) -> None:
        self.server.asked.set()  # type: ignore[attr-defined]
        self.server.released.wait(30)  # type: ignore[attr-defined]
        self.answer(200, b"late")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = threading.Event()
        self.released = threading.Event()

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what some tests want."""


def _serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from _serving(Server())


@pytest.fixture
def base(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def _request(context: FakeContext, uri: str, **properties: Any) -> dict[str, Any]:
    return outputs_of(make("core.http.Request", uri=uri, **properties), context)


def _echo(context: FakeContext, uri: str, **properties: Any) -> dict[str, Any]:
    outputs = _request(context, uri, **properties)
    assert outputs["code"] == 200
    got: dict[str, Any] = json.loads(outputs["body"])
    return got


def test_a_request_becomes_outputs(context: FakeContext, base: str) -> None:
    outputs = _request(context, f"{base}/echo/{{{{ flow.id }}}}", params={"q": "a b", "n": 1})
    assert (outputs["uri"], outputs["code"]) == (f"{base}/echo/orders", 200)
    assert outputs["headers"]["X-One"] == ["1"]
    got = json.loads(outputs["body"])
    assert (got["method"], got["path"]) == ("GET", "/echo/orders?q=a+b&n=1")


def test_a_text_body_goes_with_its_type_and_charset(context: FakeContext, base: str) -> None:
    got = _echo(context, f"{base}/echo", method="post", body='{"a": "é {{ flow.id }}"}')
    assert got["method"] == "POST"
    assert got["body"].encode("latin-1").decode() == '{"a": "é orders"}'
    assert got["headers"]["Content-Type"] == "application/json; charset=UTF-8"


def test_headers_are_rendered_and_win(context: FakeContext, base: str) -> None:
    headers = {"x-flow": "{{ flow.id }}", "content-type": "text/x", "user-agent": "me"}
    got = _echo(context, f"{base}/echo", method="PUT", body="b", headers=headers)["headers"]
    lower = {name.lower(): value for name, value in got.items()}
    assert (lower["x-flow"], lower["content-type"], lower["user-agent"]) == ("orders", "text/x", "me")


def test_a_form(context: FakeContext, base: str) -> None:
    got = _echo(context, f"{base}/echo", method="POST", formData={"user": "{{ flow.id }}", "n": 1, "l": ["a"]})
    assert got["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(got["body"]) == {"user": ["orders"], "n": ["1"], "l": ['["a"]']}


def test_a_form_with_files(context: FakeContext, base: str) -> None:
    context.files[FILE] = b"\x00\x01photo"
    form = {"text": "hi", "file": FILE, "named": {"name": 'a"b.jpg', "content": FILE}}
    got = _echo(context, f"{base}/echo", method="POST", contentType="multipart/form-data", formData=form)
    boundary = got["headers"]["Content-Type"].removeprefix("multipart/form-data; boundary=")
    parts = got["body"].split(f"--{boundary}")
    assert parts[0] == ""
    assert parts[-1] == "--\r\n"
    kind = "Content-Type: application/octet-stream\r\n\r\n\x00\x01photo"
    assert parts[1:-1] == [
        '\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi\r\n',
        f'\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n{kind}\r\n',
        f'\r\nContent-Disposition: form-data; name="named"; filename="a%22b.jpg"\r\n{kind}\r\n',
    ]


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"auth": {"type": "BASIC", "username": "me", "password": "{{ flow.id }}"}}, "Basic bWU6b3JkZXJz"),
        ({"basicAuthUser": "me", "basicAuthPassword": "orders"}, "Basic bWU6b3JkZXJz"),
        ({"auth": {"type": "BEARER", "token": "t-{{ flow.id }}"}}, "Bearer t-orders"),
    ],
)
def test_authentication(context: FakeContext, base: str, options: dict[str, Any], value: str) -> None:
    assert _echo(context, f"{base}/echo", options=options)["headers"]["Authorization"] == value


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "GET", "GET", ""),
        (302, "POST", "GET", ""),
        (303, "PUT", "GET", ""),
        (307, "POST", "POST", "b"),
        (308, "PUT", "PUT", "b"),
    ],
)
def test_redirects_are_followed(
    context: FakeContext, base: str, status: int, method: str, then: str, body: str
) -> None:
    sent = {"body": "b"} if method != "GET" else {}
    got = _echo(context, f"{base}/to/{status}?/echo/there", method=method, **sent)
    assert (got["method"], got["path"], got["body"]) == (then, "/echo/there", body)


def test_credentials_do_not_follow_to_another_server(context: FakeContext, base: str) -> None:
    other = Server()
    serving = _serving(other)
    next(serving)
    auth = {"auth": {"type": "BEARER", "token": "secret"}}
    try:
        uri = f"{base}/to/307?http://127.0.0.1:{other.server_port}/echo"
        assert "Authorization" not in _echo(context, uri, options=auth, headers={"Cookie": "c"})["headers"]
        assert "Authorization" in _echo(context, f"{base}/to/307?/echo", options=auth)["headers"]
    finally:
        next(serving, None)


def test_redirects_are_not_followed_where_they_must_not(context: FakeContext, base: str) -> None:
    outputs = _request(context, f"{base}/to/302?/echo", options={"followRedirects": False})
    assert (outputs["code"], outputs["headers"]["Location"]) == (302, ["/echo"])


@pytest.mark.parametrize("target", ["/again", "file:///etc/passwd", "ftp://x/"])
def test_redirects_end(context: FakeContext, base: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_REDIRECTS", 2)
    with pytest.raises(TaskFailure, match=r"redirects more than 2 times|is no URL that begins with http"):
        _request(context, f"{base}/to/302?{target}")


def test_a_failed_response_fails_with_code_and_body(context: FakeContext, base: str) -> None:
    with pytest.raises(TaskFailure, match=r"^Failed http request with response code '404' and body:\nit is 404$"):
        _request(context, f"{base}/status/404")


@pytest.mark.parametrize(
    ("properties", "status", "fails"),
    [
        ({"options": {"allowFailed": True}}, 500, False),
        ({"allowFailed": True}, 500, False),
        ({"options": {"allowedResponseCodes": [404]}}, 404, False),
        ({"options": {"allowedResponseCodes": "{{ [404, 200] }}"}}, 404, False),
        ({"options": {"allowedResponseCodes": [404]}}, 200, True),
    ],
)
def test_which_responses_are_failures(
    context: FakeContext, base: str, properties: dict[str, Any], status: int, fails: bool
) -> None:
    uri = f"{base}/status/{status}"
    if fails:
        with pytest.raises(TaskFailure, match=f"response code '{status}'"):
            _request(context, uri, **properties)
    else:
        assert _request(context, uri, **properties)["code"] == status


def test_a_response_is_bounded(context: FakeContext, base: str) -> None:
    assert len(_request(context, f"{base}/bytes/100", options={"maxContentLength": 100})["body"]) == 100
    with pytest.raises(TaskFailure, match="longer than 100 bytes"):
        _request(context, f"{base}/bytes/101", options={"maxContentLength": 100})


@pytest.mark.parametrize(
    ("path", "message"), [("/short", "ended 5 bytes too early"), ("/binary", "use the Download task")]
)
def test_a_response_that_cannot_be_an_output_fails(context: FakeContext, base: str, path: str, message: str) -> None:
    with pytest.raises(TaskFailure, match=message):
        _request(context, f"{base}{path}")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://127.0.0.1:1/", "Failed http request to 'http://127.0.0.1:1/': .*refused"),
        ("http://no-such-host.invalid/", "Failed http request"),
        ("orders.csv", "is no URL"),
        ("file:///etc/passwd", "is no URL"),
        ("http://127.0.0.1:x/", "is no URL"),
        ("http://me:secret@127.0.0.1/", r"put them into `options\.auth`"),
    ],
)
def test_what_cannot_be_reached_says_why(context: FakeContext, uri: str, message: str) -> None:
    with pytest.raises(TaskFailure, match=message):
        _request(context, uri)


def test_a_header_cannot_smuggle_another(context: FakeContext, base: str) -> None:
    with pytest.raises(TaskFailure, match="Invalid header value"):
        _request(context, f"{base}/echo", headers={"X": "a\r\nHost: evil"})


def test_a_silent_server_is_not_waited_for_for_ever(context: FakeContext, base: str) -> None:
    with pytest.raises(TaskFailure, match="timed out"):
        _request(context, f"{base}/wait", options={"timeout": {"readIdleTimeout": "PT0.1S"}})


def test_a_kill_ends_a_waiting_request_at_once(context: FakeContext, server: Server, base: str) -> None:
    def kill() -> None:
        server.asked.wait(10)
        context.interrupt()

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(TaskInterrupted):
        _request(context, f"{base}/wait")
    thread.join()
    with pytest.raises(TaskInterrupted):
        _request(context, f"{base}/echo")


def test_what_is_asked_for_is_logged_without_secrets(context: FakeContext, base: str) -> None:
    options = {"logs": ["REQUEST_HEADERS", "RESPONSE_BODY"], "auth": {"type": "BEARER", "token": "very-secret"}}
    _request(context, f"{base}/status/200", options=options)
    head, body = context.log.at("DEBUG")
    assert head.startswith("GET 127.0.0.1/status/200\n")
    assert "Authorization: ***" in head
    assert "secret" not in head
    assert body == "it is 200"


@pytest.mark.parametrize(
    "properties",
    [
        {"encryptBody": True},
        {"options": {"auth": {"type": "DIGEST", "username": "u", "password": "p"}}},
        {"options": {"proxy": {"type": "SOCKS", "address": "x", "port": 1}}},
        {"options": {"unknown": 1}},
    ],
)
def test_what_is_not_supported_is_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make("core.http.Request", uri="http://x", **properties)


def test_a_proxy_gets_the_whole_url(context: FakeContext, server: Server) -> None:
    proxy = {"type": "HTTP", "address": "127.0.0.1", "port": server.server_port, "username": "p", "password": "w"}
    got = _echo(context, "http://orders.example/echo?a=b", options={"proxy": proxy})
    assert got["path"] == "http://orders.example/echo?a=b"
    assert got["headers"]["Proxy-Authorization"] == "Basic cDp3"
    assert got["headers"]["Host"] == "orders.example"


def test_nobody_but_the_proxy_gets_its_password(context: FakeContext, base: str) -> None:
    proxy = {"type": "DIRECT", "address": "127.0.0.1", "port": 1, "username": "p", "password": "w"}
    assert "Proxy-Authorization" not in _echo(context, f"{base}/echo", options={"proxy": proxy})["headers"]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Server]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = Server()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    yield from _serving(server)


def test_a_certificate_must_be_trusted_unless_told_otherwise(context: FakeContext, secure: Server) -> None:
    uri = f"https://localhost:{secure.server_port}/status/200"
    with pytest.raises(TaskFailure, match="certificate verify failed"):
        _request(context, uri)
    for trusting in ({"options": {"ssl": {"insecureTrustAllCertificates": True}}}, {"sslOptions": {"insecureTrustAllCertificates": True}}):  # fmt: skip # noqa: E501 - two spellings side by side
        assert _request(context, uri, **trusting)["body"] == "it is 200"


def _download(context: FakeContext, uri: str, **properties: Any) -> dict[str, Any]:
    return outputs_of(make("core.http.Download", uri=uri, **properties), context)


def test_a_download_is_stored_under_the_servers_name(context: FakeContext, base: str) -> None:
    outputs = _download(context, f"{base}/file")
    assert context.files[outputs["uri"]] == b"1,2\n"
    assert outputs["uri"].endswith("/my_orders.csv")
    assert (outputs["code"], outputs["length"]) == (200, 4)
    assert context.counters == [("response.length", 4, {})]


@pytest.mark.parametrize(
    ("path", "properties", "name"),
    [
        ("/bytes/3", {}, "/3"),
        ("/echo/a%20b.csv?x=y", {}, "/a_b.csv"),
        ("/bytes/3", {"saveAs": "{{ flow.id }}.bin"}, "/orders.bin"),
    ],
)
def test_a_download_has_a_name_anyway(
    context: FakeContext, base: str, path: str, properties: dict[str, Any], name: str
) -> None:
    assert _download(context, f"{base}{path}", **properties)["uri"].endswith(name)


def test_an_empty_download_fails_unless_told_otherwise(context: FakeContext, base: str) -> None:
    with pytest.raises(TaskFailure, match="No response from server"):
        _download(context, f"{base}/bytes/0")
    assert _download(context, f"{base}/bytes/0", failOnEmptyResponse=False)["length"] == 0
    assert context.log.at("WARN") == [f"File '{base}/bytes/0' is empty"]


def test_a_download_that_breaks_off_is_not_stored(context: FakeContext, base: str) -> None:
    with pytest.raises(TaskFailure, match="ended 5 bytes too early"):
        _download(context, f"{base}/short")
    assert context.files == {}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, None),
        ("inline", None),
        ('attachment; filename="a.csv"', "a.csv"),
        ("attachment; filename=a.csv", "a.csv"),
        ("attachment; filename*=UTF-8''na%C3%AFve.csv", "naïve.csv"),
        (r'attachment; filename="..\\..\\x"', "x"),
        ('attachment; filename="/"', None),
        ('attachment; filename=".."', None),
    ],
)
def test_names_from_the_header(header: str | None, name: str | None) -> None:
    assert named_by(header) == name
