"""Retry and Catch: reading them, and the decision what follows a failure.

Which error a name matches, as AWS documents it
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html): `States.ALL` matches any but the
terminal States.DataLimitExceeded and States.Runtime; `States.TaskFailed` any of those but States.Timeout;
a heartbeat's time-out answers to States.Timeout as well. States.Runtime is never retried nor caught.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from thermik.local.interpreter.errors import (
    ALL,
    DATA_LIMIT,
    HEARTBEAT_TIMEOUT,
    RUNTIME,
    TASK_FAILED,
    TIMEOUT,
    InvalidDefinition,
)
from thermik.local.interpreter.fields import Bounds, Fields, each, list_of, number_of, only, result_path, text_of
from thermik.local.interpreter.states import Catcher, Retrier

MAX_ATTEMPTS = 99_999_999
MAX_DELAY = 31_622_400
"""Seconds, what MaxDelaySeconds stays below: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""

_RETRY = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
}
_CATCH = {"ErrorEquals", "Next", "ResultPath", "Comment"}


@dataclass(frozen=True, slots=True)
class Again:
    """The state is tried again after `delay` seconds; `retrier` is the place in Retry of the one that says so."""

    retrier: int
    delay: float


def read_retriers(body: Fields) -> tuple[Retrier, ...]:
    """Read Retry.

    Raises:
        InvalidDefinition: an entry is not valid.
    """
    retriers: tuple[Retrier, ...] = each(list_of(body, "Retry"), "Retry", _retrier)
    _check_wildcard([retrier.errors for retrier in retriers], "Retry")
    return retriers


def read_catchers(body: Fields) -> tuple[Catcher, ...]:
    """Read Catch.

    Raises:
        InvalidDefinition: an entry is not valid.
    """
    catchers: tuple[Catcher, ...] = each(list_of(body, "Catch"), "Catch", _catcher)
    _check_wildcard([catcher.errors for catcher in catchers], "Catch")
    return catchers


def _retrier(fields: Fields) -> Retrier:
    only(fields, _RETRY, "Retry")
    jitter = fields.get("JitterStrategy", "NONE")
    if jitter not in ("NONE", "FULL"):
        raise InvalidDefinition(f"JitterStrategy must be FULL or NONE, not {jitter!r}")
    return Retrier(
        _errors(fields),
        number_of(fields, "IntervalSeconds", 1, Bounds(1, MAX_ATTEMPTS)) or 1,
        int(number_of(fields, "MaxAttempts", 3, Bounds(0, MAX_ATTEMPTS)) or 0),
        number_of(fields, "BackoffRate", 2, Bounds(1, whole=False)) or 1,
        number_of(fields, "MaxDelaySeconds", None, Bounds(1, MAX_DELAY - 1)),
        jitter == "FULL",
    )


def _catcher(fields: Fields) -> Catcher:
    only(fields, _CATCH, "Catch")
    return Catcher(_errors(fields), text_of(fields, "Next"), result_path(fields) or (lambda _data, result: result))


def _errors(fields: Fields) -> frozenset[str]:
    errors = list_of(fields, "ErrorEquals")
    if not errors or not all(isinstance(error, str) for error in errors):
        raise InvalidDefinition("ErrorEquals must be an array of error names, not empty")
    return frozenset(errors)


def _check_wildcard(entries: list[frozenset[str]], name: str) -> None:
    """AWS wants `States.ALL` alone, in the last entry."""
    for index, errors in enumerate(entries):
        if ALL in errors and (len(errors) > 1 or index < len(entries) - 1):
            raise InvalidDefinition(f"{ALL} must stand alone in ErrorEquals, in the last entry of {name}")


def matches(errors: frozenset[str], error: str) -> bool:
    """Does ErrorEquals match this error?"""
    if error == RUNTIME:
        return False
    if error in errors or (error == HEARTBEAT_TIMEOUT and TIMEOUT in errors):
        return True
    if error == DATA_LIMIT:
        return False
    return ALL in errors or (TASK_FAILED in errors and error not in (TIMEOUT, HEARTBEAT_TIMEOUT))


def retry(retriers: tuple[Retrier, ...], attempts: list[int], error: str) -> Again | None:
    """Is a failed state tried again? `attempts` counts the retries that each retrier has given to this entry."""
    for index, retrier in enumerate(retriers):
        if matches(retrier.errors, error):
            if attempts[index] >= retrier.max_attempts:
                return None
            return Again(index, _delay(retrier, attempts[index]))
    return None


def _delay(retrier: Retrier, attempt: int) -> float:
    try:
        delay = retrier.interval * retrier.rate**attempt
    except OverflowError:
        delay = float(MAX_DELAY)
    delay = min(delay, retrier.max_delay or MAX_DELAY)
    return random.uniform(0, delay) if retrier.jitter else delay  # noqa: S311 - spreads load, hides nothing


def catch(catchers: tuple[Catcher, ...], error: str) -> Catcher | None:
    """The first catcher that matches."""
    return next((catcher for catcher in catchers if matches(catcher.errors, error)), None)
