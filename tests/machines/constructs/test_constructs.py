"""The construct suite: the same small machines on our interpreter and on moto's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from machines.constructs import choices, data, errors, fanouts, functions, waits
from machines.constructs.case import Case, Fails
from machines.constructs.runners import RUNNERS, Outcome

CASES: list[Case] = [
    *data.CASES,
    *functions.CASES,
    *choices.CASES,
    *errors.CASES,
    *fanouts.CASES,
    *waits.CASES,
]


@pytest.fixture(scope="module", params=list(RUNNERS))
def runner(request: pytest.FixtureRequest) -> Iterator[Any]:
    with RUNNERS[request.param]() as made:
        made.name = request.param
        yield made


def test_every_case_has_its_own_name() -> None:
    names = [case.name for case in CASES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_construct(case: Case, runner: Any) -> None:
    if runner.name == "moto" and case.moto:
        pytest.skip(f"moto: {case.moto}")
    outcome = runner.run(case)
    if isinstance(case.output, Fails):
        expected = case.output
        assert (outcome.status, outcome.error) == (expected.status, expected.error)
        if expected.cause is not None:
            assert outcome.cause == expected.cause
    else:
        assert outcome == Outcome("SUCCEEDED", case.output)
