"""From a type's name to its model, importing only what is asked for.

Built-in types come first; any other name may come from a plugin: an installed package with an entry point in the
group `thermik.tasks`, whose name is the type and whose value is `module:Class` (docs/tasks.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from inspect import cleandoc

from thermik.flows.task import Task, UnknownType
from thermik.tasks.names import ALIASES, MODULES, NOT_HERE

PLUGIN_GROUP = "thermik.tasks"
_SIMILAR = 0.6
"""How alike two names must be for one to be proposed in place of the other (difflib's ratio)."""


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What a listing of types shows: the name, the model's docstring in two parts, its old names."""

    name: str
    title: str
    description: str
    aliases: tuple[str, ...]


class Registry:
    """The task types of this installation; implements `thermik.flows.task.TaskTypes`."""

    def __init__(self, modules: Mapping[str, str] = MODULES, aliases: Mapping[str, str] = ALIASES) -> None:
        self._modules = modules
        self._aliases = aliases
        self._models: dict[str, type[Task]] = {}

    @cached_property
    def _plugins(self) -> dict[str, str]:
        """The types of installed plugins; read once, and only when a name is not built in."""
        from importlib.metadata import entry_points  # it brings the whole of `email` with it

        return {entry.name: entry.value for entry in entry_points(group=PLUGIN_GROUP)}

    def task(self, name: str) -> type[Task]:
        """The model of a type, by its name or an old name.

        Raises:
            UnknownType: nobody gives the type, with the nearest name that exists; or its plugin is broken.
        """
        known = self._aliases.get(name, name)
        model = self._models.get(known)
        if model is None:
            model = self._models[known] = self._load(known)
        return model

    def names(self) -> list[str]:
        """All types, without old names, sorted."""
        return sorted({*self._modules, *self._plugins})

    def types(self) -> Iterator[TypeInfo]:
        """All types with their texts; imports every one."""
        for name in self.names():
            title, _, description = cleandoc(self.task(name).__doc__ or "").partition("\n")
            old = tuple(sorted(alias for alias, target in self._aliases.items() if target == name))
            yield TypeInfo(name, title.strip(), description.strip(), old)

    def _load(self, name: str) -> type[Task]:
        place = self._modules.get(name)
        if place is not None:
            return _import(place)
        if name not in self._plugins:
            raise UnknownType(f"Unknown type '{name}'{self._nearest(name)}")
        try:
            return _import(self._plugins[name])
        except Exception as broken:
            raise UnknownType(f"The plugin that gives type '{name}' cannot be loaded: {broken!r}") from broken

    def _nearest(self, name: str) -> str:
        if name in NOT_HERE:
            return f"; {NOT_HERE[name]}"
        near = get_close_matches(name, self.names(), n=1, cutoff=_SIMILAR)
        return f"; did you mean '{near[0]}'?" if near else ""


def _import(place: str) -> type[Task]:
    module, _, attribute = place.partition(":")
    model = getattr(import_module(module), attribute)
    if not (isinstance(model, type) and issubclass(model, Task)):
        raise TypeError(f"{place} is no task model")
    return model
