"""The stage that lets an operation ride on its neighbour's invocation, where nothing is decided between them.

One does: the last task of a flow also finishes the execution. A rider that fails fails its invocation; then the
machine takes the long way round (`settle`, which continues to the state that the rider stood for), and
since every operation can be repeated, that is the same.
"""

from __future__ import annotations

from dataclasses import replace

from thermik.machines.graph import FINISH
from thermik.machines.states import Invoke, Level, Op, Rider


def fold(level: Level) -> Level:
    """Let `finish` ride behind each run that leads to it."""
    finish = level.states[FINISH]
    if not isinstance(finish, Invoke):
        raise TypeError(f"{FINISH} invokes nothing")
    for name, state in level.states.items():
        if isinstance(state, Invoke) and state.op is Op.RUN and state.next == FINISH:
            level.states[name] = replace(state, next=finish.next, after=(*state.after, Rider(Op.FINISH.value)))
    return level
