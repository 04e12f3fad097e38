"""`Client` on a data directory: the same use cases that the API has, in this process.

What is started here runs here. Other processes may work on the same directory at the same time.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from thermik.api.creation import Wanted, create_execution
from thermik.api.execution_wire import with_task_runs
from thermik.api.flow_wire import flow_wire
from thermik.api.services import Services
from thermik.cli.acting import Given
from thermik.cli.client import ENDED, Json, Search, Start
from thermik.cli.local_actions import LocalActions, LocalPairs, LocalTriggers, opened
from thermik.executions.logs import entries_of_execution
from thermik.executions.model import Label
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime
from thermik.local.services import services_of
from thermik.storage import schema
from thermik.storage.namespace_files import file_key, files_of
from thermik.storage.table import Record

LOOK_AGAIN_SECONDS = 0.1
"""How often an execution of another process is looked at."""

CLOSE_SECONDS = 5.0
"""How long what is at work may take to end when the command has ended."""


class LocalClient:
    """A data directory's flows and executions."""

    def __init__(self, data: Path, plugin_defaults: str | None = None) -> None:
        self._runtime = Runtime(data, plugin_defaults=plugin_defaults)
        self._endings: dict[str, threading.Event] = {}
        self._listening = ExitStack()
        self.pairs = LocalPairs(lambda: self._services)
        self.triggers = LocalTriggers(lambda: self._services)
        self.actions = LocalActions(
            self._runtime, lambda: self._services, self._listen, self._endings.__contains__, self._wire
        )

    def close(self) -> None:
        """End what this process runs: after a finished command that is nothing."""
        self._listening.close()
        self._runtime.close(CLOSE_SECONDS)

    @cached_property
    def _services(self) -> Services:
        return services_of(self._runtime)

    # --- flows

    def save_flow(self, source: str) -> Json:
        """Create or update the flow. Raises: InvalidFlow."""
        return flow_wire(self._runtime.flows.save(parse_flow(source, self._runtime.types, self._runtime.triggers)))

    def flow(self, namespace: str, flow_id: str, revision: int | None = None) -> Json:
        """A flow with its source. Raises: FlowNotFound."""
        return flow_wire(self._runtime.flows.get(namespace, flow_id, revision), source=True)

    def flows(self, namespace: str | None) -> Iterator[Json]:
        """Every flow, from the list's index: no source is read."""
        from thermik.api.flow_search import summaries

        for flow in summaries(self._runtime.flows, namespace):
            yield {"namespace": flow.namespace, "id": flow.id, "revision": flow.revision, "disabled": flow.disabled}

    def revisions(self, namespace: str, flow_id: str) -> list[Json]:
        """Every revision. Raises: FlowNotFound."""
        return [flow_wire(found, source=True) for found in self._runtime.flows.revisions(namespace, flow_id)]

    def delete_flow(self, namespace: str, flow_id: str) -> None:
        """Delete the flow. Raises: FlowNotFound."""
        self._runtime.flows.delete(namespace, flow_id)

    # --- namespaces

    def namespaces(self) -> list[str]:
        """Every namespace."""
        from thermik.api.namespaces import every_namespace

        return every_namespace(self._services)

    def namespace_files(self, namespace: str) -> list[str]:
        """The paths of its files. Raises: InvalidKey."""
        return [f"/{path}" for path, _ in files_of(self._runtime.blobs, namespace)]

    def read_namespace_file(self, namespace: str, path: str, sink: BinaryIO) -> None:
        """Copy the file. Raises: BlobNotFound, InvalidKey."""
        with self._runtime.blobs.open(file_key(namespace, path)) as source:
            shutil.copyfileobj(source, sink)

    def write_namespace_file(self, namespace: str, path: str, source: Path) -> None:
        """Copy the file. Raises: InvalidKey."""
        with source.open("rb") as content:
            self._runtime.blobs.put(file_key(namespace, path), content)

    def delete_namespace_file(self, namespace: str, path: str) -> None:
        """Delete it. Raises: BlobNotFound, InvalidKey."""
        blobs, key = self._runtime.blobs, file_key(namespace, path.strip("/"))
        inside = [info.key for info in blobs.list(f"{key}/")]
        blobs.delete(inside or [blobs.info(key).key])

    # --- executions

    def start(self, wanted: Start) -> Json:
        """Start an execution in this process. Raises: FlowNotFound, InvalidInputs."""
        with ExitStack() as closing:
            labels = [Label(key=key, value=value) for key, value in wanted.labels]
            given = opened(Given(wanted.inputs, wanted.files), closing)
            execution = create_execution(
                self._services, Wanted(wanted.namespace, wanted.flow_id, wanted.revision, given, labels)
            )
        return self._listen(execution.id)

    def execution(self, execution_id: str) -> Json:
        """The execution. Raises: ExecutionNotFound."""
        return self._wire(execution_id)

    def executions(self, search: Search) -> list[Json]:
        """The newest executions that fit."""
        from thermik.api.execution_search import search_executions
        from thermik.api.execution_wire import many_with_task_runs
        from thermik.api.filters import Filter
        from thermik.api.paging import PageRequest

        wanted = {"namespace": search.namespace, "flowId": search.flow_id, "state": search.state}
        filters = [Filter(name, "EQUALS", value) for name, value in wanted.items() if value is not None]
        services = self._services
        found = search_executions(services.table, filters, PageRequest(1, search.limit), services.now())
        return many_with_task_runs(services, found.items)

    def logs(self, execution_id: str) -> list[Json]:
        """The whole log."""
        return entries_of_execution(self._services.table, execution_id)

    def kill(self, execution_id: str) -> None:
        """Kill it, whichever process runs it. Raises: ExecutionNotFound, WrongState."""
        from thermik.executions.kill import kill

        kill(self._runtime.life, execution_id)

    def wait(self, execution_id: str, seconds: float) -> None:
        """Wait for the execution's end, if it runs here; for a moment otherwise."""
        ended = self._endings.get(execution_id)
        if ended is None or ended.is_set():
            time.sleep(min(seconds, LOOK_AGAIN_SECONDS))
        else:
            ended.wait(seconds)

    def _wire(self, execution_id: str) -> Json:
        services = self._services
        return with_task_runs(services, services.executions.execution(execution_id).value)

    def _listen(self, execution_id: str) -> Json:
        """Hear of the execution's end from now on; the execution as it is, which may have ended before."""
        key, ended = schema.execution(execution_id), threading.Event()

        def hear(record: Record) -> None:
            if record.key == key and record.body["state"]["current"] in ENDED:
                ended.set()

        self._runtime.read_mail()  # what other processes write is heard of, too
        self._endings[execution_id] = ended
        self._listening.enter_context(self._runtime.table.changes.listen(key.partition, hear))
        # looked at after listening has begun, or an end between the two would never be heard of
        execution = self._wire(execution_id)
        if execution["state"]["current"] in ENDED:
            ended.set()
        return execution
