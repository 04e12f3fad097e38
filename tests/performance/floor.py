"""The reference floor: what nothing that remembers can undercut, so many durable SQLite commits one after the other."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

BODY = json.dumps({"state": "SUCCESS", "text": "x" * 800})
"""About a task run's size."""

PROGRAM = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=FULL")
connection.execute("CREATE TABLE IF NOT EXISTS items (body TEXT)")
for number in range(int(sys.argv[2])):
    connection.execute("INSERT INTO items VALUES (?)", ("x" * 850,))
"""
"""The same as a program of its own: database and number of commits."""


class Floor:
    """A table of one column that is committed to durably."""

    def __init__(self, directory: Path) -> None:
        self._connection = sqlite3.connect(directory / "floor.db", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE items (body TEXT)")

    def commits(self, number: int) -> float:
        """Seconds for so many commits."""
        began = time.perf_counter()
        for _ in range(number):
            self._connection.execute("INSERT INTO items VALUES (?)", (BODY,))
        return time.perf_counter() - began

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
