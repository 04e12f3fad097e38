"""Starting an execution of another flow for a task: a Subflow, or a batch of a ForEachItem.

The new execution's id is derived by the caller, so a call that comes twice starts one; its end answers the task token
that it is bound to. A restart of the caller restarts the executions that failed, unless `restartBehavior` says no.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from thermik.executions.launch import launch
from thermik.executions.lifecycle import SYSTEM, NewExecution, create
from thermik.executions.model import Execution, Label, TaskRun, Trigger, Waiting
from thermik.executions.refusals import WrongState
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.revival import restart
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError, render
from thermik.flows.flow import Flow
from thermik.flows.input_values import InvalidInputs, Resolution, resolve_inputs
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowNotFound
from thermik.machines.limits import FlowTooLarge
from thermik.storage.errors import Conflict
from thermik.tasks.flow.calling import FlowCall
from thermik.tasks.truth import is_true
from thermik.worker.logs import log_of
from thermik.worker.scene import TaskScene
from thermik.worker.services import ExpressionServices

_DATE: TypeAdapter[datetime] = TypeAdapter(datetime)


class CannotCall(Exception):
    """The other flow cannot be executed; the message is for the flow's author."""


REFUSALS = (CannotCall, ExpressionError, FlowNotFound, FlowTooLarge, InvalidFlow, InvalidInputs)
"""Why an execution may not be started: what the flow's author must see to."""


GIVEN_UP = frozenset({StateType.KILLED, StateType.CANCELLED, StateType.RETRIED})
"""How an execution ended that a restart of its caller leaves alone: another is started."""


def call_of(run: TaskRun) -> int:
    """The try that the ids of the executions which a task run waits for are derived from."""
    return len(run.attempts or ()) if run.progress.call is None else run.progress.call


def earlier_call(run: TaskRun, task: FlowCall) -> int | None:
    """The try whose executions this one goes on with; None where it has its own: a first one, or a retry."""
    tries = len(run.attempts or ())
    if run.state.current != StateType.RESTARTED or task.restart_behavior != "RETRY_FAILED" or not tries:
        return None
    return tries - 1 if run.progress.call is None else run.progress.call


@dataclass(frozen=True, slots=True)
class Caller:
    """A task run that calls another flow.

    Attributes:
        extra: variables of this call, over those that the task sees.
        first_chunk: tells this call's log from others of the same attempt.
    """

    scene: TaskScene
    task: FlowCall
    run: TaskRun
    extra: Mapping[str, Any] = field(default_factory=dict)
    first_chunk: int = 0

    def rendered(self, value: Any) -> Any:
        """Render what the call is made of. Raises: ExpressionError."""
        variables = ChainMap(dict(self.extra), cast("MutableMapping[str, Any]", self.scene.task_variables(self.run)))
        return render(value, variables, ExpressionServices(self.scene))

    def flag(self, written: bool | str) -> bool:
        """A property that is a boolean, or renders to one. Raises: ExpressionError."""
        return written if isinstance(written, bool) else is_true(str(self.rendered(written)))

    def flow(self) -> tuple[int, Flow]:
        """The other flow's revision, and the flow. Raises: CannotCall, ExpressionError."""
        task, plans = self.task, self.scene.ports.plans
        namespace, flow_id = str(self.rendered(task.namespace)), str(self.rendered(task.flow_id))
        try:
            revision = task.revision or plans.latest(namespace, flow_id)
            flow = plans.plan(namespace, flow_id, revision).flow
        except FlowNotFound as missing:
            raise CannotCall(
                f"Unable to find flow '{namespace}'.'{flow_id}' with revision '{task.revision or 0}'"
            ) from missing
        if flow.disabled:
            raise CannotCall("Cannot execute a flow which is disabled")
        return revision, flow

    def child(self, child_id: str, token: str | None) -> Execution:
        """The other execution, created or found, its end bound to the token. Raises: one of `REFUSALS`."""
        executions = self.scene.ports.executions
        waiting = Waiting(execution=self.run.execution_id, token=token) if token else None
        try:
            there = executions.execution(child_id).value
        except ExecutionNotFound:
            self._create(child_id, waiting)
        else:
            if there.state.current == StateType.CREATED:  # whoever created it may have died before it started it
                launch(self.scene.ports.life, there)
            elif self._failed_before(there):
                self._restart(there)

        def bound(child: Execution) -> Execution:
            if waiting is None or child.progress.waiting == waiting:
                return child
            aftermath = child.progress.aftermath or not child.state.is_terminal  # one that has ended may have a rest
            progress = child.progress.model_copy(update={"waiting": waiting, "aftermath": aftermath})
            return child.model_copy(update={"progress": progress})

        return executions.change_execution(child_id, bound)

    def _failed_before(self, there: Execution) -> bool:
        """Whether the execution is one of an earlier try, and has not been restarted in this one."""
        ended, begun = there.state.end_date, self.run.state.histories[-1].date
        earlier = call_of(self.run) < len(self.run.attempts or ())
        return earlier and there.state.current == StateType.FAILED and ended is not None and ended <= begun

    def _restart(self, there: Execution) -> None:
        try:
            restart(self.scene.ports.life, there.id, anyway=True)
        except WrongState:
            return  # somebody else restarted it at this moment
        self._tell("Restarted", there.id, there)

    def _tell(self, what: str, child_id: str, flow: Flow | Execution) -> None:
        log = log_of(self.scene, self.run, attempt=len(self.run.attempts or ()), first_chunk=self.first_chunk)
        flow_id = flow.flow_id if isinstance(flow, Execution) else flow.id
        log.info(f'{what} execution [[link execution="{child_id}" flowId="{flow_id}" namespace="{flow.namespace}"]]')
        log.flush()

    def _create(self, child_id: str, waiting: Waiting | None) -> None:
        ports = self.scene.ports
        revision, flow = self.flow()
        resolution = Resolution(services=ExpressionServices(self.scene), encryption=ports.encryption)
        new = NewExecution(
            namespace=flow.namespace,
            flow_id=flow.id,
            revision=revision,
            id=child_id,
            inputs=resolve_inputs(flow.inputs, self.rendered(self.task.inputs), resolution).values,
            labels=self._labels(),
            trigger=self._trigger(),
            waiting=waiting,
            schedule_date=self._schedule_date(),
        )
        try:
            create(ports.life, new)
        except Conflict:
            return  # the same call, at the same moment, created it
        self._tell("Created new", child_id, flow)

    def _schedule_date(self) -> datetime | None:
        written = self.task.schedule_date
        if written is None or isinstance(written, datetime):
            return written
        text = str(self.rendered(written))
        try:
            date = _DATE.validate_python(text)
        except ValidationError as error:
            raise CannotCall(f"scheduleDate rendered to '{text}', which is no date") from error
        return date if date.tzinfo else date.replace(tzinfo=self.scene.ports.zone)

    def _labels(self) -> list[Label]:
        inherit = self.flag(self.task.inherit_labels)
        own = self.scene.execution.value.labels
        labels = [label for label in own if inherit or label.key.startswith(SYSTEM)]
        rendered = (
            Label(key=str(self.rendered(label.key)), value=str(self.rendered(label.value)))
            for label in self.task.labels
        )
        return [*labels, *rendered]

    def _trigger(self) -> Trigger:
        execution, task = self.scene.execution.value, self.scene.place.node.task
        variables = {
            "executionId": execution.id,
            "namespace": execution.namespace,
            "flowId": execution.flow_id,
            "flowRevision": execution.flow_revision,
        }
        return Trigger(id=task.id, type=task.type, variables=variables)
