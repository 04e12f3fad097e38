"""Makes moto's Step Functions a usable second opinion: each fix with the fault that it is for (moto 5.2.5).

    with fixed_moto(invoke):
        boto3.client("stepfunctions")...

`invoke(function, payload)` stands for Lambda. It opens `mock_aws` itself.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

from moto import mock_aws
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.backend.execution import Execution

Invoke = Callable[[str, Any], Any]


def _lambda(invoke: Invoke) -> Callable[..., dict[str, Any]]:
    """In place of a Lambda client: no function need exist in moto, no HTTP is spoken."""

    def call(parameters: dict[str, Any], **_: Any) -> dict[str, Any]:
        response: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
        payload = lambda_eval_utils.json.loads(parameters.get("Payload") or b"{}")
        try:
            response["Payload"] = invoke(parameters["FunctionName"], payload)
        except Exception as error:  # noqa: BLE001 - any error of a function is a function error
            kind = getattr(error, "error_type", type(error).__name__)
            response["Payload"] = {"errorMessage": str(error), "errorType": kind}
            response["FunctionError"] = "Unhandled"
        return response

    return call


def _stop(self: Execution, stop_date: datetime, error: str | None, cause: str | None) -> None:
    """moto's StopExecution does not wake a state that waits for a token: the execution stays RUNNING for ever."""
    environment = self.exec_worker.env
    environment.set_stop(stop_date=stop_date, cause=cause, error=error)
    self.exec_status, self.stop_date, self.error, self.cause = ExecutionStatus.ABORTED, stop_date, error, cause
    for endpoint in list(environment.callback_pool_manager._pool.values()):
        endpoint.interrupt_all()


def _until(self: Timestamp, env: Any) -> float:
    """moto reads a timestamp as local time, cuts off fractions, and so may wake early.

    Whole seconds, since a wait of a fraction never ends: what was waited is cut to whole seconds, and waited again.
    """
    self.string.eval(env=env)
    text = env.stack.pop()
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise FailureEventException(self._create_failure_event(env, text))
    return math.ceil((instant - datetime.now(UTC)).total_seconds())


@contextmanager
def _quiet(log: logging.Logger) -> Iterator[None]:
    """On an error moto logs the whole program, tens of kilobytes at each level of it."""
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def fixed_moto(invoke: Invoke) -> Iterator[None]:
    """Put the fixes in place, and take them out again."""
    parse_asl = staticmethod(lru_cache(maxsize=512)(AmazonStateLanguageParser.parse))
    with (
        mock_aws(config={"stepfunctions": {"execute_state_machine": True}}),
        mock.patch.object(lambda_eval_utils, "_invoke_lambda_function", _lambda(invoke)),
        # The parser's tables are built anew for each evaluation of a path: 20 ms.
        mock.patch.object(json_path, "parse", lru_cache(maxsize=4096)(json_path.parse)),
        mock.patch.object(result_path, "parse", lru_cache(maxsize=4096)(result_path.parse)),
        # A definition is parsed at creation and again at each start: 2 ms a task.
        mock.patch.object(AmazonStateLanguageParser, "parse", parse_asl),
        # A retry's interval holds up the test, and nothing is learnt from it.
        mock.patch.object(retrier_decl, "time", SimpleNamespace(sleep=lambda _seconds: None)),
        mock.patch.object(Execution, "stop", _stop),
        mock.patch.object(Timestamp, "_get_wait_seconds", _until),
        _quiet(logging.getLogger("moto.stepfunctions")),
    ):
        yield
