"""`{{ inputs.a-b }}` where an input is called `a-b`: a subtraction to the template, which Kestra refuses on saving.

As in Kestra only the plainest form is told, and only in what a task's own type declares: not in `runIf`, `timeout` and
the like, which every task has. What is written otherwise fails when it is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from thermik.flows.problems import Place
from thermik.flows.task import Task

Placed = tuple[Place, dict[str, Any]]

_INPUT = re.compile(r"\{\{\s*inputs\.([\w.-]+)\s*\}\}")
_OUTPUT = re.compile(r"\{\{\s*outputs\.([\w-]+)\.[^}]+\}\}")


def dashed_references(data: Mapping[str, Any], tasks: Sequence[Placed]) -> Iterator[tuple[Place, str]]:
    """Kestra's message of each kind, at the first text that is meant by it."""
    inputs = _dashed(entry.get("id", entry.get("name")) for entry in _entries(data, "inputs"))
    outputs = _dashed(task["id"] for _, task in tasks)
    nested = {id(task) for _, task in tasks}
    if inputs:
        yield from _told("input", "tasks", [*_in_tasks(tasks, nested, _INPUT, inputs)])
    if outputs:
        yield from _told("output", "tasks", [*_in_tasks(tasks, nested, _OUTPUT, outputs)])
        yield from _told("output", "outputs", [*_in_outputs(data, _OUTPUT, outputs)])


def _dashed(ids: Iterable[Any]) -> frozenset[str]:
    return frozenset(name for name in ids if isinstance(name, str) and "-" in name)


def _entries(data: Mapping[str, Any], section: str) -> Iterator[dict[str, Any]]:
    listed = data.get(section)
    yield from (entry for entry in (listed if isinstance(listed, list) else []) if isinstance(entry, dict))


def _told(kind: str, where: str, found: list[tuple[Place, str]]) -> Iterator[tuple[Place, str]]:
    if found:
        offending = ", ".join(dict.fromkeys(name for _, name in found))
        advice = f"use {kind}s[key-name] instead of {kind}s.key-name — keys with dashes require bracket notation"
        yield found[0][0], f"Invalid {kind} reference: {advice}, offending {where}: [{offending}]"


def _in_tasks(
    tasks: Sequence[Placed], nested: set[int], pattern: re.Pattern[str], names: frozenset[str]
) -> Iterator[tuple[Place, str]]:
    common = {field.alias or name for name, field in Task.model_fields.items()}  # which Kestra does not look at
    for place, task in tasks:
        for name, value in task.items():
            if name not in common:
                for inner, text in _own_texts(value, (*place, name), nested):
                    if _refers(text, pattern, names):
                        yield inner, str(task["id"])


def _in_outputs(
    data: Mapping[str, Any], pattern: re.Pattern[str], names: frozenset[str]
) -> Iterator[tuple[Place, str]]:
    listed = data.get("outputs")
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        text = entry.get("value") if isinstance(entry, dict) else None
        if isinstance(text, str) and _refers(text, pattern, names):
            yield ("outputs", index, "value"), str(entry.get("id"))


def _refers(text: str, pattern: re.Pattern[str], names: frozenset[str]) -> bool:
    return any(match[1] in names for match in pattern.finditer(text))


def _own_texts(value: Any, place: Place, nested: set[int]) -> Iterator[tuple[Place, str]]:
    """The texts of a task's property that are not those of a task in it."""
    if isinstance(value, str):
        if "{{" in value:
            yield place, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _own_texts(item, (*place, index), nested)
    elif isinstance(value, dict) and id(value) not in nested:
        for name, item in value.items():
            yield from _own_texts(item, (*place, name), nested)
