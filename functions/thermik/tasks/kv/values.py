"""What kind a KV pair's value is, and how a text becomes one of a given kind."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from thermik.durations import duration_text, parse_duration
from thermik.storage.key_values import bad_key
from thermik.tasks.ports import ValueKind
from thermik.tasks.runnable import TaskFailure

DEFAULT_NAMESPACE = "{{ flow.namespace }}"
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]*")


def check_key(key: str) -> str:
    """The key, if it is one.

    Raises:
        TaskFailure: it has other characters than Kestra allows.
    """
    refusal = bad_key(key)
    if refusal is not None:
        raise TaskFailure(refusal)
    return key


def check_namespace(namespace: str) -> str:
    """The namespace, if there may be one of that name.

    Raises:
        TaskFailure: no flow can have such a namespace.
    """
    if not _NAMESPACE.fullmatch(namespace):
        raise TaskFailure(f"Cannot access the KV store. The namespace '{namespace}' does not exist.")
    return namespace


def kind_of(value: Any) -> ValueKind:
    """The kind of a value that was set without one."""
    if isinstance(value, bool):
        return ValueKind.BOOLEAN
    if isinstance(value, int | float):
        return ValueKind.NUMBER
    return ValueKind.STRING if isinstance(value, str) else ValueKind.JSON


def read_as(kind: ValueKind, text: str) -> Any:
    """The value of that kind that a text says; dates and durations in their ISO texts.

    Raises:
        TaskFailure: it says none.
    """
    try:
        return _READERS[kind](text)
    except (ValueError, RecursionError) as error:
        raise TaskFailure(f"'{text}' is no value of type {kind}: {error}") from error


def _number(text: str) -> int | float:
    value = json.loads(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return value


def _instant(text: str) -> str:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a date-time needs an offset from UTC, or Z")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _date(text: str) -> str:
    return _instant(text) if "T" in text else date.fromisoformat(text).isoformat()


_READERS: dict[ValueKind, Callable[[str], Any]] = {
    ValueKind.STRING: str,
    ValueKind.NUMBER: _number,
    ValueKind.BOOLEAN: lambda text: text.lower() == "true",
    ValueKind.DATETIME: _instant,
    ValueKind.DATE: _date,
    ValueKind.DURATION: lambda text: duration_text(parse_duration(text)),
    ValueKind.JSON: json.loads,
}
