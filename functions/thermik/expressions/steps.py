"""From statements to steps: functions that print into a frame, change its variables, or run other steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from thermik.expressions.calls import Closure, filter_closure
from thermik.expressions.compiler import Compilation, MacroCode, Program, Step, compile_expression, holds
from thermik.expressions.errors import ExpressionError
from thermik.expressions.frames import Frame
from thermik.expressions.limits import too_long
from thermik.expressions.operators import joined_text, loop_items
from thermik.expressions.printing import to_text
from thermik.expressions.tree import Assign, Block, FilterBlock, For, If, Macro, Node, Print, Text
from thermik.expressions.values import LoopState
from thermik.expressions.walks import bodies

# stands for a `raw` block until the last round; no text has it by chance, and none can know its number
_RAW_MARK = "\x00raw:{}:{}\x00"


def compile_program(text: str, body: tuple[Node, ...]) -> Program:
    """A template ready to be rendered."""
    bound = frozenset(_bound_names(body))
    names = Compilation(bound, {}, {})
    steps = _steps(body, names)
    first = body[0] if len(body) == 1 else None
    alone = compile_expression(first.expression, names) if isinstance(first, Print) else None
    return Program(text, steps, bool(bound), names.macros, names.blocks, alone, names.quotes_raw)


def _bound_names(body: tuple[Node, ...]) -> Iterable[str]:
    """Every name that a tag binds somewhere."""
    for node in body:
        if isinstance(node, For):
            yield from (node.name, "loop")
        elif isinstance(node, Assign):
            yield node.name
        elif isinstance(node, Macro):
            yield from (name for name, _ in node.parameters)
            yield node.name  # so that scopes exist wherever a macro does
        for inner in bodies(node):
            yield from _bound_names(inner)


def _steps(body: Sequence[Node], names: Compilation) -> tuple[Step, ...]:
    compiled = (_COMPILERS[type(node)](node, names) for node in body)
    return tuple(step for step in compiled if step)


def _run_all(steps: tuple[Step, ...]) -> Step:
    if len(steps) == 1:
        return steps[0]

    def run(frame: Frame) -> None:
        for step in steps:
            step(frame)

    return run


def _text(node: Text, _: Compilation) -> Step:
    text = node.text
    if not node.raw:
        return lambda frame: frame.print_text(text)

    def print_raw(frame: Frame) -> None:
        if frame.raws is None:
            frame.print_text(text)
            return
        mark = _RAW_MARK.format(id(frame.raws), len(frame.raws))
        frame.raws[mark] = text
        frame.print_text(mark)

    return print_raw


def _print(node: Print, names: Compilation) -> Step:
    read = compile_expression(node.expression, names)

    def step(frame: Frame) -> None:
        value = read(frame)
        if frame.typed is not None:
            frame.typed.put_value(value)
            return
        text = value if type(value) is str else joined_text(value) if frame.captures else to_text(value)
        shared = frame.shared
        shared.text -= len(text)
        if shared.text < 0:
            raise too_long()
        frame.out.append(text)

    return step


def _if(node: If, names: Compilation) -> Step:
    branches = [
        (compile_expression(condition, names), condition.at, _run_all(_steps(body, names)))
        for condition, body in node.branches
    ]
    otherwise = _run_all(_steps(node.otherwise or (), names))

    def choose(frame: Frame) -> None:
        for condition, at, run in branches:
            if holds(condition(frame), at):
                run(frame)
                return
        otherwise(frame)

    return choose


def _for(node: For, names: Compilation) -> Step:
    items, at, name = compile_expression(node.items, names), node.items.at, node.name
    steps = _steps(node.body, names)
    run, otherwise = _run_all(steps), _run_all(_steps(node.otherwise or (), names))
    cost = 1 + len(steps)

    def loop(frame: Frame) -> None:
        value = items(frame)
        if value is None:
            return  # not even the `else`, which is for an empty list: Pebble's ForNode
        found = _items(value, at)
        if found:
            _loop(frame, name, found, run, cost)
        else:
            otherwise(frame)

    return loop


def _items(value: Any, at: int) -> list[Any]:
    try:
        return loop_items(value)
    except ExpressionError as error:
        error.at = at
        raise


def _loop(frame: Frame, name: str, items: list[Any], run: Step, cost: int) -> None:
    """Run the body once an item, in one scope of the loop."""
    scope: dict[str, Any] = {}
    frame.scopes.append(scope)
    last = len(items) - 1
    try:
        for index, item in enumerate(items):
            frame.shared.spend(cost)  # each round: a loop in a loop in a loop would else run for hours
            scope["loop"] = LoopState(
                last=index == last, length=last + 1, index=index, revindex=last - index, first=index == 0
            )
            scope[name] = item
            run(frame)
    finally:
        frame.scopes.pop()


def _assign(node: Assign, names: Compilation) -> Step:
    name, value = node.name, compile_expression(node.value, names)
    return lambda frame: frame.assign(name, value(frame))


def _macro(node: Macro, names: Compilation) -> None:
    parameters = tuple(
        (name, compile_expression(default, names) if default else None) for name, default in node.parameters
    )
    names.macros[node.name] = MacroCode(node.name, parameters, _run_all(_steps(node.body, names)))


def _filter_block(node: FilterBlock, names: Compilation) -> Step:
    outside, names.in_filter = names.in_filter, True
    run = _run_all(_steps(node.body, names))
    names.in_filter = outside
    read: Closure = lambda frame: frame.captured(run)  # noqa: E731 - one closure among others
    for name, arguments in node.filters:
        read = filter_closure(read, name, arguments, node.at, lambda inner: compile_expression(inner, names))
    return lambda frame: frame.put(to_text(read(frame))) if frame.typed is None else frame.typed.put_value(read(frame))


def _block(node: Block, names: Compilation) -> Step | None:
    """A block prints where it stands, but not within `filter`; the last of one name, or the inner one, is the block."""
    blocks, name = names.blocks, node.name
    blocks[name] = _nothing  # an inner block of the same name puts itself here while the body is compiled
    run = _run_all(_steps(node.body, names))
    if blocks[name] is _nothing:
        blocks[name] = run
    return None if names.in_filter else _block_step(blocks, name)


def _block_step(blocks: dict[str, Step], name: str) -> Step:
    def step(frame: Frame) -> None:
        blocks[name](frame)

    return step


def _nothing(_: Frame) -> None:
    return None


_COMPILERS: dict[type[Node], Callable[[Any, Compilation], Step | None]] = {
    Text: _text,
    Print: _print,
    If: _if,
    For: _for,
    Assign: _assign,
    Macro: _macro,
    FilterBlock: _filter_block,
    Block: _block,
}
