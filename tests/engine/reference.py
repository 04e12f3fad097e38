"""What a flow does, written down a second time: a plain recursion over the flow's data, after Kestra's rules.

No states of a machine, no table, no time. Where task runs side by side fail, it is not determined how far the
others came: their runs are then `optional`, and may have been cut short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Task = Mapping[str, Any]
Key = tuple[str, tuple[str, ...]]
"""A task run: its task's id, and the values of the loops around it, its own last."""

CUT_SHORT = frozenset({"KILLED", "RUNNING"})
"""How a run may look when a sibling's failure ended it: RUNNING is only work in flight."""


@dataclass
class Expected:
    """Task runs with the states that each may have, and those that need not be there."""

    runs: dict[Key, frozenset[str]] = field(default_factory=dict)
    optional: set[Key] = field(default_factory=set)
    state: str = ""
    after: set[Key] = field(default_factory=set)

    def note(self, key: Key, state: str) -> str:
        self.runs[key] = frozenset({state})
        return state

    def take(self, other: Expected, *, cut_short: bool) -> None:
        """Take over what happened side by side."""
        if not cut_short:
            self.runs |= other.runs
        else:
            self.runs |= {key: states | CUT_SHORT for key, states in other.runs.items()}
            self.optional |= other.runs.keys()
        self.optional |= other.optional


def expect(flow: Mapping[str, Any]) -> Expected:
    """What becomes of a flow."""
    seen = Expected()
    states = _sequence(flow["tasks"], (), seen)
    if _failed(states):
        _handlers(flow.get("errors", ()), (), seen)
    _handlers(flow.get("finally", ()), (), seen)
    seen.state = _worst(states)
    before = set(seen.runs)
    _handlers(flow.get("afterExecution", ()), (), seen)
    seen.after = set(seen.runs) - before
    return seen


def _sequence(tasks: Sequence[Task], values: tuple[str, ...], seen: Expected, turn: str | None = None) -> list[str]:
    """One after the other until one fails."""
    states: list[str] = []
    for task in tasks:
        states += _task(task, values, seen, turn)
        if _failed(states):
            break
    return states


def _handlers(tasks: Sequence[Task], values: tuple[str, ...], seen: Expected) -> None:
    """One after the other, whatever becomes of each."""
    for task in tasks:
        _task(task, values, seen, None)


def _task(task: Task, values: tuple[str, ...], seen: Expected, turn: str | None) -> list[str]:
    """A task in a loop's turn (if it is the loop's own child): its state, or nothing when it is disabled."""
    if task.get("disabled"):
        return []
    inside = values if turn is None else (*values, turn)
    key = (task["id"], inside)
    run_if = task.get("runIf", "true")
    if run_if == "false":
        return [seen.note(key, "SKIPPED")]
    kind = task["type"].rpartition(".")[2]
    if run_if != "true":
        state = "FAILED"  # it names what does not exist
        if kind not in _LEAVES:
            _handlers(task.get("finally", ()), inside, seen)
    elif kind in _LEAVES:
        state = _LEAVES[kind](task, turn)
    else:
        state = _flowable(kind, task, inside, seen, turn)
    return [seen.note(key, _tolerated(state, task))]


def _flowable(kind: str, task: Task, inside: tuple[str, ...], seen: Expected, turn: str | None) -> str:
    states: list[str] | None
    match kind:
        case "Sequential" | "AllowFailure":
            states = _sequence(task["tasks"], inside, seen)
        case "If":
            holds = _condition(task["condition"], turn)
            states = _sequence(task["then"] if holds else task.get("else", ()), inside, seen)
        case "Switch":
            cases, value = task["cases"], turn or "none"
            states = _sequence(cases[value], inside, seen) if value in cases else None
            if states is None and task.get("defaults"):
                states = _sequence(task["defaults"], inside, seen)
        case "Parallel":
            states = _together([[child] for child in task["tasks"]], inside, seen)
        case "ForEach":
            states = _for_each(task, inside, seen)
        case "EachParallel":
            values = dict.fromkeys(task["value"])
            states = _side_by_side([([child], value) for value in values for child in task["tasks"]], inside, seen)
        case _:
            raise NotImplementedError(kind)
    if states is not None and _failed(states):
        _handlers(task.get("errors", ()), inside, seen)
    _handlers(task.get("finally", ()), inside, seen)
    return "FAILED" if states is None else _worst(states)


def _for_each(task: Task, inside: tuple[str, ...], seen: Expected) -> list[str]:
    values = list(dict.fromkeys(task["values"]))
    if task.get("concurrencyLimit", 1) != 1:
        return _side_by_side([(task["tasks"], value) for value in values], inside, seen)
    states: list[str] = []
    for value in values:
        states += _sequence(task["tasks"], inside, seen, value)
        if _failed(states):
            break
    return states


def _together(lists: Sequence[Sequence[Task]], inside: tuple[str, ...], seen: Expected) -> list[str]:
    return _side_by_side([(tasks, None) for tasks in lists], inside, seen)


def _side_by_side(
    branches: Sequence[tuple[Sequence[Task], str | None]], inside: tuple[str, ...], seen: Expected
) -> list[str]:
    """Branches that do not wait for each other; a failure of one cuts the others short."""
    together = Expected()
    states = [state for tasks, turn in branches for state in _sequence(tasks, inside, together, turn)]
    seen.take(together, cut_short=_failed(states))
    return states


def _fails(task: Task, turn: str | None) -> str:
    condition = task.get("condition")
    return "FAILED" if condition is None or _condition(condition, turn) else "SUCCESS"


def _condition(condition: str, turn: str | None) -> bool:
    """The conditions that the generator writes."""
    return turn == "b" if "value" in condition else condition == "{{ true }}"


_LEAVES = {"Return": lambda *_: "SUCCESS", "Fail": _fails, "Probe": lambda *_: "WARNING"}


def _failed(states: Sequence[str]) -> bool:
    return "FAILED" in states


def _worst(states: Sequence[str]) -> str:
    return next((state for state in ("FAILED", "WARNING") if state in states), "SUCCESS")


def _tolerated(state: str, task: Task) -> str:
    if state == "FAILED" and (task.get("allowFailure") or task["type"].endswith(".AllowFailure")):
        state = "WARNING"
    return "SUCCESS" if state == "WARNING" and task.get("allowWarning") else state
