"""What commands ask for, whether flows and executions are in a data directory here or behind a server.

Commands are written once, against `Client`. Everything that is answered has the shape of Kestra's REST API, since
that is what `--format json` prints and what a server sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from thermik.cli.acting import Actions, Pairs, Triggers
from thermik.cli.start import work
from thermik.records import record
from thermik.settings import Settings

Json = dict[str, Any]

ENDED = frozenset({"SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "RETRIED", "SKIPPED", "RESUBMITTED"})
"""States after which nothing happens by itself."""


@record
class Start:
    """An execution that is wanted.

    Attributes:
        inputs: texts, typed by the flow's inputs. files: inputs whose content is a file's.
        labels: given beside the flow's own.
    """

    namespace: str
    flow_id: str
    revision: int | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    labels: tuple[tuple[str, str], ...] = ()


@record
class Search:
    """Which executions are wanted, newest first."""

    namespace: str | None = None
    flow_id: str | None = None
    state: str | None = None
    limit: int = 20


class Client(Protocol):
    """Flows and executions. Whatever it raises tells people what is wrong (`failures.tell`)."""

    @property
    def actions(self) -> Actions:
        """What people do with executions."""
        ...

    @property
    def pairs(self) -> Pairs:
        """The KV pairs."""
        ...

    @property
    def triggers(self) -> Triggers:
        """The triggers with dates."""
        ...

    def save_flow(self, source: str) -> Json:
        """Create or update a flow; the flow with its `revision`."""
        ...

    def flow(self, namespace: str, flow_id: str, revision: int | None = None) -> Json:
        """A flow, or a revision of it, with its `source`."""
        ...

    def flows(self, namespace: str | None) -> Iterator[Json]:
        """Every flow (of a namespace): `namespace`, `id`, `revision`, `disabled` at least."""
        ...

    def revisions(self, namespace: str, flow_id: str) -> list[Json]:
        """Every revision of a flow with its `source`, oldest first."""
        ...

    def delete_flow(self, namespace: str, flow_id: str) -> None:
        """Delete a flow."""
        ...

    def namespaces(self) -> list[str]:
        """Every namespace that has a flow, and those above them, by name."""
        ...

    def namespace_files(self, namespace: str) -> list[str]:
        """The paths of a namespace's files, each with a leading slash."""
        ...

    def read_namespace_file(self, namespace: str, path: str, sink: BinaryIO) -> None:
        """Write a namespace file's bytes to a stream."""
        ...

    def write_namespace_file(self, namespace: str, path: str, source: Path) -> None:
        """Make a file a namespace file, over the one that is there."""
        ...

    def delete_namespace_file(self, namespace: str, path: str) -> None:
        """Delete a namespace file, or a folder with all that is in it."""
        ...

    def start(self, wanted: Start) -> Json:
        """Start an execution; the execution as it was created."""
        ...

    def execution(self, execution_id: str) -> Json:
        """An execution with its `taskRunList`."""
        ...

    def executions(self, search: Search) -> list[Json]:
        """Executions, newest first."""
        ...

    def logs(self, execution_id: str) -> list[Json]:
        """The log of an execution, in order."""
        ...

    def kill(self, execution_id: str) -> None:
        """Ask for the end of an execution; it comes soon after."""
        ...

    def wait(self, execution_id: str, seconds: float) -> None:
        """Return when the execution may have ended, at the latest after so many seconds."""
        ...


@contextmanager
def connect(settings: Settings) -> Iterator[Client]:
    """The client that the settings ask for, closed at the end."""
    if settings.url is not None:
        from thermik.cli.http_client import HttpClient

        remote = HttpClient(settings.url, settings)
        try:
            yield remote
        finally:
            remote.close()
    else:
        from thermik.cli.local_client import LocalClient

        local = LocalClient(settings.data, settings.plugin_defaults)
        work()  # a server's client starts no threads and needs none of it
        try:
            yield local
        finally:
            local.close()
