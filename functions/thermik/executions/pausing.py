"""Pausing an execution by hand, and resuming what is paused: by hand, or by a Pause task.

Paused by hand, an execution loses its machine at the next operation and gets another when it is resumed; what is
at work ends and is recorded. A Pause task waits with a task token; resuming answers the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermik.clock import instant_text
from thermik.executions.launch import start_machine, with_machine
from thermik.executions.life import Life
from thermik.executions.model import Execution, TaskRun
from thermik.executions.outcomes import tolerated
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.state import StateType
from thermik.flows.inputs import Input
from thermik.flows.task import Task

_S = StateType


def pause(life: Life, execution_id: str) -> Execution:
    """Pause a RUNNING execution: nothing starts until it is resumed.

    Raises:
        ExecutionNotFound: there is none.
        Unacceptable: it is not RUNNING.
    """

    def paused(execution: Execution) -> Execution:
        if execution.state.current != _S.RUNNING:
            raise Unacceptable(f"Execution must be RUNNING to be paused, current state is '{execution.state.current}'")
        progress = execution.progress.model_copy(update={"held": True})
        return execution.with_state(_S.PAUSED, life.clock.now(), progress=progress)

    return life.executions.change_execution(execution_id, paused)


def resume(
    life: Life, execution_id: str, inputs: Mapping[str, Any] | None = None, *, by: str | None = None
) -> Execution:
    """Let a paused execution go on. Where the last call could not tell the machine, it is told now.

    Args:
        inputs: the values of the Pause task's `onResume`, typed.
        by: who asks, noted with the Pause's task run, for `was_resumed_by`.

    Raises:
        ExecutionNotFound: there is none.
        WrongState: it is not paused.
    """
    execution = life.executions.execution(execution_id).value
    if execution.state.current != _S.PAUSED:
        if _answer_again(life, execution):
            return execution
        raise WrongState(
            f"Execution '{execution_id}' is not paused, current state is '{execution.state.current.value}'"
        )
    if execution.progress.held:
        return _let_go(life, execution_id)
    paused = first_paused(life, execution_id)
    if paused is None:
        raise WrongState(f"Execution '{execution_id}' has no paused task")
    return end_pause(life, paused, inputs, by=by)


def _answer_again(life: Life, execution: Execution) -> bool:
    """Whether a pause that was ended still waited for its answer: who ended it died, or could not reach the machine.

    A pause in another process is answered, too, but nobody can tell whether it waited.
    """
    if execution.state.is_terminal:
        return False
    ended = [run.value for run in life.executions.all_task_runs(execution.id) if run.value.state.current != _S.PAUSED]
    tokens = [run.progress.token for run in ended if run.progress.token is not None]
    waited = [life.machines.answer(execution, token, {}) for token in tokens]
    return any(waited) and execution.progress.owner == life.machines.owner()


def asked_on_resume(life: Life, execution: Execution) -> list[Input]:
    """The inputs of the Pause task that a resume would end; none where it waits for none."""
    if execution.state.current != _S.PAUSED or execution.progress.held:
        return []
    paused = first_paused(life, execution.id)
    if paused is None:
        return []
    tree = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).tree
    return list(getattr(tree[paused.task_id].task, "on_resume", None) or [])


def was_resumed_by(life: Life, execution_id: str, by: str) -> bool:
    """Whether `by` has resumed the execution before."""
    return any(run.value.progress.resumed_by == by for run in life.executions.all_task_runs(execution_id))


def first_paused(life: Life, execution_id: str) -> TaskRun | None:
    """The Pause that a resume means: the first that was paused."""
    runs = (run.value for run in life.executions.all_task_runs(execution_id))
    return next((run for run in runs if run.state.current == _S.PAUSED), None)


def end_pause(
    life: Life,
    run: TaskRun,
    inputs: Mapping[str, Any] | None,
    state: StateType = _S.SUCCESS,
    *,
    by: str | None = None,
    at_once: bool = False,
) -> Execution:
    """A Pause goes on, or ends with a state; its execution runs unless something else pauses it.

    When, and to which state, is among its outputs (Kestra's `resumed`).

    Args:
        at_once: it ends whether or not it has tasks.
    """

    # The machine is told last: what it does next finds the pause ended and the execution running.
    def gone_on(current: TaskRun) -> TaskRun:
        if current.state.current != _S.PAUSED:
            return current
        now = life.clock.now()
        current = current.with_progress(resumed_by=by)
        outputs = {**(current.outputs or {}), **({"onResume": dict(inputs)} if inputs is not None else {})}
        outputs["resumed"] = {"on": instant_text(now), "to": state.value}
        if at_once or (state == _S.WARNING and not current.progress.decision):
            return current.with_state(state, now, outputs=outputs)
        running = current.with_state(_S.RUNNING, now, outputs=outputs)
        return running if current.progress.decision else running.with_state(state, now)

    changed = life.executions.change_task_run(run.execution_id, run.id, gone_on) or run
    execution = run_again(life, run.execution_id)
    if changed.progress.token is not None:
        life.machines.answer(execution, changed.progress.token, {})
    return execution


def failed_in_time(run: TaskRun, task: Task) -> bool:
    """Whether a Pause has ended since its time ran out, where that is a failure: its `errors` run afterwards."""
    if run.progress.after_due != _S.FAILED or run.state.current != tolerated(_S.FAILED, task):
        return False
    return run.state.histories[-2].state == _S.PAUSED


def run_again(life: Life, execution_id: str) -> Execution:
    """Let an execution run that nothing pauses any more."""
    # The task runs are looked at in each round anew: another pause may have begun since.
    return life.executions.change_execution(execution_id, lambda each: _running_again(life, each))


def _running_again(life: Life, execution: Execution) -> Execution:
    if execution.state.current != _S.PAUSED or execution.progress.held or first_paused(life, execution.id) is not None:
        return execution
    now = life.clock.now()
    return execution.with_state(_S.RESTARTED, now).with_state(_S.RUNNING, now)  # Kestra's resumes pass RESTARTED, too


def _let_go(life: Life, execution_id: str) -> Execution:
    """Resume what was paused by hand: another machine, from the beginning."""

    def running(execution: Execution) -> Execution:
        if not execution.progress.held:
            return execution
        progress = execution.progress.model_copy(
            update={
                "held": False,
                "generation": execution.progress.generation + 1,
                "owner": life.machines.owner(execution),
            }
        )
        return with_machine(execution.with_state(_S.RUNNING, life.clock.now(), progress=progress), plan)

    before = life.executions.execution(execution_id).value
    plan = life.plans.plan(before.namespace, before.flow_id, before.flow_revision)
    life.machines.stop(before, "resumed")
    execution = life.executions.change_execution(execution_id, running)
    return start_machine(life, execution, plan)
