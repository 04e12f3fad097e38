"""Which flows depend on which: by executing them as subflows, or by listening to their executions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from thermik.api.flow_search import every_flow
from thermik.api.request import Request
from thermik.api.routing import TENANT, Router
from thermik.api.services import Services
from thermik.expressions import ExpressionError
from thermik.flows.flow import Flow
from thermik.flows.problems import InvalidFlow
from thermik.flows.trigger import Condition
from thermik.tasks.flow.calling import FlowCall
from thermik.triggers import conditions as model
from thermik.triggers.models import Flow as FlowTrigger
from thermik.triggers.preconditions import ExecutionFilter, ExecutionFilters
from thermik.triggers.upstream import compare

FLOW_TASK, FLOW_TRIGGER = "FLOW_TASK", "FLOW_TRIGGER"

_HINTS = ("flowId", "trigger.Flow")
"""What the source of every flow that depends on another has in it: the others are not parsed."""

router = Router("Flows")


class FlowName(NamedTuple):
    """A flow by its names."""

    namespace: str
    id: str

    @property
    def uid(self) -> str:
        """Kestra's name of a node."""
        return f"{TENANT}_{self.namespace}_{self.id}"


class Edge(NamedTuple):
    """An execution of `source` is what makes one of `target`."""

    source: FlowName
    target: FlowName
    relation: str


@router.route("GET", "/flows/<namespace>/<flow_id>/dependencies", query="destinationOnly expandAll")
def of_flow(services: Services, request: Request) -> dict[str, Any]:
    """The flows that a flow executes or listens to, and those that do so with it; with `expandAll` theirs, too."""
    found = services.flows.get(request["namespace"], request["flow_id"])
    name = FlowName(found.namespace, found.id)
    edges = [*every_edge(services)]
    if request.flag("expandAll"):
        return _wire([name], _reached(name, edges))
    to_it_only = request.flag("destinationOnly")
    return _wire([name], [each for each in edges if each.target == name or (each.source == name and not to_it_only)])


@router.route("GET", "/namespaces/<namespace>/dependencies", query="destinationOnly")
def of_namespace(services: Services, request: Request) -> dict[str, Any]:
    """The flows of a namespace and what they depend on, or depends on them."""
    namespace, to_it_only = request["namespace"], request.flag("destinationOnly")
    own = [FlowName(each.namespace, each.id) for each in every_flow(services.flows, namespace)]
    edges = [
        each
        for each in every_edge(services)
        if each.target.namespace == namespace or (each.source.namespace == namespace and not to_it_only)
    ]
    return _wire(own, edges)


def every_edge(services: Services) -> Iterator[Edge]:
    """The dependencies between all flows that there are."""
    revisions = every_flow(services.flows)
    names = [FlowName(each.namespace, each.id) for each in revisions]
    there = set(names)
    for name, revision in zip(names, revisions, strict=True):
        if not any(hint in revision.source for hint in _HINTS):
            continue
        try:
            flow = services.flows.load(name.namespace, name.id, revision.revision).flow
        except InvalidFlow:  # accepted once and not any more: it does not run either
            continue
        yield from (Edge(name, each, FLOW_TASK) for each in _executed(flow) if each in there)
        yield from (Edge(each, name, FLOW_TRIGGER) for each in _heard(flow, names) if each != name)


def _executed(flow: Flow) -> Iterable[FlowName]:
    """The flows that tasks of a flow execute, as far as they are named and not rendered."""
    tasks: Iterable[object] = flow.all_tasks()
    calls = (task for task in tasks if isinstance(task, FlowCall))
    return dict.fromkeys(FlowName(call.namespace, call.flow_id) for call in calls)


def _heard(flow: Flow, names: Sequence[FlowName]) -> Iterable[FlowName]:
    """The flows whose executions can start a flow, by what its triggers say of namespaces and ids."""
    triggers = [each for each in flow.triggers if isinstance(each, FlowTrigger) and not each.disabled]
    return [name for name in names if any(_hears(trigger, name) for trigger in triggers)]


def _hears(trigger: FlowTrigger, name: FlowName) -> bool:
    if not all(_may_hold(each, name) for each in trigger.conditions):
        return False
    wanted = trigger.preconditions
    if wanted is None:
        return True
    # each precondition is met by an execution of its own, so that of one flow need only fit one of them
    named = any(each.namespace == name.namespace and each.flow_id in (None, name.id) for each in wanted.flows)
    return named or any(_group_may_pass(each, name) for each in wanted.where)


def _may_hold(condition: Condition, name: FlowName) -> bool:
    """Whether a condition can hold for an execution of a flow; what says nothing of flows can."""
    match condition:
        case model.ExecutionFlow():
            return (condition.namespace, condition.flow_id) == name
        case model.ExecutionNamespace():
            return _namespace_fits(condition, name.namespace)
        case model.Or():
            return any(_may_hold(each, name) for each in condition.conditions)
        case model.MultipleCondition():
            return any(_may_hold(each, name) for each in condition.conditions.values())
        case _:
            return True


def _namespace_fits(condition: model.ExecutionNamespace, namespace: str) -> bool:
    comparison = condition.comparison or ("PREFIX" if condition.prefix else "EQUALS")
    compare: dict[str, Callable[[str], bool]] = {
        "EQUALS": condition.namespace.__eq__,
        "PREFIX": lambda seen: seen.startswith(condition.namespace),
        "SUFFIX": lambda seen: seen.endswith(condition.namespace),
    }
    return compare[comparison](namespace)


def _group_may_pass(group: ExecutionFilters, name: FlowName) -> bool:
    every = all if group.operand == "AND" else any
    return every(_may_pass(each, name) for each in group.filters)


def _may_pass(one: ExecutionFilter, name: FlowName) -> bool:
    """Whether a filter can pass an execution of a flow; those that look at its state or render a text can."""
    seen = {"FLOW_ID": name.id, "NAMESPACE": name.namespace}.get(one.field)
    if seen is None:
        return True
    try:
        return compare(one, seen)
    except ExpressionError:  # a pattern that takes too long passes nothing when it counts, either
        return False


def _reached(start: FlowName, edges: Sequence[Edge]) -> list[Edge]:
    """The edges of every flow that is reached along edges, whichever way they point."""
    reached, border = {start}, {start}
    while border:
        touching = (each for each in edges if each.source in border or each.target in border)
        border = {name for each in touching for name in (each.source, each.target)} - reached
        reached |= border
    return [each for each in edges if each.source in reached]


def _wire(names: Iterable[FlowName], edges: Iterable[Edge]) -> dict[str, Any]:
    edges = [*edges]
    nodes = dict.fromkeys([*names, *(name for each in edges for name in (each.source, each.target))])
    return {
        "nodes": [{"uid": name.uid, "namespace": name.namespace, "id": name.id} for name in nodes],
        "edges": [{"source": each.source.uid, "target": each.target.uid, "relation": each.relation} for each in edges],
    }
