"""The one table's schema: where each kind of item is, and which query finds it.

Every key of Thermik's items is made here, so that one page tells each access pattern (docs/schema.md) and
no other module knows how a key is spelled. `#` separates parts; ids and namespaces never contain it.

An execution's own items share its partition: the execution, its task runs, its logs. Dates in sort keys are
`clock.instant_text`, which sorts as time does.
"""

from __future__ import annotations

from thermik.storage.table import Index, Key

TASK_RUNS = "taskrun#"
"""Prefix of the task runs in an execution's partition."""

GATES = "gates#"
"""Prefix of the gates of Dags in an execution's partition."""

LOGS = "log#"
"""Prefix of the log chunks in an execution's partition."""

OPEN_SHARDS = 8
"""Partitions over which the executions that have not ended are spread, so that none is hot."""

ALL = "executions"
ALL_TASK_RUNS = "taskruns"

ALL_TRIGGERS = "triggers"
DUE_TRIGGERS = "due"
WAITING_TRIGGERS = "waiting"

PAST = "~"
"""Sorts after every name."""


def execution_partition(execution_id: str) -> str:
    """The partition of everything that belongs to one execution."""
    return f"execution#{execution_id}"


def execution(execution_id: str) -> Key:
    """The execution itself."""
    return Key(execution_partition(execution_id), "execution")


def task_run(execution_id: str, task_run_id: str) -> Key:
    """A task run with its attempts."""
    return Key(execution_partition(execution_id), TASK_RUNS + task_run_id)


def gates(execution_id: str, task_run_id: str) -> Key:
    """Which children of a Dag's run wait, and which were let in."""
    return Key(execution_partition(execution_id), GATES + task_run_id)


def log_chunk(execution_id: str, started: str, task_run_id: str, attempt: int, number: int) -> Key:
    """Some log entries of one attempt, in order; the date of the first leads, so chunks sort by time."""
    return Key(execution_partition(execution_id), f"{LOGS}{started}#{task_run_id}#{attempt:04d}#{number:06d}")


def children_partition(execution_id: str) -> str:
    """Executions that this one started (index THIRD)."""
    return f"children#{execution_id}"


def flow_partition(namespace: str, flow_id: str) -> str:
    """Executions of a flow, by creation (index FIRST)."""
    return f"executions#{namespace}#{flow_id}"


def open_partition(shard: int) -> str:
    """Executions that have not ended (index FOURTH)."""
    return f"open#{shard}"


def month_partition(kind: str, date: str) -> str:
    """Items of a kind by creation, a partition a month (index SECOND); `date` is `instant_text`."""
    return f"{kind}#{date[:7]}"


def execution_indexes(
    execution_id: str, *, namespace: str, flow_id: str, created: str, started_by: str | None, is_open: bool
) -> dict[Index, Key]:
    """Where an execution is found besides its key: by flow, by date, by what started it, and while it has not ended."""
    by_date = f"{created}#{execution_id}"
    indexes = {
        Index.FIRST: Key(flow_partition(namespace, flow_id), by_date),
        Index.SECOND: Key(month_partition(ALL, created), by_date),
    }
    if started_by:
        indexes[Index.THIRD] = Key(children_partition(started_by), by_date)
    if is_open:
        indexes[Index.FOURTH] = Key(open_partition(sum(execution_id.encode()) % OPEN_SHARDS), by_date)
    return indexes


def task_run_indexes(
    execution_id: str, task_run_id: str, *, created: str, notable: tuple[str, str] | None
) -> dict[Index, Key]:
    """Where a task run is found besides its key: by date across executions, and among its parent's notable children.

    Args:
        notable: (parent's task run id or an empty text, state) of a run whose state its parent's result must
            know of (anything but SUCCESS and SKIPPED); None for the others, which need no reading.
    """
    indexes = {Index.SECOND: Key(month_partition(ALL_TASK_RUNS, created), f"{created}#{task_run_id}")}
    if notable is not None:
        parent, state = notable
        indexes[Index.LOCAL] = Key(execution_partition(execution_id), f"notable#{parent}#{state}#{task_run_id}")
    return indexes


def notable_prefix(parent: str) -> str:
    """Sort keys of the notable children of a task run, or of the flow itself for an empty text (index LOCAL)."""
    return f"notable#{parent}#"


def changes_partition(shard: int) -> str:
    """Changes of executions' states that flow triggers have still to be told of, a partition a shard."""
    return f"changes#{shard}"


def change(execution_id: str, number: int) -> Key:
    """The `number`-th state of an execution, for the flow triggers that it concerns."""
    return Key(changes_partition(sum(execution_id.encode()) % OPEN_SHARDS), f"{execution_id}#{number:06d}")


def window(namespace: str, flow_id: str, trigger_id: str) -> Key:
    """What a flow trigger that waits for several executions has seen so far."""
    return Key(f"window#{namespace}#{flow_id}", trigger_id)


def triggers_partition(namespace: str, flow_id: str) -> str:
    """The states of a flow's triggers, by id."""
    return f"triggers#{namespace}#{flow_id}"


def trigger(namespace: str, flow_id: str, trigger_id: str) -> Key:
    """The state of a trigger with dates."""
    return Key(triggers_partition(namespace, flow_id), trigger_id)


def trigger_indexes(namespace: str, flow_id: str, trigger_id: str, *, due: str | None, waits: bool) -> dict[Index, Key]:
    """Where a trigger's state is found besides its key: among all, among those that are due, or that wait.

    Args:
        due: `instant_text` of when it starts an execution; None for one that does not.
        waits: whether it waits for an execution's end.
    """
    name = f"{namespace}#{flow_id}#{trigger_id}"
    indexes = {Index.SECOND: Key(ALL_TRIGGERS, name)}
    if waits:
        indexes[Index.THIRD] = Key(WAITING_TRIGGERS, name)
    if due is not None:
        indexes[Index.FOURTH] = Key(DUE_TRIGGERS, due_key(due, name))
    return indexes


def due_key(due: str, name: str) -> str:
    """The sort key of what is due at a date."""
    return f"{due}#{name}"


def machine(name: str) -> Key:
    """A state machine that exists, by its name (which carries its definition's hash)."""
    return Key(f"machine#{name}", "machine")


def key_value(namespace: str, key: str) -> Key:
    """A KV pair of a namespace."""
    return Key(key_values_partition(namespace), key)


def key_values_partition(namespace: str) -> str:
    """The KV pairs of a namespace, by key."""
    return f"kv#{namespace}"


def task_state(key: str) -> Key:
    """A document that tasks keep between executions."""
    return Key(f"state#{key}", "state")


def slots(namespace: str, flow_id: str) -> Key:
    """The executions of a flow that hold a concurrency slot."""
    return Key(f"slots#{namespace}#{flow_id}", "slots")


def queue_partition(namespace: str, flow_id: str) -> str:
    """The executions of a flow that wait for a slot, by creation."""
    return f"queue#{namespace}#{flow_id}"


def mail_partition(process: str) -> str:
    """The letters to a process on a laptop, oldest first."""
    return f"mail#{process}"


def letter(process: str, name: str) -> Key:
    """A letter to a process; its name begins with its date."""
    return Key(mail_partition(process), name)
