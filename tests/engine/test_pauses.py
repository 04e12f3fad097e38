"""What the end of a Pause's time means: how its task run, what is around it, and the execution end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.running import Ran, engine, history_of, run
from engine.sources import flow, log, par, seq
from thermik.clock import instant_text
from thermik.local.interpreter import SkippingClock

PAUSE = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause"}


def ran(tmp_path: Path, *tasks: dict[str, Any], **properties: Any) -> Ran:
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        return run(runtime, flow(*tasks, **properties))


@pytest.mark.parametrize(
    ("behavior", "ends", "state"),
    [
        ("RESUME", ["RUNNING", "SUCCESS"], "SUCCESS"),
        ("WARN", ["WARNING"], "WARNING"),
        ("FAIL", ["FAILED"], "FAILED"),
        ("CANCEL", ["CANCELLED"], "CANCELLED"),
    ],
)
def test_a_behavior_may_be_an_expression(tmp_path: Path, behavior: str, ends: list[str], state: str) -> None:
    pause = {**PAUSE, "pauseDuration": "PT1M", "behavior": "{{ vars.then }}"}
    done = ran(tmp_path, pause, log("next"), variables={"then": behavior})
    waited = done.run("wait")
    assert history_of(waited) == ["CREATED", "RUNNING", "PAUSED", *ends]
    resumed = {"on": instant_text(waited.state.histories[3].date), "to": state}
    assert (done.state, waited.outputs) == (state, {"resumed": resumed})
    assert ("next" in done.states()) == (state in ("SUCCESS", "WARNING"))


def test_a_behavior_that_renders_to_something_else_fails_the_task(tmp_path: Path) -> None:
    done = ran(tmp_path, {**PAUSE, "pauseDuration": "PT1M", "behavior": "{{ 'NAP' }}"})
    assert (done.state, done.states()) == ("FAILED", {"wait": "FAILED"})
    assert any("behavior rendered to 'NAP'" in message for message in done.logged("wait", "ERROR"))


def test_a_pause_that_is_cancelled_ends_what_is_around_it_and_what_waits_beside_it(tmp_path: Path) -> None:
    pause = {**PAUSE, "pauseDuration": "PT1M", "behavior": "CANCEL"}
    beside = {**PAUSE, "id": "beside"}
    done = ran(tmp_path, seq("around", par("both", pause, beside), log("never")), errors=[log("handler")])
    assert done.state == "CANCELLED"
    assert done.states() == {"around": "CANCELLED", "both": "CANCELLED", "wait": "CANCELLED", "beside": "KILLED"}


def test_a_pause_whose_time_is_out_is_allowed_to_fail_without_going_on_first(tmp_path: Path) -> None:
    done = ran(tmp_path, {**PAUSE, "timeout": "PT1M", "allowFailure": True}, log("next"))
    assert history_of(done.run("wait")) == ["CREATED", "RUNNING", "PAUSED", "WARNING"]
    assert (done.state, done.states()["next"]) == ("WARNING", "SUCCESS")


def test_a_pause_whose_time_is_out_has_its_own_handlers(tmp_path: Path) -> None:
    pause = {**PAUSE, "timeout": "PT1M", "errors": [log("handler")], "finally": [log("close")]}
    done = ran(tmp_path, pause, log("never"))
    assert done.states() == {"wait": "FAILED", "handler": "SUCCESS", "close": "SUCCESS"}
    assert done.state == "FAILED"


def test_what_closes_a_pause_beside_others_runs_though_the_pause_is_over(tmp_path: Path) -> None:
    """Its run ends when it is resumed, before its `finally`: that must not look as if its parent had been cut short."""
    closing = {"finally": [seq("closing", log("close"))]}
    done = ran(tmp_path, par("both", {**PAUSE, "pauseDuration": "PT1M", **closing}, log("beside")), log("next"))
    assert done.state == "SUCCESS"
    assert {"closing": "SUCCESS", "close": "SUCCESS", "next": "SUCCESS"}.items() <= done.states().items()
