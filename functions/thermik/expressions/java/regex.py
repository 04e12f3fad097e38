r"""Java's regular expressions on the `regex` package, which can stop one that runs away.

The package has nearly everything of Java's dialect (possessive quantifiers, atomic groups, `\p{…}`, class
intersections); what differs is translated here, what has no counterpart is refused by name. It was chosen over `re` for
its time-out: a catastrophic expression ends after `limits.MAX_REGEX_SECONDS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError, LimitExceeded
from thermik.expressions.limits import MAX_LIST, MAX_REGEX_SECONDS, MAX_TEXT, Budget, too_long, too_many_items

MAX_PATTERN = 5_000  # characters of a regular expression
MAX_EXPANDED = 20_000  # atoms of a regular expression, counted repetitions written out
_PIECE = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|\Z)|\\(?P<class>[pP])(?:\{(?P<long>[^}]*)\}|(?P<short>[A-Za-z]))"
    r"|\\x\{(?P<code>[0-9a-fA-F]+)\}|\\0(?P<octal>[0-3][0-7]{2}|[0-7]{1,2})|\\k<(?P<back>[a-zA-Z][a-zA-Z0-9]*)>"
    r"|\\(?P<escape>.)|(?P<flags>\(\?[a-zA-Z-]+[:)])"
    r"|(?P<foreign>\(\?(?![:=!>]|<[=!a-zA-Z]))|(?P<char>.)",
    re.DOTALL,
)
_FOREIGN = re.compile(r"\(\?(?:P[<=>]|.|\Z)", re.DOTALL)
_COUNT = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
_UNBOUNDED = re.compile(r"[*+]|\{[0-9]+,\}")
_ESCAPES = {
    "h": r"[ \t\xA0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]",
    "R": r"(?:\r\n|[\n\x0B\f\r\x85\u2028\u2029])",
    "Z": r"(?=(?:\r\n|[\n\r\x85\u2028\u2029])?\Z)",
    "z": r"\Z",
    "e": r"\x1b",
    "d": "[0-9]",
    "D": "[^0-9]",
    "w": "[a-zA-Z_0-9]",
    "W": "[^a-zA-Z_0-9]",
    "s": r"[ \t\n\x0B\f\r]",
    "S": r"[^ \t\n\x0B\f\r]",
    "v": r"[\n\x0B\f\r\x85\u2028\u2029]",
    "V": r"[^\n\x0B\f\r\x85\u2028\u2029]",
    "H": r"[^ \t\xA0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]",
}
_IN_CLASS = {"d": "0-9", "w": "a-zA-Z_0-9", "s": r" \t\n\x0B\f\r", "v": r"\n\x0B\f\r\x85\u2028\u2029"}
_REFUSED = frozenset("GXcNk")  # Java has them; of `\\k` what names no group
_UNKNOWN = frozenset("CFIJKLMOTUYgijlmoqy")  # letters that mean nothing after a backslash in Java
_POSIX = {
    "Lower": "[a-z]",
    "Upper": "[A-Z]",
    "ASCII": r"[\x00-\x7F]",
    "Alpha": "[a-zA-Z]",
    "Digit": "[0-9]",
    "Alnum": "[a-zA-Z0-9]",
    "Punct": r"[!-/:-@\[-`{-~]",
    "Graph": "[!-~]",
    "Print": "[ -~]",
    "Blank": r"[ \t]",
    "Cntrl": r"[\x00-\x1F\x7F]",
    "XDigit": "[0-9a-fA-F]",
    "Space": r"[ \t\n\x0B\f\r]",
}
_ATOM = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{(?P<count>[0-9]{1,18}(?:,[0-9]{0,18})?)\}|.", re.DOTALL)
_FLAG_LETTERS = re.compile(r"\(\?([a-zA-Z]+)")
_ANY_BUT_LINE_END = r"[^\n\r\x85\u2028\u2029]"
_FLAGS = {"i": "i", "m": "m", "s": "s", "x": "x", "u": ""}  # `u`: case is Unicode's in the package anyway


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """A Java expression, compiled.

    Raises:
        ExpressionRuntimeError: it is not one, or uses what is refused.
    """
    import regex

    if len(pattern) > MAX_PATTERN:
        raise LimitExceeded(f"A regular expression has more than {MAX_PATTERN} characters")
    # the time-out holds for matching only: `((a{1000}){1000}){1000}` would fill the memory while it is compiled
    if expanded_size(pattern) > MAX_EXPANDED:
        raise LimitExceeded(f"The repetitions of the regular expression `{pattern}` are too many (over {MAX_EXPANDED})")
    try:
        return regex.compile(translate(pattern), regex.VERSION1)  # which has `[a-z&&[^x]]`, as Java has
    except (regex.error, OverflowError, RecursionError) as error:
        raise ExpressionRuntimeError(f"The regular expression `{pattern}` cannot be read: {error}") from error


def expanded_size(pattern: str) -> int:
    """How many atoms a pattern has with its counted repetitions written out, as the library does."""
    sums, last = [0], 0
    for match in _ATOM.finditer(pattern):
        if match["count"]:
            bounds = [int(bound) for bound in match["count"].split(",") if bound]
            last, grown = last * max(bounds), last * (max(bounds) - 1)
            sums[-1] += grown
        elif match[0] == "(":
            sums.append(0)
        elif match[0] == ")" and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
        else:
            last = 1
            sums[-1] += 1
        if sums[-1] > MAX_EXPANDED:
            return sums[-1]
    return sum(sums)


def translate(pattern: str) -> str:
    """A Java expression in the `regex` package's dialect.

    Raises:
        ExpressionRuntimeError: it uses something that has no counterpart.
    """
    parts: list[str] = []
    depth = 0  # of character classes
    before, groups = "", _Groups(pattern)
    dot = "." if "s" in "".join(_FLAG_LETTERS.findall(pattern)) else _ANY_BUT_LINE_END
    for match in _PIECE.finditer(pattern):
        mark = match["char"]
        if not depth:
            groups.meet(match)
            _check_repetition(match, before, pattern)
            before = match[0]
        if mark == "]" and depth:
            depth -= 1
        if mark == ".":
            parts.append(mark if depth else dot)
        elif mark and depth and (mark in "|~" or (mark == "-" and parts[-1] == "-")):
            parts.append("\\" + mark)  # operators on sets in the package, but not in Java
        elif mark == ":" and depth > 1 and parts[-1] == "[":
            parts.append("\\:")  # `[[:alpha:]]` is a class within a class in Java, which has no such names
        else:
            parts.append(mark or _translated(match, depth, pattern))
        if mark == "[":
            depth += 1
    return "".join(parts)


def _check_repetition(match: re.Match[str], before: str, pattern: str) -> None:
    """Refuse what Java takes for a broken repetition, and the package for an extension of its own."""
    mark, at = match["char"], match.start()
    if mark == "{" and not _COUNT.match(pattern, at):
        raise ExpressionRuntimeError(f"Illegal repetition at {at} in the regular expression `{pattern}`")
    if mark == "*" and before == "(":
        raise ExpressionRuntimeError(f"Dangling meta character '*' at {at} in the regular expression `{pattern}`")


class _Groups:
    """The groups that are open, each with whether it is within a look-behind: Java wants that bounded."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._behind = [False]
        self._quantified = False  # a `+` that follows a quantifier makes it possessive and repeats nothing

    def meet(self, match: re.Match[str]) -> None:
        """Take in the next piece outside of character classes. Raises: ExpressionRuntimeError."""
        piece, at = match[0], match.start()
        if piece.startswith("("):
            if not (match["flags"] and piece.endswith(")")):
                self._behind.append(self._looks_behind(at))
        elif piece == ")" and len(self._behind) > 1:
            self._behind.pop()
        elif self._behind[-1] and not self._quantified and (found := _UNBOUNDED.match(self._pattern, at)):
            raise refused(f"the unbounded `{found[0]}` within a look-behind", self._pattern)
        self._quantified = piece in {"*", "+", "?", "}"}

    def _looks_behind(self, at: int) -> bool:
        if self._pattern.startswith(("(?<=", "(?<!"), at):
            return True
        return self._behind[-1] and not self._pattern.startswith(("(?=", "(?!"), at)


