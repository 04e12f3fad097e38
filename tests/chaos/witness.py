"""Watches what becomes durable and what is done outside of the table, and notes what must never happen."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from thermik.storage import schema
from thermik.storage.table import Delete, Put, Write
from thermik.tasks.runnable import RunContext, TaskFailure

_DONE = {"SUCCESS", "WARNING"}


class Witness:
    """Of one world: all lives write past it, all work calls it."""

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        """How often the work of a task run was begun, by its id."""
        self.violations: list[str] = []
        self.events: defaultdict[str, list[str]] = defaultdict(list)
        """What happened to each execution, in order: calls, writes, their fates, and what people did."""
        self._done: set[str] = set()
        self._histories: dict[tuple[str, str], list[Any]] = {}
        self._lock = threading.Lock()

    def tell(self, execution_id: str, what: str) -> None:
        """Note what happens to an execution, for whoever asks why."""
        self.events[execution_id].append(what)

    def saw(self, writes: Sequence[Write]) -> None:
        """These were written."""
        with self._lock:
            for write in writes:
                if isinstance(write, Delete):  # a restart forgets what handled the error, to be made anew
                    self._histories.pop((write.key.partition, write.key.sort), None)
                    self._done.discard(write.key.sort.removeprefix(schema.TASK_RUNS))
                    self.effects.pop(write.key.sort.removeprefix(schema.TASK_RUNS), None)
                elif isinstance(write, Put) and "histories" in (write.record.body.get("state") or ()):
                    self._saw(write.record.key.partition, write.record.key.sort, write.record.body)

    def _saw(self, partition: str, sort: str, body: dict[str, Any]) -> None:
        state = body["state"]
        name = f"{body.get('taskId', 'execution')} of {partition}"
        before = self._histories.get((partition, sort), [])
        if state["histories"][: len(before)] != before:
            # of two writes the later one may be noted first: only what contradicts it counts
            if before[: len(state["histories"])] != state["histories"]:
                self.violations.append(f"{name}: a history was rewritten: {before} -> {state['histories']}")
            return
        self._histories[partition, sort] = state["histories"]
        if sort.startswith(schema.TASK_RUNS) and state["current"] in _DONE:
            self._done.add(body["id"])

    def work(self, context: RunContext, failures: int) -> dict[str, Any]:
        """The work of a probe, which fails so many times."""
        with self._lock:
            self.effects[context.task_run_id] += 1
            if context.task_run_id in self._done:
                self.violations.append(f"{context.task_id} ({context.task_run_id}) ran again after its success")
        if context.attempt < failures:
            raise TaskFailure("not yet")
        return {"done": context.task_run_id}
