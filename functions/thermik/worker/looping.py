"""The operation `check` of a LoopUntil: whether there is another iteration.

Only the last iteration's task runs stay. A check that comes again after it decided finds its decision: the loop's
run is an iteration further, and nothing of that one has run.

A machine's history is bounded (`machines/limits.py`), a loop is not. So iterations count what they write, and when that
is much, another machine goes on with the execution, from the beginning: what has ended answers at once. The old one
waits until the next iteration is due; then a Map without items lets it through to another check, which gives over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from thermik.executions.descendants import descendants
from thermik.executions.launch import start_machine, with_machine
from thermik.executions.model import Execution, Scope, TaskRun
from thermik.executions.outcomes import tolerated
from thermik.executions.places import task_run_id
from thermik.executions.repository import Versioned
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError
from thermik.flows.openings import CannotOpen
from thermik.machines.dates import machine_date
from thermik.machines.states import Verdict
from thermik.storage import schema
from thermik.storage.table import MAX_TRANSACTION_WRITES, Delete
from thermik.tasks.flow.loop_until import Frequency, LoopUntil
from thermik.tasks.truth import is_true
from thermik.worker.arrival import EARLY
from thermik.worker.attempt import log_failure
from thermik.worker.call import Call, TaskFailed
from thermik.worker.flowable import SceneRendering
from thermik.worker.going import check_going
from thermik.worker.logs import log_of
from thermik.worker.recording import record
from thermik.worker.scene import TaskScene

_S = StateType

MACHINE_EVENTS = 10_000
"""History events of iterations, estimated, after which another machine goes on. A history holds 25,000: the rest is for
what stands around loops, for tasks that are tried again, and for loops side by side."""

NOTED_EVENTS = 1_000
"""So many are noted with the execution, which all its loops share; fewer wait in the loop's run, written anyway."""

LOOP_EVENTS = 100
"""So many are noted when a loop ends: a ForEach may have hundreds of loops in it."""

TURN_EVENTS = 20
"""Of an iteration itself: a Map and its turn, a check, a Choice, a Wait."""

RUN_EVENTS = 10
"""Of a task run in it: five for a task that succeeds, ten for a flowable, three more for a turn of a Map."""


def check(scene: TaskScene, _call: Call) -> dict[str, Any]:
    """Decide on another iteration: `{verdict, at, items, run}` for the machine.

    Raises:
        Stopped: the execution may not go on.
        TaskFailed: the loop failed: its condition cannot be rendered, or a limit was reached.
    """
    check_going(scene)
    task = scene.place.node.task
    if scene.found is None or not isinstance(task, LoopUntil):
        raise TaskFailed(scene.place.node.id)
    run = scene.found.value
    turn = run.progress.turn or 1
    states = _child_states(scene, run, turn)
    if not states and run.progress.retry_at is not None:
        forget_turn(scene, run, turn - 1)
        gives_over = _noted(scene, 0, least=NOTED_EVENTS)
        if gives_over and run.progress.retry_at <= scene.now() + EARLY:
            _roll_over(scene)
            return _answer(Verdict.STOP, [turn], run)
        return _again(run, gives_over=gives_over)
    if any(state != _S.SUCCESS for state in states):
        return _answer(Verdict.CONTINUE, [turn], run)
    try:
        following = _following(scene, task, scene.found, turn)
    except (ExpressionError, CannotOpen) as error:
        raise _failed(scene, task, scene.found, error) from error
    if following is None:
        _noted(scene, _kept(run), least=LOOP_EVENTS)
        return _answer(Verdict.CONTINUE, [turn], run)
    return _again(following, gives_over=_noted(scene, following.progress.events or 0, least=NOTED_EVENTS))


def _following(scene: TaskScene, task: LoopUntil, found: Versioned[TaskRun], turn: int) -> TaskRun | None:
    """The loop's run in its next iteration; None when the condition holds, or a limit allows no other.

    Raises:
        ExpressionError, CannotOpen: the condition, a limit or the interval cannot be told.
        TaskFailed: a limit was reached, and that is a failure.
    """
    run, rendering = found.value, SceneRendering(scene, found.value)
    if is_true(rendering.text(task.condition)):
        return None
    frequency = task.frequency(rendering)
    limit = limit_reached(frequency, turn, run.state.start_date, scene.now())
    if limit is None:
        return _next_turn(scene, found, turn, frequency.interval)
    fails = task.fails(rendering)
    log = log_of(scene, run, attempt=0)
    log.warn(limit)
    log.flush()
    if fails:
        record(scene, found.then(run.with_state(tolerated(_S.FAILED, task), scene.now())))
        raise TaskFailed(task.id)
    return None