def _translated(match: re.Match[str], depth: int, pattern: str) -> str:
    if match["quoted"] is not None:
        return re.escape(match["quoted"])
    if match["class"]:
        return _property(match["class"], match["long"] or match["short"] or "", depth, pattern)
    if match["code"] or match["octal"]:
        return re.escape(_character(int(match["code"], 16) if match["code"] else int(match["octal"], 8), pattern))
    if match["foreign"] and not depth:
        found = _FOREIGN.match(pattern, match.start())
        raise refused(f"`{found[0] if found else match[0]}`", pattern)
    return _escape_or_flags(match, depth, pattern)


def _escape_or_flags(match: re.Match[str], depth: int, pattern: str) -> str:
    if match["back"]:
        return f"(?P={match['back']})" if not depth else _refuse_in_class("k", pattern)
    if match["escape"] is not None:
        return _escaped(match["escape"], match[0], depth, pattern)
    return _flags(match[0], pattern) if not depth else match[0]


def _character(code: int, pattern: str) -> str:
    if code > 0x10FFFF:
        raise refused(f"\\x{{{code:x}}}", pattern)
    return chr(code)


def _escaped(mark: str, whole: str, depth: int, pattern: str) -> str:
    if mark in _REFUSED:
        raise refused(whole, pattern)
    if mark in _UNKNOWN:
        raise ExpressionRuntimeError(f"Illegal escape sequence {whole} in the regular expression `{pattern}`")
    if depth and mark in _IN_CLASS:
        return _IN_CLASS[mark]
    if depth and mark in "DWSVhHR":
        return _ESCAPES[mark] if mark in "DWS" else _refuse_in_class(mark, pattern)
    return _ESCAPES.get(mark, whole)


