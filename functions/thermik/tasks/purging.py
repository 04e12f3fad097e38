"""What purges of KV pairs and namespace files have in common: which namespaces, which names, and how many versions.

Only the newest value and the newest content are kept here, and what expired is gone by itself. So a purge of old
versions, or of expired pairs, finds nothing to do; one that spares no version forgets the pairs or files themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from thermik.flows.dynamic import Dynamic
from thermik.flows.model import FlowModel
from thermik.tasks.instants import rendered_instant
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.structured import rendered_list, rendered_structure


class VersionPurge(FlowModel):
    """Old versions. Of those from before a date the newest one always stays."""

    type: Literal["version"]
    before: str | None = Field(default=None, description="Versions from before this date, but never the newest.")
    keep_amount: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="All but so many of the newest; all, the newest too, where neither is given."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> VersionPurge:
        if self.before is not None and self.keep_amount is not None:
            raise PydanticCustomError("two_bounds", "Cannot set both 'before' and 'keepAmount' properties")
        return self

    def spares_newest(self, context: RunContext) -> bool:
        """Whether the newest version stays. Raises: TaskFailure: `before` is no date."""
        if self.before is not None:
            rendered_instant(context, "before", self.before)
            return True
        return bool(self.keep_amount)


class ChoosesNamespaces(FlowModel):
    """The properties that name namespaces."""

    namespaces: Dynamic[list[str]] | None = Field(default=None, description="Of these namespaces; of all if not given.")
    namespace_pattern: str | None = Field(
        default=None, description="Of the namespaces with such a name (`*`, `?`), in place of `namespaces`."
    )
    include_child_namespaces: Dynamic[bool] = Field(default=True, description="Those below `namespaces`, too.")

    def chosen_namespaces(self, context: RunContext) -> list[str]:
        """The namespaces that are meant: of those that have flows, and all that are named.

        Raises:
            TaskFailure: both a list and a pattern are given.
        """
        named = rendered_list(context, "namespaces", self.namespaces)
        pattern = context.render(self.namespace_pattern) if self.namespace_pattern else ""
        if named and pattern:
            raise TaskFailure(
                "Properties `namespaces` and `namespacePattern` can't be used at the same time — use one or the other."
            )
        if self.namespaces is not None and not named:
            raise TaskFailure("namespaces: the list is empty, which would mean all namespaces")
        if self.namespace_pattern and not pattern:
            raise TaskFailure("namespacePattern: it rendered to nothing, which would mean all namespaces")
        there = context.housekeeping.namespaces()
        if not named:
            return [each for each in there if wildcard(pattern or "*").fullmatch(each)]
        below: bool = context.render_as(bool, self.include_child_namespaces)
        children = [each for each in there if below and any(each.startswith(f"{name}.") for name in named)]
        return list(dict.fromkeys([*named, *children]))


def wildcard(pattern: str) -> re.Pattern[str]:
    """Names with `*` for any text, also over slashes, and `?` for one character."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def read_behavior(context: RunContext, kind: Any, behavior: Any) -> Any:
    """The behavior of a purge, which may be an expression that renders to one. Raises: TaskFailure."""
    if not isinstance(behavior, str):
        return behavior
    rendered = rendered_structure(context, "behavior", behavior)
    try:
        return TypeAdapter(kind).validate_python(rendered)
    except ValidationError as error:
        reasons = "; ".join(problem["msg"] for problem in error.errors(include_url=False))
        raise TaskFailure(f"behavior: {rendered!r} is none: {reasons}") from error


def matching(context: RunContext, pattern: str | None, names: Iterator[str]) -> Iterator[str]:
    """The names that a pattern means, all where there is none. Raises: TaskFailure: it rendered to nothing."""
    rendered = "*" if pattern is None else context.render(pattern)
    if not rendered:
        raise TaskFailure(f"{pattern!r} rendered to nothing, which would mean all")
    wanted = wildcard(rendered)
    return (name for name in names if wanted.fullmatch(name))
