"""Filters of lists and maps."""

from __future__ import annotations

from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.frames import Frame
from thermik.expressions.limits import MAX_LIST, Meter, too_many_items
from thermik.expressions.operators import same
from thermik.expressions.printing import bounded_join, java_text
from thermik.expressions.registry import filter_
from thermik.expressions.values import (
    Entry,
    Long,
    TextArray,
    describe,
    integer_kind,
    is_array,
    is_integer,
    is_items,
    is_list,
    is_long,
    is_map,
    is_number,
    is_text,
)


@filter_("default", "default", lenient=True, takes_null=True)
def default(value: Any, otherwise: Any = None) -> Any:
    """Another value for what is undefined, null, blank, or an empty list or map."""
    return otherwise if is_empty(value) else value


def is_empty(value: Any) -> bool:
    """Whether it is null, blank text, or an empty list or map; 0 and false are not."""
    if is_text(value):
        return not value.strip()
    if is_map(value) or is_items(value):
        return len(value) == 0
    return value is None


@filter_("first")
def first(value: Any) -> Any:
    """The first item of a list, null if it is empty, or the first character of a text."""
    return _end(value, 0, "first")


@filter_("last")
def last(value: Any) -> Any:
    """The last item of a list, null if it is empty, or the last character of a text."""
    return _end(value, -1, "last")


def _end(value: Any, index: int, name: str) -> Any:
    if is_text(value):
        if not value:
            raise ExpressionRuntimeError(f"An empty text has no {name} character")
        return value[index]
    if not is_items(value):
        raise ExpressionRuntimeError(
            f"'{name}' filter can only be applied to lists and texts. Actual type was: {describe(value)}"
        )
    return value[index] if len(value) else None


@filter_("distinct", takes_null=True)
def distinct(value: Any) -> Any:
    """The items of a list, each once, in the order in which they come first; Kestra's `null` is a text."""
    if value is None:
        return "null"
    if not is_list(value):
        raise ExpressionRuntimeError(f"Input must be a list, but received : {describe(value)}")
    # lists and maps have no hash: by their length, so that a thousand items are not a million comparisons
    meter, kept, by_likeness = Meter(), [], dict[Any, list[Any]]()
    for item in value:
        alike = by_likeness.setdefault(_likeness(item), [])
        if not any(same(known, item, meter) for known in alike):
            alike.append(item)
            kept.append(item)
    return kept


def _likeness(item: Any) -> Any:
    """What equal items have in common, and few others, so that not every item is compared with every other."""
    return (is_map(item), len(item)) if is_map(item) or is_items(item) else item


@filter_("join", "separator")
def join(value: Any, separator: Any = None) -> str:
    """The items as one text, with a separator between them."""
    if not is_items(value):
        raise ExpressionRuntimeError("The 'join' filter expects that the input is either a collection or an array.")
    if separator is not None and not is_text(separator):
        raise ExpressionRuntimeError(f"The separator of the 'join' filter must be a text, not {describe(separator)}")
    return bounded_join(separator or "", (java_text(item) for item in value))


@filter_("length", takes_null=True)
def length(value: Any) -> int:
    """The number of characters, items or entries; 0 for anything else."""
    return Long(len(value)) if is_text(value) or is_map(value) or is_items(value) else Long(0)


@filter_("merge", "items", takes_null=True)
def merge(value: Any, items: Any = None) -> Any:
    """A list followed by another, or a map with the entries of another, which win."""
    if value is None or items is None:
        return value if items is None else items
    if is_map(value):
        return _merged_map(value, items)
    if not is_list(value):
        raise ExpressionRuntimeError("The object being filtered is not a Map/List/Array")
    if is_map(items):
        return bounded([*value, *(Entry((key, items[key])) for key in items)])
    if is_list(items):
        return bounded([*value, *items])
    raise ExpressionRuntimeError(f"A list cannot be merged with {describe(items)}")


def _merged_map(value: Any, items: Any) -> dict[Any, Any]:
    if is_map(items):
        added = {key: items[key] for key in items}
    elif is_list(items):
        added = {item: item for item in items}
    else:
        raise ExpressionRuntimeError(f"A map cannot be merged with {describe(items)}")
    return {**{key: value[key] for key in value}, **added}


def bounded(items: list[Any]) -> list[Any]:
    """The list itself, if it is short enough."""
    if len(items) > MAX_LIST:
        raise too_many_items()
    return items


