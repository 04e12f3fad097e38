"""How fast the laptop's table is: durable commits alone and shared, beside bare sqlite3 in the same run.

Run it with `python tests/performance/bench_storage.py [--rounds N]`. Each figure is the median of the rounds;
bare and ours take turns, so that a disk that slows down slows both.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "functions"))

from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Index, Key, Put, Record

BODY = {"state": "SUCCESS", "text": "x" * 800}
"""About a task run's size."""

Measure = Callable[[Path], dict[str, float]]


def bare(directory: Path) -> dict[str, float]:
    """The floor: one statement, one durable commit, one index."""
    connection = sqlite3.connect(directory / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE items (key TEXT PRIMARY KEY, body TEXT)")
    took = timed(
        500, lambda n: connection.execute("INSERT INTO items VALUES (?, ?)", (f"p{n % 50}#{n}", str(BODY))).rowcount
    )
    connection.close()
    return {"bare sqlite3: ms per durable commit": 1000 * took}


def alone(directory: Path) -> dict[str, float]:
    """One caller: new items, updates, transactions of two, reads."""
    table = SqliteTable(directory / "alone.db")
    figures = {
        "new item: ms": 1000 * timed(500, lambda n: table.write(Put(record(n)))),
        "new version: ms": 1000 * timed(500, lambda n: table.write(Put(record(n, version=1)))),
        "transaction of two: ms": 1000
        * timed(300, lambda n: table.write(Put(record(n, version=2)), Put(record(n + 10_000)))),
        "read by key: ms": 1000 * timed(1000, lambda n: table.get([record(n % 500).key])),
        "page of 25 by index: ms": 1000
        * timed(200, lambda _: table.query("all", index=Index.FIRST, descending=True, limit=25)),
    }
    table.close()
    return figures


def shared(threads: int) -> Measure:
    """Commits of so many callers at once."""

    def measure(directory: Path) -> dict[str, float]:
        table = SqliteTable(directory / f"shared-{threads}.db")
        each = 300

        def work(thread: int) -> None:
            for number in range(each):
                table.write(Put(record(thread * each + number)))

        workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
        began = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        rate = threads * each / (time.perf_counter() - began)
        table.close()
        return {f"{threads} threads: commits/s": rate}

    return measure


def record(number: int, version: int = 0) -> Record:
    """A record that takes part in the indexes that a task run is in."""
    key = Key(f"execution-{number % 50}", f"task-run-{number}")
    date = f"2030-01-01T00:00:{number:09}"
    indexes = {Index.LOCAL: Key(key.partition, date), Index.FIRST: Key("all", date), Index.SECOND: Key("flow", date)}
    return Record(key, BODY, version, indexes)


def timed(count: int, step: Callable[[int], object]) -> float:
    """The median duration of a step, in seconds."""
    durations = []
    for number in range(count):
        began = time.perf_counter()
        step(number)
        durations.append(time.perf_counter() - began)
    return statistics.median(durations)


def main() -> None:
    """Measure in rounds and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    figures: dict[str, list[float]] = {}
    for _ in range(parser.parse_args().rounds):
        for measure in (bare, alone, shared(1), shared(8), shared(32)):
            with tempfile.TemporaryDirectory() as directory:
                for name, value in measure(Path(directory)).items():
                    figures.setdefault(name, []).append(value)
    for name, values in figures.items():
        low, high = min(values), max(values)
        print(f"{name:38} {statistics.median(values):10.3f}   ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
