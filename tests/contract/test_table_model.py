"""Each table adapter against a dictionary that does the same, by random programs."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from moto import mock_aws

from contract.adapters import OneAtATime, SetClock
from thermik.storage import aws
from thermik.storage.dynamodb import DynamoTable
from thermik.storage.dynamodb_schema import table_definition
from thermik.storage.errors import Conflict
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Check, Delete, Index, Key, Put, Record, Table, Write

PARTITIONS = st.sampled_from(["p", "q"])
SORTS = st.sampled_from(["a", "a#1", "a#2", "b", "é"])
KEYS = st.builds(Key, PARTITIONS, SORTS)
VERSIONS = st.integers(0, 3)
BOUNDS = st.none() | SORTS
INDEXES = st.fixed_dictionaries({}, optional={Index.FIRST: KEYS, Index.SECOND: KEYS, Index.LOCAL: SORTS})


@dataclass(frozen=True)
class Wish:
    """A write whose version is right or wrong by so much."""

    kind: str
    key: Key
    skew: int
    body: dict[str, Any]
    indexes: dict[Index, Any]
    lifetime: int | None


WISHES = st.builds(
    Wish,
    st.sampled_from(["put", "put", "put", "delete", "delete any", "check"]),
    KEYS,
    st.sampled_from([0, 0, 0, 0, 1, -1]),
    st.dictionaries(st.sampled_from("xyz"), st.none() | st.integers() | st.text(max_size=3), max_size=2),
    INDEXES,
    st.none() | st.integers(1, 20),
)


class Model:
    """What a table is meant to be."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.items: dict[Key, Record] = {}

    def alive(self) -> dict[Key, Record]:
        now = self.clock.epoch()
        return {key: r for key, r in self.items.items() if r.expires_at is None or r.expires_at > now}

    def version(self, key: Key) -> int:
        record = self.alive().get(key)
        return record.version if record else 0

    def write(self, writes: list[Write]) -> bool:
        for write in writes:
            if isinstance(write, Put) and self.version(write.record.key) != write.record.version:
                return False
            if isinstance(write, Delete) and write.version is not None and self.version(write.key) != write.version:
                return False
            if isinstance(write, Check) and self.version(write.key) != write.version:
                return False
        for write in writes:
            if isinstance(write, Put):
                r = write.record
                self.items[r.key] = Record(r.key, r.body, r.version + 1, r.indexes, r.expires_at)
            elif isinstance(write, Delete):
                self.items.pop(write.key, None)
        return True

    def select(
        self, partition: str, index: Index | None, prefix: str, start: str | None, end: str | None, *, descending: bool
    ) -> list[tuple[str, Key]]:
        found = []
        for key, record in self.alive().items():
            place = key if index is None else record.indexes.get(index)
            if place is None or place.partition != partition or not place.sort.startswith(prefix):
                continue
            if (start is None or place.sort >= start) and (end is None or place.sort <= end):
                found.append((place.sort, key))
        return sorted(found, key=lambda item: item[0], reverse=descending)


class TableMachine(RuleBasedStateMachine):
    """Does to both the same."""

    open_table: ClassVar[Any]

    @initialize()
    def begin(self) -> None:
        self.clock = SetClock()
        self.model = Model(self.clock)
        self.table: Table = self.open_table(self.clock)

    @rule(wishes=st.lists(WISHES, min_size=1, max_size=4, unique_by=lambda wish: wish.key))
    def write(self, wishes: list[Wish]) -> None:
        writes = [self.made(wish) for wish in wishes]
        if self.model.write(writes):
            self.table.write(*writes)
        else:
            with pytest.raises(Conflict):
                self.table.write(*writes)

    @rule(seconds=st.integers(1, 15))
    def wait(self, seconds: int) -> None:
        self.clock.move(seconds)

    @rule(
        partition=PARTITIONS,
        index=st.sampled_from([None, Index.LOCAL, Index.FIRST, Index.SECOND, Index.THIRD]),
        prefix=st.sampled_from(["", "a", "a#", "b", "x"]),
        start=BOUNDS,
        end=BOUNDS,
        descending=st.booleans(),
        limit=st.sampled_from([1, 2, 50]),
    )
    def query(self, partition: str, index: Index | None, limit: int, **bounds: Any) -> None:
        expected = self.model.select(partition, index, **bounds)
        found: list[Record] = []
        cursor = None
        for _ in range(20):
            page = self.table.query(partition, index=index, limit=limit, cursor=cursor, **bounds)
            found += page.records
            cursor = page.cursor
            if cursor is None:
                break
        places = [record.key if index is None else record.indexes[index] for record in found]
        assert [place.sort for place in places] == [sort for sort, _ in expected]
        assert {record.key: record for record in found} == {key: self.model.items[key] for _, key in expected}

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "table"):
            return
        keys = [Key(partition, sort) for partition in "pq" for sort in ("a", "a#1", "a#2", "b", "é")]
        alive = self.model.alive()
        assert self.table.get(keys) == [alive.get(key) for key in keys]

    def teardown(self) -> None:
        if hasattr(self, "table"):
            self.table.close()

    def made(self, wish: Wish) -> Write:
        version = max(0, self.model.version(wish.key) + wish.skew)
        if wish.kind == "put":
            indexes = {i: Key(wish.key.partition, k) if i is Index.LOCAL else k for i, k in wish.indexes.items()}
            expires_at = None if wish.lifetime is None else self.clock.epoch() + wish.lifetime
            return Put(Record(wish.key, wish.body, version, indexes, expires_at))
        if wish.kind == "check":
            return Check(wish.key, version)
        return Delete(wish.key, version if wish.kind == "delete" and version else None)


def test_sqlite_does_what_the_model_does(tmp_path: Path) -> None:
    class Machine(TableMachine):
        @staticmethod
        def open_table(clock: SetClock) -> Table:
            return SqliteTable(Path(tempfile.mkdtemp(dir=tmp_path)) / "t.db", clock=clock)

    run_state_machine_as_test(Machine)


def test_dynamodb_does_what_the_model_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "_sessions", [])
    names = iter(range(100_000))
    with mock_aws():
        client = aws.create_client("dynamodb")

        class Machine(TableMachine):
            @staticmethod
            def open_table(clock: SetClock) -> Table:
                name = f"model-{next(names)}"
                client.create_table(TableName=name, **table_definition())
                return DynamoTable(name, client=OneAtATime(client), clock=clock)

        run_state_machine_as_test(Machine, settings=settings(max_examples=15, stateful_step_count=20))
