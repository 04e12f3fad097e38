"""The values of expressions: JSON's, and the few kinds of number and list that Java tells apart and users can see.

JSON integers are Java `Integer`s where they fit, literals are `Long`s; that shows in list equality, in `contains`, in
overflow and in what some filters accept. A map or a list is any `Mapping` or `Sequence`, read through those interfaces
alone, so that the worker may give ones that load what is asked for.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DATA_DEPTH, Meter, too_deep_data

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1


class Long(int):
    """A 64-bit integer however small: a literal, or a result of arithmetic with one."""

    __slots__ = ()


class BigInteger(int):
    """An integer without bound however small, made by `number('BIGINTEGER')`."""

    __slots__ = ()


class Float(float):
    """A number of 32 bits, made by `number`."""

    __slots__ = ()

    def __new__(cls, number: float) -> Self:
        """Round to 32 bits."""
        try:
            return super().__new__(cls, struct.unpack("f", struct.pack("f", number))[0])
        except OverflowError:
            return super().__new__(cls, float("inf") if number > 0 else float("-inf"))


class TextArray(tuple[str, ...]):
    """What `split` answers: a Java array, which some list filters refuse."""

    __slots__ = ()


class Entry(tuple[Any, Any]):
    """An entry of a map in a loop: `key`, `value`."""

    __slots__ = ()


class LoopState(dict[str, Any]):
    """The variable `loop`; unlike a map it prints as Java's."""

    __slots__ = ()


def is_map(value: Any) -> bool:
    """Whether keys can be looked up in it."""
    return isinstance(value, Mapping)


def is_array(value: Any) -> bool:
    """Whether it is a Java array."""
    return type(value) is TextArray


def is_list(value: Any) -> bool:
    """Whether it is a list: neither an array, nor an entry, nor a text."""
    return isinstance(value, Sequence) and type(value) not in (str, TextArray, Entry, bytes) and not is_text(value)


def is_items(value: Any) -> bool:
    """Whether it is a list or an array."""
    return type(value) is list or type(value) is TextArray or is_list(value)


def is_text(value: Any) -> bool:
    """Whether it is a text."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Whether it is a number; a boolean is none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Whether it is an integer; a boolean is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_long(value: Any) -> bool:
    """Whether Java would hold it as a 64-bit integer rather than a 32-bit one.

    Kestra casts some arguments to `Long`, others to `Integer`: a literal fits the first only, JSON data the second.
    """
    return integer_kind(value) == "Long"


def integer_kind(value: int) -> str:
    """`Integer`, `Long` or `BigInteger`."""
    if type(value) is Long:
        return "Long"
    if type(value) is BigInteger or not LONG_MIN <= value <= LONG_MAX:
        return "BigInteger"
    return "Integer" if INT_MIN <= value <= INT_MAX else "Long"


_PLAIN_CLASSES: tuple[tuple[type, str], ...] = (
    (bool, "java.lang.Boolean"),  # the narrower class first: the first that fits counts
    (Float, "java.lang.Float"),
    (float, "java.lang.Double"),
    (Decimal, "java.math.BigDecimal"),
    (str, "java.lang.String"),
    (bytes, "[B"),
    (TextArray, "[Ljava.lang.String;"),
    (Entry, "java.util.LinkedHashMap$Entry"),
    (Mapping, "java.util.LinkedHashMap"),
    (Sequence, "java.util.ArrayList"),
)


def class_name(value: Any) -> str:
    """The Java class that Kestra would hold the value in."""
    if is_integer(value):
        kind = integer_kind(value)
        return f"java.math.{kind}" if kind == "BigInteger" else f"java.lang.{kind}"
    for kind_of_value, name in _PLAIN_CLASSES:
        if isinstance(value, kind_of_value):
            return name
    raise ExpressionRuntimeError(f"A value of an unknown kind ({type(value).__name__}) cannot be used in an expression")


def describe(value: Any) -> str:
    """What a message calls the value: its Java class, or `null`."""
    return "null" if value is None else class_name(value)


_SURROGATES = re.compile("[\ud800-\udfff]")
_PAIRS = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def well_formed(text: str) -> str:
    """A text that can be written in UTF-8: half a pair of surrogates becomes `?`, as where Java writes it."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    joined = _PAIRS.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
    return joined.encode("utf-8", "replace").decode()


def plain(value: Any, depth: int = 0, meter: Meter | None = None) -> Any:
    """The value as ordinary Python data; maps and lists that are not ours (they may be lazy) stay as they are."""
    if type(value) is str:
        return well_formed(value)
    if type(value) in (bool, int, float) or value is None:
        return value
    meter = meter or Meter()
    meter.count()
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()

    def inner(item: Any) -> Any:
        return plain(item, depth + 1, meter)

    if type(value) in (dict, LoopState):
        return {inner(key): inner(item) for key, item in value.items()}
    if type(value) in (list, TextArray):
        return [inner(item) for item in value]
    return {inner(value[0]): inner(value[1])} if type(value) is Entry else _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if type(value) in (Long, BigInteger):
        return int(value)
    if type(value) is Float:
        return float(value)
    class_name(value)  # refuses what is no value of an expression
    return value
