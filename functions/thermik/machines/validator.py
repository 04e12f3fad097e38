"""A check of finished definitions: no tool that we know looks at the soundness of a machine's graph.

The compiler runs it on everything that it makes; a finding is a defect of the compiler, not of a flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from thermik.machines.names import MAX_NAME

_ENDS = ("Succeed", "Fail")


class InvalidMachine(Exception):
    """A definition is unsound; the message lists every finding."""


def check_machine(definition: Mapping[str, Any]) -> None:
    """Check a definition and every level inside it.

    Targets exist in their own level, names are unique in the whole machine and short enough, everything can be
    reached, every state leads on or ends, every Choice has a default.

    Raises:
        InvalidMachine: with all findings.
    """
    seen: set[str] = set()
    findings = list(_level_findings(definition, seen))
    if findings:
        raise InvalidMachine("; ".join(findings))


def _level_findings(level: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    states: Mapping[str, Mapping[str, Any]] = level["States"]
    for name, state in states.items():
        if name in seen:
            yield f"two states are named {name}"
        seen.add(name)
        if len(name) > MAX_NAME:
            yield f"{name} is longer than {MAX_NAME} characters"
        yield from _state_findings(name, state, states)
        for inner in _inner(state):
            yield from _level_findings(inner, seen)
    unreached = states.keys() - _reached(level)
    if unreached:
        yield f"nothing leads to {', '.join(sorted(unreached))}"


def _state_findings(name: str, state: Mapping[str, Any], states: Mapping[str, Any]) -> Iterator[str]:
    for target in _targets(state):
        if target not in states:
            yield f"{name} leads to {target}, which is not in its level"
    if state["Type"] == "Choice":
        if "Default" not in state:
            yield f"{name} is a Choice without Default"
    elif state["Type"] not in _ENDS and ("Next" in state) == bool(state.get("End")):
        yield f"{name} needs either Next or End"


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    for choice in (state, *state.get("Catch", ()), *state.get("Choices", ())):
        if "Next" in choice:
            yield choice["Next"]
    if "Default" in state:
        yield state["Default"]


def _inner(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from state.get("Branches", ())
    if "ItemProcessor" in state:
        yield state["ItemProcessor"]


def _reached(level: Mapping[str, Any]) -> set[str]:
    states = level["States"]
    reached: set[str] = set()
    waiting = [level["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting.extend(_targets(states[name]))
    return reached
