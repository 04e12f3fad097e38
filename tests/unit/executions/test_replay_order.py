"""Which task runs a replay copies: what came before the chosen one, and what stood beside it."""

from __future__ import annotations

import pytest

from thermik.executions.model import Scope, TaskRun
from thermik.executions.replay import _copies, _kept
from thermik.executions.repository import Versioned
from thermik.flows.tree import Node
from unit.executions.made import execution, task_run
from unit.executions.trees import tree

TREE = tree()


def runs() -> dict[str, TaskRun]:
    """A run for every task and turn, by `task` or `task/turn/turn`."""
    made: dict[str, TaskRun] = {}
    for node in TREE.nodes.values():
        _make(node, made)
    return made


def _make(node: Node, made: dict[str, TaskRun]) -> None:
    for turns in _turns(len(node.loops())):
        name = "/".join([node.id, *turns])
        scope = None
        for depth, loop in enumerate(node.loops()):
            scope = Scope(run="/".join([loop.id, *turns[:depth]]), turn=int(turns[depth]))
        above = node.parent
        parent = "/".join([above.id, *turns[: len(above.loops())]]) if above else None
        made[name] = task_run("RUNNING", "SUCCESS", id=name, task_id=node.id, parent_task_run_id=parent).with_progress(
            scope=scope
        )


def _turns(depth: int) -> list[tuple[str, ...]]:
    return [()] if depth == 0 else [(*outer, turn) for outer in _turns(depth - 1) for turn in "01"]


def dropped(chosen: str) -> set[str]:
    made = runs()
    return made.keys() - _kept({name: Versioned(each) for name, each in made.items()}, chosen, TREE).keys()


AFTER_GROUP = {name for name in runs() if name.split("/")[0] not in {"top", "group", "in_group", "in_group_next"}}


@pytest.mark.parametrize(
    ("chosen", "gone"),
    [
        ("end", {"flow_error"}),
        ("in_group", {"in_group_next"} | AFTER_GROUP),
        ("group", {"in_group", "in_group_next"} | AFTER_GROUP),
        ("left", {"at_once", "end", "flow_error"} | {f"each_{n}/{t}" for n in ("first", "second") for t in "01"}),
        ("each_first/0", {"each_second/0", "end", "flow_error"}),
        ("each_second/1", {"end", "flow_error"}),
    ],
)
def test_what_follows_is_dropped_and_what_stands_beside_kept(chosen: str, gone: set[str]) -> None:
    assert dropped(chosen) == gone


def test_in_a_loop_one_by_one_later_turns_are_dropped() -> None:
    gone = dropped("in_inner/0/1")
    kept = {
        name
        for name in runs()
        if name.split("/")[0] in {"in_loop", "check", "in_check", "inner", "in_inner", "after_inner"}
    } - gone
    assert kept == {"in_loop/0", "check/0", "in_check/0", "inner/0", "in_inner/0/0", "after_inner/0/0", "in_inner/0/1"}


def test_the_errors_of_a_loop_around_are_dropped() -> None:
    assert "loop_error" in dropped("in_loop/0")


def test_copies_stand_where_the_new_execution_looks_for_them() -> None:
    kept = _kept({name: Versioned(each) for name, each in runs().items()}, "in_inner/1/1", TREE)
    copies = _copies(kept, execution(id="new"))
    by_id = {copy.id: copy for copy in copies.values()}
    assert len(by_id) == len(kept)
    for old, copy in copies.items():
        assert copy.execution_id == "new"
        assert copy.progress.lease is None
        if kept[old].parent_task_run_id:
            assert by_id[copy.parent_task_run_id or ""].task_id == kept[kept[old].parent_task_run_id or ""].task_id
        if copy.progress.scope:
            assert copy.progress.scope.run in by_id
