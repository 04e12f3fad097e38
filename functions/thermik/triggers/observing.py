"""Who is told when executions change their state: the flows that listen, and the triggers that wait for an end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thermik.executions.model import Execution
from thermik.executions.repository import Hearing, Observer
from thermik.storage.table import Write
from thermik.triggers.scheduling import Schedules
from thermik.triggers.states import Name

_operator = logging.getLogger(__name__)


class Everyone:
    """Several observers as one."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def hear(self, execution: Execution) -> Hearing | None:
        """What concerns any of them."""
        heard = [hearing for each in self._observers if (hearing := each.hear(execution)) is not None]
        return _Several(heard) if heard else None


@dataclass(frozen=True, slots=True)
class _Several:
    heard: Sequence[Hearing]

    @property
    def writes(self) -> Sequence[Write]:
        return [write for hearing in self.heard for write in hearing.writes]

    def tell(self) -> None:
        for hearing in self.heard:
            hearing.tell()


class EndsOfTriggered:
    """Frees triggers with dates when the execution that they started has ended.

    Args:
        schedules: given as a function, since they are made from what this observes.
        tends: start what is due by then in this process, which has nobody else to do so.
    """

    def __init__(self, schedules: Callable[[], Schedules], *, tends: bool) -> None:
        self._schedules = schedules
        self._tends = tends

    def hear(self, execution: Execution) -> Hearing | None:
        """An end of an execution that a trigger waits for; whoever looks after triggers finds one that is not told."""
        if not (execution.state.is_terminal and self._schedules().is_of_trigger(execution)):
            return None
        return _Ended(self, execution)

    def tell(self, execution: Execution) -> None:
        """Free the trigger."""
        schedules, trigger = self._schedules(), execution.trigger
        if trigger is None:
            return
        try:
            schedules.freed(execution)
            if self._tends:
                schedules.tend(Name(execution.namespace, execution.flow_id, trigger.id))
        except Exception:  # noqa: BLE001 - the execution that ended has nothing to do with it; the sweep frees the trigger
            _operator.exception("the trigger of execution %s could not be freed yet", execution.id)


@dataclass(frozen=True, slots=True)
class _Ended:
    ends: EndsOfTriggered
    execution: Execution

    @property
    def writes(self) -> Sequence[Write]:
        return ()

    def tell(self) -> None:
        self.ends.tell(self.execution)
