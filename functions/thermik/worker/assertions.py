"""Agreements on what must always hold (SLA), looked at by every operation before it starts anything."""

from __future__ import annotations

import logging

from thermik.executions.sla import assertions, break_agreement, ends
from thermik.expressions import ExpressionError, render
from thermik.tasks.truth import is_true
from thermik.worker.call import Stopped
from thermik.worker.scene import Scene
from thermik.worker.services import ExpressionServices

_operator = logging.getLogger(__name__)


def check_assertions(scene: Scene) -> None:
    """Break the first agreement that does not hold and ends the execution; those that only label do so.

    What has ended can break none: `afterExecution` runs whatever became of the execution.

    An assertion that cannot be rendered is passed over.

    Raises:
        Stopped: the execution was ended.
    """
    if scene.execution.value.state.is_terminal:
        return
    for sla in assertions(scene.plan.flow.sla):
        if _holds(scene, sla.assertion):
            continue
        break_agreement(scene.ports.life, scene.execution.value, sla)
        if ends(sla):
            raise Stopped(f"execution {scene.execution.value.id} violates the SLA {sla.id}")


def _holds(scene: Scene, assertion: str) -> bool:
    try:
        return is_true(str(render(assertion, scene.variables(), ExpressionServices(scene))))
    except ExpressionError as error:
        _operator.warning("the SLA of execution %s cannot be rendered: %s", scene.execution.value.id, error)
        return True
