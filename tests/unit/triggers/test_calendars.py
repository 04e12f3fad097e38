from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from thermik.cli.schedule import answer
from thermik.triggers.calendars import CronDates
from thermik.triggers.cron import parse_cron
from thermik.triggers.searching import MAX_EXAMINED, search

SHARED = Path(os.environ.get("THERMIK_SHARED", Path(__file__).resolve().parents[4] / "shared"))


def rows() -> list[dict[str, Any]]:
    table = SHARED / "conformance" / "schedule.yaml"
    return list(yaml.safe_load(table.read_text())) if table.exists() else []


@pytest.mark.skipif(not rows(), reason="the shared table of schedules is not here")
@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['cron']} {row.get('timezone', '')}")
def test_the_shared_table(row: dict[str, Any]) -> None:
    expected = row.get("expect_next", [])
    asked = {name: row[name] for name in ("cron", "timezone", "withSeconds", "conditions", "after") if name in row}
    answered = answer({**asked, "count": max(1, len(expected))})
    if row.get("error"):
        assert "error" in answered
        return
    assert answered["next"] == expected
    if "expect_previous" in row:
        assert answered["previous"] == row["expect_previous"]


def dates(cron: str) -> CronDates:
    return CronDates(parse_cron(cron), UTC)


FIELD = st.sampled_from(["*", "*/5", "3", "1-4", "2,7"])
DAY = st.sampled_from(["*", "3", "1-4", "2,7"])
"""Without steps: beside a weekday Kestra's cron takes them for a restriction, others for none."""

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 10 * 365 * 86_400).map(lambda seconds: BEGINNING + timedelta(seconds=seconds))


@settings(max_examples=100, deadline=None)
@given(st.tuples(FIELD, FIELD, DAY, FIELD, st.sampled_from(["*", "1-5", "0"])), MOMENTS)
def test_in_utc_the_dates_are_those_of_any_cron(fields: tuple[str, ...], moment: datetime) -> None:
    cron = " ".join(fields)
    assert [*islice(dates(cron).after(moment), 5)] == [*islice(CronSim(cron, moment), 5)]


@settings(max_examples=100, deadline=None)
@given(st.tuples(FIELD, FIELD, FIELD, FIELD, st.just("*")), MOMENTS)
def test_backwards_they_are_the_same(fields: tuple[str, ...], moment: datetime) -> None:
    calendar = dates(" ".join(fields))
    following = [*islice(calendar.after(moment), 4)]
    assert [*islice(calendar.before(following[-1]), 3)] == following[2::-1]


def test_a_search_that_finds_nothing_ends() -> None:
    def ever() -> Iterator[datetime]:
        moment = datetime(2024, 1, 1, tzinfo=UTC)
        while True:
            moment += timedelta(seconds=1)
            yield moment

    found = search(ever(), lambda _: False)
    assert not found.satisfies
    assert found.date == datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=MAX_EXAMINED)
