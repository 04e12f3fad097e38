"""What a task run's state counts for, and what its parent makes of it."""

from __future__ import annotations

import pytest

from thermik.executions.outcomes import joined_state, may_work, tolerated
from thermik.executions.state import StateType
from thermik.flows.task import Task

S = StateType


@pytest.mark.parametrize(
    ("children", "joined"),
    [
        ("", "SUCCESS"),
        ("SUCCESS SKIPPED", "SUCCESS"),
        ("CANCELLED SKIPPED", "SUCCESS"),
        ("SUCCESS WARNING", "WARNING"),
        ("WARNING PAUSED", "WARNING"),
        ("PAUSED SUCCESS", "PAUSED"),
        ("WARNING FAILED SUCCESS", "FAILED"),
        ("FAILED KILLED WARNING", "KILLED"),
    ],
)
def test_the_worst_child_decides(children: str, joined: str) -> None:
    assert joined_state(S(each) for each in children.split()) == joined


@pytest.mark.parametrize(
    ("properties", "state", "counts"),
    [
        ({}, "FAILED", "FAILED"),
        ({"allowFailure": True}, "FAILED", "WARNING"),
        ({"allowFailure": True, "allowWarning": True}, "FAILED", "SUCCESS"),
        ({"allowWarning": True}, "FAILED", "FAILED"),
        ({"allowWarning": True}, "WARNING", "SUCCESS"),
        ({"allowFailure": True}, "WARNING", "WARNING"),
        ({"allowFailure": True, "allowWarning": True}, "KILLED", "KILLED"),
        ({"allowFailure": True}, "SUCCESS", "SUCCESS"),
    ],
)
def test_a_task_tolerates_what_it_says(properties: dict[str, bool], state: str, counts: str) -> None:
    task = Task.model_validate({"id": "a", "type": "t", **properties})
    assert tolerated(S(state), task) == counts


@pytest.mark.parametrize("state", S)
def test_nothing_works_in_what_is_over_or_held(state: StateType) -> None:
    working = state in {S.CREATED, S.RESTARTED, S.RUNNING, S.RETRYING, S.PAUSED}
    assert may_work(state, held=False) is working
    assert may_work(state, held=True) is False
