"""A flow's source, from YAML text to plain data, with the position of every value.

The text is untrusted: its size, its depth and what its aliases expand to are bounded before anything is
built. PyYAML's C parser gives events; `_compose` makes nodes of them and `_Builder` makes data of the nodes,
copying what an alias names, so that the result is a tree in which no two places share a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from thermik.flows.problems import InvalidFlow, Place, Position, Problem, place_text
from thermik.flows.scalars import UnreadableScalar, plain_value, tagged_value
from thermik.records import record

MAX_SOURCE_BYTES = 2 * 1024 * 1024
"""Largest source that is read: some ten thousand tasks, far above what one state machine holds."""

MAX_DEPTH = 100
"""Mappings and lists within one another; some forty nested flowables."""

MAX_VALUES = 200_000
"""Values of one source, with aliases and merges counted each time that they are used."""

# YAML's own reader is not asked where documents begin: each must be told its problems apart, broken ones too
_MARKER = re.compile(r"^---(?=\s|$)[^\S\n]*\n?", re.MULTILINE)
_NOTHING = re.compile(r"(?:\s|#[^\n]*(?:\n|$))*")


@record
class Document:
    """What a source says.

    Attributes:
        data: its mapping: text keys; text, numbers, booleans, None, lists and mappings as values.
        positions: where each value stands, at its key in a mapping.
        problems: keys that stand twice; the data has the first of each.
    """

    data: dict[str, Any]
    positions: dict[Place, Position]
    problems: tuple[Problem, ...] = ()

    def position(self, place: Place) -> Position:
        """Where a place stands, or the nearest thing around it that the source has."""
        for length in range(len(place), 0, -1):
            found = self.positions.get(place[:length])
            if found is not None:
                return found
        return Position(1, 1)


def decode_source(source: bytes) -> str:
    """The text of an uploaded source, every character kept.

    Raises:
        InvalidFlow: it is too large, or no UTF-8.
    """
    _check_size(len(source))
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise _illegal("the source is not UTF-8", Position(line, 1)) from error


def split_documents(source: str) -> list[tuple[int, str]]:
    """The YAML documents of a text, each with the number of lines before it; those without content are left out."""
    starts = [0]
    ends = []
    for marker in _MARKER.finditer(source):
        ends.append(marker.start())
        starts.append(marker.end())
    parts = zip(starts, [*ends, len(source)], strict=True)
    return [(source.count("\n", 0, at), source[at:end]) for at, end in parts if not _NOTHING.fullmatch(source, at, end)]


def read_source(source: str) -> Document:
    """Read one flow's source.

    Raises:
        InvalidFlow: it is no YAML, no mapping, more than one document, or beyond a bound; with the position.
    """
    try:
        _check_size(len(source.encode("utf-8")))
    except UnicodeEncodeError as error:
        raise _illegal("the source is not UTF-8", Position(source.count("\n", 0, error.start) + 1, 1)) from error
    root = _root(source)
    if root is None or not isinstance(root.value, _Pairs):
        raise _illegal(
            "a flow is a mapping with an id, a namespace and tasks", root.position if root else Position(1, 1)
        )
    builder = _Builder()
    data = builder.build(root, (), 1)
    return Document(data, builder.positions, tuple(builder.problems))


def read_value(text: str) -> Any:
    """Read any YAML document by the same rules and bounds: the value of a YAML input; None for an empty text.

    Raises:
        InvalidFlow: as `read_source`, and for keys that stand twice.
    """
    _check_size(len(text.encode("utf-8", "surrogatepass")))
    root = _root(text)
    builder = _Builder()
    value = builder.build(root, (), 1) if root else None
    if builder.problems:
        raise InvalidFlow(builder.problems)
    return value


def _check_size(size: int) -> None:
    if size > MAX_SOURCE_BYTES:
        raise _illegal(f"the source has {size} bytes, at most {MAX_SOURCE_BYTES} are read", Position(1, 1))


def _illegal(message: str, position: Position) -> InvalidFlow:
    return InvalidFlow([Problem("", f"Illegal flow yaml: {message}", position)])


# --- events to nodes


class _Pairs(list[tuple["_Node", "_Node"]]):
    """A mapping's keys and values as written."""


@dataclass(slots=True)
class _Node:
    """A scalar (text), a list of nodes or a mapping's pairs, and where it begins."""

    value: str | list[_Node] | _Pairs
    position: Position
    tag: str | None = None
    plain: bool = False


