"""Who listens is asked once in a while, and again when a flow was saved in this process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from thermik.flows import keys
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Index, Key, Page, Put, Record
from thermik.triggers.listeners import Listeners

KEEP = timedelta(seconds=2)


class Clock:
    now_is = datetime(2026, 3, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.now_is


class Counting(SqliteTable):
    """Counts its queries; `behind` is done once a query has read and before it answers."""

    queries = 0
    behind: Callable[[], None] | None = None

    def query(self, partition: str, **how: Any) -> Page:
        self.queries += 1
        page = super().query(partition, **how)
        if self.behind is not None:
            behind, self.behind = self.behind, None
            behind()
        return page

    def add(self, name: str) -> None:
        body = {"namespace": "n", "id": name, "revision": 1}
        indexes = {Index.THIRD: Key(keys.LISTENERS, name)}
        self.write(Put(Record(keys.latest("n", name), body, indexes=indexes)))


@pytest.fixture
def table(tmp_path: Path) -> Counting:
    return Counting(tmp_path / "thermik.db")


def names(listeners: Listeners) -> list[str]:
    return [each.flow_id for each in listeners.all()]


def test_asked_again_when_what_is_known_is_old(table: Counting) -> None:
    clock = Clock()
    listeners = Listeners(table, clock, KEEP)
    assert names(listeners) == []
    table.add("a")
    clock.now_is += KEEP / 2
    assert (names(listeners), table.queries) == ([], 1)
    clock.now_is += KEEP / 2
    assert (names(listeners), table.queries) == (["a"], 2)


def test_asked_again_when_a_flow_was_saved_here(table: Counting) -> None:
    listeners = Listeners(table, Clock(), KEEP)
    assert names(listeners) == []
    table.add("a")
    listeners.forget()
    assert (names(listeners), names(listeners), table.queries) == (["a"], ["a"], 2)


def test_what_was_read_before_a_flow_was_saved_is_not_kept(table: Counting) -> None:
    listeners = Listeners(table, Clock(), KEEP)

    def saved() -> None:
        table.add("a")
        listeners.forget()

    table.behind = saved
    assert names(listeners) == []
    assert names(listeners) == ["a"]
