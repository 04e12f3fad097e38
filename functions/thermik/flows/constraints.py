"""Whether a typed value is within what its input allows: a function for each kind of input that has bounds.

Each gives Kestra's reason for refusing, or None. Bounds are inclusive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from thermik.durations import duration_text
from thermik.expressions.limits import MAX_REGEX_SECONDS
from thermik.flows.input_types import (
    DateInput,
    DateTimeInput,
    DurationInput,
    EnumInput,
    FileInput,
    FloatInput,
    IntInput,
    MultiselectInput,
    SecretInput,
    SelectInput,
    StringInput,
    TimeInput,
)
from thermik.flows.inputs import Input
from thermik.flows.temporal import java_instant, java_time, read_date, read_instant, read_time

Choices = Sequence[str]
"""The values that a SELECT or MULTISELECT offers, expressions evaluated; empty for other inputs."""


def refusal(declared: Input, value: Any, choices: Choices = ()) -> str | None:
    """Why a value of the right type is not accepted; None for one that is."""
    check = _CHECKS.get(type(declared))
    return check(declared, value, choices) if check else None


def _pattern(declared: Any, value: str, _: Choices) -> str | None:
    """A pattern that runs away is stopped. Raises: ExpressionError."""
    if declared.validator is None:
        return None
    from thermik.expressions.java.regex import bounded_by_time, compiled

    expression = compiled(declared.validator)
    if bounded_by_time(declared.validator, lambda: expression.fullmatch(value, timeout=MAX_REGEX_SECONDS)):
        return None
    return f"it must match the pattern `{declared.validator}`"


def _file(declared: Any, value: str, _: Choices) -> str | None:
    return refused_file(declared, urlsplit(value).path)


def refused_file(declared: FileInput, path: str) -> str | None:
    """Why a file of this name, or at this path, is not accepted, in Kestra's words; None for one that is."""
    if declared.accepts(path):
        return None
    return f"File type not allowed. Accepted extensions: {', '.join(declared.allowed_file_extensions or ())}"


def _number(declared: Any, value: float, _: Choices) -> str | None:
    if declared.min is not None and value < declared.min:
        return f"it must be more than `{declared.min}`"
    if declared.max is not None and value > declared.max:
        return f"it must be less than `{declared.max}`"
    return None


def _duration(declared: Any, value: float, _: Choices) -> str | None:
    if declared.min is not None and value < declared.min.total_seconds():
        return f"It must be more than `{duration_text(declared.min)}`"  # with a capital, as Kestra has it here alone
    if declared.max is not None and value > declared.max.total_seconds():
        return f"It must be less than `{duration_text(declared.max)}`"
    return None


def _temporal(read: Callable[[str], Any], show: Callable[[Any], str]) -> Callable[[Any, str, Choices], str | None]:
    def check(declared: Any, value: str, _: Choices) -> str | None:
        moment = read(value)
        if declared.after is not None and moment < (bound := read(declared.after)):
            return f"it must be after `{show(bound)}`"
        if declared.before is not None and moment > (bound := read(declared.before)):
            return f"it must be before `{show(bound)}`"
        return None

    return check


def _one_of(declared: Any, value: str, choices: Choices) -> str | None:
    return _among(declared, [value], choices)


def _some_of(declared: Any, value: list[Any], choices: Choices) -> str | None:
    return _among(declared, [str(item) for item in value], choices)


def _among(declared: Any, values: Sequence[str], choices: Choices) -> str | None:
    # Kestra's rule: an input that need not be given is not held to its values either
    free = not declared.required or getattr(declared, "allow_custom_value", False)
    if free or all(value in choices for value in values):
        return None
    return f"it must match the values `[{', '.join(choices)}]`"


_CHECKS: Mapping[type[Input], Callable[[Any, Any, Choices], str | None]] = {
    StringInput: _pattern,
    SecretInput: _pattern,
    IntInput: _number,
    FloatInput: _number,
    DateTimeInput: _temporal(read_instant, java_instant),
    DateInput: _temporal(read_date, str),
    TimeInput: _temporal(read_time, java_time),
    DurationInput: _duration,
    SelectInput: _one_of,
    EnumInput: _one_of,
    FileInput: _file,
    MultiselectInput: _some_of,
}
