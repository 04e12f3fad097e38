"""Functions that render texts, and those that look at all variables or at the loops around a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermik.expressions.errors import ExpressionError, ExpressionRuntimeError, LimitExceeded
from thermik.expressions.frames import Frame
from thermik.expressions.registry import function
from thermik.expressions.rendering import render_within
from thermik.expressions.values import is_items, is_map


@function("render", "toRender", "recursive", required=1, framed=True)
def render(frame: Frame, text: Any, recursive: Any = None) -> Any:
    """Render a text, or the texts of a list or map, with the variables seen here, until nothing changes any more."""
    if recursive is not None and not isinstance(recursive, bool):
        raise ExpressionRuntimeError(
            "The 'render' function expects an optional argument 'recursive' with type boolean."
        )
    return _rendered(frame, text, "render", recursive=recursive is not False)


@function("renderOnce", "toRender", required=1, framed=True)
def render_once(frame: Frame, text: Any) -> Any:
    """Render a text, or the texts of a list or map, once."""
    return _rendered(frame, text, "renderOnce", recursive=False)


def _rendered(frame: Frame, value: Any, name: str, *, recursive: bool) -> Any:
    if getattr(frame.services, "recursive_rendering", False):
        # Kestra takes both functions away where every rendering is recursive already
        raise ExpressionRuntimeError(f"Function or Macro [{name}] does not exist.")
    frame.shared.enter()
    try:
        return render_within(value, frame.visible(), frame.services, frame.shared, recursive=recursive)
    except LimitExceeded:
        raise
    except ExpressionError as error:
        # no `??` around the call may catch what is undefined within the text, as in Kestra
        raise ExpressionRuntimeError(error.message) from error
    finally:
        frame.shared.leave()


@function("printContext", framed=True)
def print_context(frame: Frame) -> dict[str, Any]:
    """All variables, as a map."""
    variables = frame.visible()
    return {name: variables[name] for name in variables}


@function("fetchContext", framed=True)
def fetch_context(frame: Frame) -> dict[str, Any]:
    """All variables, as a map."""
    return print_context(frame)  # type: ignore[no-any-return]


@function("tasksWithState", "state", required=1, framed=True)
def tasks_with_state(frame: Frame, state: Any) -> list[Any]:
    """The task runs of a state, each with `taskId`, `state` and, in a loop, `value`: `tasksWithState('FAILED')`."""
    if not isinstance(state, str):
        raise ExpressionRuntimeError("The 'tasksWithState' function expects an argument 'state' with type string.")
    variables = frame.visible()
    tasks: Any = variables.get("tasks", {})
    wanted, found = state.upper(), []
    for task_id in tasks:
        runs = tasks[task_id]
        if "state" in runs and runs["state"] == wanted:
            found.append({"taskId": task_id, "state": wanted})
        turns = ((value, runs[value]) for value in runs)
        found.extend(
            {"taskId": task_id, "state": wanted, "value": value}
            for value, turn in turns
            if is_map(turn) and turn.get("state") == wanted
        )
    frame.shared.spend(len(found))
    return found


@function("currentEachOutput", "outputs", required=1, framed=True)
def current_each_output(frame: Frame, outputs: Any) -> Any:
    """The outputs of a task beside this one in the loops around both: `currentEachOutput(outputs.first).value`."""
    if not is_map(outputs):
        raise ExpressionRuntimeError("The 'currentEachOutput' function expects an argument 'outputs' with type map.")
    variables = frame.visible()
    found = outputs
    parents = variables.get("parents", [])
    for parent in reversed(list(parents)) if is_items(parents) else ():  # nearest first; outputs nest outermost first
        value = _loop_value(parent)
        found = found if value is None else _descend(found, value)
    value = _loop_value(variables)
    return found if value is None else _descend(found, value)


def _loop_value(holder: Mapping[str, Any]) -> str | None:
    run: Any = holder.get("taskrun")
    value = run["value"] if is_map(run) and "value" in run else None
    return value if isinstance(value, str) else None


def _descend(outputs: Any, value: str) -> Any:
    if not is_map(outputs) or value not in outputs:
        raise ExpressionRuntimeError(f"The outputs have no value for the iteration '{value}'")
    return outputs[value]
