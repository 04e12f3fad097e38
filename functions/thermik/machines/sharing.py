"""The stage that lets the tasks of a level share what follows a failure, so that large flows fit into a machine.

Each task is lowered with states of its own for `settle`, its verdict and the wait before another attempt. Where
several tasks of a level lead to the same places after a failure, these become one set of states: a task that did not
succeed notes its id, and a Choice leads back to it (in `errors`, another one on behind it). A success passes none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from thermik.machines.states import (
    Choose,
    Invoke,
    Level,
    Note,
    Op,
    Verdict,
    WaitUntil,
    all_levels,
)

NOTED = "t"
"""Where in the state's data the id of the task that did not succeed stands."""


@dataclass(frozen=True, slots=True)
class _Settling:
    """What follows a task's failure.

    Attributes:
        entry: the state to try again. settle, verdict: the task's own states.
        wait: the wait before another attempt, where the task may be retried.
        then: behind the task. failed, stopped: the other ways out; `failed` None where it is `then`.
    """

    entry: str
    settle: Invoke
    verdict: Choose
    wait: WaitUntil
    then: str
    failed: str | None
    stopped: str


def share_settling(machine: Level) -> Level:
    """Share the settling of tasks, in every level for itself."""
    for level in all_levels(machine):
        groups: dict[tuple[str | None, str], list[_Settling]] = defaultdict(list)
        for state in list(level.states.values()):
            if isinstance(state, Invoke) and state.op is Op.SETTLE:
                settling = _settling_of(state, level)
                groups[settling.failed, settling.stopped].append(settling)
        for members in groups.values():
            if len(members) > 1:
                _share(members, level)
    return machine


def _settling_of(settle: Invoke, level: Level) -> _Settling:
    verdict = level.states[settle.next]
    if not isinstance(verdict, Choose):
        raise TypeError(f"{settle.name} leads to no verdict")
    wait = level.states[verdict.cases[Verdict.RETRY]]
    if not isinstance(wait, WaitUntil):
        raise TypeError(f"{verdict.name} leads to no wait")
    then = verdict.cases[Verdict.CONTINUE]
    failed = verdict.default if verdict.default != then else None
    return _Settling(wait.next, settle, verdict, wait, then, failed, verdict.cases[Verdict.STOP])


def _share(members: Sequence[_Settling], level: Level) -> None:
    first = members[0]
    place = first.settle.name.removesuffix(":settle")
    names = {role: f"{place}:{role}" for role in ("settling", "verdicts", "waiting", "again", "behind")}
    for member in members:
        for state in (member.settle, member.verdict, member.wait):
            del level.states[state.name]
        level.add(Note(member.settle.name, member.settle.task, NOTED, next=names["settling"]))
    again = _lead(level, names["again"], {member.settle.task: member.entry for member in members})
    # A run that has ended answers so at once, so going on leads through it: no second Choice over all tasks is needed.
    onward, failed = again, first.failed
    if failed is None:
        onward = failed = _lead(level, names["behind"], {member.settle.task: member.then for member in members})
    level.add(replace(first.settle, name=names["settling"], noted=NOTED, next=names["verdicts"], caught=failed))
    cases: Mapping[str, str] = {
        Verdict.CONTINUE: onward,
        Verdict.STOP: first.stopped,
        Verdict.RETRY: level.add(replace(first.wait, name=names["waiting"], next=again)),
    }
    level.add(Choose(names["verdicts"], first.verdict.variable, cases, default=failed))


def _lead(level: Level, name: str, targets: Mapping[str, str]) -> str:
    """Where the noted task's target is; without a Choice where it is the same for all of them."""
    *_, last = targets.values()
    others = {task: target for task, target in targets.items() if target != last}
    return level.add(Choose(name, NOTED, others, default=last, is_there=True)) if others else last
