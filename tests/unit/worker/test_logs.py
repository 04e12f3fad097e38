"""The log of an attempt: in order, in chunks, bounded, without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermik.clock import SystemClock
from thermik.executions import logs
from thermik.executions.logs import LogOwner, RunLog, entries_of, mask_of, masked
from thermik.identity import new_id
from thermik.storage import schema
from thermik.storage.sqlite import SqliteTable
from thermik.tasks.runnable import Level
from unit.executions.made import START


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteTable]:
    made = SqliteTable(Path(tmp_path_factory.mktemp("data")) / "t.db", clock=SystemClock())
    yield made
    made.close()


@pytest.fixture
def owner() -> LogOwner:
    return LogOwner("company.team", "sample", new_id(), "task", "run", 2)


def read(table: SqliteTable, owner: LogOwner) -> list[list[str]]:
    """The messages of each chunk."""
    records = table.query(schema.execution_partition(owner.execution_id), prefix=schema.LOGS, limit=1000).records
    return [[entry["message"] for entry in entries_of(record)] for record in records]


def test_entries_carry_whose_they_are(table: SqliteTable, owner: LogOwner) -> None:
    log = RunLog(table, HandClock(), owner)
    log.log(Level.WARN, "careful")
    log.flush()
    (record,) = table.query(schema.execution_partition(owner.execution_id), prefix=schema.LOGS).records
    assert entries_of(record) == [
        {
            "namespace": "company.team",
            "flowId": "sample",
            "taskId": "task",
            "executionId": owner.execution_id,
            "taskRunId": "run",
            "attemptNumber": 2,
            "timestamp": "2026-03-01T12:00:00.000001Z",
            "level": "WARN",
            "message": "careful",
        }
    ]


@pytest.mark.parametrize("character", ["\N{GRINNING FACE}", "\x00", "\ud800"])
def test_chunks_fit_into_items_whatever_is_logged(table: SqliteTable, owner: LogOwner, character: str) -> None:
    log = RunLog(table, HandClock(), owner)
    for _ in range(20):
        log.log(Level.INFO, f"\N{GRINNING FACE}{character * 15_000}")
    log.flush()
    assert sum(map(len, read(table, owner))) == 20


def test_an_executions_own_entries_name_no_task(table: SqliteTable) -> None:
    owner = LogOwner("n", "f", new_id())
    assert owner.fields() == {"namespace": "n", "flowId": "f", "executionId": owner.execution_id}


def test_a_short_log_is_one_chunk_and_flushing_twice_writes_once(table: SqliteTable, owner: LogOwner) -> None:
    log = RunLog(table, HandClock(), owner)
    for number in range(3):
        log.info(str(number))
    log.flush()
    log.flush()
    assert read(table, owner) == [["0", "1", "2"]]


def test_levels_below_the_minimum_are_not_kept(table: SqliteTable, owner: LogOwner) -> None:
    log = RunLog(table, HandClock(), owner, minimum=Level.WARN)
    for level in Level:
        log.log(level, level.value)
    log.flush()
    assert {message for chunk in read(table, owner) for message in chunk} == {"WARN", "ERROR"}


def test_a_long_task_writes_as_it_goes(table: SqliteTable, owner: LogOwner) -> None:
    clock = HandClock()
    log = RunLog(table, clock, owner)
    log.info("first")
    log.flush_if_old()
    assert read(table, owner) == []
    clock.time += logs.FLUSH_AFTER * 2
    log.flush_if_old()
    assert read(table, owner) == [["first"]]
    log.info("second")
    clock.time += logs.FLUSH_AFTER * 2
    log.info("third")
    assert read(table, owner) == [["first"], ["second", "third"]]


def test_a_full_chunk_is_written_and_chunks_keep_their_order(table: SqliteTable, owner: LogOwner) -> None:
    log = RunLog(table, HandClock(), owner)
    sent = [f"{number} {'x' * 5_000}" for number in range(60)]
    for message in sent:
        log.info(message)
    log.flush()
    chunks = read(table, owner)
    assert len(chunks) > 2
    assert [message for chunk in chunks for message in chunk] == sent


def test_a_long_message_is_cut_and_says_so(table: SqliteTable, owner: LogOwner) -> None:
    log = RunLog(table, HandClock(), owner)
    log.info("x" * (logs.MAX_MESSAGE + 7))
    log.flush()
    assert read(table, owner) == [["x" * logs.MAX_MESSAGE + "… (7 more characters were cut)"]]


def test_an_endless_log_ends_and_says_how_much_is_missing(
    table: SqliteTable, owner: LogOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_LOG", 1_000)
    log = RunLog(table, HandClock(), owner)
    for number in range(50):
        log.info(str(number))
    log.flush()
    (chunk,) = read(table, owner)
    kept = len(chunk) - 1
    assert chunk[:kept] == [str(number) for number in range(kept)]
    assert chunk[-1] == f"The log of this attempt exceeds 1000 characters; {50 - kept} more entries were not kept"


def test_secrets_are_masked_the_longest_first(table: SqliteTable, owner: LogOwner) -> None:
    log = RunLog(table, HandClock(), owner, secrets=("word", "password", ""))
    log.info("my password is a word")
    log.flush()
    assert read(table, owner) == [["my ******** is a ****"]]


@pytest.mark.parametrize(
    ("secret", "mask"), [("x", "*"), ("eightlon", "********"), ("ninechars", "**masked*"), ("y" * 12, "**masked****")]
)
def test_a_mask_is_as_long_as_its_secret(secret: str, mask: str) -> None:
    assert mask_of(secret) == mask


@given(
    st.text(st.characters(exclude_characters="*maskedi\0"), min_size=1, max_size=40),
    st.text(max_size=40),
    st.text(max_size=40),
)
def test_no_secret_is_ever_read(secret: str, before: str, after: str) -> None:
    assert secret not in masked(before + secret + after, [secret]).replace(mask_of(secret), "\0")


def test_a_secret_across_the_cut_is_masked_whole(table: SqliteTable, owner: LogOwner) -> None:
    log = RunLog(table, HandClock(), owner, secrets=("password",))
    log.info(f"{'x' * (logs.MAX_MESSAGE - 4)}password")
    log.flush()
    assert read(table, owner) == [["x" * (logs.MAX_MESSAGE - 4) + "****… (4 more characters were cut)"]]
