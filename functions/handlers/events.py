"""The events function: machines that ended by themselves, triggers that are due, and the sweep at intervals."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import started
from handlers.stack import connect
from thermik.executions.ended_machines import settle_ended_machine
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.sweep import sweep

_log = Logger()
_stack = connect()
started()


class UnknownEvent(Exception):
    """An event that no rule of the template sends; it ends in the dead-letter queue."""


class SweepIncomplete(Exception):
    """Some executions or triggers could not go on; the log names them, the next sweep tries again."""


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle an event of EventBridge."""
    match event:
        case {"source": "aws.states", "detail": {"stateMachineArn": str(arn)}} if _is_turn(arn):
            return  # its own machine hears of it, and decides
        case {"source": "aws.states", "detail": {"name": str(machine), "status": str(status)}}:
            _settle(machine, status)
        case {"kind": "thermik.trigger", "namespace": str(namespace), "flow": str(flow), "trigger": str(trigger)}:
            _tend(namespace, flow, trigger)
        case {"detail-type": "Scheduled Event"}:
            # what is stuck first: deleting old data may take all the time that there is
            failed = sweep(_stack.life, _stack.machines.has_ended) + _keep_up() + _forget(context)
            if failed:  # after everything was tried; an error is what the function's alarm counts
                raise SweepIncomplete(f"{failed} executions or triggers could not be brought on their way, or deleted")
        case _:
            raise UnknownEvent(f"not an event of this stack's rules: {json.dumps(event)[:1000]}")


def _keep_up() -> int:
    """Look after triggers, also those of which nobody was told; how much failed."""
    failed = _stack.hub.upkeep.run()
    _stack.hub.schedules.tend_all()
    return failed


def _forget(context: LambdaContext) -> int:
    """Delete what ended longer ago than data is to be kept, in half of the time that is left; how much failed."""
    days = _stack.settings.retention_days
    if days is None:
        return 0
    from thermik.executions.retention import forget_old

    until = _stack.life.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis() / 2)
    return forget_old(_stack.life, _stack.blobs, timedelta(days=days), until)


def _tend(namespace: str, flow: str, trigger: str) -> None:
    from thermik.triggers.states import Name

    _stack.hub.schedules.tend(Name(namespace, flow, trigger))


def _is_turn(arn: str) -> bool:
    """Whether a machine is a turn of a distributed Map: its machine's name has the Map's behind a slash."""
    *_, name = arn.split(":", 6)  # arn:aws:states:eu-west-1:123456789012:stateMachine:…
    return "/" in name


def _settle(machine: str, status: str) -> None:
    _log.append_keys(execution_id=machine.partition("-")[0])  # behind the dash: which start of the execution it is
    try:
        settled = settle_ended_machine(_stack.life, machine, status)
    except ExecutionNotFound:
        _log.warning("a machine ended whose execution is gone", machine=machine, status=status)
        return
    if settled is not None:
        _log.warning("an execution was ended, since its machine had ended", machine=machine, status=status)