def _at(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _root(source: str) -> _Node | None:
    """The only document's root node; None for a text without content."""
    try:
        return _only_document(source)
    except yaml.reader.ReaderError as error:
        line = source.encode("utf-8", "replace").count(b"\n", 0, error.position) + 1
        raise _illegal(str(error.reason), Position(line, 1)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise _illegal(said, _at(mark) if mark else Position(1, 1)) from error


def _only_document(source: str) -> _Node | None:
    events = yaml.parse(source, Loader=yaml.CSafeLoader)  # events only: no tag makes an object, no alias expands
    root: _Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                raise _illegal("one document is expected, and a second one begins here", _at(event.start_mark))
            root = _compose(next(events), events, {}, 1)
    return root


def _compose(event: Any, events: Iterator[Any], anchors: dict[str, _Node], depth: int) -> _Node:
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:  # neither does one that contains this alias exist before its end
            raise _illegal(f"the alias '*{event.anchor}' names no anchor before it", _at(event.start_mark))
        return anchors[event.anchor]
    if depth > MAX_DEPTH:
        raise _illegal(f"more than {MAX_DEPTH} levels are nested", _at(event.start_mark))
    if isinstance(event, yaml.ScalarEvent):
        node = _Node(event.value, _at(event.start_mark), event.tag, event.implicit[0])
    elif isinstance(event, yaml.SequenceStartEvent):
        items: list[_Node] = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            items.append(_compose(inner, events, anchors, depth + 1))
        node = _Node(items, _at(event.start_mark), event.tag)
    else:
        pairs = _Pairs()
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            key = _compose(inner, events, anchors, depth + 1)
            pairs.append((key, _compose(next(events), events, anchors, depth + 1)))
        node = _Node(pairs, _at(event.start_mark), event.tag)
    if event.anchor:
        anchors[event.anchor] = node
    return node


# --- nodes to data


@dataclass(slots=True)
class _Builder:
    """Builds the data of a node graph as a tree, within the bounds."""

    positions: dict[Place, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    values: int = 0

    def build(self, node: _Node, place: Place, depth: int) -> Any:
        """The value of a node at its place."""
        self._count(node)
        if isinstance(node.value, str):
            return _scalar(node)
        if depth > MAX_DEPTH:
            raise _illegal(f"more than {MAX_DEPTH} levels are nested", node.position)
        if node.tag not in _COLLECTION_TAGS:
            raise _illegal(f"the tag '{node.tag}' is not supported", node.position)
        if isinstance(node.value, _Pairs):
            return self._mapping(node.value, place, depth)
        items = []
        for index, item in enumerate(node.value):
            self.positions[*place, index] = item.position
            items.append(self.build(item, (*place, index), depth + 1))
        return items

    def _mapping(self, pairs: _Pairs, place: Place, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merges: list[_Node] = []
        for key, value in pairs:
            if _is_merge(key):
                merges.append(value)
                continue
            name = _key(key)
            if name in result:
                self.problems.append(
                    Problem(place_text((*place, name)), f"Illegal flow yaml: Duplicate field '{name}'", key.position)
                )
                continue
            self._add(result, place, key, value, depth)
        for key, value in self._merged(merges, depth):
            if _key(key) not in result:
                self._add(result, place, key, value, depth)
        return result

    def _add(self, result: dict[str, Any], place: Place, key: _Node, value: _Node, depth: int) -> None:
        name = _key(key)
        self.positions[*place, name] = key.position
        result[name] = self.build(value, (*place, name), depth + 1)

    def _merged(self, merges: list[_Node], depth: int) -> Iterator[tuple[_Node, _Node]]:
        """The pairs that `<<` brings in, nearest first: the first of a name counts."""
        for source in [source for merge in merges for source in _merge_sources(merge)]:
            self._count(source)
            if not isinstance(source.value, _Pairs):
                raise _illegal("'<<' merges a mapping or a list of mappings", source.position)
            if depth > MAX_DEPTH:
                raise _illegal(f"more than {MAX_DEPTH} merges lead to one another", source.position)
            yield from [pair for pair in source.value if not _is_merge(pair[0])]
            yield from self._merged([value for key, value in source.value if _is_merge(key)], depth + 1)

    def _count(self, node: _Node) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            raise _illegal(f"there are more than {MAX_VALUES} values, aliases expanded", node.position)


_COLLECTION_TAGS = (None, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def _is_merge(key: _Node) -> bool:
    return key.plain and key.value == "<<"


def _merge_sources(merge: _Node) -> list[_Node]:
    return merge.value if isinstance(merge.value, list) and not isinstance(merge.value, _Pairs) else [merge]


def _key(key: _Node) -> str:
    """A key's text as the source spells it: `true:` and `1:` are the texts `true` and `1`."""
    if not isinstance(key.value, str):
        raise _illegal("a key must be a text", key.position)
    return key.value


def _scalar(node: _Node) -> Any:
    text = str(node.value)
    if node.plain and node.tag is None:
        return plain_value(text)
    if node.tag is None or node.tag == "!":
        return text
    try:
        return tagged_value(text, node.tag)
    except UnreadableScalar as error:
        raise _illegal(str(error), node.position) from error
