"""Filters of texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.frames import Frame
from thermik.expressions.java.regex import replace_all, split_at
from thermik.expressions.limits import MAX_DATA_DEPTH, MAX_TEXT, Meter, checked_text, too_deep_data, too_long
from thermik.expressions.printing import bounded_join, java_text
from thermik.expressions.registry import filter_
from thermik.expressions.values import TextArray, describe, is_array, is_integer, is_items, is_map, is_text

_WORD_START = re.compile(r"(?:^|(?<=\s))\S")
_NOT_WORD = re.compile(r"[^a-z0-9_-]")
_DASHES = re.compile(r"-{2,}")
_UP_TO_BLANK = "".join(map(chr, range(ord(" ") + 1)))  # what Java's `trim` takes: less than `str.strip`, no U+00A0


def text_only(value: Any, name: str) -> str:
    """The operand, which must be a text."""
    if not is_text(value):
        raise ExpressionRuntimeError(
            f"'{name}' filter can only be applied to String. Actual type was: {describe(value)}"
        )
    return str(value)


@filter_("abbreviate", "length", required=1)
def abbreviate(value: Any, length: Any) -> str:
    """Cut a text to a length, with `...` in it."""
    text = text_only(value, "abbreviate")
    if not is_integer(length) or length < 0:
        raise ExpressionRuntimeError("Invalid argument to abbreviate filter; must be greater than zero")
    if len(text) < length:  # one of just this length is cut, too: Pebble's comparison
        return text
    return text[:length] if length <= 3 else text[: length - 3] + "..."


@filter_("capitalize")
def capitalize(value: Any) -> str:
    """Make the first letter a capital; the others stay."""
    return re.sub(r"\S", lambda found: found[0].upper(), text_only(value, "capitalize"), count=1)


@filter_("title")
def title(value: Any) -> str:
    """Make the first letter of every word a capital; the others stay."""
    return _WORD_START.sub(lambda found: found[0].title(), text_only(value, "title"))


@filter_("lower")
def lower(value: Any) -> str:
    """In lower case."""
    return java_text(value).lower()


@filter_("upper")
def upper(value: Any) -> str:
    """In upper case."""
    return java_text(value).upper()


@filter_("trim")
def trim(value: Any) -> str:
    """Without white space at both ends."""
    return text_only(value, "trim").strip(_UP_TO_BLANK)


@filter_("startsWith", "value", required=1, takes_null=True)
def starts_with(value: Any, prefix: Any) -> bool:
    """Whether the text begins so."""
    return _present(value, "startsWith").startswith(_present(prefix, "startsWith"))


@filter_("endsWith", "value", required=1, takes_null=True)
def ends_with(value: Any, suffix: Any) -> bool:
    """Whether the text ends so."""
    return _present(value, "endsWith").endswith(_present(suffix, "endsWith"))


def _present(value: Any, name: str) -> str:
    if value is None:
        raise ExpressionRuntimeError(f"'{name}' filter cannot be applied to null")
    return java_text(value)


def _separator(value: Any, name: str) -> str:
    if value is None:
        raise ExpressionRuntimeError(f"The '{name}' filter expects an argument 'separator'.")
    return java_text(value)


@filter_("substringBefore", "separator", required=1)
def substring_before(value: Any, separator: Any) -> str:
    """What stands before the first separator, the whole text without one."""
    mark = _separator(separator, "substringBefore")
    return java_text(value).partition(mark)[0] if mark else ""


@filter_("substringBeforeLast", "separator", required=1)
def substring_before_last(value: Any, separator: Any) -> str:
    """What stands before the last separator, the whole text without one."""
    text, mark = java_text(value), _separator(separator, "substringBeforeLast")
    return text.rpartition(mark)[0] if mark and mark in text else text


@filter_("substringAfter", "separator", required=1)
def substring_after(value: Any, separator: Any) -> str:
    """What stands behind the first separator, nothing without one."""
    text, mark = java_text(value), _separator(separator, "substringAfter")
    return text.partition(mark)[2] if mark else text


@filter_("substringAfterLast", "separator", required=1)
def substring_after_last(value: Any, separator: Any) -> str:
    """What stands behind the last separator, nothing without one."""
    text, mark = java_text(value), _separator(separator, "substringAfterLast")
    return text.rpartition(mark)[2] if mark and mark in text else ""


@filter_("slugify")
def slugify(value: Any) -> str:
    """A text for a URL: accents removed, blanks and `_` as `-`, lower case."""
    dashed = re.sub(r"[\s_]", "-", java_text(value))
    plain = unicodedata.normalize("NFD", dashed).lower()
    return _DASHES.sub("-", _NOT_WORD.sub("", plain)).strip("-")


def on_leaves(value: Any, change: Callable[[str], str], depth: int = 0, meter: Meter | None = None) -> Any:
    """Change every leaf of lists and maps, as text; a null leaf fails, as in Kestra."""
    meter = meter or Meter()
    meter.count()
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()
    if is_map(value):
        return {key: on_leaves(value[key], change, depth + 1, meter) for key in value}
    if is_items(value) and not is_array(value):
        return [on_leaves(item, change, depth + 1, meter) for item in value]
    if value is None:
        raise ExpressionRuntimeError("A null inside a list or a map cannot be changed as a text")
    return change(java_text(value))


@filter_("replace", "replace_pairs", "regexp", required=1, framed=True)
def replace(frame: Frame, value: Any, pairs: Any, regexp: Any = None) -> Any:
    """Put one text after the other in place of another; with `regexp=true` the keys are Java's regular expressions."""
    if not is_map(pairs):
        raise ExpressionRuntimeError(f"The 'replace' filter expects a map, not {describe(pairs)}")
    if regexp is not None and not isinstance(regexp, bool):
        raise ExpressionRuntimeError(f"The argument 'regexp' of 'replace' must be a boolean, not {describe(regexp)}")
    texts = [(_present(key, "replace"), _present(pairs[key], "replace")) for key in pairs]

    def change(text: str) -> str:
        for old, new in texts:
            text = replace_all(text, old, new, frame.shared) if regexp is True else _replaced(text, old, new)
        return text

    return on_leaves(value, change)


