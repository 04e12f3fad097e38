"""The stage that turns a flow's tree into states.

It works backwards: a task is lowered when it is known where its success, its failure and a stop lead
(`Exits`), and answers the name of the state that begins it. So a sequence is a fold from its last task to
its first, and a flowable puts its own closing between its children and its exits. How each shape of
flowable does that stands in a module of its own (`machines/shapes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from thermik.flows.task import BatchesTask, CallingTask, FlowableTask
from thermik.flows.tree import ERRORS, FINALLY, Node
from thermik.machines.loops import add_turns
from thermik.machines.states import (
    FAILED,
    SKIP,
    STOPPED,
    Choose,
    Done,
    Fails,
    Invoke,
    Level,
    Op,
    Turns,
    Verdict,
    WaitUntil,
)
from thermik.records import record

ALWAYS = "true"
"""The `runIf` of a task that has none."""

BATCHES_AT_ONCE = 40
"""Executions of other flows that one ForEachItem has under way: as many as an inline Map runs at once
(https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html). More would only contend for the one task
run into which each writes what became of its batch. Kestra has no limit."""


@record
class Exits:
    """Where to go on: after success, after a failure for good, and when the execution may not go on."""

    then: str
    failed: str
    stopped: str


@record
class Inside:
    """What a flowable's children and its opening lead to.

    Attributes:
        exits: of the children. skipped: when `runIf` said no. unopened: when opening failed.
    """

    exits: Exits
    skipped: str
    unopened: str


LowerShape = Callable[["Lowering", Node, Any, Inside, Level], str]


@record
class Lowering:
    """The stage's settings: how each shape is lowered."""

    shapes: Mapping[type, LowerShape]

    def sequence(self, nodes: Sequence[Node], exits: Exits, level: Level) -> str:
        """Tasks one after the other; the first failure leads out. No tasks: straight to the end."""
        entry = exits.then
        for node in reversed(nodes):
            entry = self.task(node, replace(exits, then=entry), level)
        return entry

    def handlers(self, nodes: Sequence[Node], then: str, stopped: str, level: Level) -> str:
        """Tasks of `errors` or `finally`: one after the other, whatever becomes of each."""
        entry = then
        for node in reversed(nodes):
            entry = self.task(node, Exits(entry, entry, stopped), level)
        return entry

    def task(self, node: Node, exits: Exits, level: Level) -> str:
        """One task: what runs, or what orders others."""
        if isinstance(node.task, FlowableTask):
            return self._flowable(node, node.task, exits, level)
        if isinstance(node.task, CallingTask):
            return self._calling(node, exits, level)
        if isinstance(node.task, BatchesTask):
            return self._batches(node, exits, level)
        level.add(Invoke(node.id, Op.RUN, node.id, next=exits.then, caught=f"{node.id}:settle", error_path="error"))
        self._settling(node, exits, level)
        return node.id

    def branch(self, nodes: Sequence[Node]) -> Level:
        """Tasks one after the other as a level of their own: a branch of a Parallel, a turn of a Map."""
        level = Level()
        level.start = self.sequence(nodes, ends(nodes[0].id, level), level)
        return level

    def open(self, node: Node, inside: Inside, level: Level, entry: str, *, select: tuple[str, ...] = ()) -> str:
        """The state that opens a flowable and leads to `entry`, around it if `runIf` may say no."""
        if node.task.run_if == ALWAYS:
            return level.add(self._opening(node, inside, entry, select))
        opened = f"{node.id}:opened"
        level.add(Choose(opened, "opened.decision", {SKIP: inside.skipped}, default=entry))
        return level.add(self._opening(node, inside, opened, (*select, "decision")))

    def _opening(self, node: Node, inside: Inside, following: str, select: tuple[str, ...]) -> Invoke:
        keep = "opened" if select else None
        fields = tuple(dict.fromkeys(select))
        return Invoke(
            node.id,
            Op.OPEN,
            node.id,
            next=following,
            caught=inside.unopened,
            stopped=inside.exits.stopped,
            keep=keep,
            select=fields,
        )

    def _settling(self, node: Node, exits: Exits, level: Level) -> None:
        """What follows an invocation that did not succeed: a verdict, and where it leads."""
        settle, verdict, wait = f"{node.id}:settle", f"{node.id}:verdict", f"{node.id}:wait"
        cases: dict[str, str] = {Verdict.CONTINUE: exits.then, Verdict.STOP: exits.stopped}
        level.add(judged(settle, Op.SETTLE, node, verdict, caught=exits.failed))
        cases[Verdict.RETRY] = level.add(WaitUntil(wait, "settled.at", next=node.id))
        level.add(Choose(verdict, "settled.verdict", cases, default=exits.failed))

    def _calling(self, node: Node, exits: Exits, level: Level) -> str:
        """Start another execution, wait with a token for its end, take over how it ended."""
        join, settle = f"{node.id}:join", f"{node.id}:settle"
        level.add(Invoke(node.id, Op.CALL, node.id, next=join, caught=settle, error_path="error", waits=True))
        level.add(Invoke(join, Op.JOIN, node.id, next=exits.then, caught=settle, error_path="error"))
        self._settling(node, exits, level)
        return node.id

    def _batches(self, node: Node, exits: Exits, level: Level) -> str:
        """A turn for each batch: start another execution, wait with a token for its end, note how it ended."""
        each, join, settle = f"{node.id}:each", f"{node.id}:join", f"{node.id}:settle"
        batch, ended = f"{node.id}:batch", f"{node.id}:ended"
        turn = Level(batch)
        # An error of a turn, which no batch's failure is, ends the Map: `join` finds what was not brought to its end.
        turn.add(Invoke(batch, Op.BATCH, node.id, next=ended, waits=True))
        turn.add(Invoke(ended, Op.BATCH_ENDED, node.id, next=turn.add(Done(f"{node.id}:done"))))
        few = Turns(each, turn, BATCHES_AT_ONCE, next=join, stopped=exits.stopped, caught=join)
        entry = add_turns(level, few, node.id)
        level.add(
            Invoke(
                node.id,
                Op.BATCHES,
                node.id,
                next=entry,
                caught=settle,
                error_path="error",
                keep="opened",
                select=("items", "run", "count"),
            )
        )
        level.add(Invoke(join, Op.JOIN_BATCHES, node.id, next=exits.then, caught=settle, error_path="error"))
        self._settling(node, exits, level)
        return node.id

    def _flowable(self, node: Node, task: FlowableTask, exits: Exits, level: Level) -> str:
        """Open, the children as the shape has them, then `errors` and `finally`, then close."""
        # what may fail ends as WARNING, and what follows it runs
        failed = exits.then if task.allow_failure else exits.failed
        finally_ = node.branches.get(FINALLY, ())
        if finally_:  # both ways lead through it, so how it ends is known at run time only
            verdict = f"{node.id}:verdict"
            cases: dict[str, str] = {Verdict.CONTINUE: exits.then, Verdict.STOP: exits.stopped}
            level.add(Choose(verdict, "settled.verdict", cases, default=exits.failed))
            close = level.add(
                judged(f"{node.id}:close", Op.CLOSE, node, verdict, caught=exits.failed, stopped=exits.stopped)
            )
            well = badly = self.handlers(finally_, close, exits.stopped, level)
        else:
            well = level.add(_closing(f"{node.id}:close", node, exits.then, failed, exits.stopped))
            badly = level.add(_closing(f"{node.id}:failed", node, failed, failed, exits.stopped))
        handled = self.handlers(node.branches.get(ERRORS, ()), badly, exits.stopped, level)
        inside = Inside(Exits(well, handled, exits.stopped), skipped=exits.then, unopened=badly)
        return self.shapes[type(task.shape)](self, node, task.shape, inside, level)


def ends(name: str, level: Level) -> Exits:
    """The three ways in which a level inside another ends."""
    return Exits(
        then=level.add(Done(f"{name}:done")),
        failed=level.add(Fails(f"{name}:fail", FAILED)),
        stopped=level.add(Fails(f"{name}:stop", STOPPED)),
    )


def judged(name: str, op: Op, node: Node, following: str, *, caught: str, stopped: str | None = None) -> Invoke:
    """An invocation whose answer is a verdict for the Choice that follows."""
    return Invoke(
        name,
        op,
        node.id,
        next=following,
        caught=caught,
        stopped=stopped,
        keep="settled",
        select=("verdict", "at", "tries"),
        with_error=op in (Op.SETTLE, Op.SETTLE_DIRECTORY),
    )


def _closing(name: str, node: Node, following: str, caught: str, stopped: str) -> Invoke:
    """An invocation that closes a flowable where both ways out are known."""
    return Invoke(name, Op.CLOSE, node.id, next=following, caught=caught, stopped=stopped)
