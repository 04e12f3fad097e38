"""What every `Table` must do: queries, pages, indexes, expiry."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from thermik.storage.errors import Conflict, InvalidCursor, InvalidKey
from thermik.storage.table import Check, Delete, Index, Key, Put, Record, Table

SORTS = ["a", "a#1", "a#10", "a#2", "a#9", "b", "b#", "b#1", "é", "日", "\U0010ffff", "\U0010ffff\U0010ffff"]


def fill(table: Table, sorts: list[str] = SORTS) -> None:
    table.write(*(Put(Record(Key("p", sort), {"s": sort}, indexes=in_all(sort))) for sort in sorts))


def in_all(sort: str) -> dict[Index, Key]:
    return {Index.LOCAL: Key("p", sort), **{index: Key(f"by {index}", sort) for index in Index if index != Index.LOCAL}}


def read_all(table: Table, partition: str, **arguments: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    for _ in range(100):
        page = table.query(partition, cursor=cursor, **arguments)
        assert len(page.records) <= arguments.get("limit", 100)
        found += [record.body["s"] for record in page.records]
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


def expected(
    prefix: str = "", start: str | None = None, end: str | None = None, *, descending: bool = False
) -> list[str]:
    chosen = [s for s in SORTS if s.startswith(prefix) and (start is None or s >= start) and (end is None or s <= end)]
    return sorted(chosen, reverse=descending)


BOUNDS: list[dict[str, Any]] = [
    {},
    {"prefix": "a"},
    {"prefix": "a#"},
    {"prefix": "a#1"},
    {"prefix": "none"},
    {"prefix": "\U0010ffff"},
    {"start": "a#2"},
    {"end": "a#2"},
    {"start": "a#10", "end": "b"},
    {"start": "a#1", "end": "a#1"},
    {"start": "b", "end": "a"},
    {"prefix": "a#", "start": "a#2"},
    {"prefix": "a#", "end": "a#2"},
    {"prefix": "a#", "start": "a", "end": "z"},
    {"prefix": "a#", "start": "b"},
    {"prefix": "b", "end": "a"},
    {"prefix": "a", "start": "a#10", "end": "a#9"},
    {"start": "a#11", "end": "a#8"},
    {"prefix": "\U0010ffff", "start": "\U0010ffff\U0010ffff"},
]


@pytest.mark.parametrize("index", [None, *Index])
def test_every_bound_in_both_directions_by_any_page_size(table: Table, index: Index | None) -> None:
    fill(table)
    table.write(Put(Record(Key("p2", "a"), {"s": "other"})))
    partition = f"by {index}" if index not in {None, Index.LOCAL} else "p"
    for bounds in BOUNDS:
        for descending in (False, True):
            for limit in (2, 100):
                found = read_all(table, partition, index=index, descending=descending, limit=limit, **bounds)
                assert found == expected(**bounds, descending=descending), (bounds, descending, limit)


def test_an_unknown_partition_is_empty(table: Table) -> None:
    for index in (None, *Index):
        page = table.query("nobody", index=index)
        assert (page.records, page.cursor) == ([], None)
    assert table.query("").records == []
    assert table.query("x" * 3000).records == []


def test_a_full_last_page_has_no_more(table: Table) -> None:
    fill(table, ["a", "b"])
    first = table.query("p", limit=1)
    assert first.cursor is not None
    second = table.query("p", limit=1, cursor=first.cursor)
    assert [record.key.sort for record in second.records] == ["b"]
    if second.cursor is not None:  # DynamoDB may not know yet
        assert table.query("p", limit=1, cursor=second.cursor).records == []


def test_equal_index_keys_are_all_found(table: Table) -> None:
    for number in range(7):
        key = Key(f"p{number}", "x")
        table.write(Put(Record(key, {"s": str(number)}, indexes={Index.THIRD: Key("all", "same")})))
    for descending in (False, True):
        found = read_all(table, "all", index=Index.THIRD, limit=2, descending=descending)
        assert sorted(found) == [str(number) for number in range(7)]


def test_items_without_an_index_key_are_not_in_the_index(table: Table) -> None:
    table.write(
        Put(Record(Key("p", "1"), {"s": "1"}, indexes={Index.FIRST: Key("x", "1")})),
        Put(Record(Key("p", "2"), {"s": "2"}, indexes={Index.LOCAL: Key("p", "2")})),
        Put(Record(Key("p", "3"), {"s": "3"})),
    )
    assert read_all(table, "x", index=Index.FIRST) == ["1"]
    assert read_all(table, "p", index=Index.LOCAL) == ["2"]
    assert read_all(table, "p") == ["1", "2", "3"]


def test_an_index_key_that_changes_moves_the_item(table: Table) -> None:
    key = Key("p", "k")
    table.write(Put(Record(key, {"s": "k"}, 0, {Index.FIRST: Key("x", "1"), Index.LOCAL: Key("p", "l1")})))
    table.write(Put(Record(key, {"s": "k"}, 1, {Index.FIRST: Key("y", "2"), Index.LOCAL: Key("p", "l2")})))
    assert read_all(table, "x", index=Index.FIRST) == []
    assert read_all(table, "y", index=Index.FIRST) == ["k"]
    assert [record.indexes[Index.LOCAL].sort for record in table.query("p", index=Index.LOCAL).records] == ["l2"]
    table.write(Put(Record(key, {"s": "k"}, 2)))
    assert read_all(table, "y", index=Index.FIRST) == []
    assert read_all(table, "p", index=Index.LOCAL) == []
    table.write(Delete(key))
    assert read_all(table, "p") == []


def test_a_query_gives_whole_records(table: Table) -> None:
    record = Record(
        Key("p", "k"), {"a": [1]}, 0, {Index.SECOND: Key("x", "y"), Index.LOCAL: Key("p", "z")}, 4_000_000_000
    )
    table.write(Put(record))
    for partition, index in (("p", None), ("p", Index.LOCAL), ("x", Index.SECOND)):
        (found,) = table.query(partition, index=index).records
        assert found == Record(record.key, record.body, 1, record.indexes, record.expires_at)


def test_a_page_of_nothing_is_refused(table: Table) -> None:
    with pytest.raises(ValueError, match="page of 0"):
        table.query("p", limit=0)


def test_bounds_must_be_text(table: Table) -> None:
    for bounds in ({"prefix": "\ud800"}, {"start": "\ud800"}, {"end": "\ud800"}):
        with pytest.raises(InvalidKey):
            table.query("p", **bounds)


def test_a_cursor_of_another_query_is_refused(table: Table) -> None:
    fill(table)
    cursor = table.query("p", limit=1).cursor
    assert cursor is not None
    others: list[tuple[str, dict[str, Any]]] = [
        ("q", {}),
        ("p", {"descending": True}),
        ("p", {"prefix": "a"}),
        ("p", {"start": "a"}),
        ("p", {"end": "z"}),
        ("p", {"index": Index.LOCAL}),
        ("p", {"index": Index.FIRST}),
    ]
    for partition, arguments in others:
        with pytest.raises(InvalidCursor):
            table.query(partition, cursor=cursor, **arguments)
    assert len(table.query("p", limit=50, cursor=cursor).records) == len(SORTS) - 1


def forged(cursor: str, change: Any) -> str:
    values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(json.dumps(change(values)).encode()).decode().rstrip("=")


def test_what_is_no_cursor_is_refused(table: Table) -> None:
    fill(table)
    for index, partition in ((None, "p"), (Index.LOCAL, "p"), (Index.FIRST, "by g1")):
        cursor = table.query(partition, index=index, limit=1).cursor
        assert cursor is not None
        broken = [
            "",
            "x",
            "é",
            "%%%",
            "A" * 100_000,
            base64.urlsafe_b64encode(b"[" * 5000).decode(),
            base64.urlsafe_b64encode(b"{}").decode(),
            base64.urlsafe_b64encode(b"[]").decode(),
            cursor[:-3],
            forged(cursor, lambda values: values[:1]),
            forged(cursor, lambda values: [*values, "more"]),
            forged(cursor, lambda values: [values[0], *([None] * (len(values) - 1))]),
            forged(cursor, lambda values: [values[0], *([1.5] * (len(values) - 1))]),
            forged(cursor, lambda values: [values[0], *([{}] * (len(values) - 1))]),
            forged(cursor, lambda values: [values[0], *(["\ud800"] * (len(values) - 1))]),
            forged(cursor, lambda values: [values[0], *([2**70] * (len(values) - 1))]),
        ]
        for text in broken:
            with pytest.raises(InvalidCursor):
                table.query(partition, index=index, limit=1, cursor=text)


def test_a_query_goes_on_past_a_cursor_whose_item_is_gone(table: Table) -> None:
    fill(table)
    page = table.query("p", limit=3)
    table.write(*(Delete(record.key) for record in page.records))
    found = table.query("p", limit=100, cursor=page.cursor).records
    assert [record.key.sort for record in found] == sorted(SORTS)[3:]


def test_an_expired_item_is_not_there(table: Table, clock: Any) -> None:
    key = Key("p", "a")
    table.write(Put(Record(key, {"s": "a"}, 0, {**in_all("a")}, clock.epoch() + 10)))
    table.write(Put(Record(Key("p", "b"), {"s": "b"}, 0, {**in_all("b")})))
    clock.move(9)
    assert read_all(table, "p") == ["a", "b"]
    clock.move(1)
    assert table.get([key]) == [None]
    for index in (None, *Index):
        assert read_all(table, f"by {index}" if index not in {None, Index.LOCAL} else "p", index=index) == ["b"]


def test_an_expired_item_counts_as_not_stored(table: Table, clock: Any) -> None:
    keys = [Key("p", str(number)) for number in range(4)]
    table.write(*(Put(Record(key, {}, expires_at=clock.epoch() + 10)) for key in keys))
    clock.move(11)
    with pytest.raises(Conflict):
        table.write(Put(Record(keys[0], {}, 1)))
    with pytest.raises(Conflict):
        table.write(Delete(keys[1], 1))
    with pytest.raises(Conflict):
        table.write(Check(keys[2], 1))
    table.write(Check(keys[2], 0))
    table.write(Put(Record(keys[0], {"new": True})))
    table.write(Check(keys[2], 0), Put(Record(keys[3], {"new": True}, expires_at=clock.epoch() + 5)))
    assert [record and (record.version, record.body) for record in table.get(keys)] == [
        (1, {"new": True}),
        None,
        None,
        (1, {"new": True}),
    ]


def test_an_expiry_can_be_moved_and_lifted(table: Table, clock: Any) -> None:
    key = Key("p", "lease")
    table.write(Put(Record(key, {}, 0, expires_at=clock.epoch() + 10)))
    table.write(Put(Record(key, {}, 1, expires_at=clock.epoch() + 100)))
    clock.move(50)
    table.write(Put(Record(key, {}, 2)))
    clock.move(500)
    (record,) = table.get([key])
    assert record is not None
    assert (record.version, record.expires_at) == (3, None)
