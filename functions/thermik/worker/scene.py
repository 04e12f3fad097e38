"""What one operation has before it: the execution, its flow, the task's place, and the task run if there is one.

One read brings the execution, the task run and the loop's run; what the task's expressions name comes when they
name it, by key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from thermik.executions.model import Execution, Scope, TaskRun
from thermik.executions.places import Place, task_run_id
from thermik.executions.plans import Plan
from thermik.executions.repository import Versioned
from thermik.executions.state import State
from thermik.flows.input_values import InputValues, Resolution, visible_inputs
from thermik.flows.tree import AFTER_EXECUTION
from thermik.worker.call import Call
from thermik.worker.journal import Journal
from thermik.worker.lazy import LazyMap
from thermik.worker.ports import Ports
from thermik.worker.variables import (
    Makers,
    execution_variables,
    installation_variables,
    seen_value,
    task_variables,
    variables,
)

_PRECISION = timedelta(microseconds=999)
"""A machine tells in whole milliseconds when it entered a state: it did so at the latest this much later. Taken for
earlier, a task run could seem to be created before the one that it follows had ended."""


@dataclass(frozen=True)
class Scene:
    """An execution and its flow."""

    ports: Ports
    execution: Versioned[Execution]
    plan: Plan
    journal: Journal

    def now(self) -> datetime:
        """The current instant."""
        return self.ports.clock.now()

    @cached_property
    def inputs(self) -> InputValues:
        """The inputs as expressions see them, and the secrets among them, which logs must mask."""
        declared = self.plan.flow.inputs
        stored = self.execution.value.inputs or {}
        if not declared:
            return InputValues(stored)
        return visible_inputs(declared, stored, Resolution(encryption=self.ports.encryption))

    def secrets(self) -> tuple[str, ...]:
        """Texts that must not be printed; nothing is decrypted where no input is secret."""
        return self.inputs.secrets if any(each.type == "SECRET" for each in self.plan.flow.inputs) else ()

    def variables(self, more: Makers | None = None) -> LazyMap:
        """What expressions outside of tasks see, and more over it."""
        return variables(self._makers() | (more or {}))

    def _makers(self) -> Makers:
        return execution_variables(
            self.execution.value,
            self.plan.flow,
            self.journal,
            lambda: self.inputs.values,
            self.ports.large_outputs.read,
        ) | installation_variables(self.ports.variables)


@dataclass(frozen=True)
class TaskScene(Scene):
    """A task's place in it, and the run that was found there."""

    place: Place
    found: Versioned[TaskRun] | None

    @property
    def after_execution(self) -> bool:
        """Whether the task stands in `afterExecution`, which runs when the execution has ended."""
        top = [self.place.node, *self.place.node.ancestors()][-1]
        return top.branch == AFTER_EXECUTION

    def task_variables(self, run: TaskRun) -> LazyMap:
        """What the expressions of the task see when this is its run."""
        more = task_variables(self.place, run, self.journal, self.ports.large_outputs.read)
        return variables(self._makers() | more)

    def value_of(self, run: TaskRun) -> str | None:
        """`taskrun.value` of a run of this task."""
        return seen_value(self.place, run, self.journal)

    def new_run(self, call: Call) -> TaskRun:
        """The task run that is to be made here, CREATED when the machine entered the state."""
        execution, place = self.execution.value, self.place
        turn = place.scope if place.node.turns else None
        return TaskRun(
            id=place.task_run_id,
            execution_id=execution.id,
            namespace=execution.namespace,
            flow_id=execution.flow_id,
            task_id=place.node.id,
            parent_task_run_id=place.parent_task_run_id,
            value=self.journal.value_at(turn) if turn else None,
            iteration=turn.turn if turn else None,
            state=State.created(min(call.entered + _PRECISION, self.ports.clock.now())),
        ).with_progress(scope=place.scope)


def enter(ports: Ports, execution_id: str) -> Scene:
    """Load an execution and its flow.

    Raises:
        ExecutionNotFound, FlowNotFound, TableUnavailable.
    """
    execution = ports.executions.execution(execution_id)
    plan = _plan(ports, execution.value)
    return Scene(ports, execution, plan, Journal(ports.executions, execution_id, plan.tree, ports.loop_values))


def enter_task(ports: Ports, call: Call) -> TaskScene:
    """Load an execution, its flow, and the task run of a call's task, with the loop's run that it stands in."""
    run_id = task_run_id(call.execution_id, call.task_id, call.scope)
    wanted = [run_id, *_loop(call.scope)]
    execution, runs = ports.executions.load(call.execution_id, wanted)
    plan = _plan(ports, execution.value)
    journal = Journal(ports.executions, call.execution_id, plan.tree, ports.loop_values)
    journal.know(wanted, runs)
    place = Place(call.execution_id, plan.tree[call.task_id], call.scope)
    return TaskScene(ports, execution, plan, journal, place, runs.get(run_id))


def _loop(scope: Scope | None) -> list[str]:
    return [scope.run] if scope else []


def _plan(ports: Ports, execution: Execution) -> Plan:
    return ports.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
