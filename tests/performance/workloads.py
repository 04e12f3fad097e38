"""The flows that are measured, and one way to run them in this process with everything counted."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.state import StateType
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime

NAMESPACE = "bench"
RETURN = "io.kestra.plugin.core.debug.Return"
SEQUENCE = 100
PARALLEL = 500
MANY = 10_000
TIMEOUT_SECONDS = 120

TABLE_CALLS = ("get", "query", "write")
BLOB_CALLS = ("put", "open", "info", "list", "delete")


def one_task() -> str:
    """A flow of one task."""
    return _source("one", ['"{{ execution.id }}"'])


def sequence(length: int = SEQUENCE) -> str:
    """A flow in which each task reads the output of the one before."""
    formats = ['"{{ execution.id }}"', *(f'"{{{{ outputs.t{number}.value }}}}"' for number in range(length - 1))]
    return _source(f"sequence{length}", formats)


def parallel(width: int = PARALLEL) -> str:
    """A flow that runs one task for each of so many values, all at once."""
    values = ", ".join(map(str, range(width)))
    return f"""id: parallel{width}
namespace: {NAMESPACE}
tasks:
  - id: all
    type: io.kestra.plugin.core.flow.ForEach
    concurrencyLimit: 0
    values: [{values}]
    tasks:
      - {{id: each, type: {RETURN}, format: "{{{{ taskrun.value }}}}"}}
"""


def _source(name: str, formats: list[str]) -> str:
    tasks = "".join(f"  - {{id: t{number}, type: {RETURN}, format: {text}}}\n" for number, text in enumerate(formats))
    return f"id: {name}\nnamespace: {NAMESPACE}\ntasks:\n{tasks}"


class Bench:
    """A runtime on a directory of its own."""

    def __init__(self, *, trace: bool = False) -> None:
        self._directory = tempfile.TemporaryDirectory()
        self.path = Path(self._directory.name)
        self.runtime = Runtime(self.path / "data", trace=trace)

    def save(self, source: str) -> Callable[[], str]:
        """Save a flow; what runs it to its end and answers the execution's id."""
        saved = self.runtime.flows.save(parse_flow(source, self.runtime.types))
        return lambda: self._run(NewExecution(saved.namespace, saved.id, saved.revision))

    def _run(self, new: NewExecution) -> str:
        execution = create(self.runtime.life, new)
        self.runtime.machines.engine.wait(execution.id, TIMEOUT_SECONDS)
        ended = self.runtime.life.executions.execution(execution.id).value
        if ended.state.current is not StateType.SUCCESS:
            raise RuntimeError(f"execution {execution.id} is {ended.state.current}")
        return execution.id

    def close(self) -> None:
        """Close the runtime and remove the directory."""
        self.runtime.close()
        self._directory.cleanup()


def counted(source: str) -> Counter[str]:
    """Calls of the ports and states entered in one execution of a warm process: `table.write`, …, `transitions`."""
    bench = Bench(trace=True)
    try:
        run = bench.save(source)
        run()
        calls: Counter[str] = Counter()
        _count(bench.runtime.table, "table", TABLE_CALLS, calls)
        _count(bench.runtime.blobs, "blobs", BLOB_CALLS, calls)
        execution_id = run()
        calls["table.get"] -= 1  # this benchmark's own look at the end
        calls["transitions"] = len(bench.runtime.machines.engine.history(execution_id))
        return calls
    finally:
        bench.close()


def _count(port: Any, name: str, methods: tuple[str, ...], calls: Counter[str]) -> None:
    """Count the calls of a port's methods, on the object itself, which everybody shares."""
    for method in methods:
        setattr(port, method, _counting(getattr(port, method), f"{name}.{method}", calls))


def _counting(method: Callable[..., Any], name: str, calls: Counter[str]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return method(*args, **kwargs)

    return call
