"""Who waits is told of writes, of the partition that it waits for, and can ask whether it comes too late."""

from __future__ import annotations

from datetime import UTC, datetime

from thermik.executions.model import Execution, Metadata
from thermik.executions.repository import Executions, Versioned
from thermik.executions.state import State, StateType
from thermik.local.changes import REMEMBERED_ENDS, Changes, WatchedTable, is_end
from thermik.storage import schema
from thermik.storage.table import Put, Record

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def _execution(name: str, state: StateType = StateType.RUNNING) -> Execution:
    created = State.created(NOW).to(state, NOW)
    metadata = Metadata(original_created_date=NOW)
    return Execution(
        id=name, namespace="a", flow_id="b", flow_revision=1, state=created, original_id=name, metadata=metadata
    )


def test_writes_are_told_to_whoever_listens(services: object) -> None:
    table = WatchedTable(services.table)  # type: ignore[attr-defined]
    seen: list[Record] = []
    partition = schema.execution_partition("one")
    with table.changes.listen(partition, seen.append):
        Executions(table).write(Versioned(_execution("one")))
        Executions(table).write(Versioned(_execution("other", StateType.FAILED)))
        assert not table.changes.has_ended(partition)
        Executions(table).change_execution("one", lambda each: each.with_state(StateType.SUCCESS, NOW))
    Executions(table).write(Versioned(_execution("third")))
    assert [(record.key.partition, is_end(record)) for record in seen] == [(partition, False), (partition, True)]
    assert table.changes.has_ended(partition)
    assert table.changes.has_ended(schema.execution_partition("other"))


def test_what_is_remembered_is_bounded() -> None:
    changes = Changes()
    body = {"state": {"current": "SUCCESS"}, "progress": {}}
    for number in range(REMEMBERED_ENDS + 10):
        changes.tell([Put(Record(schema.execution(str(number)), body))])
    assert not changes.has_ended(schema.execution_partition("0"))
    assert changes.has_ended(schema.execution_partition(str(REMEMBERED_ENDS + 9)))
