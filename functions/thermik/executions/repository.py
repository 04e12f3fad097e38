"""Executions and task runs in the table: read, written by condition, found.

Written once, above the ports; the same on DynamoDB and SQLite. Every write names the version that was
read. `change` is the way to change what others may change too: it reads, lets a pure function decide,
writes, and begins again when somebody else was faster.

Cost on AWS: `load` is one call for up to a hundred items, each write one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from thermik.clock import instant_text
from thermik.executions.model import Execution, TaskRun, creation_order, stored
from thermik.executions.state import State, StateType
from thermik.records import record
from thermik.storage import schema
from thermik.storage.errors import Conflict
from thermik.storage.table import Check, Index, Put, Record, Table, Write

MAX_CHANGE_ROUNDS = 50
"""How often a change begins again before it gives up; a loser of a race always saw a winner's progress."""

_UNREMARKABLE = frozenset(
    {StateType.CREATED, StateType.RUNNING, StateType.SUCCESS, StateType.SKIPPED, StateType.RESTARTED}
)
"""States that change nothing of what their flowable ends as. The others have a key in the LOCAL index, so a ForEach of
ten thousand turns ends with one query that finds nothing."""

Entity = TypeVar("Entity", Execution, TaskRun)


class ExecutionNotFound(Exception):
    """No execution has this id."""

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"Execution '{execution_id}' not found")
        self.execution_id = execution_id


@record
class Versioned(Generic[Entity]):
    """Something read, and the version that a write of it must name (0: it is new)."""

    value: Entity
    version: int = 0

    def put(self) -> Put:
        """The write of this value over the version that was read."""
        value = self.value
        record = _execution_record(value) if isinstance(value, Execution) else _task_run_record(value)
        return Put(replace(record, version=self.version))

    def then(self, value: Entity) -> Versioned[Entity]:
        """Another value over the same version."""
        return Versioned(value, self.version)

    def written(self) -> Versioned[Entity]:
        """This value as it is after its write."""
        return Versioned(self.value, self.version + 1)


class Hearing(Protocol):
    """A change of an execution's state that somebody wants to know of."""

    @property
    def writes(self) -> Sequence[Write]:
        """What is written with the change, so that it is not forgotten if this process dies before `tell`."""
        ...

    def tell(self) -> None:
        """The change is written. Raises nothing: what fails is kept, and done later."""
        ...


class Observer(Protocol):
    """Who wants to know of executions that change their state."""

    def hear(self, execution: Execution) -> Hearing | None:
        """Asked before the change is written; None where nobody is concerned. Raises: TableUnavailable."""
        ...


def _execution_record(execution: Execution) -> Record:
    started_by = execution.trigger.variables.get("executionId") if execution.trigger else None
    indexes = schema.execution_indexes(
        execution.id,
        namespace=execution.namespace,
        flow_id=execution.flow_id,
        created=instant_text(execution.state.start_date),
        started_by=started_by if isinstance(started_by, str) else None,
        is_open=not execution.state.is_terminal or execution.progress.aftermath,  # what the sweep looks at
    )
    return Record(schema.execution(execution.id), stored(execution), indexes=indexes)


def _task_run_record(run: TaskRun) -> Record:
    unremarkable = run.state.current in _UNREMARKABLE
    indexes = schema.task_run_indexes(
        run.execution_id,
        run.id,
        created=instant_text(run.state.start_date),
        notable=None if unremarkable else (run.parent_task_run_id or "", run.state.current.value),
    )
    return Record(schema.task_run(run.execution_id, run.id), stored(run), indexes=indexes)


