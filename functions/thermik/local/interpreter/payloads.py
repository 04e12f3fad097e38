"""JSON at the borders: the size that Step Functions allows, and what a function's result or error looks like."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

from thermik.local.interpreter.errors import DATA_LIMIT, StateError

MAX_PAYLOAD = 256 * 1024
"""Bytes of a state's input, output or result: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
_SURELY_FITS = MAX_PAYLOAD // 4
"""Characters that fit whatever they are: UTF-8 takes at most four bytes for one."""
_STACK_DEPTH = 10

encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""The compact JSON text of a value; raises TypeError or ValueError for what is no JSON."""


def bounded(value: Any, what: str) -> str:
    """The JSON text of a value that must not be too large.

    Raises:
        StateError: States.DataLimitExceeded.
    """
    text = encode(value)
    if len(text) > _SURELY_FITS and len(text.encode(errors="surrogatepass")) > MAX_PAYLOAD:
        raise StateError(DATA_LIMIT, f"{what} has a size exceeding the maximum of {MAX_PAYLOAD} bytes")
    return text


def call(invoke: Callable[[str, Any], Any], function: str, payload: str) -> Any:
    """Invoke a function as Lambda would: JSON in, JSON out, nothing shared with the caller.

    Raises:
        StateError: the function raised (error is its error type, cause Lambda's JSON text), or its result is too large.
    """
    try:
        result = invoke(function, json.loads(payload))
    except BaseException as error:
        raise _function_error(error) from error
    try:
        text = bounded(result, f"The result of {function}")
    except (TypeError, ValueError, RecursionError) as error:
        cause = {"errorMessage": f"Unable to marshal response: {error}", "errorType": "Runtime.MarshalError"}
        raise StateError("Runtime.MarshalError", encode(cause)) from error
    return json.loads(text)


def _function_error(error: BaseException) -> StateError:
    kind = getattr(error, "error_type", None)
    name = kind if isinstance(kind, str) and kind else type(error).__name__
    stack = traceback.format_list(traceback.extract_tb(error.__traceback__)[-_STACK_DEPTH:])
    return StateError(name, encode({"errorMessage": str(error), "errorType": name, "stackTrace": stack}))
