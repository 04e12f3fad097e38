"""Restarting an execution that has ended, or is paused.

It changes task runs, then makes the execution RESTARTED with a new generation and start a machine from the
beginning: what ended well answers at once, what was revived runs again. The execution's own change comes last,
in the last transaction, so a process that dies before it leaves an execution that can be restarted again.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from thermik.executions.launch import keep_slot, start_machine, with_machine
from thermik.executions.life import Life
from thermik.executions.marks import RESTARTED, marked
from thermik.executions.model import Execution, TaskRun
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.repository import Versioned
from thermik.executions.state import StateType
from thermik.flows.tree import AFTER_EXECUTION, ERRORS, FINALLY, FlowTree
from thermik.storage import schema
from thermik.storage.errors import Conflict
from thermik.storage.table import MAX_TRANSACTION_WRITES, Delete, Write

_S = StateType

NOTHING_TO_RESTART = "No task found to restart execution from!"
"""Kestra's words."""

MAX_ROUNDS = 5
"""How often a revival begins again when others change the task runs, too."""

_RESTARTABLE = frozenset({_S.FAILED, _S.PAUSED, _S.RESTARTED})
"""RESTARTED, too: a restart that did not come to its end is begun again."""

_LAST = MAX_TRANSACTION_WRITES // 2
"""Task runs that are written in one transaction with the execution: it has room for notes of flow triggers, too."""

Runs = Mapping[str, Versioned[TaskRun]]


def restart(life: Life, execution_id: str, *, anyway: bool = False) -> Execution:
    """Run an execution again from its failed (or paused) task runs.

    Args:
        anyway: also where none failed (it was refused, or its outputs failed): it goes on with what has not run.

    Raises:
        ExecutionNotFound: there is none.
        WrongState: it has not ended, and is not paused.
        Unacceptable: no task run failed or is paused.
        Conflict: it was being changed all the time; nothing was started.
    """
    return in_rounds(lambda: _restart(life, execution_id, anyway=anyway))


def in_rounds(revival: Callable[[], Execution]) -> Execution:
    """Begin again when others change the task runs meanwhile: what pauses may only just have noted what it waits with.

    Raises:
        Conflict: they changed all the time.
    """
    for _ in range(MAX_ROUNDS - 1):
        with suppress(Conflict):
            return revival()
    return revival()


def _restart(life: Life, execution_id: str, *, anyway: bool) -> Execution:
    found = life.executions.execution(execution_id)
    execution = found.value
    check_restartable(execution)
    tree = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).tree
    runs = {run.value.id: run for run in life.executions.all_task_runs(execution_id)}
    revived, dropped = restarted_runs(life, runs, tree)
    if not revived and not anyway:
        raise Unacceptable(NOTHING_TO_RESTART)
    life.machines.stop(execution, "restarted")
    return revive(life, found, revived, dropped)


def check_restartable(execution: Execution) -> None:
    """Raises: WrongState, unless the execution has ended or is paused."""
    if not execution.state.is_terminal and execution.state.current != _S.PAUSED:
        raise WrongState(f"Execution must be terminated to be restarted, current state is '{execution.state.current}'")


def can_be_restarted(life: Life, execution: Execution) -> bool:
    """Whether `restart` would find something to begin again with."""
    if not execution.state.is_terminal and execution.state.current != _S.PAUSED:
        return False
    tree = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).tree
    runs = {run.value.id: run for run in life.executions.all_task_runs(execution.id)}
    return bool(restarted_runs(life, runs, tree)[0])


def restarted_runs(life: Life, runs: Runs, tree: FlowTree) -> tuple[list[Versioned[TaskRun]], list[Versioned[TaskRun]]]:
    """The runs that go on, in their new states, and those that are forgotten, to be made anew (`errors`, `finally`).

    With those that failed go those that were cut short by a failure beside them. What shares an invocation is forgotten
    with it: its children need the directory, which is gone.
    """
    dropped = coming_last(runs, tree, ())
    gone = {run.value.id for run in dropped}
    causes = [run for run in runs.values() if run.value.state.current in _RESTARTABLE and run.value.id not in gone]
    if causes:
        causes += [run for run in runs.values() if run.value.state.current == _S.KILLED and run.value.id not in gone]
    now = life.clock.now()
    causes, forgotten = _whole_invocations(causes, runs, tree)
    dropped += forgotten
    ancestors = {each.value.id: each for cause in causes for each in ancestors_of(cause.value, runs)}
    dropped += [run for run in coming_last(runs, tree, ancestors) if run not in dropped]
    gone = {run.value.id for run in dropped}
    causes = [cause for cause in causes if cause.value.id not in gone]
    revived = [running(life, each) for each in ancestors.values() if each.value.id not in gone]
    leaves = [cause for cause in causes if cause.value.id not in ancestors]
    revived += [leaf.then(leaf.value.with_state(_S.RESTARTED, now).with_progress(lease=None)) for leaf in leaves]
    return revived, dropped


