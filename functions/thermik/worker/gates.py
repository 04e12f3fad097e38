"""The operations `await` and `release` of a Dag: who waits with a token, and whom an end, or a pause, lets in.

The tokens and the children let in are one item, changed by condition. Whoever comes last of a waiting child and
the ends that it waits for sees both, and lets it in; a token that is answered twice is answered once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from thermik.executions.places import task_run_id
from thermik.executions.state import StateType
from thermik.flows.tree import Node
from thermik.machines.gating import gates_of, makes_room
from thermik.storage import schema
from thermik.storage.errors import Conflict
from thermik.storage.table import Put, Record
from thermik.worker.call import Call, InvalidCall
from thermik.worker.going import check_going
from thermik.worker.scene import TaskScene

_BAD_ENDS = frozenset({StateType.FAILED, StateType.KILLED, StateType.CANCELLED, StateType.RETRIED})

MAX_ROUNDS = 200
"""How often a change of the gates begins again when siblings change them, too."""


def await_turn(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Wait to be let in; a child that was let in before a crash goes on at once."""
    check_going(scene)
    if call.token is None:
        raise InvalidCall("a wait without a task token")
    token, gates = call.token, _Gates(scene)
    gates.change(lambda body: {**body, "tokens": {**body["tokens"], scene.place.node.id: token}})
    gates.open(own=scene.place.node.id)
    return {}


def release(scene: TaskScene, _call: Call) -> dict[str, Any]:
    """The child has ended: let in who waited for it."""
    _Gates(scene).open()
    return {}


def paused(scene: TaskScene) -> None:
    """The child is paused: let in who may begin meanwhile."""
    if makes_room(scene.place.node):
        _Gates(scene).open()


def openable(
    order: Sequence[str],
    needs: Mapping[str, Collection[str]],
    opened: Collection[str],
    ended: Collection[str],
    limit: int,
    resting: Collection[str] = (),
) -> list[str]:
    """Which children may begin now, in their order: all that they need has ended, and there is room.

    Args:
        resting: those that were let in and are paused: they take no place.
        ended: those that have ended; what a child needs and is not among `order` (disabled) counts as ended.
    """
    known = set(order)
    ready = [
        each
        for each in order
        if each not in opened and all(need in ended or need not in known for need in needs.get(each, ()))
    ]
    if not limit:
        return ready
    return ready[: max(0, limit - len(set(opened) - set(ended) - set(resting)))]


class _Gates:
    """The gates of the Dag, or of what else lets its children in one by one, around a child."""

    def __init__(self, scene: TaskScene) -> None:
        parent = scene.place.node.parent
        shape = gates_of(parent) if parent is not None else None
        if parent is None or shape is None:
            raise InvalidCall(f"{scene.place.node.id} waits for no others")
        self._scene = scene
        self._shape = shape
        self._children: Sequence[Node] = parent.branches[self._shape.branch]
        self._key = schema.gates(scene.place.execution_id, scene.place.parent_task_run_id or "")

    def change(self, decide: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Change the item as `decide` says, on whatever it is by now."""
        table = self._scene.ports.table
        for _ in range(MAX_ROUNDS):
            record = table.get([self._key])[0] or Record(self._key, {"tokens": {}, "opened": []})
            body: dict[str, Any] = decide(record.body)
            try:
                if body != record.body:
                    table.write(Put(replace(record, body=body)))
            except Conflict:
                continue
            return body
        raise Conflict(f"the gates of {self._key} are being changed by too many")

    def open(self, own: str | None = None) -> None:
        """Let in whoever may begin, and answer those again that were let in and have not begun.

        Args:
            own: the child that has just begun to wait. If it was let in before, its machine was started again (a
                crash, a restart, a resume): it goes on at once, and its run answers, or is begun again.
        """
        scene = self._scene
        ids = {child.id: task_run_id(scene.place.execution_id, child.id, scene.place.scope) for child in self._children}
        runs = scene.ports.executions.task_runs(scene.place.execution_id, ids.values())
        over = {name: runs[run].value.state for name, run in ids.items() if run in runs}
        # What failed ends the parent, and lets nobody in: also where one comes late to wait (a crash, a late delivery).
        ended = {name for name, state in over.items() if state.is_terminal and state.current not in _BAD_ENDS}
        begun = {name for name, run in ids.items() if run in runs}
        resting = {name for name in begun if runs[ids[name]].value.state.current == StateType.PAUSED}

        def let_in(body: dict[str, Any]) -> dict[str, Any]:
            waiting = [child.id for child in self._children if not self._waits(child.id) or child.id in body["tokens"]]
            opened = [*body["opened"], *(begun - set(body["opened"]))]
            more = openable(list(ids), self._shape.needs, opened, ended, self._shape.limit, resting)
            return {**body, "opened": sorted({*body["opened"], *(set(more) & set(waiting))})}

        body = self.change(let_in)
        inside = begun | set(body["opened"])
        for name in (inside - begun) | ({own} & inside):
            if name in body["tokens"]:
                scene.ports.life.machines.answer(scene.execution.value, body["tokens"][name], {})

    def _waits(self, name: str) -> bool:
        return bool(self._shape.limit or self._shape.needs.get(name))
