"""What an invocation finds to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from thermik.worker.arrival import Arrival, arrival
from unit.executions.made import at, attempt, task_run

NOW = at(100)


def test_where_there_is_nothing_it_begins() -> None:
    assert arrival(None, NOW, held=False) is Arrival.BEGIN


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ("", Arrival.BEGIN),
        ("RUNNING FAILED RESTARTED", Arrival.BEGIN),
        ("RUNNING SUCCESS", Arrival.ENDED_WELL),
        ("RUNNING WARNING", Arrival.ENDED_WELL),
        ("SKIPPED", Arrival.ENDED_WELL),
        ("RUNNING FAILED", Arrival.ENDED_BADLY),
        ("RUNNING KILLED", Arrival.ENDED_BADLY),
        ("CANCELLED", Arrival.ENDED_BADLY),
        ("RUNNING RETRIED", Arrival.ENDED_BADLY),
    ],
)
def test_a_run_that_is_not_at_work_says_what_is_to_do(history: str, found: Arrival) -> None:
    assert arrival(task_run(*history.split()), NOW, held=False) is found


def test_who_is_at_work_is_left_alone_and_who_died_replaced() -> None:
    running = task_run("RUNNING", attempts=(attempt("RUNNING"),))
    assert arrival(running, NOW, held=True) is Arrival.BUSY
    assert arrival(running, NOW, held=False) is Arrival.RESUBMIT


@pytest.mark.parametrize(
    ("due_in", "found"),
    [
        (-5, Arrival.BEGIN),
        (0, Arrival.BEGIN),
        (1, Arrival.BEGIN),
        (1.001, Arrival.ENDED_BADLY),
        (3600, Arrival.ENDED_BADLY),
    ],
)
def test_a_retry_begins_when_it_is_due_or_a_second_before(due_in: float, found: Arrival) -> None:
    retrying = task_run("RUNNING", "FAILED", "RETRYING").with_progress(retry_at=NOW + timedelta(seconds=due_in))
    assert arrival(retrying, NOW, held=False) is found
