from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from thermik.triggers.eventbridge import KIND, EventBridgeTimetable, Target
from thermik.triggers.states import Name
from thermik.triggers.timetable import TimetableUnavailable
from unit.triggers.conftest import START, SetClock

NAME = Name("a.b", "flow", "tick")
TARGET = Target(
    "stack",
    "arn:aws:lambda:eu-west-1:123456789012:function:e:live",
    "arn:aws:iam::123456789012:role/r",
    "arn:aws:sqs:eu-west-1:123456789012:q",
)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        made = boto3.client("scheduler", region_name="eu-west-1")
        made.create_schedule_group(Name="stack")
        yield made


@pytest.fixture
def timetable(client: Any) -> EventBridgeTimetable:
    return EventBridgeTimetable(client, TARGET, SetClock(START))


def schedules(client: Any) -> list[Any]:
    found = client.list_schedules(GroupName="stack")["Schedules"]
    return [client.get_schedule(GroupName="stack", Name=each["Name"]) for each in found]


def test_a_trigger_has_one_schedule_that_moves(client: Any, timetable: EventBridgeTimetable) -> None:
    for hour in (9, 10):
        timetable.put(NAME, datetime.fromisoformat(f"2026-03-02T{hour:02}:00:00+01:00"))
    [schedule] = schedules(client)
    assert schedule["ScheduleExpression"] == "at(2026-03-02T09:00:00)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    told = json.loads(schedule["Target"]["Input"])
    assert told == {"kind": KIND, "namespace": "a.b", "flow": "flow", "trigger": "tick"}


def test_a_date_that_has_passed_comes_soon(client: Any, timetable: EventBridgeTimetable) -> None:
    timetable.put(NAME, datetime.fromisoformat("2020-01-01T00:00:00Z"))
    assert [each["ScheduleExpression"] for each in schedules(client)] == ["at(2026-03-02T08:00:40)"]


def test_removing_twice_removes_once(client: Any, timetable: EventBridgeTimetable) -> None:
    timetable.put(NAME, START)
    timetable.remove(NAME)
    timetable.remove(NAME)
    assert schedules(client) == []


def test_what_aws_refuses_is_said(client: Any) -> None:
    lost = EventBridgeTimetable(client, Target("nowhere", *[TARGET.function_arn] * 3), SetClock(START))
    with pytest.raises(TimetableUnavailable, match="EventBridge Scheduler"):
        lost.put(NAME, START)
