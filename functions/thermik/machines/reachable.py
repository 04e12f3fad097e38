"""The stage that drops what nothing leads to: an end that no task uses, a handler of what cannot fail."""

from __future__ import annotations

from thermik.machines.states import Level, inner_levels, targets


def drop_unreachable(level: Level) -> Level:
    """The level, and all inside it, with only the states that its beginning can lead to, nearest first."""
    kept: dict[str, None] = {}
    waiting = [level.start]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = None
            waiting.extend(reversed(list(targets(level.states[name]))))
    for name in kept:
        for inner in inner_levels(level.states[name]):
            drop_unreachable(inner)
    level.states = {name: level.states[name] for name in kept}
    return level
