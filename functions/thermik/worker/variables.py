"""The variables that an expression of an execution sees, each made when it is first named.

Kestra's: https://kestra.io/docs/expressions/expression-usage#variables
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from thermik.clock import instant_text
from thermik.executions.model import Execution, TaskRun
from thermik.executions.places import Place
from thermik.executions.variables import variables_of
from thermik.flows.flow import Flow
from thermik.flows.task import Task
from thermik.worker.journal import Journal
from thermik.worker.lazy import LazyMap
from thermik.worker.outputs import OfTasks

Makers = dict[str, Callable[[], Any]]


def execution_variables(
    execution: Execution,
    flow: Flow,
    journal: Journal,
    inputs: Callable[[], Mapping[str, Any]],
    read_outputs: Callable[[TaskRun], Any],
) -> Makers:
    """What every expression of an execution sees, also outside of tasks (flow outputs, SLA)."""
    makers: Makers = {
        "flow": lambda: flow_variable(execution),
        "execution": lambda: execution_variable(execution),
        "outputs": lambda: OfTasks(journal, read_outputs),
        "tasks": lambda: OfTasks(journal, lambda run: {"state": run.state.current.value}),
        "inputs": lambda: _unless_empty("inputs", inputs()),
        "vars": lambda: variables_of(execution, flow.variables),
        "labels": lambda: nested_labels(execution),
    }
    if execution.trigger is not None:
        trigger = execution.trigger
        makers["trigger"] = lambda: trigger.variables
        if trigger.type.endswith(".Schedule"):
            makers["schedule"] = lambda: trigger.variables
    return makers


def installation_variables(settings: Mapping[str, Any]) -> Makers:
    """`envs` and `globals`: always defined."""
    return {"envs": lambda: settings.get("envs", {}), "globals": lambda: settings.get("globals", {})}


def task_variables(place: Place, run: TaskRun, journal: Journal, read_outputs: Callable[[TaskRun], Any]) -> Makers:
    """What a task's expressions see besides."""
    group = _group(place, journal)
    seen_from = group or place
    makers: Makers = {
        "task": lambda: task_variable(place.node.task),
        "taskrun": lambda: _without_nones(task_run_variable(run) | {"value": seen_value(place, run, journal)}),
        "parents": lambda: list(_parents(seen_from, journal, read_outputs)),
    }
    if seen_from.node.parent is not None:
        makers["parent"] = lambda: _first_parent(seen_from, journal, read_outputs)
    if group is not None:
        makers["workerTaskrun"] = lambda: task_run_variable(journal.loop_run(group.task_run_id))
    return makers


def _group(place: Place, journal: Journal) -> Place | None:
    """The place of the flowable whose one invocation runs the task, if one does: its tasks see what it sees itself."""
    return journal.ancestor(place) if place.node.shares_invocation else None


def seen_value(place: Place, run: TaskRun, journal: Journal) -> str | None:
    """`taskrun.value`: the run's own, or that of the flowable whose one invocation runs it."""
    group = _group(place, journal)
    return run.value if group is None else journal.loop_run(group.task_run_id).value


def variables(makers: Makers) -> LazyMap:
    """The mapping that expressions read."""
    return LazyMap(makers)


def flow_variable(execution: Execution) -> dict[str, Any]:
    """`flow`."""
    return {
        "id": execution.flow_id,
        "namespace": execution.namespace,
        "revision": execution.flow_revision,
        "tenantId": "main",
    }


def execution_variable(execution: Execution) -> dict[str, Any]:
    """`execution`; the date has three decimals here, as in Kestra."""
    created = instant_text(execution.state.start_date)
    return {
        "id": execution.id,
        "startDate": f"{created[:23]}Z",
        "originalId": execution.original_id,
        "state": execution.state.current.value,
    }


def task_variable(task: Task) -> dict[str, Any]:
    """`task`."""
    return {"id": task.id, "type": task.type}


def task_run_variable(run: TaskRun) -> dict[str, Any]:
    """`taskrun`: what is not set is not there."""
    finished = sum(attempt.state.is_terminal for attempt in run.attempts or ())
    variable: dict[str, Any] = {
        "id": run.id,
        "startDate": instant_text(run.state.start_date),
        "attemptsCount": finished,
        "parentId": run.parent_task_run_id,
        "value": run.value,
        "iteration": run.iteration,
    }
    return _without_nones(variable)


def _without_nones(variable: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variable.items() if value is not None}


def nested_labels(execution: Execution) -> dict[str, Any]:
    """`labels`: by key; those of the system, `system.x`, one level down as `system` → `x`."""
    nested: dict[str, Any] = {}
    for label in execution.labels:
        if label.key.startswith("system."):
            nested.setdefault("system", {})[label.key.removeprefix("system.")] = label.value
        else:
            nested[label.key] = label.value
    return nested


def _parents(place: Place, journal: Journal, read_outputs: Callable[[TaskRun], Any]) -> Any:
    """The enclosing runs, nearest first: those that have a value or outputs, with just these."""
    above = journal.ancestor(place)
    while above is not None:
        run = journal.run(above.task_run_id)
        shown: dict[str, Any] = {}
        if run is not None and run.value is not None:
            shown["taskrun"] = {"value": run.value}
        if run is not None and (outputs := read_outputs(run)):
            shown["outputs"] = outputs
        if shown:
            yield shown
        above = journal.ancestor(above)


def _first_parent(place: Place, journal: Journal, read_outputs: Callable[[TaskRun], Any]) -> Any:
    """The nearest of them. Raises: KeyError when there is none, so that `parent` is undefined."""
    for parent in _parents(place, journal, read_outputs):
        return parent
    raise KeyError("parent")


def _unless_empty(name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raises: KeyError when there are none, so that the variable is undefined."""
    if not values:
        raise KeyError(name)
    return values
