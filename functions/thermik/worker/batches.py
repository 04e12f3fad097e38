"""The operations of a ForEachItem's `ID_items`, an execution of another flow for each batch.

`batches` begins, `batch` starts one execution and waits for its end, `batchEnded` notes how it ended, `joinBatches`
ends the task run.

One task run stands for all batches. It carries what became of each (`batch_states.py`), for people to see; a turn that
cannot note its part because others keep writing leaves it at that, since the end counts anew, from the executions
themselves. A batch's turn is found by its number, in the scope of the task run itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from thermik.executions.closing import attempt_of_call
from thermik.executions.model import Execution, TaskRun
from thermik.executions.places import Place
from thermik.executions.repository import Versioned
from thermik.executions.retries import retry_of
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError
from thermik.expressions.formats.ion import to_ion
from thermik.identity import derived_id
from thermik.storage import internal
from thermik.storage.errors import Conflict
from thermik.tasks.flow.for_each_item import ForEachItemExecutable, outputs_name
from thermik.worker import batch_states
from thermik.worker.attempt import log_failure
from thermik.worker.call import Call, InvalidCall, TaskFailed
from thermik.worker.child_executions import REFUSALS, Caller, call_of, earlier_call
from thermik.worker.endings import failed
from thermik.worker.files import AttemptFiles
from thermik.worker.going import check_going, end_retrying, mark_retrying
from thermik.worker.logs import log_of
from thermik.worker.recording import record
from thermik.worker.scene import TaskScene

_S = StateType

_NOTE_ROUNDS = 3
"""How often a turn tries to note its part while others write theirs."""

_AT_A_TIME = 500
"""Executions that are looked at together at the end."""

_BADLY = frozenset({_S.FAILED, _S.KILLED, _S.CANCELLED, _S.RETRIED})


def begin_batches(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Make the task run RUNNING; answer the numbers of the batches that have not ended.

    Raises:
        Stopped: the execution may not go on.
        TaskFailed: the other flow cannot be executed; the task run is FAILED.
    """
    check_going(scene)
    found = scene.found or Versioned(scene.new_run(call))
    run = found.value
    if run.state.current in _BADLY:
        raise TaskFailed(run.task_id)
    if run.state.current != _S.RUNNING and not run.state.is_terminal:
        run = _begin(scene, found)
    numbers = batch_states.left(run.progress.batches or "") if not run.state.is_terminal else []
    return {"items": numbers, "run": run.id, "count": len(numbers)}


def _begin(scene: TaskScene, found: Versioned[TaskRun]) -> TaskRun:
    caller = Caller(scene, _task(scene), found.value)
    size = len(_Splits(scene, found.value))
    state = found.value.state
    state = state.to(_S.CREATED, scene.now()) if state.current == _S.RETRYING else state
    running = found.value.model_copy(update={"state": state.to(_S.RUNNING, scene.now())}).with_progress(retry_at=None)
    if not size:
        return record(scene, found.then(running.with_state(_S.SUCCESS, scene.now(), outputs={}))).value
    before = found.value.progress.batches
    earlier = None if batch_states.any_given_up(before or "") else earlier_call(found.value, caller.task)
    running = running.with_progress(call=len(running.attempts or ()) if earlier is None else earlier)
    batches = batch_states.begun(size, before)
    try:
        caller.flow()
        running = _counted(running, batches, waits=caller.flag(caller.task.wait))
    except REFUSALS as error:
        _log(scene, running, str(error), f"{type(error).__name__}: {error}")
        record(scene, found.then(running))
        _close(scene, running, _S.FAILED, {}, None)
        raise TaskFailed(running.task_id) from error
    written = record(scene, found.then(running))
    end_retrying(scene)
    return written.value


