"""What a template may read, found in its tree: the worker loads that, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from thermik.expressions.tree import Argument, Attribute, Call, For, Literal, Macro, Name, Node
from thermik.expressions.walks import bodies, children

Path = tuple[str | None, ...]

_NAMESPACE = (("flow", "namespace"),)
_FILES = (*_NAMESPACE, ("execution", "id"), ("trigger",))
_READ_BY = {
    "currentEachOutput": (("parents",), ("taskrun", "value")),
    "fileURI": _NAMESPACE,
    "read": _FILES,
    "fileSize": _FILES,
    "fileExists": _FILES,
    "isFileEmpty": _FILES,
    "tasksWithState": (("tasks",),),
    "kv": _NAMESPACE,
    "secret": _NAMESPACE,
    "errorLogs": (("execution", "id"),),
}
"""Functions that read variables beside their arguments."""
_READ_ALL = frozenset({"printContext", "fetchContext", "render", "renderOnce"})


def read_paths(tree: tuple[Node, ...]) -> tuple[tuple[Path, ...], bool]:
    """The paths that a template may read, each once, in their order, and whether it may read everything."""
    walk = _Walk()
    walk.statements(tree, frozenset())
    return tuple(walk.found), walk.everything


class _Walk:
    """Collects paths; a name that a loop or a macro binds around the place is no variable."""

    def __init__(self) -> None:
        self.found: dict[Path, None] = {}
        self.everything = False

    def statements(self, body: Iterable[Node], local: frozenset[str]) -> None:
        for node in body:
            if isinstance(node, Macro):
                self.macro(node)
                continue
            for expression in children(node):
                self.expression(expression, local)
            # a name that `set` binds is read all the same: it may be used before, or the `set` not be reached
            inner = local | {node.name, "loop"} if isinstance(node, For) else local
            for statements in bodies(node):
                self.statements(statements, inner)

    def macro(self, node: Macro) -> None:
        """A macro sees no variables: only what it calls may read any."""
        kept, self.found = self.found, {}
        for default in children(node):
            self.expression(default, frozenset())
        self.statements(node.body, frozenset())
        self.found = kept

    def arguments(self, arguments: tuple[Argument, ...], local: frozenset[str]) -> None:
        for argument in arguments:
            self.expression(argument.value, local)

    def expression(self, node: Node, local: frozenset[str]) -> None:
        if isinstance(node, (Name, Attribute)):
            self.path(node, local)
            return
        if isinstance(node, Call):
            self.everything = self.everything or node.name in _READ_ALL
            self.found.update(dict.fromkeys(_READ_BY.get(node.name, ())))
        for child in children(node):
            self.expression(child, local)

    def path(self, node: Node, local: frozenset[str]) -> None:
        """A chain of keys: the path, and what its subscripts read."""
        keys: list[str | None] = []
        while isinstance(node, Attribute):
            if node.arguments is not None:
                self.arguments(node.arguments, local)
                keys.clear()  # a method reads what it is called on
            elif isinstance(node.key, Literal):
                keys.append(None if node.key.value is None else str(node.key.value))  # `a[0]` and `a['0']` are one
            else:
                self.expression(node.key, local)
                keys.append(None)
            node = node.target
        if not isinstance(node, Name):
            self.expression(node, local)
        elif node.name not in local:
            self.found[(node.name, *reversed(keys))] = None
