"""What becomes of a task run, a flowable and an execution: pure decisions, Kestra's rules.

Nothing here reads or writes. https://kestra.io/docs/workflow-components/states
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from thermik.executions.state import StateType
from thermik.flows.shapes import ForEachValue
from thermik.flows.task import FlowableTask, Task
from thermik.flows.tree import Node

_WORST_FIRST = (StateType.KILLED, StateType.FAILED, StateType.WARNING, StateType.PAUSED)


def joined_state(children: Iterable[StateType]) -> StateType:
    """The state of what consists of these runs: the worst of them, SUCCESS when none is remarkable."""
    seen = set(children)
    return next((state for state in _WORST_FIRST if state in seen), StateType.SUCCESS)


def tolerated(state: StateType, task: Task) -> StateType:
    """A state as the task's `allowFailure` and `allowWarning` let it count."""
    if state == StateType.FAILED and task.allow_failure:
        state = StateType.WARNING
    if state == StateType.WARNING and task.allow_warning:
        state = StateType.SUCCESS
    return state


def cuts_short(node: Node) -> bool:
    """Whether a failure below this task ends others that have begun: they run side by side."""
    if not isinstance(node.task, FlowableTask):
        return False
    shape = node.task.shape
    return shape.side_by_side or (isinstance(shape, ForEachValue) and shape.limit != 1)


def may_work(state: StateType, *, held: bool) -> bool:
    """Whether operations of an execution in this state may start anything.

    PAUSED stops only what a person paused (`held`): a Pause task leaves other branches running.
    """
    if held:
        return False
    return state in _WORKING


_WORKING: Collection[StateType] = frozenset(
    {StateType.CREATED, StateType.RESTARTED, StateType.RUNNING, StateType.RETRYING, StateType.PAUSED}
)
