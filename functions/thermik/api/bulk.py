"""Actions on many executions, or many flows, at once: by their ids, or all that pass a filter.

By ids, one that is unknown or unsuited refuses the whole request, and nothing is done; by a query, what does not suit
is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from thermik.api.errors import ApiError, BadRequest
from thermik.api.execution_actions import read_labels, read_state
from thermik.api.execution_search import FIELDS, matching_executions
from thermik.api.filters import read_filters
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.executions import changes, kill, pausing, queue, replay, revival
from thermik.executions.model import Execution
from thermik.executions.refusals import Refused
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.state import IllegalTransition, StateType
from thermik.identity import new_id

MAX_IDS = 1000

JSON = "application/json"
_F = "q namespace flowId state labels scope startDate endDate timeRange triggerExecutionId childFilter filters"

router = Router("Many executions")

Act = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Suits:
    """Which executions an action suits.

    Attributes:
        action: its name in a refusal.
        otherwise: what is told of one that it does not suit; Kestra's words, as the name is.
    """

    test: Callable[[Execution], bool]
    action: str
    otherwise: str


_NOT_ENDED = "execution not in a terminated state"

_KILL = Suits(lambda each: not each.state.is_terminal, "kill", "execution already finished")
_FORCE_RUN = Suits(lambda each: not each.state.is_terminal, "force run", "execution in a terminated state")
_PAUSE = Suits(lambda each: each.state.current == StateType.RUNNING, "pause", "execution not in state RUNNING")
_RESUME = Suits(lambda each: each.state.current == StateType.PAUSED, "resume", "execution not in state PAUSED")
_UNQUEUE = Suits(lambda each: each.state.current == StateType.QUEUED, "unqueue", "execution not in state QUEUED")
_REPLAY = Suits(lambda _each: True, "replay", "")
_STATUS = Suits(lambda each: each.state.is_terminal, "change executions state", _NOT_ENDED)
_LABELS = Suits(lambda each: each.state.is_terminal, "set labels", _NOT_ENDED)
_DELETE = Suits(lambda each: each.state.is_terminal, "delete", _NOT_ENDED)
_DELETE_ANY = Suits(lambda _each: True, "delete", "")


def _restart(services: Services) -> Suits:
    return Suits(
        lambda each: revival.can_be_restarted(services.life, each),
        "restart",
        "execution not in state PAUSED or terminated, or without a failed task run",
    )


@router.route("DELETE", "/executions/kill/by-ids", consumes=JSON)
def kill_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Kill these executions."""
    return by_ids(services, request.json_list(), _KILL, partial(kill.kill, services.life))


@router.route("DELETE", "/executions/kill/by-query", query=_F)
def kill_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Kill the executions that pass."""
    return by_query(services, request, _KILL, partial(kill.kill, services.life))


@router.route("POST", "/executions/pause/by-ids", consumes=JSON)
def pause_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Pause these executions."""
    return by_ids(services, request.json_list(), _PAUSE, partial(pausing.pause, services.life))


@router.route("POST", "/executions/pause/by-query", query=_F)
def pause_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Pause the executions that pass."""
    return by_query(services, request, _PAUSE, partial(pausing.pause, services.life))


@router.route("POST", "/executions/resume/by-ids", consumes=JSON)
def resume_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Resume these executions."""
    return by_ids(services, request.json_list(), _RESUME, partial(pausing.resume, services.life))


@router.route("POST", "/executions/resume/by-query", query=_F)
def resume_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Resume the executions that pass."""
    return by_query(services, request, _RESUME, partial(pausing.resume, services.life))


@router.route("POST", "/executions/force-run/by-ids", consumes=JSON)
def force_run_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Let these executions run now."""
    return by_ids(services, request.json_list(), _FORCE_RUN, partial(queue.force_run, services.life))


@router.route("POST", "/executions/force-run/by-query", query=_F)
def force_run_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Let the executions that pass run now."""
    return by_query(services, request, _FORCE_RUN, partial(queue.force_run, services.life))


@router.route("POST", "/executions/unqueue/by-ids", query="state", consumes=JSON)
def unqueue_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Take these executions out of their flows' queues."""
    return by_ids(services, request.json_list(), _UNQUEUE, _unqueueing(services, request, "state"))


@router.route("POST", "/executions/unqueue/by-query", query=f"newState {_F}")
def unqueue_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Take the executions that pass out of their flows' queues."""
    return by_query(services, request, _UNQUEUE, _unqueueing(services, request, "newState"))


@router.route("POST", "/executions/restart/by-ids", consumes=JSON)
def restart_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Restart these executions."""
    return by_ids(services, request.json_list(), _restart(services), partial(revival.restart, services.life))


@router.route("POST", "/executions/restart/by-query", query=_F)
def restart_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Restart the executions that pass."""
    return by_query(services, request, _restart(services), partial(revival.restart, services.life))


