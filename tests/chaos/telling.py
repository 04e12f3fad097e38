"""Tells of a world that went wrong: what was found, and all that happened to the executions that it was found in."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from chaos.world import World
from engine.running import look
from thermik.executions.model import Execution, TaskRun
from thermik.executions.state import State
from thermik.local.runtime import Runtime


def report(world: World, runtime: Runtime, executions: Iterable[Execution], found: Collection[str]) -> str:
    """The problems; then each flow and each execution that they name, with those that called it or were called."""
    everybody = list(executions)
    named = {each.id for each in everybody if any(each.id in problem for problem in found)}
    near = {each.id for each in everybody if each.id in named or _caller(each) in named}
    near |= {above for each in everybody if each.id in named and (above := _caller(each))}
    told = [each for each in everybody if each.id in near]
    flows = {each.flow_id for each in told}
    lines = [*found, ""]
    for shape in world.shapes:
        if shape.id in flows:
            lines += [f"flow {shape.id}", json.dumps(shape.flow, indent=1, default=str), ""]
    for execution in told:
        lines += [*_of_execution(world, runtime, execution), ""]
    return "\n".join(lines) + "\n"


def _caller(execution: Execution) -> str | None:
    above = execution.trigger.variables.get("executionId") if execution.trigger else None
    return above if isinstance(above, str) else None


def _of_execution(world: World, runtime: Runtime, execution: Execution) -> Iterator[str]:
    yield f"execution {execution.id} of {execution.flow_id}, called by {_caller(execution)}"
    yield f"  {_dated(execution.state)}; {execution.progress!r}"
    ran = look(runtime, execution.id)
    for run in ran.task_runs:
        yield from _of_task_run(run)
    for entry in ran.logs:
        yield f"  log {entry['timestamp']} {entry['level']} {entry.get('taskId')}: {entry['message']}"
    yield from (f"  {event}" for event in world.witness.events[execution.id])


def _of_task_run(run: TaskRun) -> Iterator[str]:
    yield f"  {run.task_id} {run.id} in {run.parent_task_run_id} [{run.value}] {_dated(run.state)}; {run.progress!r}"
    for attempt in run.attempts or ():
        yield f"    attempt {_dated(attempt.state)}"


def _dated(state: State) -> str:
    return " ".join(f"{entry.state.value}@{entry.date:%d %H:%M:%S.%f}" for entry in state.histories)
