"""The worker function: what state machines invoke, one operation on one task run at a time.

Its errors are part of its answer: the machine catches them by name (`thermik/worker/call.py`). Lambda counts every
one of them as an error of the function, so its own metric tells those that nobody foresaw.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import started
from handlers.stack import connect
from thermik.worker.call import Busy, ExecutionFailed, Stopped, TaskFailed
from thermik.worker.worker import Worker

FORESEEN = (Stopped, TaskFailed, Busy, ExecutionFailed)

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # not where something else than Lambda imports this
    from thermik.hardening import close_to_scripts

    close_to_scripts()  # before anything of a user runs: scripts share the container with the worker's credentials

_log = Logger()
_stack = connect()
_clock = _stack.life.clock
_worker = Worker(_stack.ports)
started()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Carry out the operation of a machine's payload."""
    _log.append_keys(execution_id=event.get("c", {}).get("x"), task_id=event.get("t"))
    deadline = _clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
    try:
        return _worker.handle(event, deadline)
    except FORESEEN:  # the machine's business: logged where they were decided on, and no failure of ours
        raise
    except Exception:
        _log.exception("the operation failed")
        _count_failure()
        raise


def _count_failure() -> None:
    """A metric that an alarm watches, written as a line of the log (EMF)."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name="WorkerFailures", unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension("service", _log.service)
