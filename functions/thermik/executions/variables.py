"""The variables of an execution, `vars`: the flow's, until a task sets or removes some."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from thermik.executions.model import Execution
from thermik.executions.refusals import Unacceptable


def variables_of(execution: Execution, of_flow: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `vars` is."""
    return of_flow if execution.variables is None else execution.variables


def with_variables(there: Mapping[str, Any], given: Mapping[str, Any], *, overwrite: bool) -> dict[str, Any]:
    """Variables with others put over them, maps merged at any depth.

    Raises:
        Unacceptable: without `overwrite`, when one has another value already (the same once more is no conflict: the
            change may be repeated).
    """
    taken = [name for name, value in given.items() if name in there and there[name] != value]
    if taken and not overwrite:
        raise Unacceptable(f"`overwrite` is false, and these variables exist: {', '.join(taken)}")
    return _merged(there, given)


def without_variables(there: Mapping[str, Any], names: Collection[str], *, ignore_missing: bool) -> dict[str, Any]:
    """Variables without some; a dot leads into a map.

    Raises:
        Unacceptable: some are not there, and that is not to be ignored.
    """
    left, missing = dict(there), []
    for name in names:
        found = _without(left, name.split("."))
        if found is None:
            missing.append(name)
        else:
            left = found
    if missing and not ignore_missing:
        raise Unacceptable(f"These variables do not exist: {', '.join(missing)}")
    return left


def _merged(there: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(there)
    for name, value in given.items():
        before = result.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[name] = _merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def _without(there: Mapping[str, Any], path: list[str]) -> dict[str, Any] | None:
    """The map without what a path leads to; None where it leads to nothing."""
    name, *rest = path
    if name not in there:
        return None
    if not rest:
        return {key: value for key, value in there.items() if key != name}
    inner = _without(there[name], rest) if isinstance(there[name], Mapping) else None
    return None if inner is None else {**there, name: inner}
