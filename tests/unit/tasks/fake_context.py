"""A RunContext in memory: what a task did is there to be looked at, files are bytes by URI.

Rendering is the real language's; only its variables come from the test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from thermik.expressions import compile_template, render
from thermik.flows.task import Task
from thermik.tasks.housekeeping import ExecutionChoice, LogChoice, Parts, Purged
from thermik.tasks.ports import ExecutionPlace, KeyValue
from thermik.tasks.registry import Registry
from thermik.tasks.runnable import Level, Outputs, RunnableTask, TaskFailure, TaskInterrupted


class FakeLog:
    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []

    def log(self, level: Level, message: str) -> None:
        self.entries.append((level.value, message))

    def error(self, message: str) -> None:
        self.log(Level.ERROR, message)

    def warn(self, message: str) -> None:
        self.log(Level.WARN, message)

    def info(self, message: str) -> None:
        self.log(Level.INFO, message)

    def debug(self, message: str) -> None:
        self.log(Level.DEBUG, message)

    def trace(self, message: str) -> None:
        self.log(Level.TRACE, message)

    def at(self, level: str) -> list[str]:
        return [message for entry, message in self.entries if entry == level]


class FakeKeyValues:
    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], KeyValue] = {}

    def get(self, namespace: str, key: str) -> tuple[bool, Any]:
        pair = self.pairs.get((namespace, key))
        return (False, None) if pair is None else (True, pair.value)

    def put(self, namespace: str, key: str, entry: KeyValue, *, overwrite: bool) -> bool:
        if (namespace, key) in self.pairs and not overwrite:
            return False
        self.pairs[namespace, key] = entry
        return True

    def delete(self, namespace: str, key: str) -> bool:
        return self.pairs.pop((namespace, key), None) is not None

    def keys(self, namespace: str, prefix: str) -> list[str]:
        return sorted(key for space, key in self.pairs if space == namespace and key.startswith(prefix))


class FakeStates:
    def __init__(self) -> None:
        self.documents: dict[str, Mapping[str, Any]] = {}

    def load(self, key: str) -> Mapping[str, Any] | None:
        return self.documents.get(key)

    def save(self, key: str, document: Mapping[str, Any]) -> None:
        self.documents[key] = document

    def remove(self, key: str) -> bool:
        return self.documents.pop(key, None) is not None


class FakeExecutions:
    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.variables: list[tuple[dict[str, Any], bool]] = []
        self.unset: list[tuple[list[str], bool]] = []
        self.ended: list[str] = []
        self.resumed: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[tuple[ExecutionPlace, str, list[str]]] = []
        self.entries: list[dict[str, Any]] = []

    def add_labels(self, labels: Mapping[str, str]) -> None:
        self.labels.update(labels)

    def set_variables(self, variables: Mapping[str, Any], *, overwrite: bool) -> None:
        self.variables.append((dict(variables), overwrite))

    def unset_variables(self, names: Collection[str], *, ignore_missing: bool) -> None:
        self.unset.append((list(names), ignore_missing))

    def end(self, state: str) -> None:
        self.ended.append(state)

    def resume(self, execution_id: str, inputs: Mapping[str, Any]) -> None:
        self.resumed.append((execution_id, dict(inputs)))

    def log_entries(
        self, place: ExecutionPlace, minimum: str, task_ids: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        self.asked.append((place, minimum, list(task_ids)))
        return iter(self.entries)


class FakeHousekeeping:
    def __init__(self) -> None:
        self.counts: dict[tuple[str | None, str | None], int] = {}
        self.asked: list[ExecutionChoice] = []
        self.found: list[Purged] = []
        self.parts: list[tuple[Parts, int]] = []
        self.logs: list[tuple[ExecutionChoice, LogChoice, str | None]] = []
        self.switched: list[tuple[str, str, str, bool]] = []
        self.files: list[str] = []
        self.children = False
        self.spaces: list[str] = []

    def count(self, choice: ExecutionChoice) -> int:
        self.asked.append(choice)
        return self.counts.get((choice.namespace, choice.flow_id), 0)

    def namespaces(self) -> list[str]:
        return self.spaces

    def purge(self, choice: ExecutionChoice, parts: Parts, batch: int) -> Iterator[Purged]:
        self.asked.append(choice)
        self.parts.append((parts, batch))
        return iter(self.found)

    def purge_logs(self, choice: ExecutionChoice, entries: LogChoice, execution_id: str | None) -> Iterator[int]:
        self.logs.append((choice, entries, execution_id))
        return iter([2, 3])

    def delete_files(self, *, children: bool) -> list[str]:
        self.children = children
        return self.files

    def switch_trigger(self, namespace: str, flow_id: str, trigger_id: str, *, enabled: bool) -> None:
        self.switched.append((namespace, flow_id, trigger_id, enabled))


class FakeNamespaceFiles:
    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}
        self.pruned = False

    def paths(self, namespace: str) -> Iterator[str]:
        return iter(sorted(path for space, path in self.files if space == namespace))

    def open(self, namespace: str, path: str) -> BinaryIO:
        return BytesIO(self.files[namespace, path])

    def put(self, namespace: str, path: str, content: BinaryIO, *, overwrite: bool) -> bool:
        if (namespace, path) in self.files and not overwrite:
            return False
        self.files[namespace, path] = content.read()
        return True

    def delete(self, namespace: str, path: str, *, parents: bool) -> None:
        self.files.pop((namespace, path), None)
        self.pruned = parents


class FakeCache:
    def __init__(self) -> None:
        self.archive: bytes | None = None
        self.age = timedelta()
        self.writes = 0

    def load(self) -> tuple[BinaryIO, timedelta] | None:
        return None if self.archive is None else (BytesIO(self.archive), self.age)

    def save(self, archive: Path) -> None:
        self.archive = archive.read_bytes()
        self.writes += 1


@dataclass
class FakeContext:
    directory: Path
    variables: dict[str, Any] = field(default_factory=dict)
    namespace: str = "company.team"
    flow_id: str = "orders"
    execution_id: str = "4hJ1execution000000000"
    task_id: str = "work"
    task_run_id: str = "7sK2taskrun00000000000"
    attempt: int = 0
    deadline: datetime | None = None
    value: str | None = None
    log: FakeLog = field(default_factory=FakeLog)
    key_values: FakeKeyValues = field(default_factory=FakeKeyValues)
    states: FakeStates = field(default_factory=FakeStates)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    housekeeping: FakeHousekeeping = field(default_factory=FakeHousekeeping)
    namespace_files: FakeNamespaceFiles = field(default_factory=FakeNamespaceFiles)
    cache: FakeCache = field(default_factory=FakeCache)
    files: dict[str, bytes] = field(default_factory=dict)
    counters: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)
    gauges: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)
    timers: list[tuple[str, timedelta, dict[str, str]]] = field(default_factory=list)
    slept: list[timedelta] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._actions: list[Callable[[], None]] = []
        self.variables.setdefault("flow", {"id": self.flow_id, "namespace": self.namespace})

    def render(self, value: Any, extra: Mapping[str, Any] | None = None) -> Any:
        if isinstance(value, str):
            return render(value, {**self.variables, **(extra or {})})
        if isinstance(value, Mapping):
            return {self.render(key, extra): self.render(item, extra) for key, item in value.items()}
        return [self.render(item, extra) for item in value] if isinstance(value, list) else value

    def render_typed(self, value: str) -> Any:
        return compile_template(value).evaluate(self.variables)

    def render_as(self, kind: Any, value: Any, extra: Mapping[str, Any] | None = None) -> Any:
        rendered = self.render(value, extra)
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        try:
            return adapter.validate_python(rendered)
        except ValidationError as error:
            raise TaskFailure(str(error)) from error

    def counter(self, name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        self.counters.append((name, value, dict(tags or {})))

    def gauge(self, name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        self.gauges.append((name, value, dict(tags or {})))

    def timer(self, name: str, value: timedelta, tags: Mapping[str, str] | None = None) -> None:
        self.timers.append((name, value, dict(tags or {})))

    def open_file(self, uri: str) -> BinaryIO:
        if uri not in self.files:
            raise TaskFailure(f"Unable to find file '{uri}'")
        return BytesIO(self.files[uri])

    def put_file(self, source: Path | BinaryIO | bytes, name: str) -> str:
        uri = f"kestra:///company/team/orders/executions/{self.execution_id}/tasks/work/{self.task_run_id}/{name}"
        if isinstance(source, Path):
            self.files[uri] = source.read_bytes()
            source.unlink()
        else:
            self.files[uri] = source if isinstance(source, bytes) else source.read()
        return uri

    def file_size(self, uri: str) -> int:
        with self.open_file(uri) as file:
            return len(file.read())

    def delete_file(self, uri: str) -> bool:
        return self.files.pop(uri, None) is not None

    def working_directory(self) -> Path:
        self.directory.mkdir(exist_ok=True)
        return self.directory

    def on_interrupt(self, action: Callable[[], None]) -> None:
        self._actions.append(action)
        if self._stopping.is_set():
            action()

    def check(self) -> None:
        if self._stopping.is_set():
            raise TaskInterrupted("killed")

    def sleep(self, duration: timedelta) -> None:
        self.slept.append(duration)
        self.check()

    def interrupt(self) -> None:
        self._stopping.set()
        for action in self._actions:
            action()

    def text(self, uri: str) -> str:
        return self.files[uri].decode()


REGISTRY = Registry()


def make(kind: str, **properties: Any) -> RunnableTask:
    """A task of a type by the end of its name, `core.log.Log` or `scripts.shell.Script`, validated as in a flow."""
    data = {"id": "work", "type": f"io.kestra.plugin.{kind}", **properties}
    model: type[Task] = REGISTRY.task(data["type"])
    task = model.model_validate(data, context={"types": REGISTRY})
    assert isinstance(task, RunnableTask)
    return task


def outputs_of(task: RunnableTask, context: FakeContext) -> dict[str, Any]:
    """What a run leaves as outputs."""
    result = task.run(context)
    return dict(result.values if isinstance(result, Outputs) else result or {})
