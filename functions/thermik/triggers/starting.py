"""What a trigger's expressions see, and executions that are started once however often they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.model import Execution, Label
from thermik.executions.plans import Plan
from thermik.executions.repository import Versioned
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError, render
from thermik.flows.input_values import Resolution, resolve_inputs
from thermik.flows.labels import Label as FlowLabel
from thermik.storage.errors import Conflict
from thermik.triggers.holding import Circumstances
from thermik.worker.journal import Journal
from thermik.worker.ports import Ports
from thermik.worker.scene import Scene
from thermik.worker.services import ExpressionServices

_OF_INPUTS = ("flow", "vars", "labels", "trigger", "envs", "globals")


class View:
    """An execution as a trigger's expressions see it; `trigger` is what they find under that name."""

    def __init__(self, scene: Scene, trigger: Mapping[str, Any] | None = None) -> None:
        self.scene = scene
        self._services = ExpressionServices(scene)
        self._variables = scene.variables({"trigger": lambda: trigger} if trigger is not None else None)

    def render(self, value: Any) -> Any:
        """A rendered value. Raises: ExpressionError."""
        return render(value, self._variables, self._services)

    def circumstances(self) -> Circumstances:
        """What conditions are asked about."""
        scene = self.scene
        return Circumstances(self.render, scene.ports.zone, scene.execution.value, lambda: _attempts(scene))

    def resolution(self) -> Resolution:
        """What the defaults and conditions of the flow's inputs may read."""
        context = {name: self._variables[name] for name in _OF_INPUTS if name in self._variables}
        return Resolution(context, self._services, self.scene.ports.encryption)

    def inputs(self, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The flow's inputs from a trigger's, rendered and typed. Raises: ExpressionError, InvalidInputs."""
        declared = self.scene.plan.flow.inputs
        return resolve_inputs(declared, self.render(given), self.resolution()).values or None

    def labels(self, labels: Iterable[FlowLabel]) -> list[Label]:
        """A trigger's labels; one that cannot be rendered is left out."""
        return [label for each in labels if (label := self._label(each)) is not None]

    def _label(self, label: FlowLabel) -> Label | None:
        try:
            key, value = self.render(label.key), self.render(label.value)
        except ExpressionError:
            return None
        return Label(key=str(key), value="" if value is None else str(value))


def scene_of(ports: Ports, execution: Execution, plan: Plan) -> Scene:
    """The scene of an execution that is at hand, or is not written yet."""
    journal = Journal(ports.executions, execution.id, plan.tree, ports.loop_values)
    return Scene(ports, Versioned(execution), plan, journal)


def start_once(ports: Ports, new: NewExecution) -> Execution:
    """Create an execution whose id is derived; the one that an earlier call created, if one did.

    Raises:
        FlowNotFound, FlowTooLarge, TableUnavailable, MachinesUnavailable.
    """
    try:
        return create(ports.life, new)
    except Conflict:
        return ports.executions.execution(new.id).value


def _attempts(scene: Scene) -> Iterator[StateType]:
    for run in scene.ports.executions.all_task_runs(scene.execution.value.id):
        yield from (attempt.state.current for attempt in run.value.attempts or ())
