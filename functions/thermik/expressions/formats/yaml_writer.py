"""YAML as Kestra writes it: lists indented by one blank, quotes only where needed, line breaks as literal blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DATA_DEPTH, MAX_LIST, too_deep_data, too_many_items
from thermik.expressions.printing import bounded_join, java_text
from thermik.expressions.values import Entry

LONGEST_SIMPLE_KEY = 128  # SnakeYAML's; a longer one is written behind `?`
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x84\x86-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_NEEDS_DOUBLE = re.compile(r"[,{}\[\]]|:(?=\s|$)|\s#|^#")
_NEEDS_SINGLE = re.compile(r"^(?:[-?:](?:\s|$)|[*&!%@`>|'\"\s{}\[\],#]|---|\.\.\.)|\s$|:(?=\s|$)|\s#")
_LEADING_ZERO = re.compile(r"0[0-9]+")
_NUMBER_LIKE = re.compile(r"[-+.0-9]")


def to_yaml(value: Any) -> str:
    """A YAML document with its final newline."""
    if isinstance(value, str) and not value:
        return '--- ""\n'
    lines: list[str] = []
    _write(value, "", 0, lines, 0)
    return bounded_join("", (line.lstrip("\n") + "\n" for line in lines))


def _write(value: Any, head: str, base: int, lines: list[str], depth: int) -> None:
    """Write a value behind `head` (the key or the dash before it); what is nested starts at column `base`."""
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()
    if len(lines) > MAX_LIST:
        raise too_many_items()
    if type(value) is Entry:
        value = {value[0]: value[1]}
    if isinstance(value, Mapping) and value:
        _open(head, lines)
        inner = base + 2 if head else 0
        for key in value:
            _write_pair(key, value[key], inner, lines, depth)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and value:
        _open(head, lines)
        inner = base + 2 if head.endswith("-") else base
        for item in value:
            _write(item, " " * inner + " -", inner, lines, depth + 1)
    else:
        lines.append(f"{head} {_leaf(value, base)}" if head else _leaf(value, base))


def _open(head: str, lines: list[str]) -> None:
    if head:
        lines.append(head)


def _write_pair(key: Any, value: Any, column: int, lines: list[str], depth: int) -> None:
    if key is None:
        raise ExpressionRuntimeError("A null key of a map cannot be written as YAML")
    shown, simple = _key(java_text(key))
    margin = " " * column
    if simple:
        _write(value, f"{margin}{shown}:", column, lines, depth + 1)
    else:
        lines.append(f"{margin}? {shown}")
        _write(value, f"{margin}:", column, lines, depth + 1)


def _leaf(value: Any, base: int) -> str:
    if isinstance(value, str):
        return _text(value, base)
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, Sequence) and not isinstance(value, bytes) else java_text(value)


def _text(text: str, base: int) -> str:
    if not text or _UNPRINTABLE.search(text):
        return _double(text)
    if text.lower() in _WORDS or ("\n" not in text and _NEEDS_DOUBLE.search(text)):
        return _double(text)
    if "\n" in text:
        return _block(text, base + 2)
    return _single(text) if _NEEDS_SINGLE.search(text) or _LEADING_ZERO.fullmatch(text) else text


def _key(text: str) -> tuple[str, bool]:
    """A key as it is written, and whether it may stand before its colon."""
    if not text or _UNPRINTABLE.search(text) or "\n" in text:
        return _double(text), bool(text) and "\n" not in text and "\r" not in text
    if text.lower() in _WORDS or _NUMBER_LIKE.match(text):
        shown = _double(text)
    else:
        shown = _single(text) if _NEEDS_SINGLE.search(text) else text
    return shown, len(shown) <= LONGEST_SIMPLE_KEY


def _double(text: str) -> str:
    return encode_basestring(text).replace("\\u0000", "\\0")


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _block(text: str, column: int) -> str:
    """A literal block; the indentation is told where the text begins with blank or newline."""
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    keep = "-" if not ends else "" if ends == 1 and body else "+"
    told = "2" if text[0] in " \n" else ""
    margin = " " * column
    lines = [margin + line if line else "" for line in body.split("\n")] if body else []
    lines += [""] * (ends - 1 if body else ends)
    return "\n".join([f"|{told}{keep}", *lines])
