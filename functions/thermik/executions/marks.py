"""The labels by which Kestra tells an execution that was begun again from one that ran through."""

from __future__ import annotations

from thermik.executions.model import Execution, Label

RESTARTED = "system.restarted"
"""On an execution that was restarted, or in which a task run's state was changed."""

REPLAY = "system.replay"
"""On an execution that was made from another."""

REPLAYED = "system.replayed"
"""On an execution that another was made from."""


def marked(execution: Execution, key: str) -> Execution:
    """The execution with one of these labels; the same if it has it."""
    if execution.label(key) is not None:
        return execution
    return execution.model_copy(update={"labels": (*execution.labels, Label(key=key, value="true"))})
