"""What SQLite cannot do, the operator reads; what could not be written is not there; and it goes on afterwards."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from contract.adapters import SetClock
from thermik.storage.errors import Conflict, TableUnavailable
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Key, Put, Record

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"

FULL_DISK = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from thermik.storage.errors import TableUnavailable
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Key, Put, Record

table = SqliteTable(Path(sys.argv[2]))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
written = 0
try:
    for written in range(1000):
        table.write(Put(Record(Key("p", f"{written:04}"), {"v": "x" * 5000})))
except TableUnavailable as error:
    print(error)
assert 10 < written < 999, written
assert [record.key.sort for record in table.query("p", limit=1000).records] == [f"{n:04}" for n in range(written)]
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
table.write(Put(Record(Key("p", f"{written:04}"), {"v": "x"})))
table.close()
"""


def test_a_full_disk_is_named_and_survived(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(FUNCTIONS), str(tmp_path / "t.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "disk" in done.stdout


def test_a_full_database_fails_its_writers_only(tmp_path: Path) -> None:
    table = SqliteTable(tmp_path / "t.db")
    table.write(Put(Record(Key("p", "a"), {"v": 1})))
    table._writer.execute("PRAGMA max_page_count=20")
    with pytest.raises(TableUnavailable, match="the disk is full: free some space"):
        table.write(Put(Record(Key("p", "b"), {"v": "x" * 200_000})))
    with pytest.raises(TableUnavailable, match="disk is full"):
        table.write(Put(Record(Key("p", "b"), {})), Put(Record(Key("p", "c"), {"v": "x" * 200_000})))
    assert [record is not None for record in table.get([Key("p", key) for key in "abc"])] == [True, False, False]
    table.write(Put(Record(Key("p", "a"), {"v": 2}, 1)))
    table._writer.execute("PRAGMA max_page_count=100000")
    table.write(Put(Record(Key("p", "b"), {"v": "x" * 200_000})))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(TableUnavailable, match="it is no SQLite database: move it away"):
        SqliteTable(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    table = SqliteTable(path)
    for number in range(200):
        table.write(Put(Record(Key("p", str(number)), {"v": "x" * 500})))
    table.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 8192))
    with pytest.raises(TableUnavailable, match="it is damaged: restore it"):
        SqliteTable(path).get([Key("p", "7")])


def test_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (a)")
    with pytest.raises(TableUnavailable, match="another program's"):
        SqliteTable(path)


def test_a_newer_database(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    SqliteTable(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version=99")
    with pytest.raises(TableUnavailable, match=r"newer Thermik \(format 99; this one knows 1\): update"):
        SqliteTable(path)


def test_a_locked_database(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    table = SqliteTable(path, busy_seconds=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for count in (1, 2):
        with pytest.raises(TableUnavailable, match="another process keeps it locked"):
            table.write(*(Put(Record(Key("p", str(number)), {})) for number in range(count)))
    assert table.get([Key("p", "0")]) == [None]
    other.execute("ROLLBACK")
    table.write(Put(Record(Key("p", "0"), {})))


@pytest.mark.parametrize("place", ["a file in the way/t.db", "directory"])
def test_a_place_where_no_file_can_be(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file in the way").write_text("")
    (tmp_path / "directory").mkdir()
    with pytest.raises(TableUnavailable, match="cannot be"):
        SqliteTable(tmp_path / place)


READ_ONLY = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from thermik.storage.errors import TableUnavailable
from thermik.storage.sqlite import SqliteTable

if os.getuid() == 0:
    os.setuid(65534)  # for root, no directory is read-only
try:
    SqliteTable(Path(sys.argv[2]))
except TableUnavailable as error:
    print(error)
"""


def test_a_read_only_directory() -> None:
    with tempfile.TemporaryDirectory() as directory:  # not pytest's, into which nobody else may look
        Path(directory).chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, str(FUNCTIONS), f"{directory}/t.db"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "check that its directory exists and may be written" in done.stdout


def test_after_close_it_refuses(tmp_path: Path) -> None:
    table = SqliteTable(tmp_path / "t.db")
    table.write(Put(Record(Key("p", "a"), {})))
    table.close()
    table.close()
    with pytest.raises(TableUnavailable, match="closed"):
        table.get([Key("p", "a")])
    with pytest.raises(TableUnavailable, match="closed"):
        table.write(Put(Record(Key("p", "b"), {})))
    with pytest.raises(TableUnavailable, match="closed"):
        table.query("p")
    (record,) = SqliteTable(tmp_path / "t.db").get([Key("p", "a")])
    assert record is not None


def test_closing_while_others_write_and_read(tmp_path: Path) -> None:
    table = SqliteTable(tmp_path / "t.db")
    written: list[str] = []
    unexpected: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for number in range(10_000):
                name = f"{thread}-{number}"
                table.write(Put(Record(Key("p", name), {})))
                written.append(name)
                table.get([Key("p", name)])
        except TableUnavailable:
            return
        except BaseException as error:  # noqa: BLE001 - the main thread must see it
            unexpected.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while len(written) < 20:
        pass
    table.close()
    for thread in threads:
        thread.join()
    assert unexpected == []
    again = SqliteTable(tmp_path / "t.db")
    assert all(again.get([Key("p", name) for name in written]))


def test_expired_items_are_swept_in_time(tmp_path: Path) -> None:
    clock = SetClock()
    table = SqliteTable(tmp_path / "t.db", clock=clock)
    for number in range(10):
        table.write(Put(Record(Key("p", str(number)), {}, expires_at=clock.epoch() + 10)))
    clock.move(3600)
    table.write(Put(Record(Key("p", "kept"), {})))
    assert table._writer.execute("SELECT sort FROM items").fetchall() == [("kept",)]


def test_a_conflict_in_a_shared_commit_fails_alone(tmp_path: Path) -> None:
    table = SqliteTable(tmp_path / "t.db")
    table.write(Put(Record(Key("p", "taken"), {})))
    results: dict[str, str] = {}

    def write(name: str, *keys: str) -> None:
        try:
            table.write(*(Put(Record(Key("p", key), {})) for key in keys))
            results[name] = "written"
        except Conflict:
            results[name] = "conflict"
        except TableUnavailable:
            results[name] = "unavailable"

    gate = threading.Event()
    commit = table._commits._commit

    def slow(tickets: object) -> None:
        gate.wait(10)
        commit(tickets)  # type: ignore[arg-type] - the tickets that it was given

    table._commits._commit = slow
    wishes = {"first": ["0"], "a": ["a"], "b": ["b1", "taken", "b2"], "c": ["c1", "c2"], "d": ["taken"], "e": ["e"]}
    threads = [threading.Thread(target=write, args=(name, *keys)) for name, keys in wishes.items()]
    for thread in threads:
        thread.start()
    while len(table._commits._waiting) < len(wishes) - 1:
        pass
    gate.set()
    for thread in threads:
        thread.join()
    assert sorted(results.items()) == [
        ("a", "written"),
        ("b", "conflict"),
        ("c", "written"),
        ("d", "conflict"),
        ("e", "written"),
        ("first", "written"),
    ]
    found = table.get([Key("p", key) for key in ("0", "a", "b1", "b2", "c1", "c2", "e")])
    assert [record is not None for record in found] == [True, True, False, False, True, True, True]
