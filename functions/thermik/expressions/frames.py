"""The state of one rendering: variables with the scopes above them, where the text goes, what may still be spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import Budget, too_long
from thermik.expressions.values import describe

if TYPE_CHECKING:
    from thermik.expressions.compiler import Program
    from thermik.expressions.services import Services

STANDARD_NAMES = (
    *("flow", "execution", "task", "taskrun", "parent", "parents", "outputs", "tasks", "inputs", "vars"),
    *("trigger", "labels", "schedule", "envs", "globals"),
)
"""The variables of an execution, to which a misspelt name is compared."""


class Shared(Budget):
    """What a rendering shares with everything that it renders inside: the budget, and the lists to give back.

    `sort` and its like change a list in place, as Kestra does; the caller's lists are as they were when the rendering
    has ended.
    """

    __slots__ = ("changed",)

    def __init__(self) -> None:
        super().__init__()
        self.changed: list[tuple[list[Any], list[Any]]] = []

    def change(self, items: list[Any], arranged: list[Any]) -> list[Any]:
        """Arrange a list in place, remembering how it was."""
        self.changed.append((items, list(items)))
        items[:] = arranged
        return items

    def give_back(self) -> None:
        """Put every changed list back as it was."""
        while self.changed:
            items, before = self.changed.pop()
            items[:] = before


class TypedOutput:
    """Takes what typed rendering prints: one value, to which text may be added if it is a text."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = None

    def put_value(self, value: Any) -> None:
        """Take the value of a print."""
        if self.value is not None:
            raise self._refusal(value)
        self.value = value

    def put_text(self, text: str) -> None:
        """Take text between prints."""
        if self.value is not None and not isinstance(self.value, str):
            raise self._refusal(text)
        self.value = text if self.value is None else self.value + text

    def _refusal(self, added: Any) -> ExpressionRuntimeError:
        return ExpressionRuntimeError(f"Tried to add {describe(added)} to {describe(self.value)}")


class Frame:
    """One template being rendered, or one macro of it being called."""

    __slots__ = ("captures", "out", "program", "raws", "scopes", "services", "shared", "typed", "variables")

    def __init__(
        self, program: Program, variables: Mapping[str, Any], services: Services | None, shared: Shared
    ) -> None:
        self.program = program
        self.variables = variables
        self.services = services
        self.shared = shared
        self.scopes: list[dict[str, Any]] = [{}] if program.binds else []
        self.out: list[str] = []
        self.typed: TypedOutput | None = None
        self.raws: dict[str, str] | None = None
        self.captures = False
        """Whether what is printed is captured, not the rendering's own text: there, lists and maps print as Java's."""

    def print_text(self, text: str) -> None:
        """Print text that stood in the template."""
        if self.typed is not None:
            self.typed.put_text(text)
        else:
            self.put(text)

    def put(self, text: str) -> None:
        """Add to the text of the rendering, within its bound."""
        shared = self.shared
        shared.text -= len(text)
        if shared.text < 0:
            raise too_long()
        self.out.append(text)

    def assign(self, name: str, value: Any) -> None:
        """Write a variable where it exists, else in the innermost scope."""
        scopes = self.scopes
        for scope in reversed(scopes):
            if name in scope:
                scope[name] = value
                return
        # the caller's variables are not ours to write: the outermost scope hides the one that a tag changes
        scopes[0 if name in self.variables else -1][name] = value

    def visible(self) -> Mapping[str, Any]:
        """All variables that an expression sees here."""
        return Overlay(self.scopes, self.variables) if any(self.scopes) else self.variables

    def inner(self, program: Program, variables: Mapping[str, Any]) -> Frame:
        """A frame within this one: of a macro, or of a text rendered by an expression."""
        frame = Frame(program, variables, self.services, self.shared)
        frame.raws = self.raws
        return frame

    def captured(self, run: Any) -> str:
        """What a piece of the template prints, as a text."""
        before = self.out, self.typed, self.captures
        self.out, self.typed, self.captures = [], None, True
        try:
            run(self)
            return "".join(self.out)
        finally:
            self.out, self.typed, self.captures = before


class Overlay(Mapping[str, Any]):
    """Variables beneath the scopes that tags made."""

    __slots__ = ("_below", "_scopes")

    def __init__(self, scopes: list[dict[str, Any]], below: Mapping[str, Any]) -> None:
        self._scopes = list(scopes)
        self._below = below

    def __getitem__(self, name: str) -> Any:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return self._below[name]

    def __contains__(self, name: object) -> bool:
        return any(name in scope for scope in self._scopes) or name in self._below

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(self._below)
        for scope in self._scopes:
            names.update(dict.fromkeys(scope))
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)
