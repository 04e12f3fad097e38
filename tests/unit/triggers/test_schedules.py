from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowNotFound
from thermik.storage import schema
from thermik.storage.table import Index
from thermik.triggers import states
from thermik.triggers.scheduling import NothingToFill
from thermik.triggers.states import Backfill, Name
from unit.triggers.conftest import NAMESPACE, World

TICK = "triggers:\n  - {{id: tick, type: io.kestra.plugin.core.trigger.Schedule, cron: '{cron}'{more}}}"
FAIL = "{type: io.kestra.plugin.core.execution.Fail}"


def schedule(cron: str = "*/10 * * * *", more: str = "") -> str:
    return TICK.format(cron=cron, more=f", {more}" if more else "")


def condition(text: str) -> str:
    return f"conditions: [{{type: io.kestra.plugin.core.condition.{text}}}]"


EXPRESSION = 'Expression, expression: "{{ %s }}"'


def test_a_new_trigger_fires_at_its_next_date_and_not_before(world: World) -> None:
    world.flow("hourly", schedule())
    world.tick("2026-03-02T08:09:59Z")
    assert world.executions("hourly") == []
    world.tick("2026-03-02T08:10:00Z")
    [execution] = world.executions("hourly")
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2026-03-02T08:10:00Z",
        "next": "2026-03-02T08:20:00Z",
        "previous": "2026-03-02T08:00:00Z",
    }


def test_missed_dates_are_caught_up_one_by_one(world: World) -> None:
    world.flow("late", schedule())
    world.tick("2026-03-02T08:35:00Z")
    assert world.dates("late") == ["2026-03-02T08:10:00Z", "2026-03-02T08:20:00Z", "2026-03-02T08:30:00Z"]


@pytest.mark.parametrize(("policy", "dates"), [("ALL", ["08:10", "08:20", "08:30"]), ("LAST", ["08:30"]), ("NONE", [])])
def test_what_is_missed_while_nothing_runs(world: World, policy: str, dates: list[str]) -> None:
    world.flow("missed", schedule(more=f"recoverMissedSchedules: {policy}"))
    world.clock.set("2026-03-02T08:35:00Z")
    world.schedules.recover()
    world.tick("2026-03-02T08:35:01Z")
    assert [each[11:16] for each in world.dates("missed")] == dates
    assert str(world.state("missed").next) == "2026-03-02 08:40:00+00:00"


def test_a_flow_that_cannot_be_read_keeps_no_other_from_being_recovered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.flow("broken", schedule(more="recoverMissedSchedules: LAST"))
    world.flow("missed", schedule(more="recoverMissedSchedules: LAST"))
    plannings = world.schedules._plannings

    def read(namespace: str, flow_id: str) -> Any:
        if flow_id == "broken":
            raise InvalidFlow([])
        return plannings(namespace, flow_id)

    monkeypatch.setattr(world.schedules, "_plannings", read)
    world.clock.set("2026-03-02T08:35:00Z")
    world.schedules.recover()
    world.tick("2026-03-02T08:35:01Z")
    assert [each[11:16] for each in world.dates("missed")] == ["08:30"]


def test_all_that_was_missed_is_recovered_however_much(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "PAGE", 2)
    for number in range(5):
        world.flow(f"missed{number}", schedule(more="recoverMissedSchedules: NONE"))
    world.clock.set("2026-03-02T08:35:00Z")
    world.schedules.recover()
    assert world.schedules.states.due(world.clock.now()) == []


def test_dates_that_are_too_late_are_passed_over(world: World) -> None:
    world.flow("patient", schedule(more="lateMaximumDelay: PT7M"))
    world.tick("2026-03-02T08:35:00Z")
    assert world.dates("patient") == ["2026-03-02T08:30:00Z"]


def test_two_schedulers_start_one_execution(world: World) -> None:
    world.flow("twice", schedule())
    world.clock.set("2026-03-02T08:10:00Z")
    name = Name(NAMESPACE, "twice", "tick")
    [known] = world.schedules.states.due(world.clock.now())
    world.schedules.tend(name)
    world.schedules._take(known, known.state.due)
    assert world.dates("twice") == ["2026-03-02T08:10:00Z"]


