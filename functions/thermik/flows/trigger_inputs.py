"""What triggers give to inputs: an execution that a date starts has nobody to ask for what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from thermik.flows.problems import Place


def missing_inputs(
    data: Mapping[str, Any], triggers: Iterable[tuple[Place, dict[str, Any]]]
) -> Iterator[tuple[Place, str]]:
    """The triggers whose executions would be refused, with Kestra's message.

    Inputs that depend on others are not counted, as they may not be asked for.

    Args:
        triggers: those with dates, with their places.
    """
    needed = [*_needed(data.get("inputs"))]
    for place, trigger in triggers:
        given = trigger.get("inputs")
        missing = [name for name in needed if not (isinstance(given, dict) and name in given)]
        if missing:
            kind = str(trigger.get("type")).rpartition(".")[2]
            names = " | ".join(missing)
            yield place, f"Missing inputs for {kind} Trigger '{trigger.get('id')}', missing inputs: '{names}'"


def _needed(inputs: Any) -> Iterator[str]:
    for entry in inputs if isinstance(inputs, list) else []:
        if isinstance(entry, dict) and entry.get("required") is not False:
            unasked = any(entry.get(name) for name in ("dependsOn", "autoSelectFirst"))
            if entry.get("defaults") is None and not unasked:
                yield str(entry.get("id", entry.get("name")))
