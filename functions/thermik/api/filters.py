"""Filters of lists: `filters[FIELD][OP]=value`, the groups of the 2.x clients, the plain parameters of the 1.x ones.

What a field is called and which operators it has is one table; what an item has under a field, the resource tells by
a `View`. So a filter works on every list that has the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from thermik.api.errors import BadRequest, Unprocessable
from thermik.api.request import Request, read_instant
from thermik.durations import parse_duration
from thermik.expressions import ExpressionError

MAX_FILTERS = 50
MAX_PATTERN = 200
MAX_RANGE = timedelta(days=36_500)  # a date so long before now can still be computed
_DEEPEST = 2

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")

View = Callable[[str], Any]
"""What an item has under a field: text or None; a tuple of texts for `q`; a mapping for labels; a date for dates."""


class Kind(Enum):
    """How the values of a field are compared."""

    TEXT = auto()
    QUERY = auto()
    LABELS = auto()
    DATE = auto()
    RANGE = auto()
    LEVEL = auto()


_IS = frozenset({"EQUALS", "NOT_EQUALS"})
_NULLS = frozenset({"IS_NULL", "IS_NOT_NULL"})
_MANY = _IS | {"IN", "NOT_IN"}
_PART = _MANY | {"CONTAINS", "NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH"} | _NULLS
_NAMES = _PART | {"REGEX", "PREFIX"}
_DATES = _IS | _NULLS | {"GREATER_THAN", "LESS_THAN", "GREATER_THAN_OR_EQUAL_TO", "LESS_THAN_OR_EQUAL_TO"}

FIELDS: Mapping[str, tuple[Kind, frozenset[str]]] = {
    "q": (Kind.QUERY, _IS),
    "scope": (Kind.TEXT, _IS),
    "childFilter": (Kind.TEXT, _IS),
    "triggerState": (Kind.TEXT, _IS),
    "existingOnly": (Kind.TEXT, _IS),
    "level": (Kind.LEVEL, _IS),
    "namespace": (Kind.TEXT, _NAMES),
    "flowId": (Kind.TEXT, _NAMES),
    "triggerId": (Kind.TEXT, _PART),
    "executionId": (Kind.TEXT, _PART),
    "triggerExecutionId": (Kind.TEXT, _PART),
    "workerId": (Kind.TEXT, _PART),
    "taskId": (Kind.TEXT, _PART),
    "taskRunId": (Kind.TEXT, _PART),
    "attemptNumber": (Kind.TEXT, _MANY),
    "state": (Kind.TEXT, _MANY | _NULLS),
    "kind": (Kind.TEXT, _MANY | _NULLS),
    "labels": (Kind.LABELS, _MANY | _NULLS | {"CONTAINS", "NOT_CONTAINS"}),
    "startDate": (Kind.DATE, _DATES),
    "endDate": (Kind.DATE, _DATES),
    "updated": (Kind.DATE, _DATES),
    "expirationDate": (Kind.DATE, _DATES),
    "timeRange": (Kind.RANGE, frozenset({"EQUALS"})),
}
"""Every field: how it is compared, and its operators."""

_PLAIN = {
    "q": ("q", "EQUALS"),
    "namespace": ("namespace", "PREFIX"),  # 1.x lists a namespace with those below it
    "flowId": ("flowId", "EQUALS"),
    "state": ("state", "IN"),
    "scope": ("scope", "EQUALS"),
    "startDate": ("startDate", "GREATER_THAN_OR_EQUAL_TO"),
    "endDate": ("startDate", "LESS_THAN_OR_EQUAL_TO"),  # likewise 1.x: both bound the beginning
    "timeRange": ("timeRange", "EQUALS"),
    "triggerExecutionId": ("triggerExecutionId", "EQUALS"),
    "childFilter": ("childFilter", "EQUALS"),
    "minLevel": ("level", "EQUALS"),
    "level": ("level", "EQUALS"),
    "triggerId": ("triggerId", "EQUALS"),
    "executionId": ("executionId", "EQUALS"),
    "taskId": ("taskId", "EQUALS"),
    "taskRunId": ("taskRunId", "EQUALS"),
    "workerId": ("workerId", "EQUALS"),
}
"""The plain parameters, and what each means."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition.

    Attributes:
        key: a label's name.
        value: text; several in one, divided by commas, for IN and NOT_IN.
    """

    field: str
    operation: str
    value: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives: each a list of conditions that must hold together."""

    alternatives: tuple[tuple[Filter, ...], ...]