def test_a_crash_between_execution_and_state_starts_no_second_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.flow("crash", schedule())
    world.clock.set("2026-03-02T08:10:00Z")
    with monkeypatch.context() as patch:
        patch.setattr(world.schedules, "_store", lambda _known: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            world.schedules.tend(Name(NAMESPACE, "crash", "tick"))
    world.tick("2026-03-02T08:10:01Z")
    assert world.dates("crash") == ["2026-03-02T08:10:00Z"]
    assert str(world.state("crash").next) == "2026-03-02 08:20:00+00:00"


def test_a_trigger_waits_for_its_execution(world: World) -> None:
    world.flow("long", schedule(), task="{type: io.kestra.plugin.core.flow.Pause}")
    world.clock.set("2026-03-02T08:30:00Z")
    world.schedules.tend_all()
    waits = world.state("long")
    assert waits.execution is not None
    assert waits.due is None
    assert world.schedules.states.next_due() is None


def test_an_end_that_nobody_told_of_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.flow("untold", schedule())
    world.clock.set("2026-03-02T08:10:00Z")
    with monkeypatch.context() as patch:
        patch.setattr(world.schedules, "freed", lambda _execution: None)
        world.schedules.tend_all()
        world.end(world.state("untold").execution or "")
    assert world.state("untold").execution is not None
    assert world.schedules.free_waiting() == 1
    assert world.state("untold").execution is None


def test_a_trigger_stops_after_an_end_that_it_names(world: World) -> None:
    world.flow("stopping", schedule(more="stopAfter: [FAILED]"), task=FAIL)
    world.tick("2026-03-02T08:35:00Z")
    assert world.dates("stopping") == ["2026-03-02T08:10:00Z"]
    assert world.state("stopping").disabled
    world.schedules.switch(Name(NAMESPACE, "stopping", "tick"), disabled=False)
    assert str(world.state("stopping").due) == "2026-03-02 08:40:00+00:00"


def test_disabled_triggers_and_flows_never_fire(world: World) -> None:
    world.flow("off", schedule(more="disabled: true"))
    world.flow("asleep", "disabled: true\n" + schedule())
    world.tick("2026-03-02T09:00:00Z")
    assert world.executions("off") == world.executions("asleep") == []


def test_a_flow_that_changes_keeps_its_date_unless_that_changes(world: World) -> None:
    world.flow("edited", schedule())
    world.clock.set("2026-03-02T08:25:00Z")
    world.flow("edited", "description: other\n" + schedule())
    assert str(world.state("edited").next) == "2026-03-02 08:10:00+00:00"
    assert world.state("edited").revision == 2
    world.flow("edited", schedule("0 12 * * *"))
    assert str(world.state("edited").next) == "2026-03-02 12:00:00+00:00"


def test_a_flow_that_is_gone_takes_its_triggers_along(world: World) -> None:
    world.flow("gone", schedule())
    world.runtime.flows.delete(NAMESPACE, "gone")
    assert world.schedules.states.of_flow(NAMESPACE, "gone") == []
    with pytest.raises(FlowNotFound):
        world.runtime.flows.load(NAMESPACE, "gone")


def test_next_and_previous_are_dates_that_satisfy_the_conditions(world: World) -> None:
    world.flow("weekly", schedule("0 9 * * *", condition("DayWeek, dayOfWeek: WEDNESDAY")))
    world.tick("2026-03-05T00:00:00Z")
    [execution] = world.executions("weekly")
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2026-03-04T09:00:00Z",
        "next": "2026-03-11T09:00:00Z",
        "previous": "2026-02-25T09:00:00Z",
    }


def test_dates_are_in_the_triggers_zone_and_inside_conditions_in_the_servers(world: World) -> None:
    seen = EXPRESSION % "trigger.date == '2026-03-02T11:00:00Z'"
    world.flow("zoned", schedule("0 12 * * *", f"timezone: Europe/Paris, {condition(seen)}"))
    world.tick("2026-03-02T11:00:00Z")
    assert world.dates("zoned") == ["2026-03-02T12:00:00+01:00"]


def test_a_condition_that_cannot_be_evaluated_starts_a_failed_execution(world: World) -> None:
    world.flow("broken", schedule(more=condition(EXPRESSION % "nothing.here")))
    world.tick("2026-03-02T08:10:00Z")
    [execution] = world.executions("broken")
    assert execution.state.current == "FAILED"


def test_a_condition_that_needs_the_next_date_never_holds(world: World) -> None:
    world.flow("never", schedule("0 0 * * *", condition(EXPRESSION % "trigger.next | date('yyyy')")))
    assert world.state("never").due is None


def test_inputs_and_labels_come_from_the_trigger(world: World) -> None:
    inputs = "inputs:\n  - {id: number, type: INT}\n  - {id: preset, type: STRING, defaults: p}\n"
    given = 'inputs: {number: "{{ 40 + 2 }}"}, labels: {when: "{{ trigger.date }}", lost: "{{ nothing.here }}"}'
    world.flow("typed", inputs + schedule(more=given))
    world.tick("2026-03-02T08:10:00Z")
    [execution] = world.executions("typed")
    assert execution.inputs == {"number": 42, "preset": "p"}
    assert execution.label("when") == "2026-03-02T08:10:00Z"
    assert execution.label("lost") is None


