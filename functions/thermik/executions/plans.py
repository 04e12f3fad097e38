"""A revision of a flow made ready to be run, once: its tree, and the definition of its machine.

A revision never changes, so plans are kept; a worker that is warm reads no flow. Bounded by their number.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from thermik.executions.model import Execution
from thermik.executions.outcomes import cuts_short
from thermik.executions.state import StateType
from thermik.flows.flow import Flow
from thermik.flows.tree import AFTER_EXECUTION, FINALLY, FlowTree, Node

if TYPE_CHECKING:  # the compiler is imported when something is compiled: most functions that start never do
    from thermik.machines.compiler import Definition

MAX_PLANS = 256
"""Plans kept in a process; a flow of 500 tasks takes about 2 MB."""

EXIT = frozenset({"io.kestra.plugin.core.execution.Exit"})
"""Tasks that end their execution, and then themselves."""

_NOT_BEGUN = frozenset({StateType.CREATED, StateType.QUEUED})


class Plan:
    """A flow that executions run: plugin defaults applied."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    @cached_property
    def tree(self) -> FlowTree:
        """Its tasks in their places."""
        return FlowTree(self.flow)

    @property
    def has_aftermath(self) -> bool:
        """Whether the end of an execution sets something going: a slot is released, `afterExecution` runs."""
        return self.flow.concurrency is not None or bool(self.flow.after_execution)

    def may_leave_work(self, state: StateType) -> bool:
        """Whether an execution that ends so may leave task runs at work: beside the one that ends it, or that one."""
        return self._exits or (self._side_by_side and (state != StateType.SUCCESS or self._fails_in_silence))

    @cached_property
    def _exits(self) -> bool:
        return any(node.task.type in EXIT for node in self.tree.nodes.values())

    @cached_property
    def _side_by_side(self) -> bool:
        return any(cuts_short(node) for node in self.tree.nodes.values())

    @cached_property
    def _fails_in_silence(self) -> bool:
        """Whether something may fail beside others in an execution that is a success: what comes last never counts."""
        nodes = self.tree.nodes.values()
        return any(node.task.allow_warning or (cuts_short(node) and _comes_last(node)) for node in nodes)

    @cached_property
    def definition(self) -> Definition:
        """Its state machine. Raises: FlowTooLarge."""
        from thermik.machines.compiler import compile_flow

        return compile_flow(self.flow)

    @cached_property
    def scheduled_definition(self) -> Definition:
        """The machine of executions that start at a date. Raises: FlowTooLarge."""
        from thermik.machines.compiler import compile_flow

        return compile_flow(self.flow, scheduled=True)

    @cached_property
    def aftermath_definition(self) -> Definition:
        """The machine of executions whose end a crash left without its `afterExecution`. Raises: FlowTooLarge."""
        from thermik.machines.compiler import compile_flow

        return compile_flow(self.flow, ended=True)

    def definition_for(self, execution: Execution) -> Definition:
        """The machine to give an execution in its present state: one that waits for a date gets one that waits.

        What has ended gets only what follows: asked again, tasks that a failure beside them cut short would say that
        the execution may not go on.

        Raises: FlowTooLarge.
        """
        if execution.state.is_terminal and self.flow.after_execution:
            return self.aftermath_definition
        waits = execution.schedule_date is not None and execution.state.current in _NOT_BEGUN
        return self.scheduled_definition if waits else self.definition


def _comes_last(node: Node) -> bool:
    return any(each.branch in (FINALLY, AFTER_EXECUTION) for each in (node, *node.ancestors()))


class Plans(Protocol):
    """The flows that executions run, by revision."""

    def plan(self, namespace: str, flow_id: str, revision: int) -> Plan:
        """Raises: FlowNotFound, InvalidFlow, TableUnavailable."""
        ...

    def latest(self, namespace: str, flow_id: str) -> int:
        """The newest revision of a flow. Raises: FlowNotFound, TableUnavailable."""
        ...


class KeptPlans:
    """`Plans` that loads each revision once. Thread-safe."""

    def __init__(
        self, load: Callable[[str, str, int], Flow], latest: Callable[[str, str], int], most: int = MAX_PLANS
    ) -> None:
        self._load = load
        self._latest = latest
        self._most = most
        self._kept: OrderedDict[tuple[str, str, int], Plan] = OrderedDict()
        self._lock = Lock()

    def plan(self, namespace: str, flow_id: str, revision: int) -> Plan:
        """The plan, from the cache or loaded."""
        key = (namespace, flow_id, revision)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        plan = Plan(self._load(*key))
        with self._lock:
            self._kept[key] = plan
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return plan

    def latest(self, namespace: str, flow_id: str) -> int:
        """The newest revision's number, read anew each time."""
        return self._latest(namespace, flow_id)
