from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from thermik.storage import schema
from thermik.triggers.listening import Change
from unit.triggers.conftest import NAMESPACE, World

FLOW = "io.kestra.plugin.core.trigger.Flow"
FAIL = "{type: io.kestra.plugin.core.execution.Fail}"


def listener(more: str = "", trigger_id: str = "tick") -> str:
    return f"triggers:\n  - {{id: {trigger_id}, type: {FLOW}{', ' if more else ''}{more}}}"


def of(*flows: str) -> str:
    """A condition that holds for any of these flows."""
    each = ", ".join(
        f"{{type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: {NAMESPACE}, flowId: {flow}}}"
        for flow in flows
    )
    return f"conditions: [{{type: io.kestra.plugin.core.condition.Or, conditions: [{each}]}}]"


def waiting_for(*flows: str, more: str = "") -> str:
    each = ", ".join(f"{{namespace: {NAMESPACE}, flowId: {flow}}}" for flow in flows)
    return f"preconditions: {{id: all, flows: [{each}]{more}}}"


def notes(world: World) -> list[Any]:
    return [
        record
        for shard in range(schema.OPEN_SHARDS)
        for record in world.runtime.table.query(schema.changes_partition(shard)).records
    ]


def test_an_end_starts_the_flow_that_listens(world: World) -> None:
    world.flow("up", "labels: {a: b}")
    world.flow("down", listener(of("up") + ", labels: {from: '{{ execution.id }}', lost: '{{ nothing.here }}'}"))
    ended = world.run("up")
    [started] = world.executions("down")
    assert started.trigger is not None
    assert started.trigger.variables == {
        "executionId": ended.id,
        "namespace": NAMESPACE,
        "flowId": "up",
        "flowRevision": 1,
        "state": "SUCCESS",
    }
    assert started.label("from") == ended.id
    assert started.label("lost") is None
    assert started.label("system.correlationId") is None
    assert notes(world) == []


def test_a_flow_does_not_hear_itself(world: World) -> None:
    world.flow("alone", listener())
    world.run("alone")
    assert len(world.executions("alone")) == 1


def test_states_that_are_named_are_heard_and_no_others(world: World) -> None:
    world.flow("up")
    world.flow("runs", listener("states: [RUNNING, FAILED], " + of("up")))
    world.run("up")
    assert [each.trigger.variables["state"] for each in world.executions("runs") if each.trigger] == ["RUNNING"]


