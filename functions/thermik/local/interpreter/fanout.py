"""The Parallel and Map states: branches started, gathered, and stopped together when one fails.

A distributed Map's items run as child executions do on AWS: with a history and a name of their own, without the
parent's item in their context object, and failures are borne up to the tolerated number.
"""

from __future__ import annotations

from typing import Any

from thermik.local.interpreter.errors import RUNTIME, TOLERANCE, StateError
from thermik.local.interpreter.frames import Branch, History, execution_context
from thermik.local.interpreter.moves import count, fail, go, leave
from thermik.local.interpreter.payloads import bounded
from thermik.local.interpreter.states import Map, Parallel, Scope

INLINE_CONCURRENCY = 40
"""Items of an inline Map under way at once: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"""
DISTRIBUTED_CONCURRENCY = 10_000
"""Child executions under way at once: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"""

_FAILED = object()


class Gathering:
    """The branches of a Parallel state, and what they have given."""

    __slots__ = ("live", "owner", "results", "waiting_for")

    def __init__(self, owner: Branch, size: int) -> None:
        self.owner = owner
        self.live: dict[int, Branch] = {}
        self.results: list[Any] = [None] * size
        self.waiting_for = size

    def start(self, place: int, scope: Scope, data: Any, item: dict[str, Any] | None, history: History) -> None:
        """Start a branch."""
        owner = self.owner
        now = owner.execution.host.clock.now()
        child = Branch(
            owner.execution, scope, history, scope.states[scope.start], data, now, parent=self, place=place, item=item
        )
        self.live[place] = child
        go(child, scope.start, data, now)

    def ended(self, child: Branch, output: Any) -> None:
        """A branch ended: keep its output, and leave the state with the last one."""
        del self.live[child.place]
        self._keep(child.place, output)

    def failed(self, _child: Branch, error: StateError) -> StateError | None:
        """A branch failed, and the state with it."""
        self.owner.history.events += 1  # ParallelStateFailed
        return error

    def _keep(self, place: int, result: Any) -> None:
        self.results[place] = result
        self.waiting_for -= 1
        if self.waiting_for == 0:
            self.finish()

    def finish(self) -> None:
        """Leave the state with what was gathered."""
        owner = self.owner
        owner.join = None
        owner.history.events += 1  # ParallelStateSucceeded, MapStateSucceeded
        results = [result for result in self.results if result is not _FAILED]
        try:
            bounded(results, f"The result of state '{owner.state.name}'")
        except StateError as error:
            fail(owner, error)
            return
        leave(owner, results)


class Iterations(Gathering):
    """The items of a Map state; as many under way as its concurrency allows."""

    __slots__ = ("_allowed", "_failures", "_items", "_limit", "_next", "_state")

    def __init__(self, owner: Branch, state: Map, items: list[Any], limit: int, allowed: float) -> None:
        super().__init__(owner, len(items))
        self._state = state
        self._items = items
        self._limit = limit
        self._allowed = allowed
        self._failures = 0
        self._next = 0

    def fill(self) -> None:
        """Start items while there are any and the concurrency allows.

        Raises:
            StateError: ItemSelector cannot make an item's input.
        """
        while len(self.live) < self._limit and self._next < len(self._items):
            place = self._next
            self._next += 1
            item = {"Index": place, "Value": self._items[place]}
            data = self._input(item)
            if self._state.distributed:
                self.start(place, self._state.processor, data, None, self._history(place, data))
            else:
                count(self.owner, 1)  # MapIterationStarted
                self.start(place, self._state.processor, data, item, self.owner.history)

    def _input(self, item: dict[str, Any]) -> Any:
        selector = self._state.item
        if selector is None:
            return item["Value"]
        owner = self.owner
        data = owner.data if self._state.read is None else self._state.read(owner.data, owner.context)
        context = {**owner.context(), "Map": {"Item": item}}
        selected = selector(data, lambda: context)
        bounded(selected, f"The input of an item of state '{self._state.name}'")
        return selected

    def _history(self, place: int, data: Any) -> History:
        execution = self.owner.execution
        name = f"{self.owner.history.execution['Name']}:{self._state.name}:{place}"
        now = execution.host.clock.now()
        return History(execution_context(name, execution.machine.name, data, now), 1)

    def ended(self, child: Branch, output: Any) -> None:
        """An item ended: keep its output, and start another."""
        del self.live[child.place]
        child.history.events += 1  # MapIterationSucceeded, or the child's ExecutionSucceeded
        self._go_on(child.place, output)

    def failed(self, child: Branch, error: StateError) -> StateError | None:
        """An item failed; a distributed Map bears it within its tolerance."""
        if not self._state.distributed:
            self.owner.history.events += 2  # MapIterationFailed, MapStateFailed
            return error
        self._failures += 1
        if self._failures > self._allowed:
            self.owner.history.events += 2  # MapRunFailed, MapStateFailed
            return StateError(TOLERANCE, "The specified tolerated failure threshold was exceeded")
        del self.live[child.place]
        self._go_on(child.place, _FAILED)
        return None

    def _go_on(self, place: int, result: Any) -> None:
        if self._next < len(self._items):
            try:
                self.fill()
            except StateError as error:
                fail(self.owner, error)
                return
        self._keep(place, result)


def enter_parallel(branch: Branch, state: Parallel) -> None:
    """Start all branches, each with the state's effective input."""
    data = branch.data if state.read is None else state.read(branch.data, branch.context)
    if state.parameters is not None:
        data = state.parameters(data, branch.context)
        bounded(data, f"The input of state '{state.name}'")
    count(branch, 1)  # ParallelStateStarted
    branch.join = join = Gathering(branch, len(state.branches))
    for place, scope in enumerate(state.branches):
        join.start(place, scope, data, branch.item, branch.history)


def enter_map(branch: Branch, state: Map) -> None:
    """Start the first items; without any, the result is an empty array."""
    data = branch.data if state.read is None else state.read(branch.data, branch.context)
    items = state.items(data, branch.context)
    if not isinstance(items, list):
        raise StateError(RUNTIME, f"The ItemsPath of state '{state.name}' must lead to an array, not {items!r:.100}")
    limit = int(state.concurrency(data, branch.context)) or DISTRIBUTED_CONCURRENCY
    count(branch, 3 if state.distributed else 1)  # MapStateStarted (MapRunStarted, MapRunSucceeded)
    most = DISTRIBUTED_CONCURRENCY if state.distributed else INLINE_CONCURRENCY
    branch.join = join = Iterations(branch, state, items, min(limit, most), _allowed(branch, state, data, len(items)))
    if items:
        join.fill()
    else:
        join.finish()


def _allowed(branch: Branch, state: Map, data: Any, size: int) -> float:
    """How many items may fail; with both a count and a percentage, the stricter holds."""
    bounds = []
    if state.tolerated_count is not None:
        bounds.append(float(state.tolerated_count(data, branch.context)))
    if state.tolerated_percentage is not None:
        bounds.append(size * float(state.tolerated_percentage(data, branch.context)) / 100)
    return min(bounds, default=0)
