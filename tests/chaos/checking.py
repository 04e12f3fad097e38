"""What must hold of every execution once all is over, whatever went wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

from chaos.shapes import Shape
from chaos.world import World
from engine.reference import Expected
from engine.running import Ran, look
from engine.test_any_flow import seen_runs
from thermik.executions.left_behind import open_executions
from thermik.executions.model import Execution, TaskRun
from thermik.executions.slots import Slots
from thermik.executions.state import LEGAL, State, StateType
from thermik.local.runtime import Runtime
from thermik.storage import schema
from thermik.storage.table import Index

NAMESPACE = "company.team"


def problems(world: World, runtime: Runtime) -> Iterator[str]:
    """Everything that must not be."""
    yield from world.witness.violations
    for execution in open_executions(runtime.life):
        yield f"{execution.id} is open: {_history(execution.state)}, {execution.progress}"
    all_of_them = {execution.id: execution for execution in every_execution(world, runtime)}
    touched = _touched(world, all_of_them)
    for shape in world.shapes:
        yield from _leftovers(runtime, shape)
    by_flow = {shape.id: shape for shape in world.shapes}
    expected = {shape.id: shape.expected() for shape in world.shapes}
    for execution in all_of_them.values():
        ran = look(runtime, execution.id)
        shape = by_flow[execution.flow_id]
        found = [*_of_execution(world, ran, set(_sharing(shape.flow)))]
        orphans = [*_orphans(ran)]
        if orphans:
            found += orphans
        elif not touched.get(execution.id) and not _was_refused(ran, shape):
            found += _against(ran, expected[shape.id])
        for problem in found:
            interfered = ",".join(sorted(touched.get(execution.id, ()))) or "nobody"
            yield f"{execution.id} of {shape.id} ({interfered} interfered; {' '.join(ran.history)}): {problem}"


def every_execution(world: World, runtime: Runtime) -> Iterable[Execution]:
    for shape in world.shapes:
        page = runtime.table.query(schema.flow_partition(NAMESPACE, shape.id), index=Index.FIRST, limit=1000)
        assert page.cursor is None
        yield from (Execution.model_validate(each.body) for each in page.records)


def _touched(world: World, executions: dict[str, Execution]) -> dict[str, set[str]]:
    """Who interfered, also by way of a parent or of what it started."""
    touched = {name: set(by) for name, by in world.interfered.items()}
    for _ in range(4):
        for execution in executions.values():
            above = execution.trigger.variables.get("executionId") if execution.trigger else None
            if isinstance(above, str):
                both = touched.get(above, set()) | touched.get(execution.id, set())
                touched[above] = touched[execution.id] = both
    return touched


def _was_refused(ran: Ran, shape: Shape) -> bool:
    refuses = shape.limit is not None and shape.limit["behavior"] in {"CANCEL", "FAIL"}
    return refuses and ran.history in (["CREATED", "CANCELLED"], ["CREATED", "FAILED"]) and not ran.task_runs


def _leftovers(runtime: Runtime, shape: Shape) -> Iterator[str]:
    holders = Slots(runtime.table, NAMESPACE, shape.id)._holders()[1]
    for holder in holders:
        found = look(runtime, holder).execution
        yield f"a slot of {shape.id} is held by {holder}: {_history(found.state)}, {found.progress}"
    waiting = runtime.table.query(schema.queue_partition(NAMESPACE, shape.id)).records
    if waiting:
        yield f"{len(waiting)} still wait in the queue of {shape.id}: {[each.body for each in waiting]}"


def _sharing(tasks: object) -> Iterator[str]:
    """The tasks that share a WorkingDirectory: where their worker died the directory is gone, and all begin again."""
    for each in tasks.values() if isinstance(tasks, dict) else tasks if isinstance(tasks, (list, tuple)) else ():
        yield from _sharing(each)
    if isinstance(tasks, dict) and str(tasks.get("type")).endswith(".WorkingDirectory"):
        yield from (child["id"] for child in tasks["tasks"])


def _of_execution(world: World, ran: Ran, shared: Collection[str]) -> Iterator[str]:
    if not ran.execution.state.is_terminal:
        yield "has not ended"
    yield from _illegal(ran.execution.state)
    for run in ran.task_runs:
        yield from (f"{run.task_id}: {problem}" for problem in _of_task_run(world, run))
        allowed = world.witness.begins[run.parent_task_run_id or ""] if run.task_id in shared else 1
        if not ran.execution.state.was(StateType.RESTARTED) and _successes(run) > max(1, allowed):
            yield f"{run.task_id}: {_successes(run)} attempts succeeded"


def _orphans(ran: Ran) -> Iterator[str]:
    """Task runs below one that is not there."""
    ids = {run.id for run in ran.task_runs}
    for run in ran.task_runs:
        if run.parent_task_run_id is not None and run.parent_task_run_id not in ids:
            yield f"{run.task_id} ({_history(run.state)}) has no parent {run.parent_task_run_id}"


def _of_task_run(world: World, run: TaskRun) -> Iterator[str]:
    if not run.state.is_terminal:
        yield f"has not ended: {_history(run.state)}"
    yield from _illegal(run.state)
    attempts = run.attempts or ()
    for attempt in attempts:
        yield from _illegal(attempt.state)
        if not attempt.state.is_terminal:
            yield f"an attempt has not ended: {_history(attempt.state)}"
    if world.witness.effects[run.id] > len(attempts):
        yield f"worked {world.witness.effects[run.id]} times in {len(attempts)} attempts"
    starts = [attempt.state.start_date for attempt in attempts]
    if starts != sorted(starts):
        yield "attempts are out of order"


def _successes(run: TaskRun) -> int:
    """A replay that begins at a run repeats it, whatever became of it."""
    return [attempt.state.current for attempt in run.attempts or ()].count(StateType.SUCCESS)


def _illegal(state: State) -> Iterator[str]:
    entries = [entry.state for entry in state.histories]
    for before, after in pairwise(entries):
        if after not in LEGAL[before]:
            yield f"{after.value} after {before.value}: {_history(state)}"


def _against(ran: Ran, expected: Expected) -> Iterator[str]:
    """How it differs from the reference model."""
    seen = seen_runs(ran)
    if ran.state != expected.state:
        yield f"is {ran.state}, not {expected.state}: {ran.states()}"
    if more := [key for key in seen if key not in expected.runs]:
        yield f"runs that should not be: {more}"
    if missing := [key for key in expected.runs if key not in expected.optional | seen.keys()]:
        yield f"runs that are missing: {missing}"
    if other := {key: state for key, state in seen.items() if key in expected.runs and state not in expected.runs[key]}:
        yield f"runs that ended otherwise: {other}, not {[set(expected.runs[key]) for key in other]}"


def _history(state: State) -> str:
    return " ".join(entry.state.value for entry in state.histories)
