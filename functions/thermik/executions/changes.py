"""Small changes of an execution by hand: its state once it has ended, its labels; and forgetting it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from thermik.executions.after_end import after_end
from thermik.executions.life import Life
from thermik.executions.lifecycle import SYSTEM
from thermik.executions.model import Execution, Label
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.state import TERMINAL, StateType
from thermik.flows.labels import reserved
from thermik.storage import schema
from thermik.storage.blobs import Blobs
from thermik.storage.internal import ExecutionFiles
from thermik.storage.table import MAX_TRANSACTION_WRITES, Delete


def change_status(life: Life, execution_id: str, state: StateType) -> Execution:
    """Give an execution that has ended another final state; its task runs stay as they are.

    Raises:
        ExecutionNotFound: there is none.
        Unacceptable: it has not ended, or the state is none to end with.
    """

    def changed(execution: Execution) -> Execution:
        if not execution.state.is_terminal:
            raise Unacceptable(
                f"You can only change the state of a terminated execution, not {execution.state.current}"
            )
        return execution.with_state(state, life.clock.now())

    if state not in TERMINAL:
        raise Unacceptable(f"You can only change the state of an execution to a terminal state. {state.value} is none.")
    return life.executions.change_execution(execution_id, changed)


def set_labels(life: Life, execution_id: str, labels: Sequence[Label], *, instead: bool = False) -> Execution:
    """Set labels on an execution that has ended, over those that it has; the system's stay in any case.

    Args:
        instead: its others are removed.

    Raises:
        ExecutionNotFound: there is none.
        Unacceptable: it has not ended, or a label is the system's and another than it has.
    """

    def labelled(execution: Execution) -> Execution:
        if not execution.state.is_terminal:
            raise Unacceptable("Labels can be set once the execution has ended")
        given = [label for label in labels if label not in execution.labels or not label.key.startswith(SYSTEM)]
        for label in given:
            refusal = reserved(label.key, label.value, allowed=None)
            if refusal is not None:
                raise Unacceptable(refusal)
        there = [each for each in execution.labels if each.key.startswith(SYSTEM)] if instead else execution.labels
        return execution.model_copy(update={"labels": merged_labels(there, given)})

    return life.executions.change_execution(execution_id, labelled)


def merged_labels(there: Iterable[Label], given: Iterable[Label]) -> tuple[Label, ...]:
    """Labels with others put over them by key; the system's stay."""
    system = [label for label in there if label.key.startswith(SYSTEM)]
    own = {label.key: label for label in there if not label.key.startswith(SYSTEM)}
    return (*{**own, **{label.key: label for label in given}}.values(), *system)


def delete(life: Life, blobs: Blobs, execution_id: str, *, logs: bool = True, storage: bool = True) -> None:
    """Forget an execution with its task runs and, unless asked otherwise, its logs and files.

    The execution itself goes last, so that a deletion that was cut short can be repeated.

    Raises:
        ExecutionNotFound: there is none.
        WrongState: it has not ended.
    """
    execution = life.executions.execution(execution_id).value
    if not execution.state.is_terminal:
        raise WrongState(
            f"Execution '{execution_id}' is {execution.state.current.value}: only ended ones can be deleted"
        )
    # Nobody else knows who waits for its end: a slot of its flow, a parent. What `afterExecution` has not done is lost.
    after_end(life, execution, machine_is_over=True)
    if storage:
        files = ExecutionFiles(execution.namespace, execution.flow_id, execution_id)
        blobs.delete(info.key for info in blobs.list(files.prefix))
    for prefix in (schema.TASK_RUNS, schema.GATES, *([schema.LOGS] if logs else ())):
        _delete_all(life, schema.execution_partition(execution_id), prefix)
    life.executions.table.write(Delete(schema.execution(execution_id)))


def _delete_all(life: Life, partition: str, prefix: str) -> None:
    table = life.executions.table
    while records := table.query(partition, prefix=prefix, limit=MAX_TRANSACTION_WRITES).records:
        table.write(*(Delete(record.key) for record in records))
