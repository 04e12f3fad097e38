"""The operations `open` and `close`: the task run of a flowable, from its decision to what its children made of it."""

from __future__ import annotations

import math
from typing import Any

from thermik.executions.model import TaskRun
from thermik.executions.outcomes import cuts_short, joined_state, tolerated
from thermik.executions.pausing import failed_in_time, run_again
from thermik.executions.repository import Versioned
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError, render
from thermik.flows.openings import CannotOpen, NothingToRun, Opening
from thermik.flows.shapes import AfterWaiting, Again, ForEachValue, Together
from thermik.flows.task import FlowableTask
from thermik.flows.tree import ERRORS, FINALLY
from thermik.machines.states import SKIP, Verdict
from thermik.tasks.truth import is_true
from thermik.worker.attempt import log_failure
from thermik.worker.call import Call, TaskFailed
from thermik.worker.cut_short import end_below, stop_if_cut_short
from thermik.worker.going import check_going, mark_paused
from thermik.worker.logs import log_of
from thermik.worker.recording import record
from thermik.worker.scene import TaskScene
from thermik.worker.services import ExpressionServices

_S = StateType

MAX_WAIT_SECONDS = 99_999_999
"""Longest TimeoutSeconds: https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html"""


class SceneRendering:
    """Renders what a flowable asks for, as its own task run sees it."""

    def __init__(self, scene: TaskScene, run: TaskRun) -> None:
        self._variables = scene.task_variables(run)
        self._services = ExpressionServices(scene)

    def text(self, template: str) -> str:
        """See `Rendering`."""
        return str(render(template, self._variables, self._services))

    def value(self, value: Any) -> Any:
        """See `Rendering`."""
        return render(value, self._variables, self._services)


