"""The timetable of the deployed stack: EventBridge Scheduler, or the sweep alone where there is no schedule group."""

from __future__ import annotations

from datetime import datetime

from thermik.clock import Clock
from thermik.settings import AwsSettings, SettingsError
from thermik.storage.aws import LaterClient
from thermik.triggers.eventbridge import EventBridgeTimetable, Target
from thermik.triggers.states import Name
from thermik.triggers.timetable import Timetable


class SweptTimetable:
    """Keeps nothing: the sweep looks at what is due, every few minutes."""

    def put(self, _name: Name, _date: datetime) -> None:
        """See `Timetable`."""

    def remove(self, _name: Name) -> None:
        """See `Timetable`."""


def timetable(aws: AwsSettings, clock: Clock) -> Timetable:
    """The timetable that the settings describe.

    Raises:
        SettingsError: there is a schedule group, and not all that its schedules need.
    """
    if aws.schedule_group is None:
        return SweptTimetable()
    # told when the function starts, or a schedule would fail at its first date, which nobody watches
    if aws.schedule_role_arn is None or aws.events_arn is None or aws.dead_letters_arn is None:
        names = "THERMIK_SCHEDULE_ROLE_ARN, THERMIK_EVENTS_ARN and THERMIK_DEAD_LETTERS_ARN"
        raise SettingsError([f"THERMIK_SCHEDULE_GROUP needs {names}"])
    target = Target(aws.schedule_group, aws.events_arn, aws.schedule_role_arn, aws.dead_letters_arn)
    return EventBridgeTimetable(LaterClient("scheduler"), target, clock)
