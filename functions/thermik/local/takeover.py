"""Executions whose process died go on in another one.

The claim is a conditional write of the execution's owner, so of several takers one wins. Many are claimed in one
transaction: ten thousand that wait do not take ten thousand flushes of the disk. Their machines start from the
beginning; task runs that ended answer at once, and an attempt that was at work is begun again. What scripts the dead
process left running is killed before the claim: a second attempt never works beside the first one, even if the taker
dies in between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache

from thermik.executions.left_behind import go_on, open_records
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.repository import Versioned
from thermik.storage.errors import Conflict, ItemTooLarge, Unavailable
from thermik.storage.table import Record
from thermik.tasks.scripts.marks import kill_scripts_of

CLAIMED_AT_ONCE = 50
"""Executions that one transaction claims: what others wait for meanwhile stays short."""

_operator = logging.getLogger(__name__)


def take_over(life: Life, lives: Callable[[str], bool]) -> int:
    """Claim and start what nobody runs; how many there were.

    One that cannot go on is logged and does not hold up the others; it is this process's by then, whose sweep tries
    it again.

    Raises:
        TableUnavailable: some may be left; a later call finds them.
    """
    taken = 0
    known = cache(lives)  # asked once a process: what is dead stays dead, and what dies meanwhile is found next time
    silence = cache(_silence)
    for page in open_records(life):
        orphans = [_read(record) for record in page if not _is_owned(record, known)]
        for start in range(0, len(orphans), CLAIMED_AT_ONCE):
            some = orphans[start : start + CLAIMED_AT_ONCE]
            for orphan in some:
                silence(orphan.value.progress.owner)
            for execution in _claim_all(life, some):
                taken += 1
                _go_on(life, execution)
    return taken


def _read(record: Record) -> Versioned[Execution]:
    return Versioned(Execution.model_validate(record.body), record.version)


def _is_owned(record: Record, lives: Callable[[str], bool]) -> bool:
    """As `_owned`, without reading the whole of an execution that is none of ours."""
    owner = record.body["progress"].get("owner")
    return owner is not None and lives(owner)


def _claim_all(life: Life, orphans: Sequence[Versioned[Execution]]) -> list[Execution]:
    """Those of these executions that are this process's now; all in one write, unless somebody changed one of them."""
    claims = [orphan.then(_with_owner(orphan.value, life.machines.owner())) for orphan in orphans]
    try:
        life.executions.write(*claims)
    except (Conflict, ItemTooLarge):  # one was changed, or together they are too large
        alone = (_claim(life, orphan.value) for orphan in orphans)
        return [execution for execution in alone if execution is not None]
    return [claim.value for claim in claims]


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
        return _with_owner(current, me)

    changed = life.executions.change_execution(execution.id, claimed)
    return changed if changed.progress.owner == me and _is_open(changed) else None


def _with_owner(execution: Execution, owner: str | None) -> Execution:
    return execution.model_copy(update={"progress": execution.progress.model_copy(update={"owner": owner})})


def _is_open(execution: Execution) -> bool:
    return not execution.state.is_terminal or execution.progress.aftermath
