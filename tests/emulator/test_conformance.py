"""Shared conformance cases on the deployed stack: what a laptop does, AWS does.

A sample of those that bear a slow emulator beside other tests; `THERMIK_EMULATOR=thorough` runs all that a stack can
answer differently, by itself, which takes minutes. `test_scenarios.py` has each operation and each flowable.
"""

from __future__ import annotations

import os

import pytest

from conformance.playing import CASES, play
from emulator.stack import Stack

THREADS = 4
SECONDS = 90

SAMPLE = {
    "flow-concurrency-cancel",
    "flow-concurrency-queue",
    "foreach-concurrent",
    "input-file",
    "labels-update-task",
    "mark-as-failed-flowable",
    "pause",
    "pause-timeout",
    "replay-each-sequential",
    "restart-flowable-first",
    "retry-failed-flow-attempts",
    "retry-new-execution-task-attempts",
    "retry-success",
    "runner-errors",
    "sla-execution-condition-cancel",
    "x-change-status",
    "x-concurrency-unqueue",
    "x-local-errors",
    "x-parallel-failure",
    "x-restart-refused",
}

CHOSEN = [
    case
    for case in CASES
    if case.stem in SAMPLE or (os.environ.get("THERMIK_EMULATOR") == "thorough" and not case.stem.startswith("invalid"))
]

pytestmark = [
    pytest.mark.skipif(not CASES, reason="the shared folder with the cases is not there"),
    pytest.mark.xdist_group("emulator"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def outcomes(stack: Stack, user: tuple[str, str]) -> dict[str, str]:
    return play(CHOSEN, stack.api_url, ":".join(user), threads=THREADS, seconds=SECONDS)


@pytest.mark.parametrize("case", [case.stem for case in CHOSEN])
def test_case(outcomes: dict[str, str], case: str) -> None:
    assert not outcomes[case], outcomes[case]
