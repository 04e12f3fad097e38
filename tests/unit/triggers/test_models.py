# ruff: noqa: E501 - tables of rules, one a line
from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import shared_dir
from thermik.flows.problems import InvalidFlow
from thermik.flows.task import UnknownType
from thermik.flows.trigger import Trigger
from thermik.flows.validation import build_flow, validate_source
from thermik.triggers.cron import parse_cron
from thermik.triggers.registry import ALIASES, TriggerRegistry
from thermik.triggers.zones import zone
from unit.flows.sample import TYPES, log, source

REGISTRY = TriggerRegistry()
TRIGGER = "io.kestra.plugin.core.trigger."
CONDITION = "io.kestra.plugin.core.condition."


def trigger(kind: str, **properties: Any) -> dict[str, Any]:
    return {"id": "t", "type": TRIGGER + kind, **properties}


def read(given: dict[str, Any]) -> Trigger:
    data = {"id": "f", "namespace": "n", "tasks": [log()], "triggers": [given]}
    return build_flow(data, TYPES, REGISTRY).triggers[0]


def problems(given: dict[str, Any], **flow: Any) -> list[str]:
    return [found.text for found in validate_source(source(triggers=[given], **flow), TYPES, REGISTRY)]


FLOWS = [{"namespace": "a", "flowId": "b"}]


def window(**properties: Any) -> dict[str, Any]:
    return trigger("Flow", preconditions={"id": "p", "timeWindow": properties, "flows": FLOWS})


def a_filter(**properties: Any) -> dict[str, Any]:
    where = [{"id": "w", "filters": [{"field": "FLOW_ID", **properties}]}]
    return trigger("Flow", preconditions={"id": "p", "where": where})


MULTIPLE = {
    "id": "m",
    "type": CONDITION + "MultipleCondition",
    "window": "P1D",
    "windowAdvance": "P0D",
    "conditions": {"one": {"type": CONDITION + "ExecutionStatus", "in": ["SUCCESS"]}},
}


@pytest.mark.parametrize(
    "given",
    [
        trigger("Schedule", cron="* * * * *"),
        trigger("Schedule", cron="0 0 30 2 *", timezone="Europe/Paris", lateMaximumDelay="PT5M"),
        trigger("Schedule", cron="* * * * * *", withSeconds=True, recoverMissedSchedules="LAST"),
        trigger("Schedule", cron="@daily", inputs={"a": 1}, labels={"a": "{{ b }}"}, stopAfter=["FAILED"]),
        trigger("ScheduleOnDates", dates=["2024-01-01T00:00:00Z"]),
        trigger("Webhook", key="k" * 256),
        trigger("Flow", states=["FAILED"], inputs={"a": "{{ outputs.b }}"}, conditions=[MULTIPLE]),
        window(type="DAILY_TIME_DEADLINE", deadline="09:00:00"),
        window(type="DAILY_TIME_WINDOW", startTime="06:00", endTime="09:00:00Z"),
        window(type="DURATION_WINDOW", window="PT15M", windowAdvance="-PT5M"),
        window(type="SLIDING_WINDOW", window="PT1H"),
        window(),
        a_filter(type="EQUAL_TO", value="x"),
        a_filter(type="IN", values=["x"]),
        trigger("Webhook", key="k", conditions=[{"type": CONDITION + "DayWeek", "dayOfWeek": "{{ vars.day }}"}]),
    ],
)
def test_accepted(given: dict[str, Any]) -> None:
    assert read(given).id == "t"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (trigger("Schedule"), "triggers[0].cron: must not be null"),
        (trigger("Schedule", cron="* * * *"), "triggers[0]: invalid cron expression '* * * *': it has 4 parts, 5 are"),
        (trigger("Schedule", cron="* * * * * *"), "triggers[0]: invalid cron expression"),
        (trigger("Schedule", cron="* * * * *", withSeconds=True), "triggers[0]: invalid cron expression"),
        (
            trigger("Schedule", cron="* * * * *", timezone="Foo/Bar"),
            "triggers[0].timezone: timezone 'Foo/Bar' is not a valid time-zone ID",
        ),
        (trigger("Schedule", cron="* * * * *", unknownProp=1), 'triggers[0].unknownProp: Unrecognized field "unknownProp"'),
        (trigger("Schedule", cron="* * * * *", conditions=[MULTIPLE]), "triggers[0]: invalid schedule: conditions of"),
        (trigger("ScheduleOnDates", dates=["2024-01-01"]), "triggers[0].dates: Text '2024-01-01' could not be parsed"),
        (trigger("Webhook"), "triggers[0].key: must not be null"),
        (trigger("Webhook", key="k" * 257), "triggers[0].key: size must be between 0 and 256"),
        (
            trigger("Webhook", key="k", conditions=[{"type": CONDITION + "Not", "conditions": [MULTIPLE]}]),
            "triggers[0]: invalid webhook: conditions of type MultipleCondition are not supported",
        ),
        (trigger("Webhook", key="k", conditions=[{"type": CONDITION + "Nope"}]), "triggers[0].conditions[0]: Invalid type"),
        (trigger("Webhook", key="k", conditions=[{"type": CONDITION + "Expression"}]), "triggers[0].conditions[0].expression"),
        (trigger("Webhook", key="k", conditions=[{"type": CONDITION + "Or", "conditions": []}]), "triggers[0].conditions[0].cond"),
        (trigger("Nope"), f"triggers[0]: Invalid type: {TRIGGER}Nope"),
        ({"id": "t", "type": "Schedule", "cron": "* * * * *"}, "triggers[0]: Invalid type: Schedule"),
        ({**trigger("Webhook", key="k"), "id": "t.t"}, "triggers[0].id: must match"),
        (trigger("Flow", states=["NOPE"]), 'triggers[0].states[0]: Cannot deserialize value from "NOPE"'),
        (trigger("Webhook", key="k", labels={"system.a": "b"}), "triggers[0].labels.system.a: System labels can only"),
        (
            window(type="DAILY_TIME_DEADLINE"),
            "triggers[0].preconditions.timeWindow: Time window of type `DAILY_TIME_DEADLINE` must have a deadline.",
        ),
        (
            window(type="DAILY_TIME_WINDOW", startTime="09:00"),
            "triggers[0].preconditions.timeWindow: Time window of type `DAILY_TIME_WINDOW` must have an end time.",
        ),
        (
            window(type="SLIDING_WINDOW", deadline="09:00"),
            "triggers[0].preconditions.timeWindow: Time window of type `SLIDING_WINDOW` cannot have a deadline.",
        ),
        (window(type="DAILY_TIME_DEADLINE", deadline="9 o'clock"), "triggers[0].preconditions.timeWindow: Text"),
        (a_filter(type="EQUAL_TO"), "triggers[0].preconditions.where[0].filters[0]: `value` cannot be null"),
        (a_filter(type="IS_TRUE", values=["x"]), "triggers[0].preconditions.where[0].filters[0]: `value` cannot be null"),
        (a_filter(type="REGEX", value="x", values=["x"]), "triggers[0].preconditions.where[0].filters[0]: `values` must be null"),
        (a_filter(type="NOT_IN", value="x"), "triggers[0].preconditions.where[0].filters[0]: `value` must be null"),
        (a_filter(type="IN"), "triggers[0].preconditions.where[0].filters[0]: `values` cannot be null"),
        (a_filter(type="IN", value="x", values=["x"]), "triggers[0].preconditions.where[0].filters[0]: `value` must be null"),
    ],
)  # fmt: skip
def test_refused(given: dict[str, Any], expected: str) -> None:
    assert any(found.startswith(expected) for found in problems(given)), problems(given)