def test_what_nobody_listens_to_costs_one_query(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.flow("up")
    read = []
    query = world.runtime.table.query
    monkeypatch.setattr(
        world.runtime.table, "query", lambda *given, **named: read.append(given) or query(*given, **named)
    )
    assert world.runtime.hub.flow_triggers.hear(world.run("up")) is None
    read.clear()
    world.runtime.hub.flow_triggers._listeners._keep = timedelta(hours=1)
    execution = world.run("up")
    assert world.runtime.hub.flow_triggers.hear(execution) is None
    assert sum(given[0] == "listeners" for given in read) <= 1


def test_disabled_and_deleted_flows_hear_nothing(world: World) -> None:
    world.flow("up")
    world.flow("gone", listener(of("up")))
    world.flow("off", "disabled: true\n" + listener(of("up")))
    world.flow("deaf", listener("disabled: true, " + of("up")))
    world.runtime.flows.delete(NAMESPACE, "gone")
    world.run("up")
    assert [world.executions(name) for name in ("gone", "off", "deaf")] == [[], [], []]


def test_inputs_are_those_of_the_execution_that_ended(world: World) -> None:
    world.flow("up", "outputs: [{id: out, type: STRING, value: '{{ outputs.only.value }}!'}]")
    given = "inputs: {task: '{{ outputs.only.value }}', flow: '{{ trigger.outputs.out }}'}"
    world.flow("down", listener(f"{of('up')}, {given}"))
    world.run("up")
    [started] = world.executions("down")
    assert started.inputs == {"task": "x", "flow": "x!"}


def test_the_outputs_of_all_that_was_waited_for_come_with_the_trigger(world: World) -> None:
    world.flow("a", "outputs: [{id: ours, type: STRING, value: a}, {id: same, type: STRING, value: a}]")
    world.flow("b", "outputs: [{id: same, type: STRING, value: b}]")
    world.flow("down", listener(waiting_for("a", "b") + ", inputs: {got: '{{ trigger.outputs.ours }}'}"))
    world.run("a")
    world.run("b")
    [started] = world.executions("down")
    assert started.trigger is not None
    assert started.trigger.variables["outputs"] == {"ours": "a", "same": "b"}
    assert started.inputs == {"got": "a"}


def test_of_a_flow_that_met_its_part_twice_the_later_outputs_count(world: World) -> None:
    world.flow("a", "outputs: [{id: at, type: STRING, value: '{{ execution.id }}'}]")
    world.flow("b")
    world.flow("down", listener(waiting_for("a", "b")))
    world.run("a")
    later = world.run("a")
    world.run("b")
    [started] = world.executions("down")
    assert started.trigger is not None
    assert started.trigger.variables["outputs"] == {"at": later.id}


def test_a_state_that_a_precondition_names_is_heard_for_it_alone(world: World) -> None:
    for name in ("up", "other"):
        world.flow(name, task="{type: io.kestra.plugin.core.flow.Pause}")
    named = f"flows: [{{namespace: {NAMESPACE}, flowId: up, states: [PAUSED]}}]"
    world.flow("pauses", listener(f"preconditions: {{id: all, {named}}}"))
    world.flow("ends", listener(waiting_for("other")))
    for name in ("up", "other"):
        world.resumed(name)
    assert [each.trigger.variables["state"] for each in world.executions("pauses") if each.trigger] == ["PAUSED"]
    assert [each.trigger.variables["state"] for each in world.executions("ends") if each.trigger] == ["SUCCESS"]


def test_a_crash_after_the_change_is_made_up_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.flow("up")
    world.flow("down", listener(of("up")))
    with monkeypatch.context() as patch:
        patch.setattr(world.runtime.hub.flow_triggers, "tell", lambda _change: None)
        world.run("up")
    assert len(notes(world)) == 1
    assert world.executions("down") == []
    assert world.runtime.hub.flow_triggers.catch_up() == 0  # whoever wrote the note may be about to act on it
    world.clock.set("2026-03-02T09:00:00Z")
    assert world.runtime.hub.flow_triggers.catch_up() == 1
    assert len(world.executions("down")) == 1
    assert notes(world) == []


def test_a_note_that_cannot_be_acted_on_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.flow("up")
    world.flow("down", listener(of("up")))
    triggers = world.runtime.hub.flow_triggers
    with monkeypatch.context() as patch:
        patch.setattr(triggers, "tell", lambda _change: None)
        world.run("up")
        world.run("up")
    bad = next(iter(triggers._notes())).body["execution"]
    evaluate = triggers.evaluate

    def failing(change: Change) -> None:
        if change.execution.id == bad:
            raise RuntimeError("broken")
        evaluate(change)

    monkeypatch.setattr(triggers, "evaluate", failing)
    world.clock.set("2026-03-02T09:00:00Z")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            triggers.catch_up()
        assert (len(world.executions("down")), len(notes(world))) == (1, 1)


def test_a_change_that_is_told_twice_starts_one_execution(world: World) -> None:
    world.flow("a")
    world.flow("b")
    world.flow("down", listener(waiting_for("a", "b")))
    world.run("a")
    triggers, told = world.runtime.hub.flow_triggers, []
    evaluate = triggers.evaluate
    triggers.evaluate = lambda change: (told.append(change), evaluate(change))  # type: ignore[method-assign, assignment]
    world.run("b")
    for change in told * 2:
        evaluate(change)
    assert len(world.executions("down")) == 1


@pytest.mark.parametrize("order", [["a", "b"], ["b", "a"], ["a", "a", "b"]])
def test_preconditions_are_met_in_any_order_and_then_anew(world: World, order: list[str]) -> None:
    world.flow("a")
    world.flow("b")
    world.flow("down", listener(waiting_for("a", "b")))
    for name in order[:-1]:
        world.run(name)
        assert world.executions("down") == []
    last = world.run(order[-1])
    [started] = world.executions("down")
    assert started.trigger is not None
    assert started.trigger.variables["executionId"] == last.id
    world.run("a")
    assert len(world.executions("down")) == 1


def test_without_reset_each_further_one_starts_another(world: World) -> None:
    world.flow("a")
    world.flow("b")
    world.flow("c")
    world.flow("down", listener(waiting_for("a", "b", more=", resetOnSuccess: false")))
    for name in ("a", "b", "c", "a"):
        world.run(name)
    assert len(world.executions("down")) == 2


def test_what_was_met_is_forgotten_with_its_window(world: World) -> None:
    world.flow("a")
    world.flow("b")
    window = ", timeWindow: {type: SLIDING_WINDOW, window: PT1H}"
    world.flow("down", listener(waiting_for("a", "b", more=window)))
    world.run("a")
    world.clock.set("2026-03-02T09:01:00Z")
    world.run("b")
    assert world.executions("down") == []
    world.run("a")
    assert len(world.executions("down")) == 1


def test_one_bad_listener_does_not_stop_others(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.flow("up")
    world.flow("bad", listener(of("up") + ", inputs: {a: '{{ outputs.nothing.here }}'}"))
    world.flow("good", listener(of("up")))
    world.run("up")
    assert world.executions("bad") == []
    assert len(world.executions("good")) == 1
    assert "trigger tick of flow unit.triggers.bad starts nothing" in caplog.text


def test_an_execution_that_ends_as_failed_before_it_runs_is_heard(world: World) -> None:
    world.flow("up")
    world.flow("down", listener("states: [FAILED], " + of("up")))
    world.run("up", failure="it cannot be evaluated")
    assert len(world.executions("down")) == 1
