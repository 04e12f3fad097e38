"""Short ways to write flows: a function a task type, and `flow` for the whole. JSON is YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Task = Mapping[str, Any]

_CORE = "io.kestra.plugin.core"


def flow(*tasks: Task, id: str = "sample", **properties: Any) -> str:  # noqa: A002 - Kestra's name
    return json.dumps({"id": id, "namespace": "company.team", "tasks": tasks, **properties})


def log(task_id: str, message: Any = "here", **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.log.Log", "message": message, **properties}


def ret(task_id: str, value: str = "{{ task.id }}", **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.debug.Return", "format": value, **properties}


def fail(task_id: str, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.execution.Fail", **properties}


def sleep(task_id: str, duration: str, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.Sleep", "duration": duration, **properties}


def seq(task_id: str, *tasks: Task, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.Sequential", "tasks": tasks, **properties}


def allow(task_id: str, *tasks: Task, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.AllowFailure", "tasks": tasks, **properties}


def par(task_id: str, *tasks: Task, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.Parallel", "tasks": tasks, **properties}


def dag(task_id: str, *entries: tuple[Task, Sequence[str]], **properties: Any) -> Task:
    """A Dag of tasks, each with the ids of those that it depends on."""
    tasks = [{"task": task, "dependsOn": needs} for task, needs in entries]
    return {"id": task_id, "type": f"{_CORE}.flow.Dag", "tasks": tasks, **properties}


def each(task_id: str, values: Any, *tasks: Task, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.ForEach", "values": values, "tasks": tasks, **properties}


def each_parallel(task_id: str, values: Any, *tasks: Task, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.EachParallel", "value": values, "tasks": tasks, **properties}


def when(task_id: str, condition: str, *then: Task, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.If", "condition": condition, "then": then, **properties}


def switch(task_id: str, value: str, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{_CORE}.flow.Switch", "value": value, **properties}


def constant(interval: str = "PT10S", **properties: Any) -> dict[str, Any]:
    return {"type": "constant", "interval": interval, **properties}
