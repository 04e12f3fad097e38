"""Functions of numbers and chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.frames import Frame
from thermik.expressions.operators import number_range
from thermik.expressions.registry import function
from thermik.expressions.services import port
from thermik.expressions.values import describe, is_integer, is_long, is_number


@function("max", anything=True)
def maximum(*numbers: Any) -> Any:
    """The greatest of the numbers."""
    return _extreme(numbers, lambda number, best: bool(number > best))


@function("min", anything=True)
def minimum(*numbers: Any) -> Any:
    """The smallest of the numbers."""
    return _extreme(numbers, lambda number, best: bool(number < best))


def _extreme(numbers: tuple[Any, ...], better: Callable[[Any, Any], bool]) -> Any:
    best: Any = None
    for number in numbers:
        if best is None:
            best = number
        elif number is not None:
            _check_number(number)
            _check_number(best)
            best = number if better(number, best) else best
    return best


def _check_number(value: Any) -> None:
    if not is_number(value):
        raise ExpressionRuntimeError(f"Only numbers can be compared, not {describe(value)}")


@function("range", "start", "end", "increment", framed=True)
def range_(frame: Frame, start: Any = None, end: Any = None, increment: Any = None) -> list[Any]:
    """The integers, or the letters, from start to end, both included: `range(1, 5, 2)` is `[1,3,5]`."""
    items = number_range(start, end, increment)
    frame.shared.spend(len(items))
    return items


@function("randomInt", "lower", "upper", framed=True)
def random_int(frame: Frame, lower: Any = None, upper: Any = None) -> int:
    """A random integer from `lower` up to, not including, `upper`; both come from variables, not from literals."""
    for name, bound in (("lower", lower), ("upper", upper)):
        # Kestra 0.21 casts both to Integer, and literals are Longs
        if not is_integer(bound) or is_long(bound):
            raise ExpressionRuntimeError(f"The 'randomInt()' function expects an argument {name} of type Integer.")
    if upper < lower:
        raise ExpressionRuntimeError(f"In the 'randomInt()' function upper ({upper}) is less than lower ({lower}).")
    if lower == upper:
        return int(lower)
    return int(port(frame.services, "random", "randomInt").randrange(lower, upper))  # type: ignore[attr-defined]
