"""Executions that ended long ago are forgotten with all that is theirs; what is younger, open or awaited stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from thermik.clock import SystemClock
from thermik.executions.life import Life
from thermik.executions.logs import execution_log
from thermik.executions.model import Execution, ExecutionProgress, Metadata, TaskRun
from thermik.executions.repository import ExecutionNotFound, Executions, Versioned
from thermik.executions.retention import forget_old
from thermik.executions.state import State, StateType
from thermik.storage.files import FileBlobs
from thermik.storage.internal import ExecutionFiles, key_of
from thermik.storage.sqlite import SqliteTable

_S = StateType
KEEP = timedelta(days=30)


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "storage")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    clock = SystemClock()
    table = SqliteTable(tmp_path / "thermik.db", clock=clock)
    yield Life(Executions(table), None, None, clock)
    table.close()


def _write(life: Life, name: str, days_ago: float, *states: StateType, **progress: Any) -> Execution:
    at = life.clock.now() - timedelta(days=days_ago)
    state = State.created(at)
    for each in states:
        state = state.to(each, at)
    execution = Execution(
        id=name,
        namespace="n",
        flow_id="f",
        flow_revision=1,
        state=state,
        original_id=name,
        metadata=Metadata(original_created_date=at),
        progress=ExecutionProgress(**{"aftermath": False, **progress}),
    )
    life.executions.write(Versioned(execution))
    return execution


def _names(life: Life, *names: str) -> list[str]:
    found = life.executions.several(names)
    return [name for name, each in zip(names, found, strict=True) if each is not None]


def _soon(life: Life) -> datetime:
    return life.clock.now() + timedelta(minutes=1)


def test_what_ended_long_ago_goes_and_the_rest_stays(life: Life, blobs: FileBlobs) -> None:
    for name, days in (("years", 700), ("months", 95), ("day", 31), ("young", 29)):
        _write(life, name, days, _S.RUNNING, _S.FAILED)
    _write(life, "open", 95, _S.RUNNING)
    _write(life, "awaited", 95, _S.RUNNING, _S.SUCCESS, aftermath=True)
    assert forget_old(life, blobs, KEEP, _soon(life)) == 0
    assert _names(life, "years", "months", "day", "young", "open", "awaited") == ["young", "open", "awaited"]


def test_the_end_counts_not_the_beginning(life: Life, blobs: FileBlobs) -> None:
    execution = _write(life, "long", 95, _S.RUNNING)
    found = life.executions.execution("long")
    life.executions.write(found.then(execution.with_state(_S.SUCCESS, life.clock.now())))
    forget_old(life, blobs, KEEP, _soon(life))
    assert _names(life, "long") == ["long"]


def test_task_runs_logs_and_files_go_with_it(life: Life, blobs: FileBlobs) -> None:
    execution = _write(life, "old", 95, _S.RUNNING, _S.SUCCESS)
    run = TaskRun(id="r", execution_id="old", namespace="n", flow_id="f", task_id="t", state=execution.state)
    life.executions.write(Versioned(run))
    log = execution_log(life.executions.table, life.clock, execution)
    log.info("hello")
    log.flush()
    files = ExecutionFiles("n", "f", "old")
    blobs.put(key_of(files.input_uri("i", "a.txt")), b"a")
    forget_old(life, blobs, KEEP, _soon(life))
    assert life.executions.table.query("execution#old").records == []
    assert list(blobs.list(files.prefix)) == []
    with pytest.raises(ExecutionNotFound):
        life.executions.execution("old")


def test_it_stops_in_time_and_one_that_fails_holds_up_no_other(
    life: Life, blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        _write(life, name, 95, _S.RUNNING, _S.SUCCESS)
    forget_old(life, blobs, KEEP, life.clock.now())
    assert _names(life, "one", "two") == ["one", "two"]
    deleted: list[str] = []

    def delete(_life: Life, _blobs: FileBlobs, name: str) -> None:
        deleted.append(name)
        raise OSError(name)

    monkeypatch.setattr("thermik.executions.retention.delete", delete)
    assert forget_old(life, blobs, KEEP, _soon(life)) == 2
    assert sorted(deleted) == ["one", "two"]
