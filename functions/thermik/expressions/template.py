"""A compiled template: what it reads, and rendering it, to text or to a value."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any

from thermik.expressions.compiler import Program
from thermik.expressions.errors import ExpressionError, ExpressionRuntimeError, LimitExceeded
from thermik.expressions.frames import Frame, Shared, TypedOutput
from thermik.expressions.limits import MAX_NESTING, MAX_ROUNDS
from thermik.expressions.references import Path, read_paths
from thermik.expressions.services import Services
from thermik.expressions.statements import parse
from thermik.expressions.steps import compile_program
from thermik.expressions.tokens import without_raw_tags
from thermik.expressions.tree import Node
from thermik.expressions.values import plain, well_formed

MAX_TEMPLATES = 2000  # compiled templates kept
MAX_KEPT_SOURCE = 20_000  # characters of a text that is kept compiled


class Template:
    """A template, compiled; safe to share between threads."""

    def __init__(self, text: str) -> None:
        """Compile a text.

        Raises:
            ExpressionSyntaxError: the text is no template.
        """
        self.text = text
        self.tree: tuple[Node, ...] = parse(text)
        try:
            self.program: Program = compile_program(text, self.tree)
        except ExpressionError as error:
            raise error.locate(text) from None

    @cached_property
    def _paths(self) -> tuple[tuple[Path, ...], bool]:
        return read_paths(self.tree)

    @property
    def references(self) -> tuple[Path, ...]:
        """The paths of variables that it may read, None for a key known only at run time."""
        return self._paths[0]

    @property
    def reads_everything(self) -> bool:
        """Whether it may read any variable: it prints the context, or renders a text that data hold."""
        return self._paths[1]

    def render(self, variables: Mapping[str, Any], services: Services | None = None) -> str:
        """Render to text.

        Raises:
            ExpressionRuntimeError: located in the text.
        """
        shared = Shared()
        try:
            if getattr(services, "recursive_rendering", False):
                return render_rounds(self.text, variables, services, shared)
            return self.run(variables, services, shared)
        finally:
            if shared.changed:
                shared.give_back()

    def run(
        self,
        variables: Mapping[str, Any],
        services: Services | None,
        shared: Shared,
        raws: dict[str, str] | None = None,
    ) -> str:
        """Render once, within a rendering that may be larger; `raws` takes what must stay raw until that has ended."""
        frame = Frame(self.program, variables, services, shared)
        frame.raws = raws
        try:
            for step in self.program.steps:
                step(frame)
        except ExpressionError as error:
            error.locate(self.text)
            raise
        except RecursionError:
            raise too_deep(self.text) from None
        text = well_formed("".join(frame.out))
        return without_raw_tags(text) if self.program.quotes_raw else text

    def evaluate(self, variables: Mapping[str, Any], services: Services | None = None) -> Any:
        """Render typed: one single print gives its value as ordinary data; lazy maps and lists stay what they are.

        Raises:
            ExpressionRuntimeError: it failed, or prints something before or beside the value.
        """
        shared = Shared()
        frame = Frame(self.program, variables, services, shared)
        try:
            return plain(self._value(frame))
        except ExpressionError as error:
            error.locate(self.text)
            raise
        except RecursionError:
            raise too_deep(self.text) from None
        finally:
            shared.give_back()

    def _value(self, frame: Frame) -> Any:
        if self.program.alone:  # nearly every typed property: no output is put together to be taken apart
            return self.program.alone(frame)
        if not is_template(self.text):
            return self.text
        frame.typed = TypedOutput()
        for step in self.program.steps:
            step(frame)
        return frame.typed.value


def too_deep(text: str) -> ExpressionError:
    """The error of a rendering that ran out of stack although each of its bounds was kept."""
    return LimitExceeded(f"The expression or its data are nested too deeply (at most {MAX_NESTING})").locate(text)


def is_template(text: str) -> bool:
    """Whether a text is to be rendered at all: Kestra returns one without a brace unchanged."""
    return "{" in text


def render_rounds(text: str, variables: Mapping[str, Any], services: Services | None, shared: Shared) -> str:
    """Render a text again and again until it no longer changes.

    Raises:
        ExpressionRuntimeError: it still changes after `MAX_ROUNDS`.
    """
    raws: dict[str, str] = {}
    for _ in range(MAX_ROUNDS + 1):  # the last round only sees that nothing changes any more
        rendered = compile_template(text).run(variables, services, shared, raws) if is_template(text) else text
        if rendered == text:
            break
        text = rendered
    else:
        raise ExpressionRuntimeError("Too many rendering attempts")
    for mark, raw in raws.items():
        text = text.replace(mark, raw)
    return text


_templates: OrderedDict[str, Template] = OrderedDict()
_lock = Lock()


def compile_template(text: str) -> Template:
    """The compiled template of a text; those compiled last are kept.

    Raises:
        ExpressionSyntaxError: the text is no template.
    """
    found = _templates.get(text)  # without the lock: a dict's `get` is atomic, and to compile twice does no harm
    if found is None:
        found = Template(text)
        if len(text) <= MAX_KEPT_SOURCE:
            with _lock:
                _templates[text] = found
                while len(_templates) > MAX_TEMPLATES:
                    _templates.popitem(last=False)
    return found
