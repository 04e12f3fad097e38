"""Replaying: a new execution from an old one, from the beginning or from one of its task runs.

The old execution stays as it is. Task runs before the chosen one are copied; since ids are derived, a copy's id
is the one that the new execution's own operations will look for. A restart in another revision of the flow is one, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from thermik.executions.launch import keep_slot, launch, start_machine, with_machine
from thermik.executions.life import Life
from thermik.executions.marks import REPLAY, REPLAYED, RESTARTED, marked
from thermik.executions.model import Execution, ExecutionProgress, Scope, TaskRun
from thermik.executions.pausing import failed_in_time
from thermik.executions.places import task_run_id
from thermik.executions.refusals import Unacceptable
from thermik.executions.repository import Versioned
from thermik.executions.revival import (
    NOTHING_TO_RESTART,
    ancestors_of,
    check_restartable,
    going_on,
    restarted_runs,
    shares_invocation,
)
from thermik.executions.state import State, StateType
from thermik.flows.task import FlowableTask
from thermik.flows.tree import AFTER_EXECUTION, ERRORS, FINALLY, FlowTree, Node
from thermik.identity import new_id
from thermik.storage.table import MAX_TRANSACTION_WRITES

_S = StateType

_SECTIONS = {ERRORS: 1, FINALLY: 2, AFTER_EXECUTION: 3}
"""In which order the lists of a flow, or of a flowable, are run; all others come first."""

MAX_ANCESTORS = 100
"""Executions of a chain of replays whose files the newest may read."""


def replay(
    life: Life,
    execution_id: str,
    *,
    from_task_run: str | None = None,
    revision: int | None = None,
    inputs: Mapping[str, Any] | None = None,
    new_execution_id: str | None = None,
) -> Execution:
    """Make and start a new execution from an old one.

    Args:
        from_task_run: where to begin; None from the start.
        inputs: others than the old one's.
        new_execution_id: given where inputs' files are stored under it already.

    Raises:
        ExecutionNotFound, FlowNotFound, FlowTooLarge.
        Unacceptable: there is no such task run.
    """
    source = life.executions.execution(execution_id).value
    execution = marked(copy_of(life, source, new_execution_id or new_id(), revision, inputs), REPLAY)
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    if from_task_run is None:
        execution = with_machine(execution, plan)
        life.executions.write(Versioned(execution))
        life.executions.change_execution(source.id, lambda each: marked(each, REPLAYED))
        return launch(life, execution)
    runs = {run.value.id: run for run in life.executions.all_task_runs(execution_id)}
    if from_task_run not in runs:
        raise Unacceptable(NOTHING_TO_RESTART)
    now = life.clock.now()
    execution = execution.model_copy(update={"state": source.state}).with_state(_S.RESTARTED, now)
    execution = with_machine(execution, plan)
    if shares_invocation(runs[from_task_run].value, plan.tree):  # its directory is gone: the whole is replayed
        from_task_run = runs[from_task_run].value.parent_task_run_id or from_task_run
    kept = _kept(runs, from_task_run, plan.tree)
    above = {each.value.id for each in ancestors_of(runs[from_task_run].value, runs)}
    again = {from_task_run, *_cut_short(kept, above)}
    copies = _copies(kept, execution)
    for old, run in list(copies.items()):
        if old in again:
            copies[old] = _chosen(_left(run, now), plan.tree, life)
        elif run.attempts and not run.attempts[-1].state.is_terminal:
            copies[old] = _left(run, now).with_state(_S.RESTARTED, now)
        elif old in above:
            copies[old] = _above(run, plan.tree, now)
    _write(life, execution, list(copies.values()))
    life.executions.change_execution(source.id, lambda each: marked(each, REPLAYED))
    return start_machine(life, execution, plan)  # not `launch`: only what is CREATED is counted against a limit


def restart_in_revision(life: Life, execution_id: str, revision: int) -> Execution:
    """Restart an execution in another revision of its flow: as a new one, which keeps what went well.

    Runs of tasks that the revision does not have are left behind.

    Raises:
        ExecutionNotFound, FlowNotFound, FlowTooLarge.
        WrongState: it has not ended, and is not paused.
        Unacceptable: no task run failed or is paused.
    """
    source = life.executions.execution(execution_id).value
    check_restartable(source)
    execution = marked(copy_of(life, source, new_id(), revision, None), RESTARTED)
    plan = life.plans.plan(execution.namespace, execution.flow_id, revision)
    runs = {run.value.id: run for run in life.executions.all_task_runs(execution_id)}
    revived, dropped = restarted_runs(life, runs, plan.tree)
    if not revived:
        raise Unacceptable(NOTHING_TO_RESTART)
    gone = {run.value.id for run in dropped}
    changed = {run.value.id: run.value for run in revived}
    kept = {
        run.value.id: changed.get(run.value.id, run.value)
        for run in runs.values()
        if run.value.id not in gone and _has_place(run.value, runs, plan.tree)
    }
    restarted = execution.model_copy(update={"state": source.state}).with_state(_S.RESTARTED, life.clock.now())
    execution = with_machine(restarted, plan)
    _write(life, execution, [*_copies(kept, execution).values()])
    keep_slot(life, execution, plan)
    return start_machine(life, execution, plan)


def copy_of(
    life: Life, source: Execution, new: str, revision: int | None, inputs: Mapping[str, Any] | None
) -> Execution:
    """An execution like another, under a new id, CREATED, the next in its chain."""
    revision = revision or source.flow_revision
    plan = life.plans.plan(source.namespace, source.flow_id, revision)
    metadata = source.metadata.model_copy(update={"attempt_number": source.metadata.attempt_number + 1})
    return source.model_copy(
        update={
            "id": new,
            "parent_id": source.id,
            "flow_revision": revision,
            "inputs": dict(inputs) if inputs is not None else source.inputs,
            "outputs": None,
            "schedule_date": None,
            "metadata": metadata,
            "state": State.created(life.clock.now()),
            "progress": ExecutionProgress(
                owner=life.machines.owner(),
                aftermath=plan.has_aftermath,
                ancestors=(*source.progress.ancestors, source.id)[-MAX_ANCESTORS:],
                borrowed=source.progress.borrowed,
            ),
        }
    )


def _has_place(run: TaskRun, runs: Mapping[str, Versioned[TaskRun]], tree: FlowTree) -> bool:
    """Whether a flow has the tasks of a run and of those above it, one within the other."""
    node = tree.nodes.get(run.task_id)
    parent = runs.get(run.parent_task_run_id or "")
    if node is None or (node.parent.task.id if node.parent else None) != (parent.value.task_id if parent else None):
        return False
    return parent is None or _has_place(parent.value, runs, tree)


def _kept(runs: Mapping[str, Versioned[TaskRun]], chosen: str, tree: FlowTree) -> dict[str, TaskRun]:
    """The runs that are copied: all but the chosen one's children, what comes after it, and error handlers."""
    path = [runs[chosen].value, *(each.value for each in ancestors_of(runs[chosen].value, runs))]
    kept = {}
    for run in (each.value for each in runs.values()):
        line = [run, *(each.value for each in ancestors_of(run, runs))]
        if not _comes_after(line, path, tree):
            kept[run.id] = run
    return kept


