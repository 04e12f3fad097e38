"""One connection to one server, directly or through a proxy, that another thread can cut."""

from __future__ import annotations

import socket
import ssl
import threading
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult, quote, urlsplit

from thermik.flows.dynamic import Duration
from thermik.tasks.http.options import CONNECT_TIMEOUT, READ_IDLE_TIMEOUT, HttpOptions
from thermik.tasks.runnable import RunContext, TaskFailure

_PORTS = {"http": 80, "https": 443}
_KEPT = "/%:@!$&'()*+,;=~-._?"
"""Characters of a path or query that stay as they are; others are escaped."""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be the same for credentials to be sent along."""
        return self.scheme, self.host, self.port


def read_address(url: str) -> Address:
    """Take a URL apart.

    Raises:
        TaskFailure: it is no http or https URL, or carries a password, which would end up in logs.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise TaskFailure(f"'{url}' is no URL: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise TaskFailure(f"'{url}' is no URL that begins with http:// or https:// and a host")
    if parts.username is not None:
        raise TaskFailure("A URL must hold no user and password; put them into `options.auth`")
    return Address(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], _target(parts))


def _target(parts: SplitResult) -> str:
    query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    return quote(parts.path, safe=_KEPT) + query or "/"


class Cutter:
    """Cuts the connection in use when the attempt must stop: a read that waits ends at once."""

    def __init__(self, context: RunContext) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cut = False
        context.on_interrupt(self.cut)

    def cut(self) -> None:
        """End whatever goes on; and whatever is begun later."""
        with self._lock:
            self._cut = True
            if self._socket is not None:
                with suppress(OSError):  # it is closed already
                    self._socket.shutdown(socket.SHUT_RDWR)

    def watch(self, connected: socket.socket | None) -> None:
        """From now on this is the connection in use; None when there is none."""
        with self._lock:
            self._socket = connected
            if self._cut and connected is not None:
                connected.shutdown(socket.SHUT_RDWR)


def connect(context: RunContext, options: HttpOptions, address: Address, cutter: Cutter) -> HTTPConnection:
    """A connection to the address, ready for `request`.

    Raises:
        OSError: no such host, refused, certificate not trusted, time-out.
    """
    connecting = _seconds(context, options.timeout.connect_timeout, CONNECT_TIMEOUT)
    connection = _through_proxy(context, options, address, connecting) or _direct(context, options, address, connecting)
    try:
        connection.connect()
        connection.sock.settimeout(_seconds(context, options.timeout.read_idle_timeout, READ_IDLE_TIMEOUT))
        cutter.watch(connection.sock)
    except BaseException:
        connection.close()
        raise
    return connection


def speaks_to_proxy(options: HttpOptions, address: Address) -> bool:
    """Whether a proxy reads the request itself; one for https sees only a tunnel."""
    return options.proxy is not None and options.proxy.type == "HTTP" and address.scheme == "http"


def target_of(options: HttpOptions, address: Address) -> str:
    """What stands in the request's first line: the path, or for a proxy that reads it the whole URL."""
    if not speaks_to_proxy(options, address):
        return address.target
    host = f"[{address.host}]" if ":" in address.host else address.host
    port = "" if address.port == _PORTS["http"] else f":{address.port}"
    return f"http://{host}{port}{address.target}"


def _direct(context: RunContext, options: HttpOptions, address: Address, timeout: float) -> HTTPConnection:
    if address.scheme == "http":
        return HTTPConnection(address.host, address.port, timeout=timeout)
    return HTTPSConnection(address.host, address.port, timeout=timeout, context=_tls(context, options))


def _through_proxy(
    context: RunContext, options: HttpOptions, address: Address, timeout: float
) -> HTTPConnection | None:
    proxy = options.proxy
    if proxy is None or proxy.type == "DIRECT":
        return None
    if proxy.address is None or proxy.port is None:
        raise TaskFailure("options.proxy needs an address and a port")
    host: str = context.render(proxy.address)
    port: int = context.render_as(int, proxy.port)
    if address.scheme == "http":
        return HTTPConnection(host, port, timeout=timeout)
    connection = HTTPSConnection(host, port, timeout=timeout, context=_tls(context, options))
    connection.set_tunnel(address.host, address.port, headers=proxy_headers(context, options))
    return connection


def proxy_headers(context: RunContext, options: HttpOptions) -> dict[str, str]:
    """The header that names the user to the proxy, if there is one."""
    proxy = options.proxy
    if proxy is None or proxy.username is None:
        return {}
    return {"Proxy-Authorization": basic(context.render(proxy.username), context.render(proxy.password or ""))}


def basic(user: str, password: str) -> str:
    """The value of an Authorization header for a user."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _tls(context: RunContext, options: HttpOptions) -> ssl.SSLContext:
    tls = ssl.create_default_context()
    if options.ssl is not None and context.render_as(bool, options.ssl.insecure_trust_all_certificates):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return tls


def _seconds(context: RunContext, given: timedelta | str | None, default: timedelta) -> float:
    duration: timedelta = default if given is None else context.render_as(Duration, given)
    return duration.total_seconds()
