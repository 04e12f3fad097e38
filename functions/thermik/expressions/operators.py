"""What the operators do with values: truth, equality, order, arithmetic, membership and ranges, by Java's rules."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DIGITS, MAX_LIST, MAX_TEXT, Meter, too_long, too_many_items
from thermik.expressions.printing import java_text
from thermik.expressions.values import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    LONG_MIN,
    Entry,
    Float,
    Long,
    TextArray,
    describe,
    integer_kind,
    is_integer,
    is_items,
    is_list,
    is_map,
    is_number,
    is_text,
)

# 34 digits, half even: Java's MathContext.DECIMAL128, in which Pebble computes with BigDecimals
_DECIMALS = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emax=MAX_DIGITS, Emin=-MAX_DIGITS)
SYMBOLS = {"+": "addition", "-": "subtraction", "*": "multiplication", "/": "division", "%": "modulus"}


def truth(value: Any) -> bool:
    """Whether a condition holds: a boolean, a number that is not 0, a text that is not empty; nothing else."""
    if type(value) is bool:
        return value
    if is_number(value):
        return bool(value)
    if is_text(value):
        return bool(value)
    raise ExpressionRuntimeError(
        f"A value of type {describe(value)} is no condition, a boolean, number or text is needed"
    )


def equal(left: Any, right: Any) -> bool:
    """`==`: numbers by value, everything else as `same`."""
    if type(left) is str and type(right) is str:
        return bool(left == right)
    if is_number(left) and is_number(right):
        return bool(left == right)
    return same(left, right)


def same(left: Any, right: Any, meter: Meter | None = None) -> bool:
    """Java's `equals`: numbers of different kinds differ, lists and maps compare by content."""
    meter = meter or Meter()
    meter.count()
    if type(left) is str:
        return type(right) is str and left == right
    if is_number(left):
        return is_number(right) and _number_kind(left) == _number_kind(right) and bool(left == right)
    if type(left) is TextArray or type(right) is TextArray:
        return left is right  # Java compares arrays by identity
    if is_list(left):
        return (
            is_list(right)
            and len(left) == len(right)
            and all(same(a, b, meter) for a, b in zip(left, right, strict=True))
        )
    if is_map(left):
        return is_map(right) and len(left) == len(right) and _same_entries(left, right, meter)
    return type(left) is type(right) and bool(left == right)


def _same_entries(left: Any, right: Any, meter: Meter) -> bool:
    return all(key in right and same(left[key], right[key], meter) for key in left)


def _number_kind(number: Any) -> str:
    return integer_kind(number) if isinstance(number, int) else type(number).__name__


def compare(left: Any, right: Any, holds: Callable[[Any, Any], bool]) -> bool:
    """`<` and its like: false with a null, numbers only."""
    if left is None or right is None:
        return False
    if not (is_number(left) and is_number(right)):
        raise ExpressionRuntimeError(f"{describe(left)} and {describe(right)} cannot be compared, numbers are needed")
    return holds(left, right)


def contains(container: Any, value: Any) -> bool:
    """`contains`: an item or all items of a list, a key of a map, a part of a text; null contains nothing."""
    if container is None:
        return False
    if is_items(container):
        meter = Meter()
        return all(_has(container, item, meter) for item in (value if is_items(value) else [value]))
    if is_map(container):
        return _has_key(container, value)
    if is_text(container):
        return value is not None and java_text(value) in container
    raise ExpressionRuntimeError(
        f"Contains operator can only be used on lists, maps, arrays and texts. Actual type was: {describe(container)}"
    )


def _has(items: Any, value: Any, meter: Meter) -> bool:
    return any(same(item, value, meter) for item in items)


def _has_key(mapping: Mapping[Any, Any], key: Any) -> bool:
    return (is_text(key) and key in mapping) or (not is_text(key) and any(same(known, key) for known in mapping))