Filters = Sequence[Filter | AnyOf]
"""Conditions that must all hold."""


def read_filters(request: Request, fields: Iterable[str]) -> Filters:
    """The filters of a request's query, in either form.

    Args:
        fields: those that the resource has.

    Raises:
        BadRequest: a filter cannot be read, or names what the resource does not have.
    """
    allowed = frozenset(fields)
    nested = [
        (tuple(re.findall(r"\[([^\]]*)\]", name)), value)
        for name, value in request.query
        if name.startswith("filters[")
    ]
    if len(nested) > MAX_FILTERS:
        raise BadRequest(f"There are {len(nested)} filters; at most {MAX_FILTERS} are accepted")
    if nested:
        return _grouped(nested, allowed)
    return [*_plain(request, allowed)]


def read_filter_objects(value: Any, fields: Iterable[str]) -> Filters:
    """Filters in a body: a list of `{field, operation, value}`, fields named as in a query or `FLOW_ID`.

    Raises:
        BadRequest: as `read_filters`.
    """
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_FILTERS:
        raise BadRequest(f"`filters` must be an array of at most {MAX_FILTERS} objects")
    allowed = frozenset(fields)
    return [each for one in value for each in _from_object(one, allowed)]


def _from_object(value: Any, allowed: frozenset[str]) -> Iterable[Filter]:
    if not (isinstance(value, dict) and isinstance(value.get("field"), str)):
        raise BadRequest("A filter must be an object with `field`, `operation` and `value`")
    field = field_name(value["field"])
    wanted, operation = value.get("value"), str(value.get("operation") or "EQUALS")
    if isinstance(wanted, dict) and wanted.keys() == {"value"}:
        wanted = wanted["value"]
    if isinstance(wanted, dict):
        return [read_filter(field, operation, str(each), str(key), allowed) for key, each in wanted.items()]
    text = ",".join(map(str, wanted)) if isinstance(wanted, list) else "" if wanted is None else str(wanted)
    return [read_filter(field, operation, text, None, allowed)]


def field_name(text: str) -> str:
    """A field by its name in a query, `flowId`, or in a client's code, `FLOW_ID`."""
    if not ("_" in text or text.isupper()):
        return text
    first, *others = text.lower().split("_")
    return first + "".join(map(str.capitalize, others))


_ALIASES = {"query": "q", "minLevel": "level"}
"""What 1.x clients make of their names of these fields, QUERY and MIN_LEVEL."""


def read_filter(field: str, operation: str, value: str, key: str | None, allowed: frozenset[str]) -> Filter:
    """One filter, checked. Raises: BadRequest."""
    field = _ALIASES.get(field, field)
    if field not in allowed:
        raise BadRequest(
            f"Filter field '{field[:100]}' is not supported here: it must be one of {', '.join(sorted(allowed))}"
        )
    kind, operations = FIELDS[field]
    if operation not in operations:
        raise BadRequest(f"Filter operation '{operation[:100]}' is not supported for field '{field}'")
    if operation == "REGEX":
        _pattern(value)
    if operation not in _NULLS:
        _check_value(kind, field, value)
    return Filter(field, operation, value, key)


def matches(filters: Filters, view: View, now: datetime) -> bool:
    """Whether an item passes all filters."""
    return all(
        _holds(each, view, now)
        if isinstance(each, Filter)
        else any(all(_holds(one, view, now) for one in alternative) for alternative in each.alternatives)
        for each in filters
    )


def equal_to(filters: Filters, field: str) -> str | None:
    """The one value that a field must have by these filters, None if they leave it open."""
    for each in filters:
        if isinstance(each, Filter) and each.field == field and each.operation == "EQUALS":
            return each.value
    return None


