"""What became of the batches of a ForEachItem: pure decisions over a text."""

from __future__ import annotations

import pytest

from thermik.executions.state import StateType
from thermik.worker import batch_states


def test_batches_begin_waiting_and_a_restart_keeps_what_ended_well() -> None:
    assert batch_states.begun(3, None) == "CCC"
    assert batch_states.begun(5, "SFWRE") == "SCWCC"
    assert batch_states.begun(2, "SSS") == "CC"


def test_what_has_ended_stays() -> None:
    assert batch_states.may_follow("C", "R")
    assert batch_states.may_follow("R", "S")
    assert not batch_states.may_follow("S", "R")
    assert not batch_states.may_follow("R", "R")
    assert batch_states.left("CRSFE") == [0, 1]


@pytest.mark.parametrize(
    ("batches", "waits", "counts"),
    [
        ("CCRS", True, {"CREATED": 2, "RUNNING": 1, "SUCCESS": 1}),
        ("FE", True, {"CREATED": 0, "RUNNING": 0, "FAILED": 2}),
        ("CSS", False, {"RUNNING": 1, "SUCCESS": 2}),
        ("KX", True, {"CREATED": 0, "RUNNING": 0, "CANCELLED": 1, "KILLED": 1}),
    ],
)
def test_batches_are_counted_by_state(batches: str, waits: bool, counts: dict[str, int]) -> None:
    assert batch_states.iterations(batches, waits=waits) == counts


@pytest.mark.parametrize(
    ("batches", "transmits", "state"),
    [
        ("SS", True, StateType.SUCCESS),
        ("SW", True, StateType.WARNING),
        ("KW", True, StateType.KILLED),
        ("FKW", True, StateType.FAILED),
        ("FKW", False, StateType.SUCCESS),
        ("SE", False, StateType.FAILED),
        ("SX", True, StateType.SUCCESS),
    ],
)
def test_the_worst_decides(batches: str, transmits: bool, state: StateType) -> None:
    assert batch_states.outcome(batches, transmits=transmits) == state


@pytest.mark.parametrize(
    ("letter", "state", "waits", "final"),
    [
        ("R", StateType.FAILED, True, "F"),
        ("C", StateType.SUCCESS, True, "S"),
        ("R", StateType.RUNNING, True, "R"),
        ("C", StateType.RUNNING, False, "S"),
        ("C", None, True, "E"),
        ("W", StateType.FAILED, True, "W"),
    ],
)
def test_the_end_counts_anew_from_the_executions(letter: str, state: StateType | None, waits: bool, final: str) -> None:
    assert batch_states.final(letter, state, waits=waits) == final


def test_every_letter_is_known() -> None:
    for state in StateType:
        batch_states.iterations(batch_states.letter_of(state), waits=True)