@router.route("POST", "/executions/replay/by-ids", query="latestRevision", consumes=JSON)
def replay_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Replay these executions from the start."""
    return by_ids(services, request.json_list(), _REPLAY, _replaying(services, request))


@router.route("POST", "/executions/replay/by-query", query=f"latestRevision {_F}")
def replay_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Replay the executions that pass from the start."""
    return by_query(services, request, _REPLAY, _replaying(services, request))


@router.route("POST", "/executions/change-status/by-ids", query="newStatus", consumes=JSON)
def change_status_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Give these executions, which have ended, another final state."""
    return by_ids(services, request.json_list(), _STATUS, _changing(services, request))


@router.route("POST", "/executions/change-status/by-query", query=f"newStatus {_F}")
def change_status_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Give the executions that pass, and have ended, another final state."""
    return by_query(services, request, _STATUS, _changing(services, request))


@router.route("POST", "/executions/labels/by-ids", consumes=JSON)
def labels_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Set labels on these executions."""
    body = request.json_object()
    labels = read_labels(body.get("executionLabels"))
    ids = body.get("executionsId")
    if not isinstance(ids, list):
        raise BadRequest("The body must have `executionsId`, a list")
    return by_ids(services, ids, _LABELS, lambda each: changes.set_labels(services.life, each, labels))


@router.route("POST", "/executions/labels/by-query", query=_F, consumes=JSON)
def labels_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Set labels on the executions that pass."""
    labels = read_labels(request.json())
    return by_query(services, request, _LABELS, lambda each: changes.set_labels(services.life, each, labels))


_DELETING = "includeNonTerminated deleteLogs deleteMetrics deleteStorage"


@router.route("DELETE", "/executions/by-ids", query=_DELETING, consumes=JSON)
def delete_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Delete these executions; with `includeNonTerminated` those that run are killed before."""
    suits = _DELETE_ANY if request.flag("includeNonTerminated") else _DELETE
    return by_ids(services, request.json_list(), suits, _deleting(services, request))


@router.route("DELETE", "/executions/by-query", query=f"{_DELETING} {_F}")
def delete_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Delete the executions that pass; with `includeNonTerminated` those that run are killed before."""
    suits = _DELETE_ANY if request.flag("includeNonTerminated") else _DELETE
    return by_query(services, request, suits, _deleting(services, request))


def by_ids(services: Services, ids: Sequence[Any], suits: Suits, act: Act) -> dict[str, Any]:
    """Act on these executions, if all of them suit. Raises: BadRequest."""
    if len(ids) > MAX_IDS:
        raise BadRequest(f"There are {len(ids)} ids; at most {MAX_IDS} are accepted")
    wanted = [*dict.fromkeys(map(str, ids))]  # one that is named twice is restarted once
    invalids = [{"message": text, "invalidValue": each} for each in wanted if (text := _refusal(services, each, suits))]
    if invalids:
        raise BadRequest(f"invalid bulk {suits.action}", body={"invalids": invalids})
    for each in wanted:
        act(each)  # all suited a moment ago; one that has changed since refuses the rest, and what was done stays done
    return counted(len(wanted))


def by_query(services: Services, request: Request, suits: Suits, act: Act) -> dict[str, Any]:
    """Act on those that pass the filters and suit; what is refused meanwhile is passed over."""
    # found as a whole first: acting changes the states and dates by which the list goes on
    found = matching_executions(services.table, read_filters(request, FIELDS), services.now())
    return counted(sum(_done(act, execution.id) for execution in found if suits.test(execution)))


def counted(number: int) -> dict[str, Any]:
    """The answer to an action on many."""
    return {"count": number, "operationId": new_id(), "totalItems": number}


def _refusal(services: Services, execution_id: str, suits: Suits) -> str | None:
    try:
        execution = services.executions.execution(execution_id).value
    except ExecutionNotFound:
        return "execution not found"
    return None if suits.test(execution) else suits.otherwise


def _done(act: Act, execution_id: str) -> bool:
    try:
        act(execution_id)
    except (Refused, ExecutionNotFound, IllegalTransition, ApiError):  # its state is another by now
        return False
    return True


def _replaying(services: Services, request: Request) -> Act:
    latest = request.flag("latestRevision")

    def act(execution_id: str) -> Execution:
        source = services.executions.execution(execution_id).value
        revision = services.flows.latest_revision(source.namespace, source.flow_id) if latest else None
        return replay.replay(services.life, execution_id, revision=revision)

    return act


def _unqueueing(services: Services, request: Request, parameter: str) -> Act:
    state = read_state(request.get(parameter) or StateType.RUNNING, parameter)
    return lambda execution_id: queue.unqueue(services.life, execution_id, state)


def _changing(services: Services, request: Request) -> Act:
    state = read_state(request.get("newStatus"), "newStatus")
    return lambda execution_id: changes.change_status(services.life, execution_id, state)


def _deleting(services: Services, request: Request) -> Act:
    logs, storage = request.flag("deleteLogs", default=True), request.flag("deleteStorage", default=True)

    def act(execution_id: str) -> None:
        if not services.executions.execution(execution_id).value.state.is_terminal:
            kill.kill(services.life, execution_id)
        changes.delete(services.life, services.blobs, execution_id, logs=logs, storage=storage)

    return act
