from __future__ import annotations

from typing import Any

import pytest

from thermik.flows.support import GAPS, Gap, unsupported
from unit.flows.sample import SEQUENTIAL, log, problems

SAMPLE = (
    Gap(("sections",), "no sections"),
    Gap(("retry", "behavior"), "no such behavior", "NEW"),
    Gap(("toFile",), "no files", in_tasks=True),
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, []),
        ({"sections": []}, []),
        ({"sections": None}, []),
        ({"sections": [1]}, [(("sections",), "no sections")]),
        ({"retry": {"behavior": "OLD"}}, []),
        ({"retry": "x"}, []),
        ({"retry": {"behavior": "NEW"}}, [(("retry", "behavior"), "no such behavior")]),
        ({"toFile": True}, []),
    ],
)
def test_what_a_flow_uses(data: dict[str, Any], expected: list[Any]) -> None:
    assert list(unsupported(data, [], SAMPLE)) == expected


def test_what_a_task_uses() -> None:
    tasks: list[Any] = [(("tasks", 0), {"toFile": True}), (("tasks", 1), {"toFile": False, "sections": [1]})]

    assert list(unsupported({}, tasks, SAMPLE)) == [(("tasks", 0, "toFile"), "no files")]


def _using(gap: Gap) -> dict[str, Any]:
    value: Any = gap.value or True
    for name in reversed(gap.path):
        value = {name: value}
    return dict(value)


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: ("task " if gap.in_tasks else "") + ".".join(gap.path))
def test_each_gap_is_refused_where_it_stands(gap: Gap) -> None:
    inner = {"id": "s", "type": SEQUENTIAL, "tasks": [log(**_using(gap))]}
    found = problems(tasks=[inner]) if gap.in_tasks else problems(**_using(gap))

    assert any(gap.sentence in text for text in found)