def coming_last(runs: Runs, tree: FlowTree, revived: Container[str]) -> list[Versioned[TaskRun]]:
    """What comes last, and comes again when an execution goes on: `errors`, and `finally` of what goes on.

    Args:
        revived: the runs of flowables that go on.
    """
    return [
        run
        for run in runs.values()
        if is_handler(run.value, tree)
        or _closes(run.value, runs, tree, None)
        or _closes(run.value, runs, tree, revived)
    ]


def _whole_invocations(
    causes: Iterable[Versioned[TaskRun]], runs: Runs, tree: FlowTree
) -> tuple[list[Versioned[TaskRun]], list[Versioned[TaskRun]]]:
    """The causes, the whole in place of a child that shared its invocation; and the children that are forgotten."""
    shared = [run for run in runs.values() if shares_invocation(run.value, tree)]
    ids = {run.value.id for run in shared}
    whole = dict.fromkeys(run.value.parent_task_run_id or "" if run.value.id in ids else run.value.id for run in causes)
    return [runs[each] for each in whole], [run for run in shared if run.value.parent_task_run_id in whole]


def revive(
    life: Life,
    found: Versioned[Execution],
    changed: Sequence[Versioned[TaskRun]],
    dropped: Sequence[Versioned[TaskRun]],
    *,
    stays: bool = False,
) -> Execution:
    """Write the changed task runs and the execution, RESTARTED in a new generation, and start its machine.

    Args:
        stays: its state stays what it is: something else still pauses it.
    """
    renewal = renewed(life, found.value)
    if stays:
        renewal = renewal.model_copy(update={"state": found.value.state})
    plan = life.plans.plan(renewal.namespace, renewal.flow_id, renewal.flow_revision)
    execution = with_machine(renewal, plan)
    write_with(life, found, execution, changed, dropped)
    keep_slot(life, execution, plan)
    return start_machine(life, execution, plan)


def write_with(
    life: Life,
    found: Versioned[Execution],
    execution: Execution,
    changed: Sequence[Versioned[TaskRun]],
    dropped: Sequence[Versioned[TaskRun]],
) -> None:
    """Write changed task runs, forget others, and write the execution that follows: last, with the last of them."""
    writes: list[Write] = [run.put() for run in changed]
    writes += [Delete(schema.task_run(run.value.execution_id, run.value.id), run.version) for run in dropped]
    for chunk in _chunks(writes[:-_LAST], MAX_TRANSACTION_WRITES):
        life.executions.table.write(*chunk)
    life.executions.write_change(found.value, found.then(execution), *writes[-_LAST:])


def renewed(life: Life, execution: Execution) -> Execution:
    """The execution RESTARTED, for another machine."""
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    progress = execution.progress.model_copy(
        update={
            "generation": execution.progress.generation + 1,
            "held": False,
            "owner": life.machines.owner(),
            "aftermath": plan.has_aftermath or execution.progress.waiting is not None,
        }
    )
    metadata = execution.metadata.model_copy(update={"attempt_number": execution.metadata.attempt_number + 1})
    restarted = execution.with_state(_S.RESTARTED, life.clock.now(), progress=progress, metadata=metadata)
    return marked(restarted, RESTARTED)


def ancestors_of(run: TaskRun, runs: Runs) -> Iterator[Versioned[TaskRun]]:
    """The flowables' runs above a run, nearest first."""
    parent = runs.get(run.parent_task_run_id or "")
    while parent is not None:
        yield parent
        parent = runs.get(parent.value.parent_task_run_id or "")


def is_handler(run: TaskRun, tree: FlowTree) -> bool:
    """Whether a run belongs to an `errors` block, of the flow or of a flowable, at any depth."""
    node = tree.nodes.get(run.task_id)
    return node is not None and any(place.branch == ERRORS for place in (node, *node.ancestors()))


def shares_invocation(run: TaskRun, tree: FlowTree) -> bool:
    """Whether a run is one of several that share an invocation, and its directory."""
    node = tree.nodes.get(run.task_id)
    return node is not None and node.shares_invocation


def _closes(run: TaskRun, runs: Runs, tree: FlowTree, revived: Container[str] | None) -> bool:
    """Whether a run belongs to what comes last, and comes last again when an execution goes on.

    Args:
        revived: the runs of flowables that go on: their `finally` comes again. None: the flow's own sections.
    """
    for each in (run, *(above.value for above in ancestors_of(run, runs))):
        node = tree.nodes.get(each.task_id)
        if node is None or node.branch not in (FINALLY, AFTER_EXECUTION):
            continue
        if node.parent is None:
            return revived is None
        if revived is not None and each.parent_task_run_id in revived:
            return True
    return False


def running(life: Life, run: Versioned[TaskRun]) -> Versioned[TaskRun]:
    """The run of a flowable that goes on."""
    return run.then(going_on(run.value, life.clock.now()))


def going_on(run: TaskRun, now: datetime) -> TaskRun:
    """A flowable's run that goes on: RUNNING; one that had not been opened (its `finally` ran) is opened again."""
    return run.with_state(_S.RESTARTED if run.progress.unopened else _S.RUNNING, now)


def _chunks(writes: Sequence[Write], size: int) -> Iterable[Sequence[Write]]:
    for start in range(0, len(writes), size):
        yield writes[start : start + size]
