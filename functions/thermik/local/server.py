"""The laptop's server: the runtime, the API over it, and uvicorn in front.

It ends cleanly on SIGTERM and SIGINT: nothing new is accepted, requests that wait answer with what there is, work at
hand may end for a while. What is left then goes on at the next start, or in another process on the directory.
"""

from __future__ import annotations

import signal
import socket
import sys
from typing import Any

import uvicorn

from thermik.api.application import Api
from thermik.api.auth import server_credentials
from thermik.local.asgi import App
from thermik.local.runtime import Runtime
from thermik.local.services import services_of
from thermik.settings import Settings, SettingsError

GRACE_SECONDS = 10
"""How long requests, and then task runs at work, may take to end."""

KEEP_ALIVE_SECONDS = 30
BACKLOG = 2048


def serve(settings: Settings) -> None:
    """Serve until told to end.

    Raises:
        SettingsError: credentials are missing, the address cannot be used, or the plugin defaults are wrong.
        TableUnavailable: the data directory cannot be used.
    """
    from thermik.hardening import close_to_scripts

    close_to_scripts()
    credentials = server_credentials(settings)
    listening = _listen(settings.host, settings.port)
    runtime = Runtime(settings.data, plugin_defaults=settings.plugin_defaults)
    try:
        runtime.watch_others(retention_days=settings.retention_days)
        app = App(Api(services_of(runtime), credentials), runtime.table.changes, settings.data / "uploads")
        _run(app, listening, settings)
    finally:
        runtime.close(GRACE_SECONDS)


def build_app(runtime: Runtime, settings: Settings) -> App:
    """The ASGI application of a runtime. Raises: SettingsError."""
    api = Api(services_of(runtime), server_credentials(settings))
    return App(api, runtime.table.changes, settings.data / "uploads")


class _Server(uvicorn.Server):
    """uvicorn that says where it listens once it does, and tells the application when it is to end."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or ():
            host, port = each.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            sys.stdout.write(f"Thermik listens on http://{shown}:{port}\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.closing.set()
        await super().shutdown(sockets)


def _run(app: App, listening: socket.socket, settings: Settings) -> None:
    config = uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level=settings.log_level.lower() if settings.log_level != "INFO" else "warning",
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # uvicorn raises the signal that ended it once more when it is done: by then the runtime is still to be closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _nothing_more)
    _Server(config, app).run(sockets=[listening])


def _nothing_more(_number: int, _frame: Any) -> None:
    """The end is on its way already."""


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises: SettingsError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # With its protocol named, asyncio sends small packets of this socket's connections at once (TCP_NODELAY).
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        raise SettingsError([f"cannot listen on {host}:{port} (THERMIK_HOST, THERMIK_PORT): {error}"]) from error
    listening.setblocking(False)
    return listening