def _replaced(text: str, old: str, new: str) -> str:
    count = text.count(old)  # before it is made: one replacement can turn a megabyte into terabytes
    if len(text) + count * (len(new) - len(old)) > MAX_TEXT:
        raise too_long()
    return text.replace(old, new)


@filter_("split", "delimiter", "limit", framed=True)
def split(frame: Frame, value: Any, delimiter: Any = None, limit: Any = None) -> TextArray:
    """Cut a text at a regular expression; empty parts at the end are dropped unless `limit` is negative."""
    if delimiter is None:
        raise ExpressionRuntimeError("missing delimiter parameter in split filter")
    if limit is not None and not is_integer(limit):
        raise ExpressionRuntimeError(f"The argument 'limit' of 'split' must be an integer, not {describe(limit)}")
    text = text_only(value, "split")
    return TextArray(split_at(text, java_text(delimiter), limit or 0, frame.shared))


_ESCAPES = {"single": ("'", "\\'"), "double": ('"', '\\"'), "shell": ("'", "'\\''")}


@filter_("escapeChar", "type", required=1)
def escape_char(value: Any, kind: Any) -> Any:
    """Escape quotes: `type` is `single`, `double`, or `shell` for a text in single quotes of a shell."""
    pair = _ESCAPES.get(java_text(kind).lower())
    if pair is None:
        raise ExpressionRuntimeError(
            f"The 'escapeChar' filter knows the types single, double and shell, not '{java_text(kind)}'"
        )
    return on_leaves(value, lambda text: _replaced(text, *pair))


@filter_("indent", "amount", "prefix")
def indent(value: Any, amount: Any = None, prefix: Any = None) -> str:
    """Set every line but the first further in, by an amount of blanks or of another prefix."""
    lines, _, margin = _indentable(value, "indent", amount, prefix)
    return lines[0] + bounded_join(
        "", (part for line in zip(lines[1::2], lines[2::2], strict=True) for part in (line[0], margin, line[1]))
    )


@filter_("nindent", "amount", "prefix")
def nindent(value: Any, amount: Any = None, prefix: Any = None) -> str:
    """Begin with a new line and indent every line."""
    lines, end, margin = _indentable(value, "nindent", amount, prefix)
    return checked_text(end + margin + indent(value, amount, prefix)) if lines != [""] else ""


def _indentable(value: Any, name: str, amount: Any, prefix: Any) -> tuple[list[str], str, str]:
    """The lines with their ends between them, the first kind of end, and the margin."""
    if not is_integer(amount):
        raise ExpressionRuntimeError(f"The '{name}' filter expects an integer as argument 'amount'.")
    if amount < 0:
        raise ExpressionRuntimeError(f"The '{name}' filter expects a positive integer >=0 as argument 'amount'.")
    unit = " " if prefix is None else java_text(prefix)
    if len(unit) * amount > MAX_TEXT:
        raise too_long()
    lines = re.split(r"(\r\n|\r|\n)", java_text(value))
    return lines, lines[1] if len(lines) > 1 else "\n", unit * amount
