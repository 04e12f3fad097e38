"""A registry of a few task types, and sources made of parts, for the tests of flows."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import Field

from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.problems import InvalidFlow
from thermik.flows.task import AnyTask, Branch, FlowableTask, Task, Tasks, UnknownType
from thermik.flows.validation import ParsedFlow, parse_flow

LOG = "io.kestra.plugin.core.log.Log"
SEQUENTIAL = "io.kestra.plugin.core.flow.Sequential"
CALL = "test.Call"


class Log(Task):
    """Writes a message."""

    message: Dynamic[str]
    level: str = "INFO"


class Wait(Task):
    duration: Dynamic[Duration]
    times: Dynamic[int] = 1


class Sequential(FlowableTask):
    tasks: Tasks

    def branches(self) -> tuple[Branch, ...]:
        return (Branch("tasks", tuple(self.tasks)),)


class Either(FlowableTask):
    then: Tasks
    otherwise: list[AnyTask] = Field(default_factory=list)

    def branches(self) -> tuple[Branch, ...]:
        return (Branch("then", tuple(self.then)), Branch("otherwise", tuple(self.otherwise)))


class Call(Task):
    """Calls a flow; refuses its own."""

    flow_id: str

    def problems(self, flow: Any) -> Any:
        if self.flow_id == flow.id:
            yield ("flowId",), f"Recursive call to flow [{flow.namespace}.{flow.id}]"


MODELS: dict[str, type[Task]] = {
    LOG: Log,
    "old.Log": Log,
    "test.Wait": Wait,
    SEQUENTIAL: Sequential,
    "test.Either": Either,
    CALL: Call,
}


class Types:
    """Implements TaskTypes."""

    def task(self, name: str) -> type[Task]:
        try:
            return MODELS[name]
        except KeyError:
            raise UnknownType(name) from None


TYPES = Types()


def log(task_id: str = "hello", **properties: Any) -> dict[str, Any]:
    return {"id": task_id, "type": LOG, "message": "hello", **properties}


def source(**properties: Any) -> str:
    """A valid flow's source, with these properties on top; None takes one away."""
    data = {"id": "sample", "namespace": "tests", "tasks": [log()], **properties}
    kept = {name: value for name, value in data.items() if value is not None}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)


def parse(text: str | None = None, **properties: Any) -> ParsedFlow:
    return parse_flow(source(**properties) if text is None else text, TYPES)


def problems(text: str | None = None, **properties: Any) -> list[str]:
    """`path: message` of every problem; empty where there is none."""
    try:
        parse(text, **properties)
    except InvalidFlow as invalid:
        return [problem.text for problem in invalid.problems]
    return []
