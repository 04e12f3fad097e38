"""Whose state a task means, and how new data joins old: what Set, Get and Delete share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask


class StateTask(RunnableTask):
    """The properties that say which state is meant."""

    name: str = "default"
    namespace: Dynamic[bool] = False
    taskrun_value: Dynamic[bool] = True

    def key(self, context: RunContext) -> str:
        """The state's key: the namespace, then the flow unless the namespace shares it, the name, the loop's value.

        Parts are separated by `/`, with `%` and `/` in them escaped, so that no two states share a key.
        """
        shared: bool = context.render_as(bool, self.namespace)
        by_value: bool = context.render_as(bool, self.taskrun_value)
        value = context.value if by_value else None
        parts = [context.namespace, "" if shared else context.flow_id, context.render(self.name)]
        return "/".join(map(_escaped, parts if value is None else [*parts, value]))


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old document with the new one over it: maps join, lists grow, any other value is replaced."""
    result = dict(old)
    for name, value in new.items():
        before = result.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[name] = merged(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            result[name] = [*before, *value]
        else:
            result[name] = value
    return result


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")