def _cut_short(kept: Mapping[str, TaskRun], above: Collection[str]) -> Iterator[str]:
    """The runs that a failure beside them ended, in what goes on: as a restart does, a replay takes them up again."""
    for run in kept.values():
        line = run
        while line.state.current == _S.KILLED and line.parent_task_run_id not in (None, *above):
            line = kept[line.parent_task_run_id or ""]
        if line.state.current == _S.KILLED:
            yield run.id


def _comes_after(line: Sequence[TaskRun], path: Sequence[TaskRun], tree: FlowTree) -> bool:
    """Whether a run (with its ancestors) lies below the chosen one, or after it in any list or loop around both."""
    ids = {run.id for run in line}
    if path[0].id in ids:
        return line[0].id != path[0].id
    for mine, chosen in zip(reversed(line), reversed(path), strict=False):
        if mine.id != chosen.id:
            return _follows(mine, chosen, tree)
    return False  # an ancestor of the chosen one


def _follows(run: TaskRun, chosen: TaskRun, tree: FlowTree) -> bool:
    """Whether a run follows another with the same parent: later in its sequence, or in a later turn of its loop."""
    node, other = tree.nodes.get(run.task_id), tree.nodes.get(chosen.task_id)
    if node is None or other is None or node.branch == ERRORS:
        return True
    if node.turns and run.progress.scope and chosen.progress.scope and node.branch == other.branch:
        turn, chosen_turn = run.progress.scope.turn, chosen.progress.scope.turn
        if turn != chosen_turn:
            return turn > chosen_turn and _one_by_one(node.parent)
    if node.branch != other.branch:
        return _SECTIONS.get(node.branch, 0) > _SECTIONS.get(other.branch, 0)
    if _side_by_side(node.parent):
        return False
    return _position(node, tree) > _position(other, tree)


