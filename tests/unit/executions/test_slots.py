"""Concurrency slots: owned by executions, passed on in order, never leaked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermik.clock import SystemClock
from thermik.executions.slots import Slots
from thermik.identity import new_id
from thermik.storage.sqlite import SqliteTable


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteTable]:
    made = SqliteTable(Path(tmp_path_factory.mktemp("data")) / "t.db", clock=SystemClock())
    yield made
    made.close()


def test_taking_and_releasing_can_be_repeated(table: SqliteTable) -> None:
    slots = Slots(table, "n", "repeated")
    assert [slots.take(each, 2) for each in ("a", "a", "b", "c", "a")] == [True, True, True, False, True]
    slots.release("a")
    slots.release("a")
    slots.release("nobody")
    assert (slots.holds("a"), slots.holds("b")) == (False, True)
    assert slots.take("c", 2)


def test_the_one_who_waited_longest_is_next(table: SqliteTable) -> None:
    slots = Slots(table, "n", "order")
    slots.take("running", 1)
    for number in (3, 1, 2):
        slots.queue(f"e{number}", f"2026-01-0{number}")
        slots.queue(f"e{number}", f"2026-01-0{number}")
    assert slots.pass_on(1) is None
    slots.release("running")
    slots.leave("e1", "2026-01-01")
    assert [slots.pass_on(3) for _ in range(4)] == ["e2", "e3", None, None]
    assert slots.holds("e2")


def test_holding_looks_at_no_limit(table: SqliteTable) -> None:
    slots = Slots(table, "n", "held")
    assert slots.take("a", 1)
    slots.hold("b")
    assert slots.holds("b")
    slots.release("a")
    assert not slots.take("c", 1)


def test_flows_have_slots_of_their_own(table: SqliteTable) -> None:
    assert Slots(table, "n", "one").take("a", 1)
    assert Slots(table, "n", "two").take("b", 1)
    assert Slots(table, "n.one", "x").take("c", 1)


def test_no_more_than_the_limit_ever_hold_one(table: SqliteTable) -> None:
    slots = Slots(table, "n", "race")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: slots.take(f"e{number}", 3), range(16)))
    assert sum(taken) == 3


@given(st.lists(st.tuples(st.sampled_from(["take", "release", "queue", "pass"]), st.integers(0, 4)), max_size=30))
def test_slots_behave_as_a_plain_list(table: SqliteTable, steps: list[tuple[str, int]]) -> None:
    slots, holders, waiting = Slots(table, "n", new_id()), [], []
    for step, number in steps:
        name = f"e{number}"
        match step:
            case "take":
                expected = name in holders or len(holders) < 2
                assert slots.take(name, 2) is expected
                holders += [name] if expected and name not in holders else []
            case "release":
                slots.release(name)
                holders = [each for each in holders if each != name]
            case "queue":
                slots.queue(name, str(number))
                waiting = sorted({*waiting, name})
            case _:
                expected_next = waiting.pop(0) if waiting and len(holders) < 2 else None
                assert slots.pass_on(2) == expected_next
                if expected_next and expected_next not in holders:
                    holders.append(expected_next)
        assert all(slots.holds(each) for each in holders)
