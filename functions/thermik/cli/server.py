"""`thermik server`: the laptop's server; what it does is in `thermik.local.server`."""

from __future__ import annotations

import click

from thermik.cli.examples import examples
from thermik.cli.options import SERVING, with_settings
from thermik.cli.start import work
from thermik.settings import Settings


@click.command(
    epilog=examples(
        "thermik server",
        "thermik server --port 9000 --data /var/lib/thermik",
        "THERMIK_PASSWORD=… thermik server --host 0.0.0.0 --username admin",
    )
)
@with_settings(SERVING)
def server(settings: Settings) -> None:
    """Serve the API and run executions until stopped.

    GET /health answers once it is ready. Executions of processes that died on the same data directory go on here.
    Beyond loopback it wants credentials. SIGTERM and Ctrl-C end it; what was running goes on at the next start.
    """
    from thermik.local.server import serve

    work()
    serve(settings)
