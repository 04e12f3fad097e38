"""What the compiler promises: names that fit, limits that hold, one machine a structure; a validator that sees."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import sources
from machines.golden_flows import compiled, source_of
from machines.test_golden import states_of
from thermik.machines import limits
from thermik.machines.limits import FlowTooLarge
from thermik.machines.names import MAX_NAME, fitting_name
from thermik.machines.validator import InvalidMachine, check_machine

LONG = "a" * 200
Machine = dict[str, Any]


# ---- names


@given(st.text(max_size=120), st.sampled_from(["", ":settle", ":verdict", ":close"]))
def test_a_name_fits_and_keeps_its_role(task: str, role: str) -> None:
    name = fitting_name(task + role)
    assert len(name) <= MAX_NAME
    assert name.endswith(role)
    assert name == task + role or len(task + role) > MAX_NAME


def test_long_names_that_differ_late_differ() -> None:
    names = {fitting_name(f"{LONG}{number}{role}") for number in range(50) for role in ("", ":settle", ":verdict")}
    assert len(names) == 150


def test_a_flow_of_long_ids_compiles_to_names_that_fit() -> None:
    tasks = [sources.seq(f"{LONG}-{number}", sources.log(f"{LONG}-{number}-child")) for number in range(5)]
    machine = json.loads(compiled(sources.flow(*tasks)).text)
    names = list(machine["States"])
    assert len(names) == len(set(names))
    assert all(len(name) <= MAX_NAME for name in names)


# ---- one machine for one structure


def test_flows_that_differ_in_texts_share_a_machine() -> None:
    one = sources.flow(sources.log("a", "this", description="x"), id="one", labels={"a": "b"})
    other = sources.flow(sources.log("a", "{{ that }}", level="ERROR"), id="other", description="another")
    assert compiled(one).digest == compiled(other).digest
    assert compiled(one).text == compiled(other).text


@pytest.mark.parametrize(
    "other",
    [
        sources.flow(sources.log("b")),
        sources.flow(sources.log("a"), sources.log("b")),
        sources.flow(sources.log("a"), errors=[sources.log("b")]),
        sources.flow(sources.seq("a", sources.log("b"))),
        sources.flow(sources.par("a", sources.log("b"))),
    ],
)
def test_flows_that_differ_in_structure_do_not(other: str) -> None:
    assert compiled(other).digest != compiled(sources.flow(sources.log("a"))).digest


def test_a_disabled_task_is_no_part_of_the_structure() -> None:
    assert (
        compiled(sources.flow(sources.log("a"), sources.log("b", disabled=True))).digest
        == compiled(sources.flow(sources.log("a"))).digest
    )


def test_compiling_is_the_same_each_time() -> None:
    assert compiled(source_of("nested")) == compiled(source_of("nested"))


# ---- limits


def many(tasks: int) -> str:
    return sources.flow(*(sources.log(f"t{number}") for number in range(tasks)))


def test_a_flow_of_a_thousand_tasks_fits() -> None:
    definition = compiled(many(1_000))
    assert len(definition.text) < limits.MAX_DEFINITION_BYTES
    assert definition.events < limits.MAX_HISTORY_EVENTS


def test_a_machine_too_large_is_refused_with_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DEFINITION_BYTES", 5_000)
    with pytest.raises(FlowTooLarge, match=r"\d+ bytes, of which Step Functions accepts 5000; move a part"):
        compiled(many(50))


def test_a_history_too_long_is_refused_with_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_HISTORY_EVENTS", 100)
    with pytest.raises(FlowTooLarge, match=r"of which Step Functions keeps 100; move a part"):
        compiled(many(20))


def test_size_counts_bytes_and_not_characters() -> None:
    limits.check_size("x" * limits.MAX_DEFINITION_BYTES)
    with pytest.raises(FlowTooLarge):
        limits.check_size("é" * (limits.MAX_DEFINITION_BYTES // 2 + 1))


# ---- the validator


def valid() -> Machine:
    machine: Machine = json.loads(compiled(source_of("parallel")).text)
    return machine


def _some(machine: Machine, kind: str) -> Machine:
    return next(state for state in states_of(machine) if state["Type"] == kind)


def _dangling(machine: Machine) -> None:
    _some(machine, "Task")["Next"] = "nowhere"


def _dangling_catch(machine: Machine) -> None:
    next(state for state in states_of(machine) if "Catch" in state)["Catch"][0]["Next"] = "nowhere"


def _dangling_choice(machine: Machine) -> None:
    _some(machine, "Choice")["Choices"][0]["Next"] = "nowhere"


def _no_default(machine: Machine) -> None:
    del _some(machine, "Choice")["Default"]


def _two_ends(machine: Machine) -> None:
    next(state for state in states_of(machine) if state["Type"] == "Task" and "Next" in state)["End"] = True


def _no_end(machine: Machine) -> None:
    state = next(state for state in states_of(machine) if state["Type"] == "Task" and "Next" in state)
    del state["Next"]


def _unreached(machine: Machine) -> None:
    machine["States"]["island"] = {"Type": "Succeed"}


def _same_name_inside(machine: Machine) -> None:
    name = next(iter(machine["States"]))
    branch = _some(machine, "Parallel")["Branches"][0]
    branch["States"][name] = {"Type": "Succeed"}
    branch["States"][branch["StartAt"]]["Next"] = name
    branch["States"][branch["StartAt"]].pop("End", None)


def _long_name(machine: Machine) -> None:
    machine["States"][LONG] = {"Type": "Succeed"}


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (_dangling, "leads to nowhere, which is not in its level"),
        (_dangling_catch, "leads to nowhere, which is not in its level"),
        (_dangling_choice, "leads to nowhere, which is not in its level"),
        (_no_default, "is a Choice without Default"),
        (_two_ends, "needs either Next or End"),
        (_no_end, "needs either Next or End"),
        (_unreached, "nothing leads to island"),
        (_same_name_inside, "two states are named"),
        (_long_name, f"is longer than {MAX_NAME} characters"),
    ],
)
def test_each_fault_of_a_machine_is_found(spoil: Callable[[Machine], None], finding: str) -> None:
    machine = valid()
    check_machine(copy.deepcopy(machine))
    spoil(machine)
    with pytest.raises(InvalidMachine, match=finding):
        check_machine(machine)


def test_all_findings_are_told_at_once() -> None:
    machine = valid()
    _dangling(machine)
    _unreached(machine)
    _no_default(machine)
    with pytest.raises(InvalidMachine) as raised:
        check_machine(machine)
    assert str(raised.value).count(";") >= 2
