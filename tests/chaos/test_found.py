"""What chaos runs found, each as small as it can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.running import engine, run
from engine.sources import constant, each_parallel, fail, flow, log, par
from thermik.local.interpreter import SkippingClock

UNKNOWN = "{{ nobody.knows }}"
PAUSE = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause", "pauseDuration": "PT5S"}


@pytest.mark.parametrize(
    ("waiting", "ending"), [(PAUSE, "SUCCESS"), (par("both", fail("wait", retry=constant(maxAttempts=2))), "FAILED")]
)
def test_what_waits_in_the_finally_of_what_could_not_be_opened_is_not_cut_short(
    tmp_path: Path, waiting: dict[str, object], ending: str
) -> None:
    unopened = each_parallel("each", ["a"], log("never"), runIf=UNKNOWN, **{"finally": [waiting]})
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        ran = run(runtime, flow(unopened, errors=[log("handled")]))
    assert (ran.states()["wait"], ran.states()["handled"], ran.state) == (ending, "SUCCESS", "FAILED")


def test_a_pause_that_fails_may_be_allowed_to(tmp_path: Path) -> None:
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        ran = run(runtime, flow({**PAUSE, "behavior": "FAIL", "allowFailure": True}, log("after")))
    assert (ran.states(), ran.state) == ({"wait": "WARNING", "after": "SUCCESS"}, "WARNING")