def limit_reached(frequency: Frequency, turn: int, begun: datetime, now: datetime) -> str | None:
    """What is logged when this iteration was the last that the limits allow."""
    if frequency.max_iterations is not None and turn >= frequency.max_iterations:
        return "Max iterations reached"
    if frequency.max_duration is not None and now >= begun + frequency.max_duration:
        return "Max duration reached"
    return None


def _child_states(scene: TaskScene, run: TaskRun, turn: int) -> list[StateType]:
    scope = Scope(run=run.id, turn=turn)
    children = scene.place.node.branches["tasks"]
    ids = [task_run_id(run.execution_id, child.id, scope) for child in children]
    return [found.value.state.current for found in scene.ports.executions.task_runs(run.execution_id, ids).values()]


def _failed(scene: TaskScene, task: LoopUntil, found: Versioned[TaskRun], error: Exception) -> TaskFailed:
    """The loop's run is FAILED, with a log. Returns what to raise."""
    log = log_of(scene, found.value, attempt=0)
    log_failure(log, str(error), f"{type(error).__name__}: {error}")
    log.flush()
    record(scene, found.then(found.value.with_state(tolerated(_S.FAILED, task), scene.now())))
    return TaskFailed(task.id)


def _next_turn(scene: TaskScene, found: Versioned[TaskRun], turn: int, interval: timedelta) -> TaskRun:
    """The loop's run in its next iteration; what the last one left is forgotten afterwards, which can be repeated."""
    events = _kept(found.value) + TURN_EVENTS + RUN_EVENTS * len(_runs_of(scene, found.value, turn))
    run = found.value.model_copy(
        update={"iteration": turn + 1, "outputs": {**(found.value.outputs or {}), "iterationCount": turn + 1}}
    ).with_progress(turn=turn + 1, events=events, retry_at=scene.now() + interval)
    record(scene, found.then(run))
    forget_turn(scene, run, turn)
    return run


def forget_turn(scene: TaskScene, run: TaskRun, turn: int) -> None:
    """Delete what an iteration left. Whoever died before is followed by one who finds the loop an iteration further."""
    gone = _runs_of(scene, run, turn)
    for start in range(0, len(gone), MAX_TRANSACTION_WRITES):
        chunk = gone[start : start + MAX_TRANSACTION_WRITES]
        scene.ports.table.write(*(Delete(schema.task_run(run.execution_id, each)) for each in chunk))


def _runs_of(scene: TaskScene, run: TaskRun, turn: int) -> list[str]:
    """The ids of all task runs that can be in an iteration."""
    scope = Scope(run=run.id, turn=turn)
    return list(descendants(scene.ports.executions, run.execution_id, scene.place.node, scope))


def _kept(run: TaskRun) -> int:
    """Events that the loop's run keeps: those that were enough for a note are the execution's since."""
    events = run.progress.events or 0
    return events if events < NOTED_EVENTS else 0


def _noted(scene: TaskScene, events: int, *, least: int) -> bool:
    """Add events to what the execution knows, if they are worth a write; whether its machine is to give over.

    Repeating it counts them twice, and so brings another machine sooner: harmless.
    """

    def added(execution: Execution) -> Execution:
        progress = execution.progress.model_copy(update={"events": (execution.progress.events or 0) + events})
        return execution.model_copy(update={"progress": progress})

    execution = scene.execution.value
    if events >= least:
        execution = scene.ports.executions.change_execution(execution.id, added)
    return (execution.progress.events or 0) >= MACHINE_EVENTS


def _roll_over(scene: TaskScene) -> None:
    """Let another machine go on with the execution, from the beginning: what has ended answers at once."""

    def next_generation(execution: Execution) -> Execution:
        generation = scene.execution.value.progress.generation + 1
        if execution.progress.generation >= generation:
            return execution
        progress = execution.progress.model_copy(update={"generation": generation, "events": None})
        return with_machine(execution.model_copy(update={"progress": progress}), scene.plan)

    execution = scene.ports.executions.change_execution(scene.execution.value.id, next_generation)
    start_machine(scene.ports.life, execution, scene.plan)


def _again(run: TaskRun, *, gives_over: bool) -> dict[str, Any]:
    """Wait, then the iteration; or another check, in a machine that gives over to the next then."""
    due = run.progress.retry_at
    at = machine_date(due) if due is not None else None
    return {**_answer(Verdict.RETRY, [] if gives_over else [run.progress.turn or 1], run), "at": at}


def _answer(verdict: Verdict, items: list[int], run: TaskRun) -> dict[str, Any]:
    return {"verdict": verdict.value, "at": None, "items": items, "run": run.id}