def test_trigger_ids_are_unique() -> None:
    given = trigger("Webhook", key="k")
    found = [each.text for each in validate_source(source(triggers=[given, given]), TYPES, REGISTRY)]

    assert "triggers[1].id: Duplicate trigger id with name [t]" in found


def test_without_trigger_types_every_type_is_unknown() -> None:
    data = {"id": "f", "namespace": "n", "tasks": [log()], "triggers": [trigger("Webhook", key="k")]}

    with pytest.raises(InvalidFlow, match="Invalid type"):
        build_flow(data, TYPES)


@pytest.mark.parametrize("name", [*REGISTRY.names(), *(old for old in ALIASES if ".triggers." in old)])
def test_every_trigger_has_a_model(name: str) -> None:
    assert issubclass(REGISTRY.trigger(name), Trigger)


@pytest.mark.parametrize("name", [*REGISTRY.condition_names(), *(old for old in ALIASES if ".triggers." not in old)])
def test_every_condition_has_a_model(name: str) -> None:
    model = REGISTRY.condition(name)

    assert model.__doc__
    with pytest.raises(UnknownType):
        REGISTRY.trigger(name)


# --- cron


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("*/15 * * * *", "minutes", {0, 15, 30, 45}),
        ("5/20 * * * *", "minutes", {5, 25, 45}),
        ("1-7/3 * * * *", "minutes", {1, 4, 7}),
        ("1,2,40-42 * * * *", "minutes", {1, 2, 40, 41, 42}),
        ("* * * jan,DEC *", "months", {1, 12}),
        ("* * * * mon-fri", "weekdays", {1, 2, 3, 4, 5}),
        ("* * * * 7", "weekdays", {0}),
        ("* * * * 5-7", "weekdays", {5, 6, 0}),
        ("@weekly", "weekdays", {0}),
        ("@HOURLY", "minutes", {0}),
    ],
)
def test_cron_fields(text: str, field: str, expected: set[int]) -> None:
    assert getattr(parse_cron(text), field) == expected


def test_which_days_are_free() -> None:
    cron = parse_cron("0 */2 */1 * *")

    assert (cron.any_day, cron.any_weekday, cron.any_hour, cron.seconds) == (False, True, True, {0})


@pytest.mark.parametrize(
    "text",
    ["", "x", "60 * * * *", "*/0 * * * *", "*/60 * * * *", "5-1 * * * *", "1- * * * *", "-1 * * * *", "* * * * L", "1,,2 * * * *", "¹ * * * *"],
)  # fmt: skip
def test_cron_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_cron(text)


def _schedule_rows() -> list[Any]:
    shared = shared_dir()
    return yaml.safe_load((shared / "conformance" / "schedule.yaml").read_text()) if shared else []


@pytest.mark.skipif(shared_dir() is None, reason="the conformance table is not here")
@pytest.mark.parametrize("row", _schedule_rows(), ids=lambda row: row["cron"])
def test_conformance_crons(row: dict[str, Any]) -> None:
    with_seconds = len(row["cron"].split()) == 6

    if row.get("error"):
        with pytest.raises(ValueError, match=r"."):
            parse_cron(row["cron"])
    else:
        parse_cron(row["cron"], with_seconds=with_seconds)


@given(st.text("0123456789*/,-@ LW#?aAmMoOnN", max_size=30))
def test_any_text_is_a_cron_or_refused(text: str) -> None:
    try:
        assert parse_cron(text).minutes
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("name", ["UTC", "Z", "Europe/Paris", "GMT+2", "+02:00", "-0530", "UTC-3"])
def test_zones(name: str) -> None:
    assert zone(name)


@pytest.mark.parametrize("name", ["Foo/Bar", "", "../etc/passwd", "+99:00", "/etc/localtime"])
def test_no_zones(name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid time-zone ID"):
        zone(name)
