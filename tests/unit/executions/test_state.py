"""The states that executions, task runs and attempts pass, and how a history is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from thermik.executions.state import LEGAL, TERMINAL, History, IllegalTransition, State, StateType

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
S = StateType


def passed(*names: str) -> State:
    """A state with this history, a second between two entries."""
    state = State.created(START)
    for number, name in enumerate(names, 1):
        state = state.to(S(name), START + timedelta(seconds=number))
    return state


@pytest.mark.parametrize(
    "history",
    [
        "RUNNING SUCCESS",
        "RUNNING WARNING",
        "RUNNING FAILED RESTARTED RUNNING SUCCESS",
        "RUNNING SUCCESS FAILED",  # outputs that cannot be rendered
        "RUNNING FAILED RETRYING CREATED RUNNING SUCCESS",
        "RUNNING RETRYING RUNNING SUCCESS",
        "RUNNING PAUSED RUNNING SUCCESS",
        "RUNNING PAUSED RESTARTED RUNNING SUCCESS",
        "RUNNING PAUSED FAILED",
        "RUNNING KILLING KILLED",
        "KILLING KILLED",
        "QUEUED RUNNING SUCCESS",
        "QUEUED KILLING KILLED",
        "CANCELLED",
        "FAILED",
        "SKIPPED",
        "WARNING",  # a runIf that cannot be rendered, of a task that may fail
        "RUNNING RETRIED",
        "RUNNING RESUBMITTED",
        "RUNNING SUCCESS RESTARTED RUNNING FAILED",
        "RUNNING KILLED RUNNING SUCCESS",
    ],
)
def test_what_kestra_passes_is_legal(history: str) -> None:
    state = passed(*history.split())
    assert [entry.state.value for entry in state.histories] == ["CREATED", *history.split()]


@pytest.mark.parametrize(
    ("history", "then"),
    [
        ("", "RETRYING"),
        ("", "RESTARTED"),
        ("QUEUED", "SUCCESS"),
        ("QUEUED", "CREATED"),
        ("RUNNING", "QUEUED"),
        ("RUNNING", "SKIPPED"),
        ("RUNNING KILLING", "RUNNING"),
        ("RUNNING KILLING", "PAUSED"),
        ("RUNNING SUCCESS", "CREATED"),
        ("RUNNING SUCCESS", "PAUSED"),
        ("RUNNING SUCCESS", "RETRYING"),
        ("RUNNING SUCCESS", "KILLING"),
        ("RUNNING KILLED", "KILLING"),
        ("RUNNING RESUBMITTED", "RUNNING"),
        ("RUNNING PAUSED", "CREATED"),
    ],
)
def test_what_makes_no_sense_is_refused(history: str, then: str) -> None:
    with pytest.raises(IllegalTransition, match=f"{then} may not follow"):
        passed(*history.split()).to(S(then), START)


def test_every_state_has_its_successors() -> None:
    assert LEGAL.keys() == set(S)


def test_what_is_terminal_leads_only_where_a_person_wants_it() -> None:
    for state in TERMINAL:
        assert not LEGAL[state] & {S.CREATED, S.QUEUED, S.PAUSED, S.KILLING, S.SKIPPED}


def test_the_same_state_again_changes_nothing() -> None:
    state = passed("RUNNING")
    assert state.to(S.RUNNING, START + timedelta(hours=1)) is state


def test_a_clock_that_went_back_does_not_disorder_a_history() -> None:
    state = passed("RUNNING", "PAUSED").to(S.RUNNING, START - timedelta(hours=1))
    dates = [entry.date for entry in state.histories]
    assert dates == sorted(dates)


def test_dates_and_duration_follow_from_the_history() -> None:
    running, paused, done = (
        passed("RUNNING"),
        passed("RUNNING", "PAUSED"),
        passed("RUNNING", "PAUSED", "RUNNING", "SUCCESS"),
    )
    assert (running.start_date, running.end_date) == (START, None)
    assert paused.end_date == START + timedelta(seconds=2)
    assert (done.end_date, done.duration) == (START + timedelta(seconds=4), timedelta(seconds=4))
    assert done.was(S.PAUSED)
    assert not done.was(S.KILLED)
    assert (running.is_terminal, done.is_terminal) == (False, True)


def test_the_json_is_kestras_and_is_read_again() -> None:
    state = passed("RUNNING", "SUCCESS")
    shown = state.model_dump(mode="json", by_alias=True)
    assert shown == {
        "current": "SUCCESS",
        "histories": [
            {"state": "CREATED", "date": "2026-03-01T12:00:00.000000Z"},
            {"state": "RUNNING", "date": "2026-03-01T12:00:01.000000Z"},
            {"state": "SUCCESS", "date": "2026-03-01T12:00:02.000000Z"},
        ],
        "duration": "PT2S",
        "endDate": "2026-03-01T12:00:02.000000Z",
        "startDate": "2026-03-01T12:00:00.000000Z",
    }
    assert State.model_validate(shown) == state
    assert "endDate" not in passed("RUNNING").model_dump(mode="json", by_alias=True)


def test_a_date_without_an_offset_is_refused() -> None:
    with pytest.raises(ValidationError):
        History.model_validate({"state": "CREATED", "date": "2026-03-01T12:00:00"})
