"""Agreements on what must always hold (SLA), looked at by every operation before it starts anything."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from thermik.executions.sla import assertions, break_agreement, ends
from thermik.expressions import ExpressionError, render
from thermik.flows.flow import Sla
from thermik.tasks.truth import is_true
from thermik.worker.call import Stopped
from thermik.worker.logs import log_of_execution
from thermik.worker.scene import Scene
from thermik.worker.services import ExpressionServices

_operator = logging.getLogger(__name__)


def check_assertions(scene: Scene) -> None:
    """Break the first agreement, in the flow's order, that does not hold: of several only that one acts, as in Kestra.

    What has ended can break none: `afterExecution` runs whatever became of the execution.

    An assertion that cannot be rendered is passed over.

    Raises:
        Stopped: the execution was ended.
    """
    if scene.execution.value.state.is_terminal:
        return
    broken = [sla for sla in assertions(scene.plan.flow.sla) if not _holds(scene, sla.assertion)]
    if not broken:
        return
    if len(broken) > 1:
        _tell(scene, broken)
    acts = broken[0]
    break_agreement(scene.ports.life, scene.execution.value, acts)
    if ends(acts):
        raise Stopped(f"execution {scene.execution.value.id} violates the SLA {acts.id}")


def _tell(scene: Scene, broken: Sequence[Sla]) -> None:
    log = log_of_execution(scene)
    for sla in broken:
        log.warn(f"SLA '{sla.id}' is violated; of several that are at once, only the first acts")
    log.flush()


def _holds(scene: Scene, assertion: str) -> bool:
    try:
        return is_true(str(render(assertion, scene.variables(), ExpressionServices(scene))))
    except ExpressionError as error:
        _operator.warning("the SLA of execution %s cannot be rendered: %s", scene.execution.value.id, error)
        return True
