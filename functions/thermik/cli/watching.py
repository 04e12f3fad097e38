"""Following an execution to its end: what is new since the last look, as data; how it is shown is decided elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from thermik.cli.client import ENDED, Client, Json
from thermik.records import record

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
"""Levels of the log, the least severe first."""


def levels_from(least: str) -> tuple[str, ...]:
    """This level and all that are more severe."""
    return LEVELS[LEVELS.index(least) :]


@record
class Event:
    """A change of a task run's state, or an entry of the log.

    Attributes:
        date: as the API writes it; texts sort as dates do.
        task: the task run's name; empty for the execution's own log.
        kind: a state, or a level of the log.
        text: what else there is to say.
    """

    date: str
    task: str
    kind: str
    text: str = ""


@dataclass(slots=True)
class Watcher:
    """Remembers what was seen of an execution. Attempts' logs and states' histories only grow, so it counts.

    Attributes:
        levels: the levels of the log whose entries are news.
    """

    levels: tuple[str, ...] = LEVELS
    _entries: Counter[tuple[str, int]] = field(default_factory=Counter)
    _states: Counter[str] = field(default_factory=Counter)

    def news(self, execution: Json, log: list[Json]) -> list[Event]:
        """What has happened since the last call, in order."""
        names = {run["id"]: run_name(run) for run in execution.get("taskRunList") or []}
        return sorted([*self._new_states(execution), *self._new_entries(log, names)], key=lambda event: event.date)

    def _new_states(self, execution: Json) -> Iterator[Event]:
        for run in execution.get("taskRunList") or []:
            histories = run["state"]["histories"]
            seen, self._states[run["id"]] = self._states[run["id"]], len(histories)
            for entry in histories[seen:]:
                if entry["state"] != "CREATED":
                    yield Event(entry["date"], run_name(run), entry["state"], _remark(run, entry["state"]))

    def _new_entries(self, log: list[Json], names: dict[str, str]) -> Iterator[Event]:
        met: Counter[tuple[str, int]] = Counter()
        for entry in log:
            attempt = (entry.get("taskRunId", ""), entry.get("attemptNumber", 0))
            met[attempt] += 1
            # counted, not compared: two entries may say the same in the same millisecond
            if met[attempt] > self._entries[attempt] and entry["level"] in self.levels:
                yield Event(entry["timestamp"], names.get(attempt[0], ""), entry["level"], entry["message"])
        self._entries = met


def follow(client: Client, execution: Json, every: float, watcher: Watcher) -> Iterator[tuple[Json, list[Event]]]:
    """The execution with its task runs and what is new, now and then until it has ended.

    Args:
        execution: as it was created. every: seconds between two looks, unless it ends before.
        watcher: what was seen of it already.
    """
    ended_before = execution["state"]["current"] in ENDED
    yield execution, watcher.news(execution, client.logs(execution["id"])) if ended_before else []
    while execution["state"]["current"] not in ENDED:
        client.wait(execution["id"], every)
        execution = client.execution(execution["id"])
        yield execution, watcher.news(execution, client.logs(execution["id"]))


def run_name(run: Json) -> str:
    """How people know a task run: its task's id, and which turn of a loop it is."""
    if run.get("value") is not None:
        return f"{run['taskId']}[{run['value']}]"
    if run.get("iteration") is not None:
        return f"{run['taskId']}#{run['iteration']}"
    return str(run["taskId"])


def attempts(run: Json) -> int:
    """How many attempts a task run had."""
    return len(run.get("attempts") or [])


def _remark(run: Json, state: str) -> str:
    """What a line says beside a task run's state: how long it took, and at which attempt, once it has ended."""
    from thermik.cli.figures import duration_of, seconds_text

    if state not in ENDED or run["state"]["current"] != state:
        return ""
    tries = f", {attempts(run)} attempts" if attempts(run) > 1 else ""
    return f"{seconds_text(duration_of(run['state']))}{tries}"
