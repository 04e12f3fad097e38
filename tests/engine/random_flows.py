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
_FLOW = "io.kestra.plugin.core.flow"
_VALUES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4)
_CONDITION = st.sampled_from(["{{ true }}", "{{ false }}", BY_VALUE])
_WARNING = probe("warning", lambda _context: Outputs({}, warning=True))

_OFTEN_NOTHING = st.sampled_from([{}] * 6 + [{"runIf": "false"}, {"disabled": True}, {"runIf": "{{ nobody.knows }}"}])
_TOLERANCE = st.sampled_from([{}] * 5 + [{"allowFailure": True}, {"allowFailure": True, "allowWarning": True}])
_RETRY = st.sampled_from([{}] * 3 + [{"retry": sources.constant("PT0.1S", maxAttempts=2)}])

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
    build = draw(st.sampled_from(_SHAPES))
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
    limit = draw(st.sampled_from([0, 0, 1, 2]))
    return dict(sources.each_parallel("?", draw(_VALUES), *draw(_tasks(depth)), concurrent=limit))


@st.composite
def _each_sequential(draw: st.DrawFn, depth: int) -> Task:
    return {"id": "?", "type": f"{_FLOW}.EachSequential", "value": draw(_VALUES), "tasks": draw(_tasks(depth))}


@st.composite
def _dag(draw: st.DrawFn, depth: int) -> Task:
    """Tasks in any order, each after some of those that come before it in another order."""
    tasks = draw(_tasks(depth, most=4))
    order = draw(st.permutations(range(len(tasks))))
    needs = {each: draw(st.sets(st.sampled_from(order[:rank]))) if rank else set() for rank, each in enumerate(order)}
    entries = [(task, [f"@{need}" for need in sorted(needs[number])]) for number, task in enumerate(tasks)]
    return dict(sources.dag("?", *entries, concurrent=draw(st.sampled_from([0, 0, 1, 2]))))


@st.composite
def _loop_until(draw: st.DrawFn, depth: int) -> Task:
    """Ends in its first iteration by the condition, or in one of the first three by the limit."""
    most = draw(st.integers(1, 3))
    return {
        "id": "?",
        "type": f"{_FLOW}.LoopUntil",
        "condition": draw(st.sampled_from(["{{ true }}", "{{ false }}", "{{ false }}"])),
        "failOnMaxReached": draw(st.booleans()),
        "checkFrequency": {"maxIterations": most, "interval": "PT0.1S"},
        "tasks": draw(_tasks(depth, most=2)),
    }


@st.composite
def _pause(draw: st.DrawFn, depth: int) -> Task:
    """A pause that ends by itself."""
    behavior = draw(st.sampled_from(["RESUME", "RESUME", "WARN", "FAIL"]))
    tasks = draw(_tasks(depth, most=2)) if draw(st.booleans()) else []
    pause = {"id": "?", "type": f"{_FLOW}.Pause", "pauseDuration": "PT0.1S", "behavior": behavior, "tasks": tasks}
    return {**pause, "onPause": draw(_tasks(depth, most=1))[0]} if draw(st.booleans()) else pause


@st.composite
def _directory(draw: st.DrawFn, _depth: int) -> Task:
    """Only what runs by itself may stand in it."""
    return {"id": "?", "type": f"{_FLOW}.WorkingDirectory", "tasks": draw(_tasks(0))}


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


_SHAPES = [
    *(_sequential, _allow, _parallel, _for_each, _each_sequential, _each_parallel, _if, _switch),
    *(_dag, _loop_until, _pause, _directory),
]


@st.composite
def flows(draw: st.DrawFn, depth: int = DEPTH) -> Mapping[str, Any]:
    """A flow's data."""
    flow: dict[str, Any] = {"id": "random", "namespace": "company.team", "tasks": draw(_tasks(depth))}
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
        if value.get("type", "").endswith(".Dag"):
            for entry in value["tasks"]:
                entry["dependsOn"] = [value["tasks"][int(need[1:])]["task"]["id"] for need in entry["dependsOn"]]
