"""`kill -9` of a process that writes: what was acknowledged is there, and no transaction is torn."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Key, Put, Record

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"

WRITER = """
import os, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Key, Put, Record

table = SqliteTable(Path(sys.argv[2]))
begin = int(sys.argv[3])

def work(thread):
    for number in range(begin, begin + 100_000):
        name = f"{thread}-{number}"
        table.write(Put(Record(Key("left", name), {"v": name * 50})), Put(Record(Key("right", name), {"v": name * 50})))
        os.write(1, f"{name}\\n".encode())

for thread in range(3):
    threading.Thread(target=work, args=(thread,)).start()
"""

INCREMENTER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from thermik.storage.errors import Conflict
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Key, Put, Record

table = SqliteTable(Path(sys.argv[2]))
key = Key("p", "counter")
for _ in range(100):
    while True:
        (record,) = table.get([key])
        try:
            table.write(Put(Record(key, {"n": record.body["n"] + 1 if record else 1}, record.version if record else 0)))
            break
        except Conflict:
            pass
"""


def start(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", script, str(FUNCTIONS), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def killed_after(process: subprocess.Popen[bytes], seconds: float) -> list[str]:
    """What the process acknowledged until it was killed, so many seconds after it began to."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest, _ = process.communicate()
    return [line for line in (first + rest).decode().split("\n")[:-1] if line]


def names(table: SqliteTable, partition: str) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = table.query(partition, limit=1000, cursor=cursor)
        assert all(record.body == {"v": record.key.sort * 50} for record in page.records)
        found += [record.key.sort for record in page.records]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("seed", range(3))
def test_what_was_acknowledged_survives_and_nothing_is_torn(tmp_path: Path, seed: int) -> None:
    moment = random.Random(seed)
    path = tmp_path / "t.db"
    acknowledged: list[str] = []
    for run in range(3):
        acknowledged += killed_after(start(WRITER, path, run * 1_000_000), moment.uniform(0, 0.15))
        table = SqliteTable(path)
        left, right = names(table, "left"), names(table, "right")
        assert left == right
        assert set(acknowledged) <= set(left)
        table.write(Put(Record(Key("after", str(run)), {"v": "fine"})))
        table.close()
    assert acknowledged


def test_two_processes_lose_no_increment(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    processes = [start(INCREMENTER, path), start(INCREMENTER, path)]
    assert [process.wait(60) for process in processes] == [0, 0]
    for process in processes:
        process.communicate()
    (record,) = SqliteTable(path).get([Key("p", "counter")])
    assert record is not None
    assert (record.body["n"], record.version) == (200, 200)