def add(left: Any, right: Any) -> Any:
    """`+`: concatenates with a text, appends to a list, else adds."""
    if is_text(left) or is_text(right):
        return concatenate((java_text(left), java_text(right)))
    if is_list(left):
        grown = [*left, *right] if is_list(right) else [*left, right]
        if len(grown) > MAX_LIST:
            raise too_many_items()
        return grown
    return calculate("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """`-`: takes an item, or the items of a list, from a list, else subtracts."""
    if is_list(left):
        gone, meter = right if is_list(right) else [right], Meter()
        return [item for item in left if not _has(gone, item, meter)]
    return calculate("-", left, right)


def concatenate(texts: tuple[str, ...] | list[str]) -> str:
    """Texts one after the other, if they are not too long."""
    if sum(map(len, texts)) > MAX_TEXT:  # before it is made
        raise too_long()
    return "".join(texts)


def joined_text(value: Any) -> str:
    """An operand of `~`: null is the empty text, lists and maps are Java's."""
    if type(value) is str:
        return value
    return "" if value is None else java_text(value)


def calculate(symbol: str, left: Any, right: Any) -> Any:
    """Arithmetic on two numbers, in the wider kind of the two.

    Raises:
        ExpressionRuntimeError: not two numbers, or an integer division by zero.
    """
    if not (is_number(left) and is_number(right)):
        raise ExpressionRuntimeError(
            f"Could not perform {SYMBOLS[symbol]}: invalid operands {describe(left)} and {describe(right)}"
        )
    try:
        if is_integer(left) and is_integer(right):
            return _fit(_INTEGERS[symbol](int(left), int(right)), left, right)
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            return _decimal(symbol, left, right)
        result = _DOUBLES[symbol](float(left), float(right))
    except (ArithmeticError, OverflowError) as error:
        raise ExpressionRuntimeError(f"Could not perform {SYMBOLS[symbol]}: {_reason(error)}") from error
    both = {type(left), type(right)}
    # a 32-bit number with an integer stays one; only a double makes a double
    return Float(result) if Float in both and float not in both else result


def _reason(error: Exception) -> str:
    return "division by zero" if isinstance(error, ZeroDivisionError) else "the result is out of range"


def _fit(result: int, left: int, right: int) -> int:
    """An integer result as Java computes it: in 32 bits for two of these, else in 64; it wraps around."""
    if integer_kind(left) == integer_kind(right) == "Integer":
        return Long(result if INT_MIN <= result <= INT_MAX else (result - INT_MIN) % 2**32 + INT_MIN)
    return Long(result if LONG_MIN <= result <= LONG_MAX else (result - LONG_MIN) % 2**64 + LONG_MIN)


def _quotient(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _float_divide(left: float, right: float) -> float:
    # IEEE's results, as Java has them, where Python raises
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _float_remainder(left: float, right: float) -> float:
    return math.fmod(left, right) if right and not math.isinf(left) else math.nan


def _decimal(symbol: str, left: Any, right: Any) -> Decimal:
    # Pebble goes through doubles even here
    first, second = (Decimal(float.__repr__(float(number))) for number in (left, right))
    result = _DECIMALS_BY[symbol](first, second)
    if not result.is_finite():
        raise OverflowError
    return result


_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "/": _quotient,
    "%": lambda left, right: left - right * _quotient(left, right),
}
_DOUBLES: dict[str, Callable[[float, float], float]] = {
    "+": float.__add__,
    "-": float.__sub__,
    "*": float.__mul__,
    "/": _float_divide,
    "%": _float_remainder,
}
_DECIMALS_BY: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _DECIMALS.add,
    "-": _DECIMALS.subtract,
    "*": _DECIMALS.multiply,
    "/": _DECIMALS.divide,
    "%": _DECIMALS.remainder,
}


def negate(value: Any) -> Any:
    """The unary minus."""
    return calculate("*", value, Long(-1))


def keep(value: Any) -> Any:
    """The unary plus."""
    return calculate("*", value, Long(1))


def number_range(start: Any, end: Any, step: Any = None) -> list[Any]:
    """The integers, or the letters, from `start` to `end`, both included."""
    step = 1 if step is None else step
    if not all(math.isfinite(bound) for bound in (start, end, step) if is_number(bound)):
        raise ExpressionRuntimeError("The bounds of a range must be finite")
    if not is_number(step) or not int(step):
        raise ExpressionRuntimeError("The increment of the range function must be different than 0")
    if is_number(start) and is_number(end):
        return [Long(number) for number in _counted(int(start), int(end), int(step))]
    if is_text(start) and is_text(end) and len(start) == len(end) == 1:
        return [chr(code) for code in _counted(ord(start), ord(end), int(step))]
    raise ExpressionRuntimeError("Arguments of range function must be of type Number or String with a length of 1")


def _counted(start: int, end: int, step: int) -> range:
    numbers = range(start, end + (1 if step > 0 else -1), step)
    if len(numbers) > MAX_LIST:
        raise too_many_items()
    return numbers


def loop_items(value: Any) -> list[Any]:
    """What a `for` goes through: items of a list, entries of a map."""
    if is_map(value):
        return [Entry((key, value[key])) for key in value]
    if is_items(value):
        return list(value)
    raise ExpressionRuntimeError(f"Not an iterable object. Value of type {describe(value)} cannot be looped over")