def test_tasks_see_the_dates_as_schedule_too(world: World) -> None:
    seen = '{type: io.kestra.plugin.core.debug.Return, format: "{{ schedule.date }} {{ trigger.next }}"}'
    world.flow("seeing", schedule(), task=seen)
    world.tick("2026-03-02T08:10:00Z")
    [execution] = world.executions("seeing")
    [run] = world.runtime.life.executions.all_task_runs(execution.id)
    assert run.value.outputs == {"value": "2026-03-02T08:10:00Z 2026-03-02T08:20:00Z"}


def test_inputs_that_do_not_fit_fail_the_execution(world: World) -> None:
    world.flow("untyped", "inputs:\n  - {id: number, type: INT}\n" + schedule(more="inputs: {number: many}"))
    world.tick("2026-03-02T08:10:00Z")
    assert [each.state.current for each in world.executions("untyped")] == ["FAILED"]


def test_a_flow_that_cannot_be_read_any_more_is_given_up_until_it_is_saved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.flow("unread", schedule())
    with monkeypatch.context() as patch:
        patch.setattr(world.schedules, "_plannings", lambda *_: (_ for _ in ()).throw(InvalidFlow([])))
        world.tick("2026-03-02T08:10:00Z")
    assert world.state("unread").due is None
    world.flow("unread", "description: again\n" + schedule())
    assert str(world.state("unread").due) == "2026-03-02 08:20:00+00:00"


def backfill(start: str, end: str) -> Backfill:
    return Backfill(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end), inputs={"number": 7})


def test_a_backfill_runs_from_its_start_to_its_end_and_then_the_trigger_goes_on(world: World) -> None:
    world.flow("filled", "inputs:\n  - {id: number, type: INT, defaults: 1}\n" + schedule("0 * * * *"))
    name = Name(NAMESPACE, "filled", "tick")
    world.schedules.begin_backfill(name, backfill("2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z"))
    world.tick("2026-03-02T09:00:00Z")
    assert world.dates("filled") == [
        "2026-03-01T10:00:00Z",
        "2026-03-01T11:00:00Z",
        "2026-03-01T12:00:00Z",
        "2026-03-02T09:00:00Z",
    ]
    assert [(each.inputs or {})["number"] for each in world.executions("filled")] == [7, 7, 7, 1]


def test_a_backfill_is_held_and_ended(world: World) -> None:
    world.flow("held", schedule("0 * * * *"))
    name = Name(NAMESPACE, "held", "tick")
    with pytest.raises(NothingToFill):
        world.schedules.begin_backfill(name, backfill("2026-03-01T10:01:00Z", "2026-03-01T10:59:00Z"))
    world.schedules.begin_backfill(name, backfill("2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z"))
    world.schedules.pause_backfill(name, paused=True)
    world.tick("2026-03-02T09:00:00Z")
    assert world.dates("held") == ["2026-03-02T09:00:00Z"]
    world.schedules.pause_backfill(name, paused=False)
    world.schedules.end_backfill(name)
    world.tick("2026-03-02T10:00:00Z")
    assert world.dates("held") == ["2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"]


def test_with_concurrent_executions_nothing_is_waited_for(world: World) -> None:
    world.flow("many", schedule(more="allowConcurrent: true"), task="{type: io.kestra.plugin.core.flow.Pause}")
    world.clock.set("2026-03-02T08:30:00Z")
    world.schedules.tend_all()
    page = world.runtime.table.query(schema.flow_partition(NAMESPACE, "many"), index=Index.FIRST)
    assert len(page.records) == 3


def test_listed_dates_begin_with_the_earliest(world: World) -> None:
    dates = "['2026-03-03T10:00:00+01:00', '2026-03-01T00:00:00Z']"
    world.flow(
        "listed", f"triggers:\n  - {{id: tick, type: io.kestra.plugin.core.trigger.ScheduleOnDates, dates: {dates}}}"
    )
    world.tick("2026-03-02T09:00:00Z")
    assert world.dates("listed") == ["2026-03-01T00:00:00Z"]
    world.tick("2026-03-04T00:00:00Z")
    assert world.dates("listed") == ["2026-03-01T00:00:00Z", "2026-03-03T09:00:00Z"]
    assert world.state("listed").due is None
