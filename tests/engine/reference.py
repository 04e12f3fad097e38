"""What a flow does, written down a second time: a plain recursion over the flow's data, after Kestra's rules.

No states of a machine, no table, no time. Where task runs side by side fail, it is not determined how far the
others came: their runs are then `optional`, and may have been cut short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

Task = Mapping[str, Any]
Key = tuple[str, tuple[str, ...]]
"""A task run: its task's id, and the values of the loops around it, its own last."""

CUT_SHORT = frozenset({"KILLED", "RUNNING"})
"""How a run may look when a sibling's failure ended it: RUNNING is only work in flight."""


@dataclass
class Expected:
    """Task runs with the states that each may have, and those that need not be there.

    `resumed` are Pauses that failed when their time ran out, and were begun again: they do not pause a second time.
    """

    runs: dict[Key, frozenset[str]] = field(default_factory=dict)
    optional: set[Key] = field(default_factory=set)
    state: str = ""
    after: set[Key] = field(default_factory=set)
    resumed: frozenset[Key] = frozenset()

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


def expect(flow: Mapping[str, Any], resumed: frozenset[Key] = frozenset()) -> Expected:
    """What becomes of a flow."""
    seen = Expected(resumed=resumed)
    states = _sequence(flow["tasks"], (), seen)
    if _failed(states):
        _handlers(flow.get("errors", ()), (), seen)
    _handlers(flow.get("finally", ()), (), seen)
    seen.state = _worst(states)
    before = set(seen.runs)
    _handlers(flow.get("afterExecution", ()), (), seen)
    seen.after = set(seen.runs) - before
    return seen


def _sequence(
    tasks: Sequence[Task],
    values: tuple[str, ...],
    seen: Expected,
    turn: str | None = None,
    shown: str | None = None,
) -> list[str]:
    """One after the other until one fails."""
    states: list[str] = []
    for task in tasks:
        states += _task(task, values, seen, turn, shown)
        if _failed(states):
            break
    return states


def _handlers(tasks: Sequence[Task], values: tuple[str, ...], seen: Expected) -> None:
    """One after the other, whatever becomes of each."""
    for task in tasks:
        _task(task, values, seen, None)


def _task(task: Task, values: tuple[str, ...], seen: Expected, turn: str | None, shown: str | None = None) -> list[str]:
    """A task in a loop's turn (if it is the loop's own child): its state, or nothing when it is disabled.

    `shown` is the value that its expressions see, where that is not its own.
    """
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
        state = _LEAVES[kind](task, shown or turn)
    else:
        state = _flowable(kind, task, inside, seen, turn)
    return [seen.note(key, _tolerated(state, task))]


def _flowable(kind: str, task: Task, inside: tuple[str, ...], seen: Expected, turn: str | None) -> str:
    states = _ORDERS[kind](task, inside, seen, turn)
    if states is not None and _failed(states):
        _handlers(task.get("errors", ()), inside, seen)
    _handlers(task.get("finally", ()), inside, seen)
    return "FAILED" if states is None else _worst(states)


Inside = tuple[str, ...]
States = list[str] | None
"""What the children became; None when the flowable fails by itself, which its `errors` do not handle."""


def _in_order(task: Task, inside: Inside, seen: Expected, _turn: str | None) -> States:
    return _sequence(task["tasks"], inside, seen)


def _if(task: Task, inside: Inside, seen: Expected, turn: str | None) -> States:
    return _sequence(task["then"] if _condition(task["condition"], turn) else task.get("else", ()), inside, seen)


def _switch(task: Task, inside: Inside, seen: Expected, turn: str | None) -> States:
    chosen = task["cases"].get(turn or "none", task.get("defaults"))
    return None if chosen is None else _sequence(chosen, inside, seen)


def _parallel(task: Task, inside: Inside, seen: Expected, _turn: str | None) -> States:
    return _side_by_side([([child], None) for child in task["tasks"]], inside, seen)


