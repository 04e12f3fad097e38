"""A small chaos run with each `make test`; `make chaos` is the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.story import story

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # threads that died

SEED = 20


@pytest.mark.parametrize("number", range(2))
def test_whatever_goes_wrong_every_execution_ends_as_it_must(tmp_path: Path, number: int) -> None:
    told = story(tmp_path, SEED, number, executions=30, flows=12)
    assert told["problems"] == [], f"seed {SEED}, world {number}\n{told['report']}"
    assert told["executions"] >= 20  # some are refused at their creation
    assert sum(told["faults"].values()) > 10
