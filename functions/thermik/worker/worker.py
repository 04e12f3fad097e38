"""The worker: takes a call of the machine, carries out what it names and what rides along.

Riders before the operation are carried out first (`start`), riders behind it after its success (`finish`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from thermik.machines.states import Op, Rider
from thermik.worker.assertions import check_assertions
from thermik.worker.batches import begin_batches, end_batch, join_batches, start_batch
from thermik.worker.call import Call, InvalidCall, read_call
from thermik.worker.directory import work_in_directory
from thermik.worker.directory_settling import settle_directory
from thermik.worker.finish import finish, start
from thermik.worker.flowable import close_flowable, open_flowable
from thermik.worker.gates import await_turn, release
from thermik.worker.interrupt import Watch
from thermik.worker.looping import check
from thermik.worker.ports import Ports
from thermik.worker.run import run_task
from thermik.worker.scene import Scene, TaskScene, enter, enter_task
from thermik.worker.settle import settle
from thermik.worker.subflow import call_flow, join_flow
from thermik.worker.waiting import due, wait

_STARTING = frozenset({Op.RUN, Op.OPEN, Op.CALL, Op.DIRECTORY, Op.BATCHES})
"""Operations that start something, before which the flow's assertions must hold."""


class Worker:
    """Carries out operations; many at once, from any thread."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._watch = Watch()

    def handle(self, payload: Mapping[str, Any], deadline: datetime | None = None) -> dict[str, Any]:
        """Carry out the operation of a payload; the answer is for the machine.

        Args:
            deadline: when this invocation is ended from outside.

        Raises:
            Stopped, TaskFailed, Busy, ExecutionFailed: for the machine to catch (see `call.py`).
            InvalidCall, ExecutionNotFound, FlowNotFound: the payload names what is not there.
            TableUnavailable, BlobsUnavailable: storage is away; nothing half-done is lost.
        """
        call = read_call(payload, deadline)
        scene = self._enter(call)
        if call.op in _STARTING:
            check_assertions(scene)
        for rider in call.before:
            scene = self._ride(rider, scene)
        answer = self._operate(call, scene)
        for rider in call.after:
            self._ride(rider, scene)
        return answer

    def _enter(self, call: Call) -> Scene:
        return enter(self._ports, call.execution_id) if call.op is Op.FINISH else enter_task(self._ports, call)

    def _operate(self, call: Call, scene: Scene) -> dict[str, Any]:
        if isinstance(scene, TaskScene):
            return self._task_operations[call.op](self, scene, call)
        return finish(scene)

    def _run(self, scene: TaskScene, call: Call) -> dict[str, Any]:
        run_task(self._watch, scene, call)
        return {}

    _task_operations: Mapping[Op, Callable[[Worker, TaskScene, Call], dict[str, Any]]] = {
        Op.RUN: _run,
        Op.OPEN: lambda _, scene, call: open_flowable(scene, call),
        Op.CLOSE: lambda _, scene, call: close_flowable(scene, call),
        Op.SETTLE: lambda _, scene, call: settle(scene, call),
        Op.CHECK: lambda _, scene, call: check(scene, call),
        Op.AWAIT: lambda _, scene, call: await_turn(scene, call),
        Op.RELEASE: lambda _, scene, call: release(scene, call),
        Op.WAIT: lambda _, scene, call: wait(scene, call),
        Op.DUE: lambda _, scene, call: due(scene, call),
        Op.DIRECTORY: lambda worker, scene, call: work_in_directory(worker._watch, scene, call),  # noqa: SLF001 - its own
        Op.SETTLE_DIRECTORY: lambda _, scene, call: settle_directory(scene, call),
        Op.BATCHES: lambda _, scene, call: begin_batches(scene, call),
        Op.BATCH: lambda _, scene, call: start_batch(scene, call),
        Op.BATCH_ENDED: lambda _, scene, call: end_batch(scene, call),
        Op.JOIN_BATCHES: lambda _, scene, call: join_batches(scene, call),
        Op.CALL: lambda _, scene, call: call_flow(scene, call),
        Op.JOIN: lambda _, scene, __: join_flow(scene),
    }

    def _ride(self, rider: Rider, scene: Scene) -> Scene:
        match rider.op:
            case "start":
                return start(scene)
            case Op.FINISH:
                finish(scene)
                return scene
            case _:
                raise InvalidCall(f"no operation rides as {rider.op!r}")
