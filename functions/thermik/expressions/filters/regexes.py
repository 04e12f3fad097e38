"""Filters that match Java's regular expressions anywhere in a text."""

from __future__ import annotations

from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.frames import Frame
from thermik.expressions.java.regex import find_first, replace_all
from thermik.expressions.printing import java_text
from thermik.expressions.registry import filter_
from thermik.expressions.values import is_integer


@filter_("regexMatch", "regex", required=1, framed=True, takes_null=True)
def regex_match(frame: Frame, value: Any, regex: Any) -> bool:
    """Whether the regular expression is found anywhere in the text; never in null."""
    return value is not None and find_first(java_text(value), java_text(regex), frame.shared) is not None


@filter_("regexReplace", "regex", "replacement", required=2, framed=True)
def regex_replace(frame: Frame, value: Any, regex: Any, replacement: Any) -> str:
    """Put a text, in which `$1` is a group, in place of everything that the regular expression finds."""
    return replace_all(java_text(value), java_text(regex), java_text(replacement), frame.shared)


@filter_("regexExtract", "regex", "group", required=1, framed=True)
def regex_extract(frame: Frame, value: Any, regex: Any, group: Any = None) -> Any:
    """What the regular expression finds first, or a group of it; null if it finds nothing."""
    number = 0 if group is None else group
    if not is_integer(number):
        raise ExpressionRuntimeError("The 'regexExtract' filter expects an integer as argument 'group'.")
    found = find_first(java_text(value), java_text(regex), frame.shared)
    if found is not None and not 0 <= number <= found.re.groups:
        raise ExpressionRuntimeError(f"No group {number}")
    return None if found is None else found[int(number)]