def _one_by_one(loop: Node | None) -> bool:
    """Whether a loop takes its values one after the other."""
    return loop is not None and isinstance(loop.task, FlowableTask) and getattr(loop.task.shape, "limit", 0) == 1


def _side_by_side(parent: Node | None) -> bool:
    """Whether a flowable's children run side by side."""
    if parent is None or not isinstance(parent.task, FlowableTask):
        return False
    return parent.task.shape.side_by_side


def _position(node: Node, tree: FlowTree) -> int:
    siblings = node.parent.branches[node.branch] if node.parent else tree.sections[node.branch]
    return siblings.index(node)


def _copies(kept: Mapping[str, TaskRun], execution: Execution) -> dict[str, TaskRun]:
    """The runs under the new execution's ids, by their old ids."""
    new_ids: dict[str, str] = {}

    def renamed(scope: Scope | None) -> Scope | None:
        return scope and Scope(run=new_name(kept[scope.run]), turn=scope.turn)

    def new_name(run: TaskRun) -> str:
        if run.id not in new_ids:
            new_ids[run.id] = task_run_id(execution.id, run.task_id, renamed(run.progress.scope))
        return new_ids[run.id]

    copies = {}
    for old, run in kept.items():
        parent = run.parent_task_run_id
        changes = {
            "id": new_name(run),
            "execution_id": execution.id,
            "parent_task_run_id": new_name(kept[parent]) if parent else None,
        }
        copies[old] = run.model_copy(update=changes).with_progress(
            scope=renamed(run.progress.scope), lease=None, token=None
        )
    return copies


def _left(run: TaskRun, now: datetime) -> TaskRun:
    """A copy of a task run whose attempt is at work: that attempt stays behind with its worker, another one begins.

    Kestra's, too, is RESUBMITTED then.
    """
    attempts = run.attempts or ()
    if not attempts or attempts[-1].state.is_terminal:
        return run
    last = attempts[-1].model_copy(update={"state": attempts[-1].state.to(_S.RESUBMITTED, now)})
    return run.model_copy(update={"attempts": (*attempts[:-1], last)})


def _above(run: TaskRun, tree: FlowTree, now: datetime) -> TaskRun:
    """A run around the one to begin at: it goes on; a Pause whose `errors` that one is among is over already."""
    node = tree.nodes.get(run.task_id)
    return run if node is not None and failed_in_time(run, node.task) else going_on(run, now)


def _chosen(run: TaskRun, tree: FlowTree, life: Life) -> TaskRun:
    """The run to begin at: a flowable that had begun goes on, anything else is tried again."""
    node = tree.nodes.get(run.task_id)
    if node is None:
        raise Unacceptable(NOTHING_TO_RESTART)
    begun = isinstance(node.task, FlowableTask) and run.state.was(_S.RUNNING) and not run.progress.unopened
    state = _S.RUNNING if begun else _S.RESTARTED
    return run.with_state(state, life.clock.now()).with_progress(batches=None)


def _write(life: Life, execution: Execution, runs: Sequence[TaskRun]) -> None:
    """The task runs first, the execution last: without it nothing of the copy is ever looked at."""
    writes = [Versioned(run).put() for run in runs]
    for start in range(0, len(writes), MAX_TRANSACTION_WRITES):
        life.executions.table.write(*writes[start : start + MAX_TRANSACTION_WRITES])
    life.executions.write(Versioned(execution))
