"""Executions whose process died go on in another one.

The claim is a conditional write of the execution's owner, so of several takers one wins. Its machine starts
from the beginning; task runs that ended answer at once, and an attempt that was at work is begun again. What scripts
the dead process left running is killed before the claim: a second attempt never works beside the first one, even if
the taker dies in between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from thermik.executions.left_behind import go_on, open_executions
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.storage.errors import Unavailable
from thermik.tasks.scripts.marks import kill_scripts_of

_operator = logging.getLogger(__name__)


def take_over(life: Life, lives: Callable[[str], bool]) -> int:
    """Claim and start what nobody runs, one after the other; how many there were.

    One that cannot go on is logged and does not hold up the others; it is this process's by then, whose sweep tries
    it again.

    Raises:
        TableUnavailable: some may be left; a later call finds them.
    """
    taken = 0
    known = cache(lives)  # asked once a process: what is dead stays dead, and what dies meanwhile is found next time
    silence = cache(_silence)
    for orphan in open_executions(life):
        if _owned(orphan, known):
            continue
        silence(orphan.progress.owner)
        if (execution := _claim(life, orphan)) is not None:
            taken += 1
            _go_on(life, execution)
    return taken


def _go_on(life: Life, execution: Execution) -> None:
    try:
        go_on(life, execution)
    except Unavailable:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the others go on
        _operator.exception("execution %s of a dead process cannot go on", execution.id)


def adopt(life: Life, execution: Execution, lives: Callable[[str], bool]) -> None:
    """Claim and start one execution, unless a process that lives has it, or it has ended."""
    if _owned(execution, lives):
        return
    _silence(execution.progress.owner)
    if (claimed := _claim(life, execution)) is not None:
        go_on(life, claimed)


def _owned(execution: Execution, lives: Callable[[str], bool]) -> bool:
    owner = execution.progress.owner
    return owner is not None and lives(owner)


def _silence(owner: str | None) -> None:
    if owner is not None:
        kill_scripts_of(owner)


def _claim(life: Life, execution: Execution) -> Execution | None:
    """The execution, now owned by this process; None when somebody else was faster or it ended."""
    me = life.machines.owner()

    def claimed(current: Execution) -> Execution:
        if not _is_open(current) or current.progress.owner != execution.progress.owner:
            return current
        return current.model_copy(update={"progress": current.progress.model_copy(update={"owner": me})})

    changed = life.executions.change_execution(execution.id, claimed)
    return changed if changed.progress.owner == me and _is_open(changed) else None


def _is_open(execution: Execution) -> bool:
    return not execution.state.is_terminal or execution.progress.aftermath
