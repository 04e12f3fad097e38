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
        self.begins: Counter[str] = Counter()
        """How often the tasks of a WorkingDirectory were begun, by its task run's id: again only where one was lost."""
        self._leases: dict[str, str] = {}
        self._ended: dict[str, int] = {}
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
                    run_id = write.key.sort.removeprefix(schema.TASK_RUNS)
                    self._done.discard(run_id)
                    for forgotten in (self.effects, self.begins, self._leases, self._ended):
                        forgotten.pop(run_id, None)
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
        if sort.startswith(schema.TASK_RUNS):
            self._saw_directory(body, name)

    def _saw_directory(self, body: dict[str, Any], name: str) -> None:
        """An invocation of a WorkingDirectory begins, or has come to its end: then none begins before a restart."""
        run_id, progress = body["id"], body["progress"]
        lease = (progress.get("lease") or {}).get("holder")
        restarts = [entry["state"] for entry in body["state"]["histories"]].count("RESTARTED")
        if not progress.get("unfinished"):
            if run_id in self._leases:
                self._ended[run_id] = restarts
        elif lease is not None and lease != self._leases.get(run_id):
            self._leases[run_id] = lease
            self.begins[run_id] += 1
            if restarts <= self._ended.get(run_id, -1):
                self.violations.append(f"{name} ({run_id}) was begun again after its end")

    def work(self, context: RunContext, failures: int) -> dict[str, Any]:
        """The work of a probe, which fails so many times."""
        with self._lock:
            self.effects[context.task_run_id] += 1
            if context.task_run_id in self._done:
                self.violations.append(f"{context.task_id} ({context.task_run_id}) ran again after its success")
        if context.attempt < failures:
            raise TaskFailure("not yet")
        return {"done": context.task_run_id}
