"""Service level agreements: what each behavior does to the execution, to its task runs and to what it called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.running import end_of, engine, look, run, save, start, until_state
from engine.sources import flow, par, ret, sleep
from thermik.executions.model import Label
from thermik.local.runtime import Runtime
from thermik.worker.subflow import child_id

LABELS = {"sla": "missed"}
MISSED = Label(key="sla", value="missed")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data"))) as started:
        yield started


def asserted(assertion: str, behavior: str, **more: Any) -> dict[str, Any]:
    return {"id": "agreed", "type": "EXECUTION_ASSERTION", "assert": assertion, "behavior": behavior, **more}


def lasting(duration: str, behavior: str) -> dict[str, Any]:
    return {"id": "lasting", "type": "MAX_DURATION", "duration": duration, "behavior": behavior, "labels": LABELS}


@pytest.mark.parametrize(
    ("agreements", "history", "states", "is_labelled"),
    [
        ([asserted("{{ false }}", "CANCEL", labels=LABELS)], ["CREATED", "CANCELLED"], {}, True),
        ([asserted("{{ false }}", "FAIL")], ["CREATED", "FAILED"], {}, False),
        ([asserted("{{ false }}", "NONE", labels=LABELS)], ["CREATED", "RUNNING", "SUCCESS"], {"a", "b"}, True),
        ([asserted("{{ true }}", "FAIL", labels=LABELS)], ["CREATED", "RUNNING", "SUCCESS"], {"a", "b"}, False),
        ([asserted("{{ nobody.knows }}", "FAIL")], ["CREATED", "RUNNING", "SUCCESS"], {"a", "b"}, False),
        ([asserted("{{ outputs.a is not defined }}", "FAIL")], ["CREATED", "RUNNING", "FAILED"], {"a"}, False),
        (
            [asserted("{{ false }}", "CANCEL"), asserted("{{ false }}", "FAIL", labels=LABELS)],
            ["CREATED", "CANCELLED"],
            {},
            False,
        ),
        (
            [asserted("{{ false }}", "NONE", labels=LABELS), asserted("{{ false }}", "FAIL")],
            ["CREATED", "RUNNING", "SUCCESS"],
            {"a", "b"},
            True,
        ),
    ],
)
def test_an_assertion_that_does_not_hold(
    runtime: Runtime, agreements: list[dict[str, Any]], history: list[str], states: set[str], is_labelled: bool
) -> None:
    ran = run(runtime, flow(ret("a"), ret("b"), sla=agreements))
    assert (ran.history, set(ran.states())) == (history, set(states))
    assert (MISSED in ran.execution.labels) == is_labelled


def test_of_several_that_are_violated_at_once_each_is_told_as_a_warning(runtime: Runtime) -> None:
    agreements = [{**asserted("{{ false }}", "FAIL"), "id": each} for each in ("one", "other")]
    ran = run(runtime, flow(ret("a"), sla=agreements))
    told = [entry["message"] for entry in ran.logs if entry["level"] == "WARN"]
    assert [message.partition(" is violated")[0] for message in told] == ["SLA 'one'", "SLA 'other'"]


@pytest.mark.parametrize(("behavior", "state"), [("FAIL", "FAILED"), ("CANCEL", "CANCELLED")])
def test_what_lasts_too_long_ends_its_last_task_run_likewise_and_kills_the_others(
    runtime: Runtime, behavior: str, state: str
) -> None:
    both = par("both", sleep("first", "PT30S"), sleep("last", "PT30S"))
    ran = run(runtime, flow(ret("before"), both, sla=[lasting("PT1S", behavior)]))
    states = ran.states()
    newest = ran.task_runs[-1].task_id
    other = ({"first", "last"} - {newest}).pop()
    assert (ran.state, states) == (state, {"before": "SUCCESS", "both": state, newest: state, other: "KILLED"})
    assert MISSED in ran.execution.labels


def test_a_duration_that_is_only_labelled_lets_everything_end(runtime: Runtime) -> None:
    ran = run(runtime, flow(sleep("a", "PT1.2S"), sla=[lasting("PT1S", "NONE")]))
    assert (ran.state, MISSED in ran.execution.labels) == ("SUCCESS", True)


def test_what_was_called_goes_on(runtime: Runtime) -> None:
    save(runtime, flow({"id": "wait", "type": "io.kestra.plugin.core.flow.Pause"}, id="called"))
    call = {"id": "call", "type": "io.kestra.plugin.core.flow.Subflow", "namespace": "company.team", "flowId": "called"}
    execution = start(runtime, flow(call, id="calling", sla=[lasting("PT1S", "CANCEL")]))
    until_state(runtime, execution.id, "CANCELLED")
    ran = end_of(runtime, execution.id)
    while not (attempts := ran.attempts("call")):
        ran = look(runtime, execution.id)
    assert attempts == ["CANCELLED"]
    assert look(runtime, child_id(ran.run("call"))).state == "PAUSED"