def open_flowable(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Make the flowable's task run RUNNING, with what it decides; answer what the machine needs of it.

    A flowable that is open, or ended, already keeps its decision: children that ran are found again. One that
    was restarted is opened anew in state only.

    Raises:
        Stopped: the execution may not go on.
        TaskFailed: it cannot be opened; its task run is FAILED.
    """
    check_going(scene)
    found = scene.found or Versioned(scene.new_run(call))
    state = found.value.state.current
    if state == _S.SKIPPED:
        return _answer(scene, found.value, SKIP)
    if failed_in_time(found.value, scene.place.node.task):  # its `errors` may not have run to their end
        return _answer(scene, found.value)
    if state in (_S.FAILED, _S.KILLED):
        raise TaskFailed(found.value.task_id)
    if found.value.state.is_terminal and found.value.progress.unopened:  # and it was allowed to fail
        raise TaskFailed(found.value.task_id)
    if state == _S.PAUSED:  # somebody changed another run meanwhile, and the execution was restarted for it
        mark_paused(scene)
    elif scene.execution.value.state.current == _S.PAUSED and found.value.state.was(_S.PAUSED):
        run_again(scene.ports.life, call.execution_id)  # whoever resumed it died before the execution was told
    _forget_last_turn(scene, found.value)
    if scene.found is not None and state != _S.RESTARTED:
        return _answer(scene, found.value)
    return _open(scene, found)


def _open(scene: TaskScene, found: Versioned[TaskRun]) -> dict[str, Any]:
    task = scene.place.node.task
    if not isinstance(task, FlowableTask):
        raise TypeError(f"{task.type} is no flowable")
    rendering = SceneRendering(scene, found.value)
    try:
        if task.run_if != "true" and not is_true(rendering.text(task.run_if)):
            skipped = found.value.with_state(_S.SKIPPED, scene.now(), outputs={})
            return _answer(scene, _write(scene, found.then(skipped)), SKIP)
        opening = None if _is_decided(found.value) else task.open(rendering)
    except (ExpressionError, CannotOpen) as error:
        _fail(scene, found, error)
        raise TaskFailed(task.id) from error
    decided = found.value if opening is None else _decided(scene, found.value, opening)
    running = decided.with_state(_S.RUNNING, scene.now()).with_progress(unopened=False)
    pauses = isinstance(task.shape, AfterWaiting)
    if pauses and not running.state.was(_S.PAUSED):  # a pause that was restarted does not pause again
        running = running.with_state(_S.PAUSED, scene.now())
    written = _write(scene, found.then(running))
    stop_if_cut_short(scene, written)
    if written.state.current == _S.PAUSED:
        mark_paused(scene)
    return _answer(scene, written)


def _forget_last_turn(scene: TaskScene, run: TaskRun) -> None:
    """A LoopUntil that is met again in a further iteration: whoever began that may have died before he tidied up."""
    task, turn = scene.place.node.task, run.progress.turn
    if turn is not None and isinstance(task, FlowableTask) and isinstance(task.shape, Again):
        from thermik.worker.looping import forget_turn

        forget_turn(scene, run, turn - 1)


def _is_decided(run: TaskRun) -> bool:
    """Whether a flowable that was restarted keeps what it decided the first time."""
    return run.progress.decision is not None or run.progress.value_count is not None


def _decided(scene: TaskScene, run: TaskRun, opening: Opening) -> TaskRun:
    """The flowable's run with what was decided."""
    run = run.with_progress(
        decision=opening.decision,
        due=scene.now() + opening.wait if opening.wait is not None else None,
        after_due=StateType(opening.after_wait),
    )
    if opening.values is not None:
        run = scene.ports.loop_values.keep(run, opening.values)
    # A LoopUntil that goes on after a restart is in the iteration that it was in, and tells so.
    outputs = run.outputs if run.progress.turn is not None else dict(opening.outputs)
    return run.model_copy(update={"outputs": outputs})


def _fail(scene: TaskScene, found: Versioned[TaskRun], error: ExpressionError | CannotOpen) -> None:
    """End the flowable's run as FAILED, or as its tolerance lets it count; tasks that are missing get a warning."""
    log, run, outputs = log_of(scene, found.value, attempt=0), found.value, {}
    if isinstance(error, NothingToRun):
        flow, outputs = f"{run.namespace}.{run.flow_id}", dict(error.outputs)
        log.warn(f"No task found on flow '{flow}', task '{run.task_id}', execution '{run.execution_id}'")
    else:
        message = f"Unable to resolve state from the Flowable task: {error}"
        log_failure(log, message, f"{message}\n{type(error).__name__}")
    log.flush()
    now, state = scene.now(), tolerated(_S.FAILED, scene.place.node.task)
    failed = run.with_state(_S.RUNNING, now, outputs=outputs).with_state(state, now)
    _write(scene, found.then(failed.with_progress(unopened=True)))


def _answer(scene: TaskScene, run: TaskRun, decision: str | None = None) -> dict[str, Any]:
    """What the machine's Choice and Map need: names and integers."""
    items = _items(scene, run)
    return {
        "decision": decision or run.progress.decision or "",
        "run": run.id,
        "items": items,
        "count": len(items),
        "seconds": _seconds(scene, run),
    }


def _seconds(scene: TaskScene, run: TaskRun) -> int:
    """How long a pause still waits: until it is due, or as long as Step Functions lets a state wait."""
    if run.progress.due is None:
        return MAX_WAIT_SECONDS
    left = (run.progress.due - scene.now()).total_seconds()
    return max(1, min(math.ceil(left), MAX_WAIT_SECONDS))


def _items(scene: TaskScene, run: TaskRun) -> list[int] | list[list[int]]:
    node = scene.place.node
    match node.task:
        case FlowableTask(shape=Again()):
            return [run.progress.turn or 1]
        case FlowableTask(shape=ForEachValue(branch=branch) as shape):
            turns, children = range(run.progress.value_count or 0), range(len(node.branches[branch]))
            paired = shape.paired and len(children) > 1
            return [[turn, child] for turn in turns for child in children] if paired else list(turns)
        case FlowableTask(shape=Together(branch=branch, limit=limit)) if limit:
            return list(range(len(node.branches[branch])))
        case _:
            return []


def close_flowable(scene: TaskScene, call: Call) -> dict[str, Any]:
    """End a flowable: its state is the worst of its children's, as its own tolerance lets it count.

    Children that wait are ended with it; those at work end by themselves and are recorded.
    """
    check_going(scene)
    found = scene.found or Versioned(scene.new_run(call))
    run, children = found.value, _joined_state(scene, found.value)
    if not run.state.is_terminal:
        state = tolerated(_warned(run, children), scene.place.node.task)
        run = _write(scene, found.then(run.with_state(state, scene.now())))
    if children in (_S.FAILED, _S.KILLED) and cuts_short(scene.place.node):
        end_below(scene, run)
    failed = run.state.current in (_S.FAILED, _S.KILLED)
    return {"verdict": (Verdict.FAIL if failed else Verdict.CONTINUE).value, "at": None, "tries": 0}


def _warned(run: TaskRun, children: StateType) -> StateType:
    """What a pause with tasks comes to, whose time ran out where that means a warning."""
    progress = run.progress
    if children != _S.SUCCESS or progress.due is None or progress.after_due != _S.WARNING:
        return children
    return _S.WARNING if run.state.histories[-1].date >= progress.due else children


def _joined_state(scene: TaskScene, run: TaskRun) -> StateType:
    """The worst state of its children; what waits does not count, since it is ended with the flowable."""
    children = scene.ports.executions.notable_children(run.execution_id, run.id)
    states = (child.value.state.current for child in children if _counts(scene, child.value))
    return joined_state(state for state in states if state not in (_S.PAUSED, _S.RETRYING))


def _counts(scene: TaskScene, child: TaskRun) -> bool:
    """Whether a child takes part in the result: those of `errors` and `finally` never do."""
    node = scene.plan.tree.nodes.get(child.task_id)
    return node is not None and node.branch not in (ERRORS, FINALLY)


def _write(scene: TaskScene, run: Versioned[TaskRun]) -> TaskRun:
    return record(scene, run).value
