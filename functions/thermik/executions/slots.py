"""A flow's concurrency limit: who holds a slot, and who waits for one.

A slot is owned by an execution's id, so taking and releasing can be repeated, and nothing counts. The holders of a
flow are one item, changed by condition; those who wait are items of their own, oldest first. A slot passes from
one to the next in one transaction; an execution that was given a slot and not started yet is started by the sweep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from thermik.storage import schema
from thermik.storage.errors import Conflict
from thermik.storage.table import Delete, Key, Put, Record, Table

MAX_ROUNDS = 200
"""How often a change of the holders begins again when others change them, too: each time one of them got through."""


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of one flow."""

    table: Table
    namespace: str
    flow_id: str

    def take(self, execution_id: str, limit: int) -> bool:
        """Take a slot if one is free; whether the execution holds one now."""
        for _ in range(MAX_ROUNDS):
            record, holders = self._holders()
            if execution_id in holders:
                return True
            if len(holders) >= limit:
                return False
            if self._wrote(Put(_with(record, [*holders, execution_id]))):
                return True
        raise Conflict(f"the slots of {self.namespace}.{self.flow_id} are being changed by too many")

    def hold(self, execution_id: str) -> None:
        """Take a slot whatever the limit says: what was ended and goes on is not counted anew."""
        self.take(execution_id, limit=1 << 30)  # no flow has so many

    def holders(self) -> list[str]:
        """The executions that hold a slot."""
        return self._holders()[1]

    def holds(self, execution_id: str) -> bool:
        """Whether the execution holds a slot."""
        return execution_id in self._holders()[1]

    def release(self, execution_id: str) -> None:
        """Give up a slot, or the place in the queue; nothing happens if there is none."""
        for _ in range(MAX_ROUNDS):
            record, holders = self._holders()
            if execution_id not in holders:
                return
            if self._wrote(Put(_with(record, [each for each in holders if each != execution_id]))):
                return
        raise Conflict(f"the slots of {self.namespace}.{self.flow_id} are being changed by too many")

    def queue(self, execution_id: str, created: str) -> None:
        """Wait for a slot."""
        try:
            self.table.write(Put(Record(self._place(execution_id, created), {"execution": execution_id})))
        except Conflict:
            return  # it waits already

    def leave(self, execution_id: str, created: str) -> None:
        """Wait no longer."""
        self.table.write(Delete(self._place(execution_id, created)))

    def pass_on(self, limit: int) -> str | None:
        """Give a free slot to who has waited longest; its execution's id, None if there is no slot or nobody waits."""
        for _ in range(MAX_ROUNDS):
            record, holders = self._holders()
            waiting = self.table.query(schema.queue_partition(self.namespace, self.flow_id), limit=1).records
            if len(holders) >= limit or not waiting:
                return None
            first = waiting[0]
            execution_id: str = first.body["execution"]
            taken = Put(_with(record, list(dict.fromkeys([*holders, execution_id]))))
            if self._wrote(taken, Delete(first.key, first.version)):
                return execution_id
        raise Conflict(f"the slots of {self.namespace}.{self.flow_id} are being changed by too many")

    def _holders(self) -> tuple[Record, list[str]]:
        key = schema.slots(self.namespace, self.flow_id)
        record = self.table.get([key])[0] or Record(key, {"holders": []})
        return record, record.body["holders"]

    def _place(self, execution_id: str, created: str) -> Key:
        return Key(schema.queue_partition(self.namespace, self.flow_id), f"{created}#{execution_id}")

    def _wrote(self, *writes: Put | Delete) -> bool:
        try:
            self.table.write(*writes)
        except Conflict:
            return False
        return True


def _with(record: Record, holders: list[str]) -> Record:
    return replace(record, body={"holders": holders})
