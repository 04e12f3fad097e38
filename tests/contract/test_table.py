"""What every `Table` must do: items, versions, transactions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from thermik.storage.errors import Conflict, InvalidKey, ItemTooLarge
from thermik.storage.table import MAX_ITEM_BYTES, MAX_TRANSACTION_WRITES, Check, Delete, Index, Key, Put, Record, Table

A = Key("p", "a")
B = Key("p", "b")
C = Key("q", "c")


def stored(table: Table, key: Key) -> Record | None:
    (record,) = table.get([key])
    return record


def put(table: Table, key: Key, body: dict[str, Any] | None = None, version: int = 0, **more: Any) -> None:
    table.write(Put(Record(key, body or {}, version, **more)))


def test_a_record_comes_back_as_it_was_written(table: Table) -> None:
    indexes = {Index.LOCAL: Key("p", "l"), Index.FIRST: Key("x", "y"), Index.FOURTH: Key("é", "z")}
    body = {
        "n": 1,
        "f": 1.5,
        "big": 2**80,
        "t": True,
        "none": None,
        "list": [1, [2]],
        "o": {"": "x"},
        "u": "日本\U0001f600\x00",
    }
    put(table, A, body, indexes=indexes, expires_at=4_000_000_000)
    assert stored(table, A) == Record(A, body, 1, indexes, 4_000_000_000)


def test_reading_keeps_the_order_of_keys_with_gaps_and_duplicates(table: Table) -> None:
    put(table, A, {"n": 1})
    put(table, C, {"n": 3})
    found = table.get([C, B, A, C])
    assert [record and record.body["n"] for record in found] == [3, None, 1, 3]
    assert table.get([]) == []


def test_hundreds_of_keys_are_read_at_once(table: Table) -> None:
    keys = [Key("p", f"{number:03}") for number in range(205)]
    for first in range(0, len(keys), MAX_TRANSACTION_WRITES):
        table.write(*(Put(Record(key, {"k": key.sort})) for key in keys[first : first + MAX_TRANSACTION_WRITES]))
    found = table.get([*keys, Key("p", "none")])
    assert [record and record.body["k"] for record in found] == [*(key.sort for key in keys), None]


def test_a_first_write_must_find_nothing(table: Table) -> None:
    put(table, A, {"n": 1})
    with pytest.raises(Conflict):
        put(table, A, {"n": 2})
    record = stored(table, A)
    assert record is not None
    assert (record.body, record.version) == ({"n": 1}, 1)


def test_a_write_must_name_the_stored_version(table: Table) -> None:
    put(table, A, {"n": 1})
    put(table, A, {"n": 2}, version=1)
    for wrong in (0, 1, 3):
        with pytest.raises(Conflict):
            put(table, A, {"n": 9}, version=wrong)
    record = stored(table, A)
    assert record is not None
    assert (record.body, record.version) == ({"n": 2}, 2)


def test_an_equal_body_is_no_excuse_for_a_wrong_version(table: Table) -> None:
    put(table, A, {"n": 1})
    with pytest.raises(Conflict):
        put(table, A, {"n": 1})


def test_deleting(table: Table) -> None:
    put(table, A)
    with pytest.raises(Conflict):
        table.write(Delete(A, version=2))
    table.write(Delete(A, version=1))
    assert stored(table, A) is None
    with pytest.raises(Conflict):
        table.write(Delete(A, version=1))
    table.write(Delete(A))
    put(table, A, {"n": 2})
    table.write(Delete(A))
    assert stored(table, A) is None


@pytest.mark.parametrize(
    "failing",
    [
        Put(Record(B, {"n": 9})),
        Put(Record(C, {}, version=1)),
        Delete(C, version=1),
        Check(B, 2),
        Check(B, 0),
        Check(C, 1),
    ],
)
def test_one_failing_write_lets_none_pass(table: Table, failing: Any) -> None:
    put(table, B, {"n": 1})
    with pytest.raises(Conflict):
        table.write(Put(Record(A, {"n": 1})), failing, Put(Record(Key("p", "z"), {})))
    assert table.get([A, Key("p", "z"), C]) == [None, None, None]
    record = stored(table, B)
    assert record is not None
    assert record.body == {"n": 1}


def test_a_transaction_passes_as_a_whole(table: Table) -> None:
    put(table, A)
    put(table, B)
    table.write(Put(Record(A, {"n": 2}, version=1)), Delete(B, version=1), Check(C, 0), Put(Record(Key("r", "r"), {})))
    a, b, c, r = table.get([A, B, C, Key("r", "r")])
    assert (a and a.version, b, c, r and r.version) == (2, None, None, 1)


def test_a_check_alone(table: Table) -> None:
    put(table, A)
    table.write(Check(A, 1))
    table.write(Check(B, 0))
    with pytest.raises(Conflict):
        table.write(Check(A, 2))
    with pytest.raises(Conflict):
        table.write(Check(A, 0))


def test_nothing_to_write_is_no_error(table: Table) -> None:
    table.write()


def test_the_largest_body_passes_and_a_larger_one_is_refused_alone(table: Table) -> None:
    room = MAX_ITEM_BYTES - len('{"t":""}')
    put(table, A, {"t": "x" * room})
    with pytest.raises(ItemTooLarge):
        put(table, B, {"t": "x" * (room + 1)})
    with pytest.raises(ItemTooLarge):
        put(table, B, {"t": "é" * (room // 2 + 1)})
    put(table, B, {"t": "é" * (room // 2)})
    assert [record and len(record.body["t"]) for record in table.get([A, B])] == [room, room // 2]


def test_too_large_a_transaction_writes_nothing(table: Table) -> None:
    writes = [Put(Record(Key("p", str(number)), {"t": "x" * 360_000})) for number in range(10)]
    with pytest.raises(ItemTooLarge):
        table.write(*writes)
    assert table.get([Key("p", "0")]) == [None]


def test_what_cannot_be_a_transaction_is_refused(table: Table) -> None:
    with pytest.raises(ValueError, match="101 writes"):
        table.write(*(Put(Record(Key("p", str(number)), {})) for number in range(MAX_TRANSACTION_WRITES + 1)))
    with pytest.raises(ValueError, match="twice"):
        table.write(Put(Record(A, {})), Check(A, 0))
    with pytest.raises(ValueError, match="JSON"):
        put(table, A, {"n": float("nan")})
    assert stored(table, A) is None


@pytest.mark.parametrize(
    "text", ["#/:%?* \t\n", "日本語", "\U0001f600", "a\x00b", "'; DROP TABLE items; --", "é" * 500]
)
def test_odd_keys(table: Table, text: str) -> None:
    put(table, Key(text, text), {"n": 1}, indexes={Index.LOCAL: Key(text, text), Index.SECOND: Key(text, text)})
    put(table, Key(text, text + "2"), {"n": 2})
    record = stored(table, Key(text, text))
    assert record is not None
    assert record.body == {"n": 1}
    for index in (None, Index.LOCAL, Index.SECOND):
        (first, *_) = table.query(text, index=index, prefix=text).records
        assert first == record


@pytest.mark.parametrize(
    "key",
    [Key("", "a"), Key("a", ""), Key("a" * 2049, "a"), Key("a", "é" * 513), Key("\ud800", "a"), Key("a", "\udfff")],
)
def test_impossible_keys_are_refused_and_never_found(table: Table, key: Key) -> None:
    for write in (Put(Record(key, {})), Delete(key), Check(key, 0), Put(Record(A, {}, indexes={Index.FIRST: key}))):
        with pytest.raises(InvalidKey):
            table.write(write)
    put(table, A)
    assert [record is None for record in table.get([key, A])] == [True, False]


def test_a_local_index_key_stays_in_its_partition(table: Table) -> None:
    with pytest.raises(InvalidKey):
        put(table, A, indexes={Index.LOCAL: Key("other", "l")})


def test_a_lone_surrogate_in_a_body_survives(table: Table) -> None:
    put(table, A, {"t": "\ud800x", "é": "é"})
    record = stored(table, A)
    assert record is not None
    assert record.body == {"t": "\ud800x", "é": "é"}


def test_concurrent_increments_lose_nothing(table: Table) -> None:
    put(table, A, {"n": 0})

    def increment(times: int) -> None:
        for _ in range(times):
            while True:
                record = stored(table, A)
                assert record is not None
                try:
                    put(table, A, {"n": record.body["n"] + 1}, version=record.version)
                    break
                except Conflict:
                    continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, [5] * 8))
    record = stored(table, A)
    assert record is not None
    assert (record.body["n"], record.version) == (40, 41)


def test_of_many_who_create_one_wins(table: Table) -> None:
    def create(number: int) -> bool:
        try:
            table.write(Put(Record(A, {"n": number})), Put(Record(Key("p", f"mine-{number}"), {})))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, range(24)))
    assert won.count(True) == 1
    assert len(table.query("p", prefix="mine-").records) == 1
    record = stored(table, A)
    assert record is not None
    assert won[record.body["n"]]


def test_transfers_between_two_items_keep_their_sum(table: Table) -> None:
    table.write(Put(Record(A, {"n": 100})), Put(Record(B, {"n": 0})))

    def transfer(_: int) -> None:
        while True:
            a, b = table.get([A, B])
            assert a is not None
            assert b is not None
            try:
                table.write(
                    Put(Record(A, {"n": a.body["n"] - 1}, a.version)), Put(Record(B, {"n": b.body["n"] + 1}, b.version))
                )
            except Conflict:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(transfer, range(20)))
    assert [record and record.body["n"] for record in table.get([A, B])] == [80, 20]
