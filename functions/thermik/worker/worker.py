"""The worker: takes a call of the machine, carries out what it names and what rides along.

Riders before the operation are carried out first (`start`), riders behind it after its success (`finish`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from thermik.machines.states import Op, Rider
from thermik.worker.assertions import check_assertions
from thermik.worker.call import Call, InvalidCall, Stopped, read_call
from thermik.worker.finish import finish, over, start
from thermik.worker.flowable import close_flowable, open_flowable
from thermik.worker.interrupt import Watch
from thermik.worker.iterations import check_iteration
from thermik.worker.ports import Ports
from thermik.worker.run import run_task
from thermik.worker.scene import Scene, TaskScene, enter, enter_task
from thermik.worker.settle import settle

_operator = logging.getLogger(__name__)

_STARTING = frozenset({Op.RUN, Op.OPEN, Op.CALL, Op.DIRECTORY, Op.BATCHES})
"""Operations that start something, before which the flow's assertions must hold."""


def _later(module: str, function: str) -> Callable[[Worker, TaskScene, Call], dict[str, Any]]:
    """An operation whose module is imported when the first machine asks for it: most workers that start never do."""

    def operate(_worker: Worker, scene: TaskScene, call: Call) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(import_module(f"thermik.worker.{module}"), function)(scene, call)
        return answer

    return operate


def _check_machine(scene: Scene, call: Call) -> None:
    """Turn away what an old machine of the execution asks: a delivery that comes late, a branch that was not ended yet.

    Raises:
        Stopped: the execution has another machine by now (a restart, a resume, a loop that went on in a new one).
    """
    execution = scene.execution.value
    if call.generation in (None, execution.progress.generation):
        return
    text = f"execution {execution.id} is run by machine {execution.progress.generation}, not {call.generation} any more"
    _operator.warning("%s of task '%s' came too late: %s", call.op.value, call.task_id, text)
    raise Stopped(text)


_OF_EXECUTION = frozenset({Op.FINISH, Op.OVER})
"""Operations on the execution itself."""


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
        _check_machine(scene, call)
        if isinstance(scene, TaskScene):
            check_iteration(scene)
        if call.op in _STARTING:
            check_assertions(scene)
        for rider in call.before:
            scene = self._ride(rider, scene)
        answer = self._operate(call, scene)
        for rider in call.after:
            self._ride(rider, scene)
        return answer

    def _enter(self, call: Call) -> Scene:
        return enter(self._ports, call.execution_id) if call.op in _OF_EXECUTION else enter_task(self._ports, call)

    def _operate(self, call: Call, scene: Scene) -> dict[str, Any]:
        if isinstance(scene, TaskScene):
            return self._task_operations[call.op](self, scene, call)
        return finish(scene) if call.op is Op.FINISH else over(scene)

    def _run(self, scene: TaskScene, call: Call) -> dict[str, Any]:
        run_task(self._watch, scene, call)
        return {}

    def _work_in_directory(self, scene: TaskScene, call: Call) -> dict[str, Any]:
        from thermik.worker.directory import work_in_directory

        return work_in_directory(self._watch, scene, call)

    def _join(self, scene: TaskScene, _call: Call) -> dict[str, Any]:
        from thermik.worker.subflow import join_flow

        return join_flow(scene)

    _task_operations: Mapping[Op, Callable[[Worker, TaskScene, Call], dict[str, Any]]] = {
        Op.RUN: _run,
        Op.OPEN: lambda _, scene, call: open_flowable(scene, call),
        Op.CLOSE: lambda _, scene, call: close_flowable(scene, call),
        Op.SETTLE: lambda _, scene, call: settle(scene, call),
        Op.CHECK: _later("looping", "check"),
        Op.AWAIT: _later("gates", "await_turn"),
        Op.RELEASE: _later("gates", "release"),
        Op.WAIT: _later("waiting", "wait"),
        Op.DUE: _later("waiting", "due"),
        Op.DIRECTORY: _work_in_directory,
        Op.SETTLE_DIRECTORY: _later("directory_settling", "settle_directory"),
        Op.BATCHES: _later("batches", "begin_batches"),
        Op.BATCH: _later("batches", "start_batch"),
        Op.BATCH_ENDED: _later("batches", "end_batch"),
        Op.JOIN_BATCHES: _later("batches", "join_batches"),
        Op.CALL: _later("subflow", "call_flow"),
        Op.JOIN: _join,
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