@record
class Executions:
    """The executions and task runs of a table.

    Attributes:
        observer: is told of every new state of an execution but CREATED.
    """

    table: Table
    observer: Observer | None = None

    def load(
        self, execution_id: str, task_run_ids: Iterable[str] = ()
    ) -> tuple[Versioned[Execution], dict[str, Versioned[TaskRun]]]:
        """An execution and some of its task runs (those that exist), in one read.

        Raises:
            ExecutionNotFound: there is no such execution.
        """
        wanted = list(dict.fromkeys(task_run_ids))
        keys = [schema.execution(execution_id), *(schema.task_run(execution_id, run) for run in wanted)]
        first, *others = self.table.get(keys)
        if first is None:
            raise ExecutionNotFound(execution_id)
        runs = {name: _task_run(record) for name, record in zip(wanted, others, strict=True) if record is not None}
        return _execution(first), runs

    def execution(self, execution_id: str) -> Versioned[Execution]:
        """One execution. Raises: ExecutionNotFound."""
        return self.load(execution_id)[0]

    def several(self, execution_ids: Sequence[str]) -> list[Execution | None]:
        """Executions by id, in this order, None for those that do not exist."""
        records = self.table.get([schema.execution(each) for each in execution_ids])
        return [None if record is None else _execution(record).value for record in records]

    def task_runs(self, execution_id: str, ids: Iterable[str]) -> dict[str, Versioned[TaskRun]]:
        """Those of these task runs that exist, by id, in one read."""
        wanted = list(dict.fromkeys(ids))
        records = self.table.get([schema.task_run(execution_id, run) for run in wanted])
        return {name: _task_run(record) for name, record in zip(wanted, records, strict=True) if record is not None}

    def all_task_runs(self, execution_id: str) -> list[Versioned[TaskRun]]:
        """Every task run of an execution, oldest first. For people and for rare operations, never for a step."""
        records = self._everything(schema.execution_partition(execution_id), prefix=schema.TASK_RUNS)
        runs = [_task_run(record) for record in records]
        return sorted(runs, key=lambda run: creation_order(run.value))

    def notable_children(self, execution_id: str, parent: str | None) -> list[Versioned[TaskRun]]:
        """The children of a task run (of the flow: None) that are notable: not as most are (`_UNREMARKABLE`)."""
        partition = schema.execution_partition(execution_id)
        records = self._everything(partition, index=Index.LOCAL, prefix=schema.notable_prefix(parent or ""))
        return [_task_run(record) for record in records]

    def write(self, *changes: Versioned[Execution] | Versioned[TaskRun], checks: Sequence[Check] = ()) -> None:
        """Write all of these, or none; a new execution may be one that has ended.

        Args:
            checks: what must hold besides.

        Raises:
            Conflict.
        """
        writes: list[Write] = [change.put() for change in changes]
        new = (each.value for each in changes if each.version == 0 and isinstance(each.value, Execution))
        heard = [hearing for execution in new if (hearing := self._heard(execution)) is not None]
        self.table.write(*writes, *checks, *(write for hearing in heard for write in hearing.writes))
        for hearing in heard:
            hearing.tell()

    def write_change(self, found: Execution, change: Versioned[Execution], *others: Write) -> None:
        """Write an execution that was `found`, and more with it, all or none; tell of its states. Raises: Conflict."""
        hearings = self._hearings(found, change.value)
        heard = [write for hearing in hearings for write in hearing.writes]
        self.table.write(*others, change.put(), *heard)
        for hearing in hearings:
            hearing.tell()

    def change_execution(self, execution_id: str, decide: Callable[[Execution], Execution]) -> Execution:
        """Change an execution as `decide` says, on whatever it is by now; nothing is written where nothing changes.

        `decide` may run several times and must be pure; what it raises ends the change.

        Raises:
            ExecutionNotFound: there is no such execution.
            Conflict: others kept changing it, `MAX_CHANGE_ROUNDS` times.
        """
        return self.change(self.execution(execution_id), decide).value

    def change(
        self,
        found: Versioned[Execution],
        decide: Callable[[Execution], Execution],
        beside: Callable[[], Sequence[Write]] = tuple,
    ) -> Versioned[Execution]:
        """As `change_execution`, beginning with what was read before: one read less where nobody changed it since.

        Args:
            beside: what is written with it, or not at all; asked again where others were first.

        What `decide` raises, or leaves as it is, it decides from what may be old; what it writes never is.
        """
        for _ in range(MAX_CHANGE_ROUNDS):
            wanted = decide(found.value)
            if wanted is found.value:
                return found
            if self._changed(found, wanted, beside()):
                return found.then(wanted).written()
            found = self.execution(found.value.id)
        raise Conflict(f"execution {found.value.id} was changed by others {MAX_CHANGE_ROUNDS} times over")

    def change_task_run(
        self, execution_id: str, task_run_id: str, decide: Callable[[TaskRun], TaskRun]
    ) -> TaskRun | None:
        """Change a task run likewise; None if there is no such run. Raises: Conflict."""
        for _ in range(MAX_CHANGE_ROUNDS):
            found = self.task_runs(execution_id, [task_run_id]).get(task_run_id)
            if found is None:
                return None
            wanted = decide(found.value)
            if wanted is found.value or self._wrote(found.then(wanted)):
                return wanted
        raise Conflict(f"task run {task_run_id} was changed by others {MAX_CHANGE_ROUNDS} times over")

    def _changed(self, found: Versioned[Execution], wanted: Execution, beside: Sequence[Write]) -> bool:
        try:
            self.write_change(found.value, found.then(wanted), *beside)
        except Conflict:
            return False
        return True

    def _hearings(self, before: Execution, after: Execution) -> list[Hearing]:
        """Who is concerned by the states that an execution is about to have: the last, and RESTARTED on the way to it.

        Others that pass in one write (FAILED before RETRYING) nobody sees.
        """
        histories = after.state.histories
        heard = []
        for number in range(len(before.state.histories), len(histories)):
            entry = histories[number]
            if number == len(histories) - 1 or entry.state == StateType.RESTARTED:
                state = State(current=entry.state, histories=histories[: number + 1])
                heard.append(self._heard(after.model_copy(update={"state": state})))
        return [hearing for hearing in heard if hearing is not None]

    def _heard(self, execution: Execution) -> Hearing | None:
        """Who is concerned by the state that an execution is about to have."""
        if self.observer is None or execution.state.current == StateType.CREATED:
            return None
        return self.observer.hear(execution)

    def _wrote(self, change: Versioned[Execution] | Versioned[TaskRun]) -> bool:
        try:
            self.write(change)
        except Conflict:
            return False
        return True

    def _everything(self, partition: str, *, index: Index | None = None, prefix: str) -> Iterable[Record]:
        cursor: str | None = None
        while True:
            page = self.table.query(partition, index=index, prefix=prefix, limit=1000, cursor=cursor)
            yield from page.records
            cursor = page.cursor
            if cursor is None:
                return


def _execution(record: Record) -> Versioned[Execution]:
    return Versioned(Execution.model_validate(record.body), record.version)


def _task_run(record: Record) -> Versioned[TaskRun]:
    return Versioned(TaskRun.model_validate(record.body), record.version)
