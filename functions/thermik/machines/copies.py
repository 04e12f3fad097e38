"""A level once more under other names: names are unique in a whole machine, so what is needed twice is renamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from thermik.machines.states import Branches, Choose, Exceeds, Invoke, Level, Note, State, Turns, WaitUntil


def copied(level: Level, mark: str) -> Level:
    """A level, and all inside it, with a mark behind the task's id in every name (`task` → `task~loop`)."""
    names = {name: _marked(name, mark) for name in level.states}
    states = {names[name]: _renamed(state, names, mark) for name, state in level.states.items()}
    return Level(names[level.start], states)


def _marked(name: str, mark: str) -> str:
    task, colon, role = name.partition(":")
    return f"{task}~{mark}{colon}{role}"


def _renamed(state: State, names: Mapping[str, str], mark: str) -> State:
    changes: dict[str, Any] = {"name": names[state.name]}
    match state:
        case Invoke() | WaitUntil() | Exceeds() | Note():
            changes |= {field: names[target] for field, target in _leads(state).items()}
        case Choose(cases=cases, default=default):
            changes |= {"cases": {case: names[target] for case, target in cases.items()}, "default": names[default]}
        case Branches(levels=levels):
            changes |= {"levels": tuple(copied(each, mark) for each in levels)}
            changes |= {field: names[target] for field, target in _leads(state).items()}
        case Turns(level=level):
            changes |= {"level": copied(level, mark)}
            changes |= {field: names[target] for field, target in _leads(state).items()}
        case _:
            pass
    return replace(state, **changes)


_LEADS = ("next", "caught", "overdue", "stopped", "above")


def _leads(state: State) -> dict[str, str]:
    """The fields of a state that name another one, as far as they are set."""
    named = {field: getattr(state, field, None) for field in _LEADS}
    return {field: target for field, target in named.items() if target is not None}
