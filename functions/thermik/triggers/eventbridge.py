"""The timetable on AWS: EventBridge Scheduler, one one-time schedule a trigger, put anew for each of its dates.

One-time schedules, because the dates are ours: Kestra's cron differs from EventBridge's, conditions and time zones
decide, and a trigger waits for its executions. What runs is a schedule's one invocation a date; nothing while nothing
is due. A schedule fires within a minute of its time.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#one-time
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from thermik.clock import Clock
from thermik.identity import derived_id
from thermik.storage.aws import advice, error_code
from thermik.triggers.states import Name
from thermik.triggers.timetable import TimetableUnavailable

SOON = timedelta(seconds=10)
"""A date that has passed is put off by this: a schedule must lie in the future."""

KIND = "thermik.trigger"
"""Tells the events function what it is called for."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where schedules are, and what they call.

    Attributes:
        group: the stack's schedule group.
        function_arn: the events function. role_arn: the role that may invoke it.
        dead_letters_arn: the queue of what could not be delivered.
    """

    group: str
    function_arn: str
    role_arn: str
    dead_letters_arn: str


class EventBridgeTimetable:
    """Schedules of a group."""

    def __init__(self, client: Any, target: Target, clock: Clock) -> None:
        self._client = client
        self._target = target
        self._clock = clock

    def put(self, name: Name, date: datetime) -> None:
        """See `Timetable`."""
        schedule = self._schedule(name, max(date, self._clock.now() + SOON))
        client = self._client
        try:
            client.update_schedule(**schedule)
        except client.exceptions.ResourceNotFoundException:
            self._create(schedule)
        except Exception as error:
            raise _unavailable(error) from error

    def _create(self, schedule: dict[str, Any]) -> None:
        client = self._client
        try:
            client.create_schedule(**schedule)
        except client.exceptions.ConflictException:  # somebody else made it at the same moment, for the same state
            return
        except Exception as error:
            raise _unavailable(error) from error

    def remove(self, name: Name) -> None:
        """See `Timetable`."""
        client = self._client
        try:
            client.delete_schedule(Name=_schedule_name(name), GroupName=self._target.group)
        except client.exceptions.ResourceNotFoundException:
            return
        except Exception as error:
            raise _unavailable(error) from error

    def _schedule(self, name: Name, date: datetime) -> dict[str, Any]:
        target = self._target
        return {
            "Name": _schedule_name(name),
            "GroupName": target.group,
            "Description": f"{name.namespace}.{name.flow_id}: {name.trigger_id}"[:512],
            "ScheduleExpression": f"at({date.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": target.function_arn,
                "RoleArn": target.role_arn,
                "Input": json.dumps(
                    {"kind": KIND, "namespace": name.namespace, "flow": name.flow_id, "trigger": name.trigger_id}
                ),
                "DeadLetterConfig": {"Arn": target.dead_letters_arn},
            },
        }


def _unavailable(error: Exception) -> TimetableUnavailable:
    return TimetableUnavailable(f"EventBridge Scheduler: {advice(error_code(error))} ({error})")


def _schedule_name(name: Name) -> str:
    """At most 64 characters, whatever the names are."""
    return derived_id("timetable", name.namespace, name.flow_id, name.trigger_id)
