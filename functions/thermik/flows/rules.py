"""Rules across a flow: unique ids, inputs that depend on inputs, labels that only Kestra sets.

They read the source's data, not its models, so that they also speak where some model refused a part: an author
sees all problems at once. Each rule gives the places and Kestra's messages of what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from thermik.flows.labels import reserved
from thermik.flows.problems import Place
from thermik.flows.references import dashed_references

Finding = tuple[Place, str]
PlacedTask = tuple[Place, dict[str, Any]]

TASK_SECTIONS = ("tasks", "errors", "finally", "afterExecution", "listeners")
"""Properties of a flow that hold tasks, today's and the old one."""


def placed_tasks(data: dict[str, Any], is_task_type: Callable[[str], bool]) -> list[PlacedTask]:
    """Every task of a flow's data with its place, a flowable before its children."""
    return [
        found
        for section in TASK_SECTIONS
        if section in data
        for found in _tasks_within(data[section], (section,), is_task_type)
    ]


def _tasks_within(value: Any, place: Place, is_task_type: Callable[[str], bool]) -> Iterator[PlacedTask]:
    if isinstance(value, dict):
        kind = value.get("type")
        if isinstance(kind, str) and "id" in value and is_task_type(kind):
            yield place, value
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _tasks_within(inner, (*place, name), is_task_type)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, dict | list):
                yield from _tasks_within(inner, (*place, index), is_task_type)


def findings(data: dict[str, Any], tasks: Sequence[PlacedTask]) -> Iterator[Finding]:
    """What all rules find."""
    yield from _duplicates([((*place, "id"), task["id"]) for place, task in tasks], "task id with name")
    for section, what in (("triggers", "trigger id"), ("inputs", "input"), ("outputs", "output")):
        yield from _duplicates(_ids(data, section), f"{what} with name")
    yield from _duplicates(_preconditions(data), "preconditions with id")
    yield from _input_dependencies(data)
    yield from dashed_references(data, tasks)
    for place in [("labels",), *_inner_places(data, "triggers", "labels"), *_inner_places(data, "sla", "labels")]:
        yield from _reserved_labels(data, place)


def mappings(data: dict[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries of a section that are mappings, with their indexes."""
    listed = data.get(section)
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _ids(data: dict[str, Any], section: str) -> list[tuple[Place, Any]]:
    """The ids of a section's entries; inputs may call theirs `name`."""
    return [
        ((section, index, name), entry[name])
        for index, entry in mappings(data, section)
        for name in (("id", "name") if section == "inputs" else ("id",))
        if name in entry
    ]


def _preconditions(data: dict[str, Any]) -> list[tuple[Place, Any]]:
    """The ids of the preconditions of Flow triggers."""
    found = ((index, entry.get("preconditions")) for index, entry in mappings(data, "triggers"))
    return [
        (("triggers", index, "preconditions", "id"), conditions["id"])
        for index, conditions in found
        if isinstance(conditions, dict) and "id" in conditions
    ]


def _duplicates(ids: Sequence[tuple[Place, Any]], what: str) -> Iterator[Finding]:
    """One finding that names all repeated ids, at the first repetition."""
    seen: set[str] = set()
    repeated: dict[str, Place] = {}
    for place, given in ids:
        name = str(given)
        if name in seen:
            repeated.setdefault(name, place)
        seen.add(name)
    if repeated:
        order = [name for name in dict.fromkeys(str(given) for _, given in ids) if name in repeated]
        yield next(iter(repeated.values())), f"Duplicate {what} [{', '.join(order)}]"


def _input_dependencies(data: dict[str, Any]) -> Iterator[Finding]:
    needs: dict[str, list[str]] = {}
    places: dict[str, Place] = {}
    asked: list[tuple[str, Place, str]] = []
    for place, name in _ids(data, "inputs"):
        depends = data["inputs"][place[1]].get("dependsOn")
        listed = depends.get("inputs") if isinstance(depends, dict) else None
        wanted = [str(need) for need in listed] if isinstance(listed, list) else []
        needs.setdefault(str(name), []).extend(wanted)  # of inputs with one id all count: a duplicate hides no cycle
        if wanted:
            listing: Place = (*place[:-1], "dependsOn", "inputs")
            places.setdefault(str(name), listing)
            asked.extend((str(name), (*listing, index), need) for index, need in enumerate(wanted))
    for name, place, need in asked:
        if need not in needs:
            yield place, f"Input with id '{name}' depends on a non-existent input '{need}'."
    for cycle in cycles(needs):
        name = cycle[0]
        yield places[name], f"Cycle dependency detected for input with id '{name}': [{', '.join(cycle)}]"


def cycles(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The cycles of a graph of names, each once, from its first name in the order given."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in needs:
        # by a stack of its own: a chain of thousands of inputs is no cycle, and Python's stack ends at a thousand
        path: list[str] = []
        pending: list[Iterator[str]] = [iter([start])]
        while pending:
            name = next(pending[-1], None)
            if name is None:
                pending.pop()
                if path:
                    done.add(path.pop())
            elif name in path:
                found.append(path[path.index(name) :])
            elif name in needs and name not in done:
                path.append(name)
                pending.append(iter(needs[name]))
    return found


def _inner_places(data: dict[str, Any], section: str, name: str) -> list[Place]:
    return [(section, index, name) for index, entry in mappings(data, section) if name in entry]


def _reserved_labels(data: dict[str, Any], place: Place) -> Iterator[Finding]:
    labels: Any = data
    for step in place:
        labels = labels.get(step) if isinstance(labels, dict) else labels[step]
    for step, key, value in _label_pairs(labels):
        message = reserved(key, value)
        if message is not None:
            yield (*place, step), message


def _label_pairs(labels: Any) -> Iterator[tuple[str | int, str, Any]]:
    if isinstance(labels, dict):
        for key, value in labels.items():
            yield key, key, value
    elif isinstance(labels, list):
        for index, label in enumerate(labels):
            if isinstance(label, dict) and "key" in label:
                yield index, str(label["key"]), label.get("value")
