"""What the routes of triggers have in common: which triggers a request names, and acting on one or on many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from thermik.api.bulk import counted
from thermik.api.errors import BadRequest, NotFound
from thermik.api.filters import read_filters
from thermik.api.request import Request
from thermik.api.services import Services
from thermik.api.trigger_wire import FIELDS, matching_triggers, trigger_wire
from thermik.triggers.scheduling import Schedules
from thermik.triggers.states import Name, TriggerState

JSON = "application/json"
QUERY = "q namespace flowId triggerId workerId filters"
"""The parameters of the routes that act on the triggers that pass."""

MAX_NAMES = 1000

Act = Callable[[Schedules, Name], TriggerState | None]


def schedules_of(services: Services) -> Schedules:
    """What starts executions by dates. Raises: NotFound."""
    if services.schedules is None:
        raise NotFound("This server has no triggers")
    return services.schedules


def name_in_path(request: Request) -> Name:
    """The trigger that a path names."""
    return Name(request["namespace"], request["flow_id"], request["trigger_id"])


def read_name(value: Any) -> Name:
    """The trigger that an object names. Raises: BadRequest."""
    parts = [value.get(field) for field in ("namespace", "flowId", "triggerId")] if isinstance(value, dict) else []
    if not (parts and all(isinstance(part, str) for part in parts)):
        raise BadRequest("A trigger must be an object with the texts `namespace`, `flowId` and `triggerId`")
    return Name(*map(str, parts))


def read_names(value: Any) -> list[Name]:
    """The triggers that a list names. Raises: BadRequest."""
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise BadRequest(f"Triggers must be an array of at most {MAX_NAMES} objects")
    return [read_name(each) for each in value]


def queried(services: Services, request: Request) -> list[Name]:
    """The triggers that pass a query's filters. Raises: BadRequest."""
    return [state.name for state in matching_triggers(services, read_filters(request, FIELDS))]


def known(schedules: Schedules, name: Name) -> TriggerState:
    """A trigger's state. Raises: NotFound."""
    found = schedules.states.get(name)
    if found is None:
        raise _unknown(name)
    return found.state


def done(state: TriggerState | None, name: Name) -> dict[str, Any]:
    """The answer to an action on one. Raises: NotFound: there was none."""
    if state is None:
        raise _unknown(name)
    return trigger_wire(state)


def acted(services: Services, names: Iterable[Name], act: Act) -> dict[str, Any]:
    """Act on many; what does not suit is passed over."""
    schedules = schedules_of(services)
    changed = 0
    for name in names:
        before = schedules.states.get(name)
        # counted is what changed: to switch off what is off is no error, and nothing done
        if before is not None and act(schedules, name) != before.state:
            changed += 1
    return counted(changed)


def _unknown(name: Name) -> NotFound:
    return NotFound(f"Trigger '{name.namespace}.{name.flow_id}.{name.trigger_id}' has no dates, or does not exist")