def _refuse_in_class(mark: str, pattern: str) -> str:
    raise refused(f"\\{mark} within […]", pattern)


def _flags(text: str, pattern: str) -> str:
    kept = []
    for letter in text[2:-1]:
        if letter != "-" and letter not in _FLAGS:
            raise refused(f"the flag {letter}", pattern)
        kept.append(_FLAGS.get(letter, letter))
    letters = "".join(kept)
    return f"(?{letters}{text[-1]}" if letters.strip("-") else "(?:" + ("" if text[-1] == ":" else ")")


def _property(kind: str, name: str, depth: int, pattern: str) -> str:
    negated = kind == "P"
    if name in _POSIX:
        members = _POSIX[name]
        if depth and not negated:
            return members[1:-1]
        return f"[^{members[1:-1]}]" if negated else members
    if name.startswith("java"):
        raise refused(f"\\{kind}{{{name}}}", pattern)
    return f"\\{kind}{{{name.removeprefix('Is') if len(name) > 3 else name}}}"


def refused(what: str, pattern: str) -> ExpressionRuntimeError:
    """The error of a part of Java's dialect that is not supported."""
    return ExpressionRuntimeError(f"{what} is not supported in the regular expression `{pattern}`")


def bounded_by_time(pattern: str, run: Callable[[], Any]) -> Any:
    """Run a match that carries a time-out."""
    try:
        return run()
    except TimeoutError as error:
        raise LimitExceeded(
            f"The regular expression `{pattern}` takes more than {MAX_REGEX_SECONDS:g} seconds"
        ) from error


def find_first(text: str, pattern: str, budget: Budget) -> Any:
    """The first match anywhere in a text, None without one.

    Raises:
        LimitExceeded: it takes too long.
    """
    expression, seconds = compiled(pattern), budget.remaining_seconds()
    return bounded_by_time(pattern, lambda: expression.search(text, timeout=seconds))


def replace_all(text: str, pattern: str, replacement: str, budget: Budget) -> str:
    """Java's `replaceAll`: `$1` and `${name}` are groups, a backslash escapes.

    Raises:
        LimitExceeded: it takes too long, or the text grows too long.
    """
    expression, seconds = compiled(pattern), budget.remaining_seconds()
    parts = _replacement(replacement, expression)
    room = [MAX_TEXT]

    def filled(match: Any) -> str:
        made = "".join(part if isinstance(part, str) else match[part[0]] or "" for part in parts)
        room[0] -= len(made)
        if room[0] < 0:
            raise too_long()
        return made

    return str(bounded_by_time(pattern, lambda: expression.sub(filled, text, timeout=seconds)))


_REPLACEMENT = re.compile(r"\\(.)|\$\{([a-zA-Z][a-zA-Z0-9]*)\}|\$([0-9]+)|([\\$])|([^\\$]+)", re.DOTALL)


def _replacement(text: str, expression: Any) -> list[Any]:
    """A replacement as texts and one-item tuples that name a group."""
    parts: list[Any] = []
    for escaped, name, number, stray, plain in _REPLACEMENT.findall(text):
        if stray:
            raise ExpressionRuntimeError(f"Illegal group reference in the replacement `{text}`")
        if name:
            if name not in expression.groupindex:
                raise ExpressionRuntimeError(f"No group with name <{name}>")
            parts.append((name,))
        elif number:
            parts.extend(_numbered(number, expression.groups))
        else:
            parts.append(escaped or plain)
    return parts


def _numbered(digits: str, groups: int) -> list[Any]:
    """`$12` is group 12 if there is one, else group 1 and a 2."""
    used = 1
    if int(digits[0]) > groups:
        raise ExpressionRuntimeError(f"No group {digits[0]}")
    while used < len(digits) and int(digits[: used + 1]) <= groups:
        used += 1
    return [(int(digits[:used]),), digits[used:]]


def split_at(text: str, pattern: str, limit: int, budget: Budget) -> list[str]:
    """Java's `split`: without a limit, empty parts at the end go; an empty match at the start cuts nothing."""
    expression, seconds = compiled(pattern), budget.remaining_seconds()

    def cut() -> list[str]:
        parts: list[str] = []
        start = 0
        for match in expression.finditer(text, timeout=seconds):
            if 0 < limit <= len(parts) + 1:
                break
            if match.end() == 0 or match.start() == match.end() == len(text):
                continue
            parts.append(text[start : match.start()])
            start = match.end()
            if len(parts) > MAX_LIST:
                raise too_many_items()
        return [*parts, text[start:]]

    parts: list[str] = bounded_by_time(pattern, cut)
    while limit == 0 and len(parts) > 1 and not parts[-1]:
        parts.pop()
    # Java answers no part at all for a text that is all separators, and one empty part for the empty text
    return [] if limit == 0 and parts == [""] and text else parts
