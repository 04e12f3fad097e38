"""Letters between the processes on one data directory: what one asks of the machines that another one runs.

A machine is in the memory of its process: only that can answer a wait in it, or stop it. So whoever resumes, kills or
answers from elsewhere writes a letter, which the process reads within a moment, does what it says, and throws it away.
Doing it twice changes nothing. Letters to a process that has died are never read, and need not be: whoever takes over
its executions starts their machines again, and a wait that is over finds that it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from thermik.clock import Clock, instant_text
from thermik.identity import new_id
from thermik.storage import schema
from thermik.storage.errors import Unavailable
from thermik.storage.table import Delete, Put, Record, Table

KEPT = timedelta(hours=1)
"""How long a letter is kept for a process that does not read it: only a dead one does not."""

_operator = logging.getLogger(__name__)

Letter = Mapping[str, Any]
"""`{"answer": TOKEN, "output": …}`, `{"stop": MACHINE, "cause": …}` or `{"run": EXECUTION}`."""


@dataclass(frozen=True, slots=True)
class Mail:
    """The letters of all processes on a table."""

    table: Table
    clock: Clock

    def send(self, process: str, letter: Letter) -> None:
        """Write to a process. Raises: TableUnavailable."""
        now = self.clock.now()
        key = schema.letter(process, f"{instant_text(now)}#{new_id()}")
        self.table.write(Put(Record(key, dict(letter), expires_at=int((now + KEPT).timestamp()))))

    def read(self, process: str, act: Callable[[Letter], None]) -> int:
        """Do what the letters to a process say, oldest first; how many there were.

        A letter that cannot be carried out is logged and thrown away: the executions that it was about are found by
        whoever looks for those that stand still.

        Raises:
            Unavailable: the rest is left for the next time.
        """
        letters = self.table.query(schema.mail_partition(process), limit=1000).records
        for letter in letters:
            try:
                act(letter.body)
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001 - the other letters are to be read, too
                _operator.exception("a letter to this process could not be carried out: %s", sorted(letter.body))
            self.table.write(Delete(letter.key))
        return len(letters)