@filter_("reverse", framed=True)
def reverse(frame: Frame, value: Any) -> Any:
    """The list backwards; the list itself is changed."""
    return _arranged(frame, _list_only(value, "reverse"), list(value)[::-1])


@filter_("sort", framed=True)
def sort(frame: Frame, value: Any) -> Any:
    """The list in its natural order, capitals first; the list itself is changed."""
    if not is_items(value):
        raise ExpressionRuntimeError("Unsupported input type for sort filter")
    return _arranged(frame, value, sorted(_comparable(value)))


@filter_("rsort", framed=True)
def rsort(frame: Frame, value: Any) -> Any:
    """The list in the reverse of its natural order; the list itself is changed."""
    return _arranged(frame, value, sorted(_comparable(_list_only(value, "rsort")), reverse=True))


def _comparable(items: Any) -> list[Any]:
    """The items, which must be of one kind that has an order."""
    kinds = {integer_kind(item) if is_integer(item) else type(item) for item in items}
    # one item alone is never compared, so Java sorts a list of one map, too
    if len(items) > 1 and (len(kinds) > 1 or not all(is_text(i) or is_number(i) or isinstance(i, bool) for i in items)):
        raise ExpressionRuntimeError("Items of different kinds, or without an order, cannot be sorted")
    return list(items)


def _arranged(frame: Frame, value: Any, arranged: list[Any]) -> Any:
    frame.shared.spend(len(arranged))
    if type(value) is list:
        return frame.shared.change(value, arranged)
    return TextArray(arranged) if is_array(value) else arranged


def _list_only(value: Any, name: str) -> Any:
    if not is_list(value):
        raise ExpressionRuntimeError(f"'{name}' filter can only be applied to List. Actual type was: {describe(value)}")
    return value


@filter_("slice", "fromIndex", "toIndex")
def slice_(value: Any, start: Any = None, end: Any = None) -> Any:
    """Items or characters from an index up to, not including, another: `'abcd' | slice(1, 3)` is `bc`."""
    if not (is_text(value) or is_items(value)):
        raise ExpressionRuntimeError(
            f"Slice filter can only be applied to String, List and array inputs. Actual type was: {describe(value)}"
        )
    first_index, size = _index(start, "fromIndex", 0), len(value)
    last_index = _index(end, "toIndex", size)
    if first_index < 0 or first_index > size:
        raise ExpressionRuntimeError(f"fromIndex must be between 0 and the input size: {size}")
    if last_index > size:
        raise ExpressionRuntimeError(f"toIndex must be smaller than input size: {size}")
    if end is not None and last_index <= first_index:
        raise ExpressionRuntimeError("toIndex must be greater than fromIndex")
    part = value[first_index:last_index]
    return TextArray(part) if is_array(value) else part if is_text(value) else list(part)


def _index(value: Any, name: str, otherwise: int) -> int:
    if value is None:
        return otherwise
    if not is_number(value):
        raise ExpressionRuntimeError(f"Argument {name} must be a number. Actual type: {describe(value)}")
    return int(value)


@filter_("chunk", "size")
def chunk(value: Any, size: Any = None) -> list[list[Any]]:
    """The list cut into lists of a size."""
    items = _list_only(value, "chunk")
    if size is None:
        raise ExpressionRuntimeError("'chunk' filter expects an argument 'size'.")
    if not is_integer(size) or not is_long(size) or size < 1:
        raise ExpressionRuntimeError(
            f"'chunk' filter expects a positive integer (Long) as 'size', not {java_text(size)}"
        )
    return [list(items[index : index + size]) for index in range(0, len(items), size)]


@filter_("flatten")
def flatten(value: Any) -> list[Any]:
    """The items of the lists in a list, one level deep."""
    if not is_list(value):
        raise ExpressionRuntimeError("The 'flatten' filter can only be applied to lists.")
    return bounded([inner for item in value for inner in (item if is_list(item) else [item])])


@filter_("keys")
def keys(value: Any) -> list[Any]:
    """The keys of a map, or the indexes of a list."""
    if is_map(value):
        return list(value)
    if is_items(value):
        return [Long(index) for index in range(len(value))]
    raise ExpressionRuntimeError(
        f"'keys' filter can only be applied to List, Map, Array. Actual type was: {describe(value)}"
    )


@filter_("values")
def values(value: Any) -> list[Any]:
    """The values of a map."""
    if not is_map(value):
        raise ExpressionRuntimeError(f"'values' filter can only be applied to Map. Actual type was: {describe(value)}")
    return [value[key] for key in value]
