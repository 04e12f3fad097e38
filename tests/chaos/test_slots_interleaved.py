"""Concurrency slots while others change them at the same moment: between every read of one and its write."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from thermik.executions.slots import Slots
from thermik.storage import schema
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Write

LIMIT = 2
IDS = st.integers(0, 5).map("e{}".format)
STEPS = st.lists(st.tuples(st.sampled_from(["take", "release", "queue", "leave", "pass on"]), IDS), max_size=3)
Step = tuple[str, str]


class _Interleaved:
    """A table on which others do something before a write of ours."""

    def __init__(self, table: SqliteTable) -> None:
        self.table = table
        self.before: list[Callable[[], Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)

    def write(self, *writes: Write) -> None:
        if self.before:
            self.before.pop()()
        self.table.write(*writes)


class InterleavedSlots(RuleBasedStateMachine):
    """Whoever wins, no more than the limit hold a slot, nobody holds two, and nothing is lost."""

    @initialize()
    def open(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.table = SqliteTable(Path(self.directory.name) / "t.db")
        self.others = Slots(self.table, "n", "f")
        self.interleaved = _Interleaved(self.table)
        self.ours = Slots(self.interleaved, "n", "f")  # type: ignore[arg-type]

    @rule(step=st.tuples(st.sampled_from(["take", "release", "queue", "leave", "pass on"]), IDS), meanwhile=STEPS)
    def change(self, step: Step, meanwhile: list[Step]) -> None:
        self.interleaved.before = [lambda each=each: _do(self.others, each) for each in meanwhile]  # type: ignore[misc]
        told = _do(self.ours, step)
        touched = any(other == step[1] or kind == "pass on" for kind, other in meanwhile)
        if step[0] == "take" and not touched:
            assert told == self.others.holds(step[1])
        if step[0] == "release" and not touched:
            assert not self.others.holds(step[1])
        if step[0] == "pass on" and told is not None and not meanwhile:
            assert self.others.holds(told)
            assert told not in self.waiting()

    def waiting(self) -> list[str]:
        records = self.table.query(schema.queue_partition("n", "f")).records
        return [record.body["execution"] for record in records]

    @invariant()
    def nobody_has_too_much(self) -> None:
        holders = self.others._holders()[1] if hasattr(self, "others") else []
        assert len(holders) <= LIMIT
        assert len(set(holders)) == len(holders)

    def teardown(self) -> None:
        for _ in range(20):  # everybody ends: each gives up the slot, which goes on to the next
            for holder in self.others._holders()[1]:
                self.others.release(holder)
            if self.others.pass_on(LIMIT) is None:
                break
        assert self.waiting() == []
        assert self.others._holders()[1] == []
        self.table.close()
        self.directory.cleanup()


def _do(slots: Slots, step: Step) -> Any:
    kind, name = step
    match kind:
        case "take":
            return slots.take(name, LIMIT)
        case "release":
            return slots.release(name)
        case "queue":
            return slots.queue(name, name)
        case "leave":
            return slots.leave(name, name)
        case _:
            return slots.pass_on(LIMIT)


TestInterleavedSlots = InterleavedSlots.TestCase
TestInterleavedSlots.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
