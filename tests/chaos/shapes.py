"""The flows of a chaos run: those of the engine's generator, with work that is counted, waits, subflows and limits.

What each flow comes to undisturbed is asked of the reference model, which knows no waits and no subflows: to it these
are leaves that end as they do (`Shape.plain`).
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from chaos.witness import Witness
from engine import sources
from engine.probe import probe
from engine.random_flows import flows
from engine.reference import Expected, expect
from thermik.tasks.runnable import Outputs

Task = dict[str, Any]

ALWAYS = 1_000
_CORE = "io.kestra.plugin.core"
_NESTING = ("tasks", "then", "else", "defaults", "errors", "finally")
_PLAIN = {
    "SUCCESS": sources.ret,
    "FAILED": sources.fail,
    "WARNING": lambda name: probe(name, lambda _context: Outputs({}, warning=True)),
}
_PAUSES = [("RESUME", "SUCCESS"), ("RESUME", "SUCCESS"), ("WARN", "WARNING"), ("FAIL", "FAILED")]
_UNCHECKED = settings(database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
_KEPT = ("runIf", "disabled", "allowFailure", "allowWarning")


@dataclass
class Shape:
    """A flow, and how the leaves end that the reference model does not know."""

    flow: dict[str, Any]
    endings: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        name: str = self.flow["id"]
        return name

    @property
    def source(self) -> str:
        return json.dumps(self.flow)

    @property
    def limit(self) -> dict[str, Any] | None:
        limit: dict[str, Any] | None = self.flow.get("concurrency")
        return limit

    def expected(self) -> Expected:
        """What becomes of it undisturbed."""
        plain = copy.deepcopy(self.flow)
        for tasks in _lists(plain):
            tasks[:] = [self._plain(task) for task in tasks]
        return expect(plain)

    def _plain(self, task: Task) -> Task:
        if task["id"] not in self.endings:
            return task
        kept = {name: task[name] for name in _KEPT if name in task}
        return {**_PLAIN[self.endings[task["id"]]](task["id"]), **kept}


def shapes(seed: int, number: int, witness: Witness) -> list[Shape]:
    """So many flows; the first third is without subflows, the others call those."""
    draw = random.Random(seed)
    made: list[Shape] = []
    for index, flow in enumerate(_random_flows(seed, number)):
        callable_ones = made[: number // 3] if index >= number // 3 else []
        made.append(_dressed(flow, f"chaos-{index}", draw, witness, callable_ones))
    return made


def _random_flows(seed: int, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    @hypothesis.seed(seed)
    @settings(_UNCHECKED, max_examples=number)
    @given(flow=flows())
    def collect(flow: Any) -> None:
        found.append(copy.deepcopy(dict(flow)))

    collect()
    while len(found) < number:  # hypothesis may know no more
        found.append(copy.deepcopy(found[len(found) % 7]))
    return found[:number]


def _dressed(
    flow: dict[str, Any], name: str, draw: random.Random, witness: Witness, callable_ones: list[Shape]
) -> Shape:
    shape = Shape({**flow, "id": name})
    for tasks in _lists(shape.flow):
        tasks[:] = [_other_leaf(task, shape, draw, witness, callable_ones) for task in tasks]
    if draw.random() < 0.3:
        refusing = ["CANCEL", "FAIL"] if callable_ones else []  # a subflow that may be refused ends as it happens to
        behavior = draw.choice(["QUEUE", "QUEUE", "QUEUE", *refusing])
        shape.flow["concurrency"] = {"limit": draw.randint(1, 3), "behavior": behavior}
    return shape


def _other_leaf(task: Task, shape: Shape, draw: random.Random, witness: Witness, callable_ones: list[Shape]) -> Task:
    """In place of a Return, often something that works, waits or calls."""
    if not task["type"].endswith(".Return"):
        return task
    kept = {name: task[name] for name in _KEPT if name in task}
    drawn = draw.random()
    if drawn < 0.6:
        made, ending = _work(task["id"], draw, witness)
    elif drawn < 0.7:
        made, ending = _pause(task["id"], draw)
    elif drawn < 0.8 and callable_ones:
        made, ending = _subflow(task["id"], draw.choice(callable_ones))
    else:
        return task
    shape.endings[task["id"]] = ending
    return {**made, **kept}


def _work(name: str, draw: random.Random, witness: Witness) -> tuple[Task, str]:
    failures = draw.choice([0, 0, 0, 0, 1, ALWAYS])
    retry = {"retry": sources.constant("PT30S", maxAttempts=9)} if failures == 1 or draw.random() < 0.2 else {}
    if retry and failures == ALWAYS:
        retry["retry"]["maxAttempts"] = 2
    made = probe(name, partial(_worked, witness, failures), **retry)
    return made, "FAILED" if failures == ALWAYS else "SUCCESS"


def _worked(witness: Witness, failures: int, context: Any) -> dict[str, Any]:
    return witness.work(context, failures)


def _pause(name: str, draw: random.Random) -> tuple[Task, str]:
    behavior, ending = draw.choice(_PAUSES)
    pause = {"id": name, "type": f"{_CORE}.flow.Pause", "pauseDuration": draw.choice(["PT5S", "PT20S"])}
    return {**pause, "behavior": behavior}, ending


def _subflow(name: str, called: Shape) -> tuple[Task, str]:
    task = {"id": name, "type": f"{_CORE}.flow.Subflow", "namespace": "company.team", "flowId": called.id}
    return {**task, "wait": True, "transmitFailed": True}, called.expected().state


def _lists(value: Any, top: bool = True) -> Iterator[list[Task]]:
    """Every list of tasks of a flow that others may stand in.

    Not so a WorkingDirectory's: one whose process dies begins anew, with what had succeeded in it.
    """
    kind = value.get("type", "").rpartition(".")[2]
    if kind == "Dag":
        yield from _of_dag(value)
    for name in (*_NESTING, "afterExecution") if top else _NESTING:
        if name in value and not (name == "tasks" and kind in ("Dag", "WorkingDirectory")):
            value[name] = list(value[name])
            for task in value[name]:
                yield from _lists(task, top=False)
            yield value[name]
    yield from _of_cases(value)


def _of_dag(value: Any) -> Iterator[list[Task]]:
    value["tasks"] = [dict(entry) for entry in value["tasks"]]
    tasks = [entry["task"] for entry in value["tasks"]]
    for task in tasks:
        yield from _lists(task, top=False)
    yield tasks
    for entry, task in zip(value["tasks"], tasks, strict=True):
        entry["task"] = task


def _of_cases(value: Any) -> Iterator[list[Task]]:
    for name, tasks in list(value.get("cases", {}).items()):
        value["cases"] = {**value["cases"], name: list(tasks)}
        for task in value["cases"][name]:
            yield from _lists(task, top=False)
        yield value["cases"][name]