def start_batch(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Start the execution of a batch, or find it, and see that its end answers the token.

    Raises:
        Stopped: the execution may not go on.
    """
    if call.token is None:
        raise InvalidCall("a batch without a task token")
    check_going(scene)
    turn = _Turn(scene, call)
    if not (turn.is_open() and turn.start(call.token)):
        scene.ports.life.machines.answer(scene.execution.value, call.token, {})
    return {}


def end_batch(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Note how the execution of a batch ended, and keep its outputs."""
    _Turn(scene, call).end()
    return {}


def join_batches(scene: TaskScene, _: Call) -> dict[str, Any]:
    """End the task run.

    Raises:
        TaskFailed: not as a success: `settle` decides.
        Stopped: the execution may not go on.
    """
    check_going(scene)
    if scene.found is None:
        raise TaskFailed(scene.place.node.id)
    run = scene.found.value
    if run.state.current == _S.RUNNING:
        run = _join(scene, run)
    if run.state.current not in (_S.SUCCESS, _S.WARNING, _S.SKIPPED):
        raise TaskFailed(run.task_id)
    return {}


def _join(scene: TaskScene, run: TaskRun) -> TaskRun:
    caller = Caller(scene, _task(scene), run)
    batches, problem = run.progress.batches or "", None
    try:
        waits, transmits = caller.flag(caller.task.wait), caller.flag(caller.task.transmit_failed)
    except ExpressionError as error:
        problem, state = str(error), _S.FAILED
    else:
        batches = _counted_anew(scene, run, waits=waits)
        state = batch_states.outcome(batches, transmits=waits and transmits)
        if left := batch_states.left(batches):
            problem, state = f"{len(left)} batches were not brought to their end", _S.FAILED
        run = _counted(run, batches, waits=waits)
    if problem is not None:
        _log(scene, run, problem, problem)
    outputs = {**(run.outputs or {}), "subflowOutputsBaseUri": _base_uri(run)}
    return _close(scene, run, state, outputs, batches)


def _counted_anew(scene: TaskScene, run: TaskRun, *, waits: bool) -> str:
    """What became of each batch, as the executions themselves have it."""
    letters = list(run.progress.batches or "")
    open_ones = batch_states.left(run.progress.batches or "")
    for start in range(0, len(open_ones), _AT_A_TIME):
        numbers = open_ones[start : start + _AT_A_TIME]
        found = scene.ports.executions.several([_child_id(run, number) for number in numbers])
        for number, child in zip(numbers, found, strict=True):
            state = child.state.current if child is not None else None
            letters[number] = batch_states.final(letters[number], state, waits=waits)
    return "".join(letters)


def _child_id(run: TaskRun, number: int) -> str:
    """One execution for each batch and each try of the task run; a restart goes on with those of the one before."""
    return derived_id("batch", run.id, str(number), str(call_of(run)))


def _log(scene: TaskScene, run: TaskRun, message: str, trace: str, first_chunk: int = 0) -> None:
    log = log_of(scene, run, attempt=len(run.attempts or ()), first_chunk=first_chunk)
    log_failure(log, message, trace)
    log.flush()


class _Turn:
    """One batch: the task run of all batches, in its own place, and the batch's number."""

    def __init__(self, scene: TaskScene, call: Call) -> None:
        if call.scope is None:
            raise InvalidCall("a batch without a number")
        found = scene.journal.versioned(call.scope.run)
        place = Place(scene.place.execution_id, scene.place.node, found.value.progress.scope)
        self._scene = replace(scene, place=place, found=found)
        self._number = call.scope.turn
        self._run = found.value

    @property
    def _letter(self) -> str:
        return (self._run.progress.batches or "")[self._number]

    def is_open(self) -> bool:
        """Whether the batch is still to be started, or waited for."""
        return self._run.state.current == _S.RUNNING and batch_states.is_open(self._letter)

    def start(self, token: str) -> bool:
        """Start; whether the token is left to the end of the execution."""
        scene, run = self._scene, self._run
        items = _Splits(scene, run)[self._number]
        extra = {"taskrun": {"items": items, "iteration": self._number}}
        caller = Caller(scene, _task(scene), run, extra, first_chunk=self._number)
        try:
            waits = caller.flag(caller.task.wait)
            child = caller.child(_child_id(run, self._number), token if waits else None)
        except REFUSALS as error:
            self._refuse(error)
            return False
        if not waits:
            self._note(batch_states.letter_of(_S.SUCCESS))
            return False
        if self._letter == batch_states.WAITING and not child.state.is_terminal:
            self._note(batch_states.STARTED)
        return not child.state.is_terminal

    def _refuse(self, error: Exception) -> None:
        _log(self._scene, self._run, f"Batch {self._number}: {error}", f"{type(error).__name__}: {error}", self._number)
        self._note(batch_states.REFUSED)

    def end(self) -> None:
        """Note the end of the execution, if the batch has one that is not noted yet."""
        if not self.is_open():
            return
        child = self._scene.ports.executions.execution(_child_id(self._run, self._number)).value
        if child.outputs:
            self._keep(child)
        self._note(batch_states.letter_of(child.state.current))

    def _keep(self, child: Execution) -> None:
        """The outputs of the execution, a line of Ion, where the merge looks for them."""
        line = f"{to_ion(child.outputs)}\n".encode()
        AttemptFiles(self._scene, self._run).put(line, outputs_name(self._number))

    def _note(self, letter: str) -> None:
        waits = "CREATED" in (self._run.outputs or {}).get("iterations", {})

        def noted(run: TaskRun) -> TaskRun:
            batches = run.progress.batches or ""
            if run.state.is_terminal or not batch_states.may_follow(batches[self._number], letter):
                return run
            return _counted(run, batch_states.changed(batches, self._number, letter), waits=waits)

        executions = self._scene.ports.executions
        for _ in range(_NOTE_ROUNDS):
            found = executions.task_runs(self._run.execution_id, [self._run.id])[self._run.id]
            wanted = noted(found.value)
            if wanted is found.value:
                return
            try:
                executions.write(found.then(wanted))
            except Conflict:
                continue
            return


class _Splits:
    """The URIs of the batches: a file with one in each line, all of the same length."""

    def __init__(self, scene: TaskScene, run: TaskRun) -> None:
        split = scene.plan.tree[f"{run.task_id.removesuffix('_items')}_split"]
        made = scene.journal.run(replace(scene.place, node=split).task_run_id)
        outputs = scene.ports.large_outputs.read(made) if made is not None else {}
        self._blobs = scene.ports.blobs
        self._key = internal.key_of(outputs["splits"])

    def __len__(self) -> int:
        return self._blobs.info(self._key).size // self._width if self._width else 0

    def __getitem__(self, number: int) -> str:
        with self._blobs.open(self._key, start=number * self._width, length=self._width) as line:
            return line.read().decode().rstrip("\n")

    @property
    def _width(self) -> int:
        with self._blobs.open(self._key) as lines:
            return len(lines.readline())


def _task(scene: TaskScene) -> ForEachItemExecutable:
    task = scene.place.node.task
    if not isinstance(task, ForEachItemExecutable):
        raise TypeError(f"{task.type} executes no flow for batches")
    return task


def _counted(run: TaskRun, batches: str, *, waits: bool) -> TaskRun:
    """The task run with the batches' states, and the outputs that count them."""
    outputs = {"numberOfBatches": len(batches), "iterations": batch_states.iterations(batches, waits=waits)}
    return run.with_progress(batches=batches).model_copy(update={"outputs": outputs})


def _base_uri(run: TaskRun) -> str:
    files = internal.ExecutionFiles(run.namespace, run.flow_id, run.execution_id)
    return files.task_uri(run.task_id, run.id, "x").removesuffix("/x")


def _close(scene: TaskScene, run: TaskRun, state: StateType, outputs: dict[str, Any], batches: str | None) -> TaskRun:
    """End the task run with one attempt, whatever turns still note of themselves meanwhile."""
    now = scene.now()
    attempt = attempt_of_call(run, state, now)
    retry = retry_of(scene.place.node, scene.plan.flow.retry)

    def closed(current: TaskRun) -> TaskRun:
        if current.state.current != _S.RUNNING:
            return current
        ended = current.model_copy(update={"attempts": (*(current.attempts or ()), attempt), "outputs": outputs})
        ended = ended.with_progress(batches=batches)
        if state == _S.FAILED:
            return failed(ended, scene.place.node.task, retry, now, scene.ports.random)
        return ended.with_state(state, now)

    written = scene.ports.executions.change_task_run(run.execution_id, run.id, closed) or run
    if written.state.current == _S.RETRYING:
        mark_retrying(scene)
    return written
