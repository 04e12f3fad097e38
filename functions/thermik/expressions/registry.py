"""The filters, functions and tests by name, each with its arguments and what an editor shows about it.

A family module registers its own with the decorators here. Plugins do the same: the entry point group
`thermik.expressions` names modules that are imported when a name is not known otherwise.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["filter", "function", "test"]
Implementation = Callable[..., Any]
Registration = Callable[[Implementation], Implementation]

PLUGINS = "thermik.expressions"
_FAMILIES = (
    *("filters.texts", "filters.lists", "filters.numbers", "filters.encodings", "filters.dates"),
    *("filters.documents", "filters.regexes", "functions.identities", "functions.calendars"),
    *("functions.core", "functions.documents", "functions.renderings", "functions.ports", "functions.crypto", "kinds"),
)


@dataclass(frozen=True)
class Entry:
    """One filter, function or test.

    `arguments` are the declared names, None where any arguments are taken: these are passed by position. The first
    `required` of them must be given. A `lenient` one gets null for an operand that is undefined; a filter that does
    not take null answers null to it; a `framed` one gets the frame first.
    """

    kind: Kind
    name: str
    arguments: tuple[str, ...] | None
    implementation: Implementation
    required: int = 0
    lenient: bool = False
    takes_null: bool = False
    framed: bool = False

    @property
    def documentation(self) -> str:
        """What it does, for an editor or a list."""
        return inspect.getdoc(self.implementation) or ""

    @property
    def signature(self) -> str:
        """Its name with its arguments: `slice(fromIndex, toIndex)`."""
        return f"{self.name}({', '.join(self.arguments if self.arguments is not None else ['…'])})"


_known: dict[Kind, dict[str, Entry]] = {"filter": {}, "function": {}, "test": {}}
_loaded: set[str] = set()


def _register(kind: Kind, name: str, arguments: tuple[str, ...] | None, **properties: Any) -> Registration:
    def register(implementation: Implementation) -> Implementation:
        _known[kind][name] = Entry(kind, name, arguments, implementation, **properties)
        return implementation

    return register


def filter_(name: str, *arguments: str, anything: bool = False, **properties: Any) -> Registration:
    """Register a filter: it gets the operand, then the arguments in their declared order, None where absent."""
    return _register("filter", name, None if anything else arguments, **properties)


def function(name: str, *arguments: str, anything: bool = False, **properties: Any) -> Registration:
    """Register a function: it gets the arguments in their declared order, None where absent."""
    return _register("function", name, None if anything else arguments, **properties)


def test(name: str, *arguments: str, **properties: Any) -> Registration:
    """Register a test: the function gets the operand and answers a boolean."""
    return _register("test", name, arguments, **properties)


test.__test__ = False  # type: ignore[attr-defined] # pytest must not collect it


def find(kind: Kind, name: str) -> Entry | None:
    """The entry of a name, None if neither Thermik nor a plugin has it."""
    # plugins are asked last and for unknown names only: reading entry points takes longer than a warm rendering
    if "families" not in _loaded:
        _load_families()
    found = _known[kind].get(name)
    if not found and PLUGINS not in _loaded:
        _load_plugins()
        found = _known[kind].get(name)
    return found


def everything(kind: Kind) -> list[Entry]:
    """All entries of a kind, plugins' included, by name."""
    _load_families()
    _load_plugins()
    return [entry for _, entry in sorted(_known[kind].items())]


def _load_families() -> None:
    for family in _FAMILIES:
        importlib.import_module(f"thermik.expressions.{family}")
    _loaded.add("families")  # last: a thread that comes meanwhile waits for the imports, and finds every name


def _load_plugins() -> None:
    if PLUGINS in _loaded:
        return
    from importlib.metadata import entry_points

    for plugin in entry_points(group=PLUGINS):
        plugin.load()
    _loaded.add(PLUGINS)  # last, as above; one that cannot be imported fails each time, not only the first
