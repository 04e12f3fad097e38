"""The intrinsic functions (`States.Format` and its siblings), each a plain function over JSON values.

Whatever goes wrong inside one is `States.IntrinsicFailure` to the execution. Limits are those that AWS documents:
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 10_000
"""Characters that Base64Encode, Base64Decode and Hash take."""
MAX_RANGE = 1_000
"""Elements that ArrayRange makes."""

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_PLACEHOLDER = re.compile(r"\\(?P<escaped>.)|(?P<hole>\{\})", re.DOTALL)


class IntrinsicFailure(Exception):
    """An intrinsic function cannot work on these arguments."""


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A function and the numbers of arguments it takes (None: any number)."""

    apply: Callable[..., Any]
    least: int
    most: int | None


def json_text(value: Any) -> str:
    """The compact JSON text of a value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise IntrinsicFailure(message)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise IntrinsicFailure(f"{what} must be a string, not {json_text(value)[:100]}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise IntrinsicFailure(f"the array must be an array, not {json_text(value)[:100]}")
    return value


def _whole(value: Any, what: str) -> int:
    """A whole number; AWS rounds others."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise IntrinsicFailure(f"{what} must be a number, not {json_text(value)[:100]}")
    return round(value)


def _key(value: Any) -> str:
    """Equal for equal JSON values only (in Python, True == 1)."""
    return json.dumps(value, sort_keys=True)


def _format(template: Any, *values: Any) -> str:
    pending = list(values)

    def fill(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match["escaped"]
        _need(bool(pending), "there are fewer arguments than {}")
        value = pending.pop(0)
        return value if isinstance(value, str) else json_text(value)

    text = _PLACEHOLDER.sub(fill, _text(template, "the template"))
    _need(not pending, "there are more arguments than {}")
    return text


def _string_to_json(text: Any) -> Any:
    try:
        return json.loads(_text(text, "the JSON text"))
    except (ValueError, RecursionError) as error:
        raise IntrinsicFailure(f"the string is no JSON: {error}") from error


def _partition(array: Any, size: Any) -> list[Any]:
    items, step = _list(array), _whole(size, "the chunk size")
    _need(step > 0, "the chunk size must be above 0")
    return [items[start : start + step] for start in range(0, len(items), step)]


def _range(first: Any, last: Any, step: Any) -> list[int]:
    start, end, stride = _whole(first, "the first value"), _whole(last, "the last value"), _whole(step, "the step")
    _need(stride != 0, "the step must not be 0")
    values = range(start, end + (1 if stride > 0 else -1), stride)
    _need(len(values) <= MAX_RANGE, f"the range has more than {MAX_RANGE} elements")
    return list(values)


def _get_item(array: Any, index: Any) -> Any:
    items, position = _list(array), _whole(index, "the index")
    _need(0 <= position < len(items), f"index {position} is outside an array of {len(items)}")
    return items[position]


def _unique(array: Any) -> list[Any]:
    first: dict[str, Any] = {}
    for item in _list(array):
        first.setdefault(_key(item), item)
    return list(first.values())


def _encode(value: Any) -> str:
    text = _text(value, "the value")
    _need(len(text) <= MAX_TEXT, f"the string is longer than {MAX_TEXT} characters")
    return base64.b64encode(text.encode()).decode()


def _decode(value: Any) -> str:
    text = _text(value, "the value")
    _need(len(text) <= MAX_TEXT, f"the string is longer than {MAX_TEXT} characters")
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError as error:
        raise IntrinsicFailure(f"the string is no Base64 of a text: {error}") from error


def _hash(value: Any, algorithm: Any) -> str:
    text = value if isinstance(value, str) else json_text(value)
    _need(len(text) <= MAX_TEXT, f"the data is longer than {MAX_TEXT} characters")
    _need(isinstance(algorithm, str) and algorithm in _HASHES, f"the algorithm must be one of {', '.join(_HASHES)}")
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _merge(first: Any, second: Any, deep: Any) -> dict[str, Any]:
    _need(isinstance(first, dict) and isinstance(second, dict), "only objects can be merged")
    _need(deep is False, "Step Functions merges shallowly only: the third argument must be false")
    return {**first, **second}


def _random(start: Any, end: Any, seed: Any = None) -> int:
    low, high = _whole(start, "the start"), _whole(end, "the end")
    _need(low < high, "the start must be below the end")
    source = random.Random(None if seed is None else _whole(seed, "the seed"))  # noqa: S311 - not for secrets
    return source.randrange(low, high)


def _split(value: Any, splitter: Any) -> list[str]:
    text, characters = _text(value, "the value"), _text(splitter, "the splitter")
    if not characters:
        return [text]
    return [part for part in re.split(f"[{re.escape(characters)}]", text) if part]


INTRINSICS: dict[str, Intrinsic] = {
    "States.Array": Intrinsic(lambda *values: list(values), 0, None),
    "States.ArrayContains": Intrinsic(lambda array, value: _key(value) in map(_key, _list(array)), 2, 2),
    "States.ArrayGetItem": Intrinsic(_get_item, 2, 2),
    "States.ArrayLength": Intrinsic(lambda array: len(_list(array)), 1, 1),
    "States.ArrayPartition": Intrinsic(_partition, 2, 2),
    "States.ArrayRange": Intrinsic(_range, 3, 3),
    "States.ArrayUnique": Intrinsic(_unique, 1, 1),
    "States.Base64Decode": Intrinsic(_decode, 1, 1),
    "States.Base64Encode": Intrinsic(_encode, 1, 1),
    "States.Format": Intrinsic(_format, 1, None),
    "States.Hash": Intrinsic(_hash, 2, 2),
    "States.JsonMerge": Intrinsic(_merge, 3, 3),
    "States.JsonToString": Intrinsic(json_text, 1, 1),
    "States.MathAdd": Intrinsic(lambda one, other: _whole(one, "a term") + _whole(other, "a term"), 2, 2),
    "States.MathRandom": Intrinsic(_random, 2, 3),
    "States.StringSplit": Intrinsic(_split, 2, 2),
    "States.StringToJson": Intrinsic(_string_to_json, 1, 1),
    "States.UUID": Intrinsic(lambda: str(uuid.uuid4()), 0, 0),
}
