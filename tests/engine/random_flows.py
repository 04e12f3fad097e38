"""Random flows for hypothesis: flowables nested in flowables, with tasks that fail, warn, are skipped, or retried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from engine import sources
from engine.probe import probe
from thermik.tasks.runnable import Outputs

Task = dict[str, Any]

BY_VALUE = "{{ (taskrun.value ?? '') == 'b' }}"
"""Holds in the turn of the value `b`, for a loop's own child."""

DEPTH = 4
_VALUES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4)
_CONDITION = st.sampled_from(["{{ true }}", "{{ false }}", BY_VALUE])
_WARNING = probe("warning", lambda _context: Outputs({}, warning=True))

_OFTEN_NOTHING = st.sampled_from([{}] * 6 + [{"runIf": "false"}, {"disabled": True}, {"runIf": "{{ nobody.knows }}"}])
_TOLERANCE = st.sampled_from([{}] * 5 + [{"allowFailure": True}, {"allowFailure": True, "allowWarning": True}])
_RETRY = st.sampled_from([{}] * 3 + [{"retry": sources.constant(maxAttempts=2)}])

_LEAF = st.one_of(
    st.just(sources.ret("?")),
    st.just(sources.ret("?")),
    st.builds(lambda retry: sources.fail("?", **retry), _RETRY),
    st.builds(lambda retry: sources.fail("?", condition=BY_VALUE, **retry), _RETRY),
    st.just(dict(_WARNING)),
)


@st.composite
def _tasks(draw: st.DrawFn, depth: int, *, least: int = 1, most: int = 3) -> list[Task]:
    return [draw(_task(depth)) for _ in range(draw(st.integers(least, most)))]


@st.composite
def _task(draw: st.DrawFn, depth: int) -> Task:
    task = dict(draw(_LEAF)) if depth == 0 or draw(st.booleans()) else draw(_flowable(depth - 1))
    return {**task, **draw(_OFTEN_NOTHING), **draw(_TOLERANCE)}


@st.composite
def _flowable(draw: st.DrawFn, depth: int) -> Task:
    build = draw(st.sampled_from([_sequential, _allow, _parallel, _for_each, _each_parallel, _if, _switch]))
    task = draw(build(depth))
    for handler in ("errors", "finally"):
        if draw(st.integers(0, 3)) == 0:
            task[handler] = draw(_tasks(max(0, depth - 1), most=2))
    return task


@st.composite
def _sequential(draw: st.DrawFn, depth: int) -> Task:
    return dict(sources.seq("?", *draw(_tasks(depth))))


@st.composite
def _allow(draw: st.DrawFn, depth: int) -> Task:
    return dict(sources.allow("?", *draw(_tasks(depth))))


@st.composite
def _parallel(draw: st.DrawFn, depth: int) -> Task:
    return dict(sources.par("?", *draw(_tasks(depth)), concurrent=draw(st.sampled_from([0, 0, 1, 2]))))


@st.composite
def _for_each(draw: st.DrawFn, depth: int) -> Task:
    limit = draw(st.sampled_from([1, 1, 0, 2]))
    return dict(sources.each("?", draw(_VALUES), *draw(_tasks(depth)), concurrencyLimit=limit))


@st.composite
def _each_parallel(draw: st.DrawFn, depth: int) -> Task:
    return dict(sources.each_parallel("?", draw(_VALUES), *draw(_tasks(depth))))


@st.composite
def _if(draw: st.DrawFn, depth: int) -> Task:
    task = dict(sources.when("?", draw(_CONDITION), *draw(_tasks(depth))))
    if draw(st.booleans()):
        task["else"] = draw(_tasks(depth))
    return task


@st.composite
def _switch(draw: st.DrawFn, depth: int) -> Task:
    cases = {value: draw(_tasks(depth, most=2)) for value in draw(st.sets(st.sampled_from(["a", "b", "none"])))}
    task = dict(sources.switch("?", "{{ taskrun.value ?? 'none' }}", cases=cases))
    if not cases or draw(st.booleans()):
        task["defaults"] = draw(_tasks(depth, most=2))
    return task


@st.composite
def flows(draw: st.DrawFn) -> Mapping[str, Any]:
    """A flow's data."""
    flow: dict[str, Any] = {"id": "random", "namespace": "company.team", "tasks": draw(_tasks(DEPTH))}
    for handler in ("errors", "finally", "afterExecution"):
        if draw(st.integers(0, 3)) == 0:
            flow[handler] = draw(_tasks(1, most=2))
    _name(flow, iter(range(10_000)))
    return flow


def _name(value: Any, numbers: Any) -> None:
    """Number the tasks."""
    if isinstance(value, (list, tuple)):
        for each in value:
            _name(each, numbers)
    elif isinstance(value, dict):
        if value.get("id") in ("?", "warning"):
            value["id"] = f"{value['type'].rpartition('.')[2].lower()}-{next(numbers)}"
        for each in list(value.values()):
            _name(each, numbers)
