"""Ids that follow from where a task run stands."""

from __future__ import annotations

from thermik.executions.model import Scope
from thermik.executions.places import Place, task_run_id
from thermik.flows.tree import FlowTree, Node
from thermik.identity import ID_LENGTH, derived_id
from unit.executions.trees import tree

OUTER = Scope(run="outer-run", turn=1)
INNER = Scope(run="inner-run", turn=0)


def test_an_id_is_the_same_for_the_same_place_and_no_other() -> None:
    places = [
        ("x", "a", None),
        ("x", "b", None),
        ("y", "a", None),
        ("x", "a", Scope(run="r", turn=0)),
        ("x", "a", Scope(run="r", turn=1)),
        ("x", "a", Scope(run="s", turn=0)),
    ]
    ids = [task_run_id(*place) for place in places]
    assert len(set(ids)) == len(places)
    assert ids == [task_run_id(*place) for place in places]
    assert all(len(each) == ID_LENGTH and each.isalnum() for each in ids)


def test_ids_do_not_depend_on_where_one_part_ends() -> None:
    assert derived_id("ab", "c") != derived_id("a", "bc")
    assert derived_id("a", "") != derived_id("a")
    assert derived_id("é") != derived_id("e")


def test_an_id_never_changes_between_versions() -> None:
    """Executions that were started by an older version go on: their task runs must be found again."""
    assert task_run_id("execution", "task", None) == "2q6BvzeSMzx5JP7cXMzbvk"
    assert task_run_id("execution", "task", Scope(run="run", turn=3)) == "07SlNFsc3wKYMD6fNPSXSB"


def test_a_parent_is_found_without_looking() -> None:
    flow = tree()
    assert _place(flow, "top", None).parent_task_run_id is None
    assert _place(flow, "in_group", None).parent_task_run_id == task_run_id("x", "group", None)
    assert _place(flow, "in_loop", OUTER).parent_task_run_id == "outer-run"
    assert _place(flow, "in_check", OUTER).parent_task_run_id == task_run_id("x", "check", OUTER)
    assert _place(flow, "in_inner", INNER).parent_task_run_id == "inner-run"
    assert _place(flow, "loop_error", None).parent_task_run_id == task_run_id("x", "loop", None)


def test_a_task_knows_its_loops() -> None:
    flow = tree()

    def loops(task_id: str) -> list[str]:
        return [node.id for node in flow[task_id].loops()]

    assert loops("top") == []
    assert loops("in_loop") == loops("in_check") == loops("inner") == ["loop"]
    assert loops("in_inner") == ["loop", "inner"]
    assert loops("loop_error") == []


def _place(flow: FlowTree, task_id: str, scope: Scope | None) -> Place:
    node: Node = flow[task_id]
    return Place("x", node, scope)
