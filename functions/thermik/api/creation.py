"""From what somebody sends to an execution that runs: the flow looked up, inputs typed and checked, files stored.

One way for the API and the command line. What is refused leaves nothing behind: files are stored when everything
else was accepted, and removed if the execution does not come about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from thermik.api.errors import BadRequest, Detail, StateForbids, Unprocessable
from thermik.api.forms import read_inputs, refuse_other_bodies
from thermik.api.inputs import check_flow, forgotten_if_refused, store_inputs
from thermik.api.request import Request
from thermik.api.services import Services
from thermik.executions.lifecycle import CORRELATION, NewExecution, create
from thermik.executions.model import Execution, Kind, Label
from thermik.flows.checks import FAILED, behavior_of, blocked_message
from thermik.flows.flow import CheckBehavior, Flow
from thermik.flows.labels import reserved
from thermik.identity import new_id

FROM = "system.from"
"""From where an execution is started: a label of Kestra's own that its clients may give, as the correlation id."""

MAX_LABELS = 100

NO_BREAKPOINTS = "Breakpoints are not supported: a state machine cannot be stopped before a task. Use a Pause task"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An execution that somebody wants.

    Attributes:
        revision: None for the newest.
        given: by input id: texts, JSON values, `Upload`s.
    """

    namespace: str
    flow_id: str
    revision: int | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[Label] = ()
    kind: Kind | None = None
    schedule_date: datetime | None = None


def create_from_form(services: Services, request: Request) -> Execution:
    """Start the execution that a request's parameters and form describe.

    Raises:
        BadRequest, TooLarge: the request cannot be read.
        Unprocessable: its body is no form.
        and what `create_execution` raises.
    """
    refuse_breakpoints(request)
    refuse_other_bodies(request)
    with ExitStack() as closing:
        wanted = Wanted(
            namespace=request["namespace"],
            flow_id=request["flow_id"],
            revision=request.optional_number("revision"),
            given=read_inputs(request, closing),
            labels=[*_labels(request.all("labels"))],
            kind=_kind(request.get("kind")),
            schedule_date=request.instant("scheduleDate"),
        )
        return create_execution(services, wanted)


def refuse_breakpoints(request: Request) -> None:
    """Refuse a request that wants breakpoints. Raises: Unprocessable."""
    if request.get("breakpoints"):
        raise Unprocessable(NO_BREAKPOINTS, [Detail(NO_BREAKPOINTS, "breakpoints")])


def create_execution(services: Services, wanted: Wanted) -> Execution:
    """Start an execution.

    Raises:
        FlowNotFound: there is no such flow or revision.
        StateForbids: it is disabled.
        InvalidInputs: with everything that is wrong about them.
        Unprocessable: a label is the system's, or a check of the flow blocks the execution.
        FlowTooLarge, TableUnavailable, BlobsUnavailable, MachinesUnavailable.
    """
    _check_labels(wanted.labels)
    loaded = services.flows.load(wanted.namespace, wanted.flow_id, wanted.revision)
    flow, revision = loaded.flow, loaded.revision.revision
    if loaded.revision.deleted or flow.disabled:
        why = "deleted" if loaded.revision.deleted else "disabled"
        raise StateForbids(f"Cannot execute the {why} flow '{wanted.namespace}.{wanted.flow_id}'")
    execution_id = _sent_ahead(services, flow, wanted.given) or new_id()
    context = {"flow": {"id": flow.id, "namespace": flow.namespace, "revision": revision, "tenantId": "main"}}
    inputs, stored = store_inputs(services, flow, execution_id, flow.inputs, wanted.given, context)
    failed = check_flow(services, flow, inputs.values, context)
    if behavior_of(failed) == CheckBehavior.BLOCK_EXECUTION:
        services.blobs.delete(stored)
        raise Unprocessable(blocked_message(failed))
    new = NewExecution(
        namespace=flow.namespace,
        flow_id=flow.id,
        revision=revision,
        id=execution_id,
        inputs=inputs.values or None,
        labels=wanted.labels,
        kind=wanted.kind,
        schedule_date=wanted.schedule_date,
        failure=FAILED if behavior_of(failed) == CheckBehavior.FAIL_EXECUTION else None,
    )
    with forgotten_if_refused(services, stored):
        _keep_sent(services, flow, wanted.given)
        return create(services.life, new)


def _sent_ahead(services: Services, flow: Flow, given: Mapping[str, Any]) -> str | None:
    """The id that files were sent ahead for, if there are any."""
    if not flow.inputs:
        return None  # before the import, which brings all types of inputs: many flows have none
    from thermik.api.uploads import reserved_id

    return reserved_id(services, flow, given)


def _keep_sent(services: Services, flow: Flow, given: Mapping[str, Any]) -> None:
    if flow.inputs:
        from thermik.api.uploads import keep_sent

        keep_sent(services, flow.inputs, given)


def _labels(texts: Iterable[str]) -> Iterable[Label]:
    for text in texts:
        key, divider, value = text.partition(":")
        if not (key.strip() and divider and value.strip()):
            raise Unprocessable(f"A label must be `key:value`, not '{text[:100]}'")
        yield Label(key=key.strip(), value=value.strip())


def read_label(value: Any) -> Label:
    """A label from `{key, value}`. Raises: BadRequest; Unprocessable, where either is empty."""
    if not isinstance(value, dict):
        raise BadRequest("A label must be an object with the texts `key` and `value`")
    if not all(isinstance(value.get(name), str) and value[name] for name in ("key", "value")):
        raise Unprocessable("A label must have a `key` and a `value`, both texts that are not empty")
    return Label(key=value["key"], value=value["value"])


def _check_labels(labels: Sequence[Label]) -> None:
    if len(labels) > MAX_LABELS:
        raise Unprocessable(f"There are {len(labels)} labels; at most {MAX_LABELS} are accepted")
    own = (label for label in labels if label.key != FROM)
    messages = [text for label in own if (text := reserved(label.key, label.value, allowed=CORRELATION))]
    if messages:
        raise Unprocessable("\n".join(messages), [Detail(message, "labels") for message in messages])


def _kind(text: str | None) -> Kind | None:
    if text is None:
        return None
    try:
        return Kind(text)
    except ValueError:
        raise Unprocessable(f"Parameter 'kind' must be one of {', '.join(Kind)}, not '{text[:100]}'") from None
