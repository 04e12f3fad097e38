"""The verdicts that a machine acts on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from thermik.machines.dates import machine_date
from thermik.worker.settle import verdict_on
from unit.executions.made import at, task_run


@pytest.mark.parametrize(
    ("history", "verdict"),
    [
        ("RUNNING SUCCESS", "CONTINUE"),
        ("RUNNING WARNING", "CONTINUE"),
        ("SKIPPED", "CONTINUE"),
        ("RUNNING FAILED", "FAIL"),
        ("RUNNING KILLED", "FAIL"),
        ("RUNNING RETRIED", "STOP"),
    ],
)
def test_a_run_that_ended_leads_on_or_out(history: str, verdict: str) -> None:
    answer = verdict_on(task_run(*history.split()))
    assert (answer["verdict"], answer["at"]) == (verdict, None)


def test_a_retry_leads_to_its_date() -> None:
    retrying = task_run("RUNNING", "FAILED", "RETRYING").with_progress(retry_at=at(10.25))
    answer = verdict_on(retrying)
    assert (answer["verdict"], answer["at"]) == ("RETRY", "2026-03-01T12:00:11Z")


def test_what_may_not_go_on_stops() -> None:
    assert verdict_on(None)["verdict"] == "STOP"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "12:00:00"), (0.000001, "12:00:01"), (59.5, "12:01:00"), (60, "12:01:00")]
)
def test_machines_wait_in_whole_seconds_and_never_too_short(seconds: float, text: str) -> None:
    assert machine_date(at(0) + timedelta(seconds=seconds)) == f"2026-03-01T{text}Z"
