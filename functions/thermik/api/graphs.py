"""The graph of a flow's tasks: what follows on what, and which task stands within which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.flows.flow import Flow
from thermik.flows.shapes import AfterWaiting, Dependent, OneOf
from thermik.flows.task import FlowableTask
from thermik.flows.tree import AFTER_EXECUTION, ERRORS, FINALLY, TASKS, FlowTree, Node
from thermik.flows.validation import parse_flow

_RELATIONS = {ERRORS: "ERROR", FINALLY: "FINALLY", AFTER_EXECUTION: "AFTER_EXECUTION"}
_TASK = "task"

router = Router("Flows")


@router.route("GET", "/flows/<namespace>/<flow_id>/graph", query="revision subflows")
def of_flow(services: Services, request: Request) -> dict[str, Any]:
    """The graph of a flow."""
    revision = request.optional_number("revision")
    return graph_of(services.flows.load(request["namespace"], request["flow_id"], revision).flow)


@router.route("POST", "/flows/graph", query="subflows", consumes="application/x-yaml")
def of_source(services: Services, request: Request) -> dict[str, Any]:
    """The graph of a flow that need not be saved."""
    return graph_of(parse_flow(request.text(), services.types, services.triggers).flow)


@router.route("GET", "/executions/<execution_id>/graph", query="subflows")
def of_execution(services: Services, request: Request) -> dict[str, Any]:
    """The graph of the flow that an execution ran."""
    execution = services.executions.execution(request["execution_id"]).value
    return graph_of(services.life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).flow)


def graph_of(flow: Flow) -> dict[str, Any]:
    """Nodes, edges, clusters and flowables, as Kestra's clients draw them."""
    drawing = _Drawing()
    tree = FlowTree(flow)
    start, end = drawing.point("start"), drawing.point("end")
    last = drawing.sequence(tree.sections[TASKS], [(start, "SEQUENTIAL", None)])
    for section in (ERRORS, FINALLY, AFTER_EXECUTION):
        if tree.sections[section]:
            before = [(start, "ERROR", None)] if section == ERRORS else _as(last, _RELATIONS[section])
            ends = drawing.sequence(tree.sections[section], before)
            last = [*last, *ends] if section == ERRORS else ends
    drawing.connect(last, end)
    return drawing.wire()


Exit = tuple[str, str, str | None]
"""Where an edge begins: the node, the kind of relation, its value."""


@dataclass(slots=True)
class _Drawing:
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    clusters: list[dict[str, Any]] = field(default_factory=list)
    flowables: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)

    def point(self, uid: str, kind: str = "GraphClusterRoot", **more: Any) -> str:
        """A node; its uid."""
        self.nodes.append({"uid": uid, "type": kind, **more})
        if self.above:
            next(each for each in self.clusters if each["cluster"]["uid"] == self.above[-1])["nodes"].append(uid)
        return uid

    def connect(self, exits: Sequence[Exit], target: str) -> None:
        """Edges from all of these to a node."""
        for source, kind, value in exits:
            relation = {"relationType": kind, **({"value": value} if value is not None else {})}
            self.edges.append({"source": source, "target": target, "relation": relation})

    def sequence(self, nodes: Sequence[Node], exits: Sequence[Exit]) -> list[Exit]:
        """Tasks one after the other; where the last one leaves off."""
        current = list(exits)
        for node in nodes:
            current = self.task(node, current)
        return current

    def task(self, node: Node, exits: Sequence[Exit]) -> list[Exit]:
        """A task, with all that is in it; where it leaves off."""
        task = {"id": node.id, "type": node.task.type, "description": node.task.description}
        described = {name: value for name, value in task.items() if value is not None}
        branch = _RELATIONS.get(node.branch)
        more: dict[str, Any] = {_TASK: described, **({"branchType": branch} if branch else {})}
        if not isinstance(node.task, FlowableTask):
            uid = self.point(node.id, "GraphTask", **more)
            self.connect(exits, uid)
            return [(uid, "SEQUENTIAL", None)]
        return self._flowable(node, exits, more)

    def _flowable(self, node: Node, exits: Sequence[Exit], more: dict[str, Any]) -> list[Exit]:
        self.flowables.append(node.id)
        cluster = f"cluster_{node.id}"
        end = f"{cluster}_end"
        parents = list(self.above)
        described = {"uid": cluster, "type": "GraphCluster"}
        self.clusters.append({"cluster": described, "nodes": [], "parents": parents, "start": node.id, "end": end})
        self.above.append(cluster)
        self.point(node.id, "GraphTask", **more)
        self.connect(exits, node.id)
        leaving = [exit_ for name, children in node.branches.items() for exit_ in self._branch(node, name, children)]
        self.point(end, "GraphClusterEnd")
        self.connect(leaving or [(node.id, "SEQUENTIAL", None)], end)
        self.above.pop()
        return [(end, "SEQUENTIAL", None)]

    def _branch(self, node: Node, name: str, children: Sequence[Node]) -> list[Exit]:
        shape = node.task.shape if isinstance(node.task, FlowableTask) else None
        if isinstance(shape, AfterWaiting) and node.branches[shape.meanwhile]:  # both lists are drawn as one
            children = (*children, *node.branches[shape.branch]) if name == shape.meanwhile else ()
        if not children:
            return []
        if name in _RELATIONS:
            return self.sequence(children, [(node.id, _RELATIONS[name], None)])
        if isinstance(shape, Dependent):
            return self._dependent(node, shape, children)
        if isinstance(shape, OneOf):
            return self.sequence(children, [(node.id, "CHOICE", name)])
        if shape is not None and shape.side_by_side:
            return [exit_ for child in children for exit_ in self.task(child, [(node.id, "PARALLEL", None)])]
        kind = "DYNAMIC" if node.is_loop else "SEQUENTIAL"
        return self.sequence(children, [(node.id, kind, None)])

    def _dependent(self, node: Node, shape: Dependent, children: Sequence[Node]) -> list[Exit]:
        needed = {each for needs in shape.needs.values() for each in needs}
        leaving: dict[str, list[Exit]] = {}
        waiting = list(children)
        while waiting:
            # a flow with a cycle is refused on saving; were there one all the same, its first task is drawn as ready
            ready = next(
                (each for each in waiting if all(need in leaving for need in shape.needs.get(each.id, ()))), waiting[0]
            )
            waiting.remove(ready)
            needs = shape.needs.get(ready.id, ())
            before = [exit_ for need in needs for exit_ in leaving.get(need, [])] or [(node.id, "PARALLEL", None)]
            leaving[ready.id] = self.task(ready, before)
        return [exit_ for name, exits in leaving.items() if name not in needed for exit_ in exits]

    def wire(self) -> dict[str, Any]:
        """The graph's JSON."""
        return {"nodes": self.nodes, "edges": self.edges, "clusters": self.clusters, "flowables": self.flowables}


def _as(exits: Sequence[Exit], kind: str) -> list[Exit]:
    return [(source, kind, None) for source, _, _ in exits]
