"""What flows compile to, as text that is reviewed, and what every machine must be."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from machines.golden_flows import GOLDEN, NAMES, REWRITE, compiled, pretty, source_of
from thermik.machines.asl import WORKER, start_input
from thermik.machines.validator import check_machine

MAX_PAYLOAD = 1024
PATHS = {
    *("$.c", "$.x", "$.p", "$.i", "$.t", "$.settled.tries"),
    *("$$.State.EnteredTime", "$$.Task.Token", "$.error.Error", "$.error.Cause"),
}
"""What a payload may take from a machine's data: the execution, the turn, a task's id, what ended an invocation."""

LONG = "x" * 60
"""Longer than ids, names and numbers that stand in a machine's data are."""


@pytest.mark.parametrize("name", NAMES)
def test_a_flow_compiles_to_its_machine(name: str) -> None:
    text = pretty(compiled(source_of(name)))
    place = GOLDEN / name / "machine.json"
    if os.environ.get(REWRITE):
        place.write_text(text)
    assert text == place.read_text()


def test_there_are_goldens() -> None:
    assert len(NAMES) >= 11


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_is_sound(name: str) -> None:
    check_machine(json.loads(compiled(source_of(name)).text))


@pytest.mark.parametrize("name", NAMES)
def test_only_ids_and_small_values_travel_in_a_machine(name: str) -> None:
    """The largest payload, were every path in it 60 characters; users' data has no path in."""
    definition = json.loads(compiled(source_of(name)).text)
    for state in states_of(definition):
        if state["Type"] == "Task":
            payload = state["Parameters"]["Payload"]
            paths = {value for value in payload.values() if isinstance(value, str) and value.startswith("$")}
            assert paths <= PATHS
            if "cause.$" not in payload:
                assert (
                    len(json.dumps({name: value if name in {"op", "t"} else LONG for name, value in payload.items()}))
                    < MAX_PAYLOAD
                )
            assert state["Parameters"]["FunctionName"] == WORKER
            assert state["ResultPath"] in {None, "$.opened", "$.settled"}
            assert "InputPath" not in state


def test_the_input_is_the_executions_id_and_nothing_of_users() -> None:
    given = json.dumps(start_input("abc", 0))
    assert "abc" in given
    assert len(given) < 100


def states_of(level: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in level["States"].values():
        yield state
        for branch in state.get("Branches", ()):
            yield from states_of(branch)
        if "ItemProcessor" in state:
            yield from states_of(state["ItemProcessor"])