def _each_parallel(task: Task, inside: Inside, seen: Expected, _turn: str | None) -> States:
    pairs = [([child], value) for value in dict.fromkeys(task["value"]) for child in task["tasks"]]
    return _side_by_side(pairs, inside, seen)


def _pause(task: Task, inside: Inside, seen: Expected, _turn: str | None) -> States:
    meanwhile = _sequence([task["onPause"]] if "onPause" in task else [], inside, seen)
    if task["behavior"] == "FAIL" and (task["id"], inside) not in seen.resumed:
        return ["FAILED"]
    if not _failed(meanwhile):
        meanwhile += _sequence(task["tasks"], inside, seen)
    return [*(["WARNING"] if task["behavior"] == "WARN" else []), *meanwhile]


def _directory(task: Task, inside: Inside, seen: Expected, turn: str | None) -> States:
    """Its tasks see its own value. One whose `runIf` cannot be rendered fails the directory, and has no run."""
    states: list[str] = []
    for child in task["tasks"]:
        undecided = child.get("runIf", "true") not in ("true", "false") and not child.get("disabled")
        states += ["FAILED"] if undecided else _task(child, inside, seen, None, shown=turn)
        if _failed(states):
            break
    return states


def _for_each(task: Task, inside: Inside, seen: Expected, _turn: str | None) -> States:
    values = list(dict.fromkeys(task["values" if "values" in task else "value"]))
    if task.get("concurrencyLimit", 1) != 1:
        return _side_by_side([(task["tasks"], value) for value in values], inside, seen)
    states: list[str] = []
    for value in values:
        states += _sequence(task["tasks"], inside, seen, value)
        if _failed(states):
            break
    return states


def _dag(task: Task, inside: Inside, seen: Expected, _turn: str | None) -> States:
    """Each child after those that it depends on: not at all when one of them, or of those before it, failed.

    A disabled one holds nobody up, and hands on nothing of what it depends on.
    """
    together = Expected(resumed=seen.resumed)
    needs = {entry["task"]["id"]: entry["dependsOn"] for entry in task["tasks"]}
    children = {entry["task"]["id"]: entry["task"] for entry in task["tasks"]}
    ended: dict[str, list[str]] = {}
    for each in TopologicalSorter(needs).static_order():
        before = [ended.get(need, ["FAILED"]) for need in needs[each]]
        if children[each].get("disabled") or not any(map(_failed, before)):
            ended[each] = _task(children[each], inside, together, None)
    states = [state for each in ended.values() for state in each]
    seen.take(together, cut_short=_failed(states))
    return states


def _loop_until(task: Task, inside: Inside, seen: Expected, _turn: str | None) -> States:
    """The last iteration, of which alone something is left; None when it fails by its limit."""
    iterations = task["checkFrequency"]["maxIterations"]
    for iteration in range(1, iterations + 1):
        last = Expected(resumed=seen.resumed)
        states = _sequence(task["tasks"], inside, last)
        goes_on = set(states) == {"SUCCESS"} and not _condition(task["condition"], None)
        if not goes_on or iteration == iterations:
            break
    seen.take(last, cut_short=False)
    return None if goes_on and task["failOnMaxReached"] else states


def _side_by_side(
    branches: Sequence[tuple[Sequence[Task], str | None]], inside: tuple[str, ...], seen: Expected
) -> list[str]:
    """Branches that do not wait for each other; a failure of one cuts the others short."""
    together = Expected(resumed=seen.resumed)
    states = [state for tasks, turn in branches for state in _sequence(tasks, inside, together, turn)]
    seen.take(together, cut_short=_failed(states))
    return states


_ORDERS = {
    "AllowFailure": _in_order,
    "Dag": _dag,
    "EachParallel": _each_parallel,
    "EachSequential": _for_each,
    "ForEach": _for_each,
    "If": _if,
    "LoopUntil": _loop_until,
    "Parallel": _parallel,
    "Pause": _pause,
    "Sequential": _in_order,
    "Switch": _switch,
    "WorkingDirectory": _directory,
}
"""How each flowable orders its children."""


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
