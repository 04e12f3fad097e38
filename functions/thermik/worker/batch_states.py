"""What became of each batch of a ForEachItem: a text with a character a batch, and what follows from it.

One text in one item, so that a change can be repeated: nothing is counted twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from thermik.executions.outcomes import joined_state
from thermik.executions.state import StateType

_S = StateType

WAITING = "C"
"""Not started yet."""

STARTED = "R"
"""Its execution was started, and has not ended."""

REFUSED = "E"
"""No execution could be started for it."""

_LETTERS = {
    _S.SUCCESS: "S",
    _S.WARNING: "W",
    _S.FAILED: "F",
    _S.KILLED: "K",
    _S.CANCELLED: "X",
    _S.RETRIED: "T",
    _S.PAUSED: "P",
}
_STATES = {letter: state for state, letter in _LETTERS.items()} | {
    WAITING: _S.CREATED,
    STARTED: _S.RUNNING,
    REFUSED: _S.FAILED,
}
_OPEN = frozenset({WAITING, STARTED})
_WELL = frozenset("SW")
_GIVEN_UP = frozenset("KXT")
_TAKEN_OVER = frozenset({_S.FAILED, _S.KILLED, _S.WARNING})


def letter_of(state: StateType) -> str:
    """The character for a batch whose execution is in this state."""
    return _LETTERS.get(state, STARTED)


def changed(batches: str, number: int, letter: str) -> str:
    """The text with one batch's character replaced."""
    return batches[:number] + letter + batches[number + 1 :]


def is_open(letter: str) -> bool:
    """Whether the batch has not ended."""
    return letter in _OPEN


def may_follow(letter: str, following: str) -> bool:
    """Whether a batch's character may be replaced: what has ended stays, though its start may be told later."""
    return letter in _OPEN and letter != following


def final(letter: str, state: StateType | None, *, waits: bool) -> str:
    """A batch's character when all turns are over, from its execution's state; None: there is no execution."""
    if letter not in _OPEN:
        return letter
    if state is None:
        return REFUSED
    return letter_of(state) if waits else _LETTERS[_S.SUCCESS]


def begun(size: int, before: str | None) -> str:
    """The text when batches begin: those that ended well before a restart are kept."""
    if before is None or len(before) != size:
        return WAITING * size
    return "".join(letter if letter in _WELL else WAITING for letter in before)


def any_given_up(batches: str) -> bool:
    """Whether an execution ended so that a restart does not go on with it."""
    return not _GIVEN_UP.isdisjoint(batches)


def left(batches: str) -> list[int]:
    """The numbers of the batches that have not ended."""
    return [number for number, letter in enumerate(batches) if letter in _OPEN]


def iterations(batches: str, *, waits: bool) -> dict[str, int]:
    """Kestra's output `iterations`: how many batches are in each state."""
    found = Counter(_STATES[letter] for letter in batches)
    always: Iterable[StateType] = (_S.CREATED, _S.RUNNING) if waits else (_S.RUNNING,)
    if not waits:
        found[_S.RUNNING] += found.pop(_S.CREATED, 0)
    return {state.value: found.pop(state, 0) for state in always} | {
        state.value: number for state, number in sorted(found.items()) if number
    }


def outcome(batches: str, *, transmits: bool) -> StateType:
    """The state of the task run when all have ended: the worst of theirs, or only what could not be started."""
    if REFUSED in batches:
        return _S.FAILED
    states = {_STATES[letter] for letter in batches} & _TAKEN_OVER
    if not transmits or not states:
        return _S.SUCCESS
    return _S.FAILED if _S.FAILED in states else joined_state(states)