def date_bounds(filters: Filters, field: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Between which dates a field must be by these filters; both ends may be a little too wide, never too narrow."""
    least: list[datetime] = []
    most: list[datetime] = []
    for each in filters:
        if not isinstance(each, Filter) or each.operation in _NULLS:
            continue
        if each.field == "timeRange":
            least.append(now - parse_duration(each.value))  # a range always ends now, whatever `field` is
        elif each.field == field:
            date = _date(each.value)
            if each.operation.startswith("GREATER_THAN") or each.operation == "EQUALS":
                least.append(date)
            if each.operation.startswith("LESS_THAN") or each.operation == "EQUALS":
                most.append(date)
    return max(least, default=None), min(most, default=None)


def _grouped(nested: list[tuple[tuple[str, ...], str]], allowed: frozenset[str]) -> Filters:
    found: list[Filter | AnyOf] = []
    alternatives: dict[str, list[Filter]] = {}
    for names, value in nested:
        if names[:1] == ("or",) and len(names) > _DEEPEST:
            rest = names[2:]
            if rest[:1] == ("and",):
                rest = rest[2:]
            alternatives.setdefault(names[1], []).append(_named(rest, value, allowed))
        elif names[:1] == ("and",) and len(names) > _DEEPEST:
            found.append(_named(names[2:], value, allowed))
        else:
            found.append(_named(names, value, allowed))
    if alternatives:
        found.append(AnyOf(tuple(map(tuple, alternatives.values()))))
    return found


def _named(names: tuple[str, ...], value: str, allowed: frozenset[str]) -> Filter:
    if len(names) not in (2, 3) or (len(names) == 3 and names[0] != "labels"):
        raise BadRequest(
            f"The filter [{']['.join(names)[:200]}] cannot be read: it must be filters[FIELD][OPERATION]=value"
        )
    return read_filter(names[0], names[1], value, names[2] if len(names) == 3 else None, allowed)


def _plain(request: Request, allowed: frozenset[str]) -> Iterable[Filter]:
    for name, (field, operation) in _PLAIN.items():
        values = [value for value in request.all(name) if value]
        if values and field in allowed:
            yield read_filter(field, operation, ",".join(values) if operation == "IN" else values[0], None, allowed)
    if "labels" in allowed:
        for text in request.all("labels"):
            key, _, value = text.partition(":")
            if key:
                yield read_filter("labels", "EQUALS", value, key, allowed)


def least_level(request: Request) -> str | None:
    """The parameter `minLevel`. Raises: Unprocessable."""
    level = request.get("minLevel")
    if level is not None and level.upper() not in _LEVELS:
        raise Unprocessable(f"Parameter 'minLevel' must be one of {', '.join(_LEVELS)}, not '{level[:100]}'")
    return level


def _check_value(kind: Kind, field: str, value: str) -> None:
    if kind is Kind.DATE:
        _date(value)
    elif kind is Kind.RANGE:
        try:
            length = parse_duration(value)
        except ValueError:
            raise BadRequest(f"Filter '{field}' must be an ISO 8601 duration, not '{value[:100]}'") from None
        if not timedelta() <= length <= MAX_RANGE:
            raise BadRequest(f"Filter '{field}' must be from 0 to {MAX_RANGE.days} days, not '{value[:100]}'")
    elif kind is Kind.LEVEL and value.upper() not in _LEVELS:
        raise BadRequest(f"Filter '{field}' must be one of {', '.join(_LEVELS)}, not '{value[:100]}'")


def _holds(one: Filter, view: View, now: datetime) -> bool:
    kind, _ = FIELDS[one.field]
    if one.operation in _NULLS:
        return (view(one.field) in (None, {}, ())) == (one.operation == "IS_NULL")
    return _COMPARISONS[kind](one, view, now)


def _text_holds(one: Filter, view: View, _now: datetime) -> bool:
    seen = view(one.field)
    return _compare(one.operation, "" if seen is None else str(seen), one.value)


def _compare(operation: str, seen: str, wanted: str) -> bool:  # noqa: PLR0911 - a table of operators
    match operation:
        case "EQUALS":
            return seen == wanted
        case "NOT_EQUALS":
            return seen != wanted
        case "IN":
            return seen in _several(wanted)
        case "NOT_IN":
            return seen not in _several(wanted)
        case "CONTAINS":
            return wanted.lower() in seen.lower()
        case "NOT_CONTAINS":
            return wanted.lower() not in seen.lower()
        case "STARTS_WITH":
            return seen.startswith(wanted)
        case "ENDS_WITH":
            return seen.endswith(wanted)
        case "PREFIX":
            return seen == wanted or seen.startswith(wanted + ".")
        case _:
            return _found(wanted, seen)


def search_in(pattern: str, text: str, *, case_sensitive: bool = True) -> Iterator[tuple[int, int]]:
    """Where a caller's pattern is found in a text, from and to. Raises: BadRequest: not valid, or it takes too long."""
    try:
        found = _pattern(pattern if case_sensitive else f"(?i){pattern}").finditer(text, timeout=_PATTERN_SECONDS)
        yield from (match.span() for match in found)
    except TimeoutError:
        raise BadRequest(f"The pattern '{pattern}' takes too long") from None


def _found(pattern: str, seen: str) -> bool:
    try:
        return _pattern(pattern).search(seen, timeout=_PATTERN_SECONDS) is not None
    except TimeoutError:
        raise BadRequest(f"The pattern '{pattern}' takes too long") from None


def _query_holds(one: Filter, view: View, _now: datetime) -> bool:
    wanted = one.value.lower()
    found = any(wanted in text.lower() for text in view("q"))
    return found == (one.operation == "EQUALS")


def _labels_hold(one: Filter, view: View, _now: datetime) -> bool:
    labels: Mapping[str, str] = view("labels")
    if one.key is not None:
        return _compare(one.operation, labels.get(one.key, ""), one.value)
    pairs = {f"{key}:{value}" for key, value in labels.items()}
    wanted = _several(one.value)
    match one.operation:
        case "EQUALS":
            return wanted <= pairs
        case "NOT_EQUALS" | "NOT_IN":
            return not wanted & pairs
        case "IN":
            return bool(wanted & pairs)
        case _:
            found = any(one.value.lower() in pair.lower() for pair in pairs)
            return found == (one.operation == "CONTAINS")


def _date_holds(one: Filter, view: View, _now: datetime) -> bool:
    seen: datetime | None = view(one.field)
    wanted = _date(one.value)
    if seen is None:
        return one.operation == "NOT_EQUALS"
    return {
        "EQUALS": seen == wanted,
        "NOT_EQUALS": seen != wanted,
        "GREATER_THAN": seen > wanted,
        "LESS_THAN": seen < wanted,
        "GREATER_THAN_OR_EQUAL_TO": seen >= wanted,
        "LESS_THAN_OR_EQUAL_TO": seen <= wanted,
    }[one.operation]


def _range_holds(one: Filter, view: View, now: datetime) -> bool:
    seen: datetime | None = view("startDate")
    return seen is not None and seen >= now - parse_duration(one.value)


def _level_holds(one: Filter, view: View, _now: datetime) -> bool:
    return severe_enough(view("level"), one.value) == (one.operation == "EQUALS")


def severe_enough(level: str, minimum: str) -> bool:
    """Whether a log entry's level is at least the minimum."""
    return _LEVELS.index(level) >= _LEVELS.index(minimum.upper())


_COMPARISONS: Mapping[Kind, Callable[[Filter, View, datetime], bool]] = {
    Kind.TEXT: _text_holds,
    Kind.QUERY: _query_holds,
    Kind.LABELS: _labels_hold,
    Kind.DATE: _date_holds,
    Kind.RANGE: _range_holds,
    Kind.LEVEL: _level_holds,
}

_PATTERN_SECONDS = 0.2
"""How long one search of a caller's pattern may take: some patterns take for ever on some texts."""


def _pattern(text: str) -> Any:
    """A caller's pattern, compiled: Java's, as to Kestra, and refused where its repetitions would fill the memory."""
    from thermik.expressions.java.regex import compiled

    if len(text) > MAX_PATTERN:
        raise BadRequest(f"The pattern has {len(text)} characters; at most {MAX_PATTERN} are accepted")
    try:
        return compiled(text)
    except ExpressionError as error:
        raise BadRequest(f"The pattern '{text}' is not valid: {error}") from None


def _several(value: str) -> set[str]:
    return {each.strip() for each in value.split(",")}


def _date(text: str) -> datetime:
    found = read_instant(text)
    if found is None:
        raise BadRequest(f"'{text[:100]}' is no ISO 8601 instant")
    return found
