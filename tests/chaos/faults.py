"""What goes wrong in a life of a process: decided by the seed, for each write and each call by itself.

A fate depends on what is written and on how often that was tried, never on the order in which threads come, so a seed
brings the same faults again as far as the same things happen.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from chaos.witness import Witness
from engine.faults import Died
from engine.running import Around, Handle
from thermik.local.runtime import Runtime
from thermik.storage import schema
from thermik.storage.errors import BlobsUnavailable, Conflict, TableUnavailable
from thermik.storage.table import Put, Table, Write


class Fate(Enum):
    """What happens to a call of an adapter, or to an invocation of the worker."""

    DEATH_BEFORE = "the process dies before a write"
    DEATH_AFTER = "the process dies after a write"
    AWAY = "storage is away"
    ANSWER_LOST = "a write's answer is lost"
    DONE_AND_REFUSED = "a write is repeated by the network: done, and refused"
    RACE_LOST = "somebody else writes first"
    TWICE = "an operation is delivered again after its end"
    AT_ONCE = "an operation is delivered twice at once"
    RESULT_LOST = "the answer of an operation is lost"
    LATE = "an operation comes again later"


OF_WRITES = {
    Fate.DEATH_BEFORE: 3,
    Fate.DEATH_AFTER: 3,
    Fate.AWAY: 6,
    Fate.ANSWER_LOST: 6,
    Fate.DONE_AND_REFUSED: 6,
    Fate.RACE_LOST: 8,
}
"""How many of a thousand writes meet each fate."""

OF_INVOCATIONS = {Fate.TWICE: 20, Fate.AT_ONCE: 20, Fate.RESULT_LOST: 15, Fate.LATE: 10}


class ServiceException(Exception):
    """Lambda's own failure: the invocation may have been carried out or not."""

    error_type = "Lambda.ServiceException"


@dataclass
class Faults:
    """The faults of one life."""

    seed: str
    witness: Witness
    of_writes: Mapping[Fate, int] = field(default_factory=lambda: OF_WRITES)
    of_invocations: Mapping[Fate, int] = field(default_factory=lambda: OF_INVOCATIONS)
    died: threading.Event = field(default_factory=threading.Event)
    counted: Counter[Fate] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _late: list[Mapping[str, Any]] = field(default_factory=list)
    table: Table | None = None

    def around(self) -> Around:
        """What stands around a runtime's adapters."""
        return Around(
            table=lambda table: _Table(table, self),  # type: ignore[arg-type,return-value]
            blobs=lambda blobs: _Blobs(blobs, self),  # type: ignore[arg-type,return-value]
            handle=self._deliver,
        )

    def bury(self, runtime: Runtime) -> None:
        """What the kernel does with a process that is gone."""
        self.died.set()
        runtime.machines.engine.close(timeout=0)
        runtime.process.close()

    def alive(self) -> None:
        """Raises: Died."""
        if self.died.is_set():
            raise Died

    def fate(self, what: str, fates: Mapping[Fate, int]) -> Fate | None:
        """What happens to this; each time that it is tried it has another fate."""
        with self._lock:
            self._seen[what] += 1
            digest = hashlib.blake2b(f"{self.seed}/{what}/{self._seen[what]}".encode(), digest_size=4).digest()
            number = int.from_bytes(digest, "big") % 1000
            for fate, share in fates.items():
                if number < share:
                    self.counted[fate] += 1
                    return fate
                number -= share
        return None

    def tell_write(self, write: Write, fate: Fate | None) -> None:
        """Note a write that is tried, with the execution that it belongs to."""
        key = write.record.key if isinstance(write, Put) else write.key
        execution = key.partition.removeprefix(schema.execution_partition(""))
        if execution == key.partition or key.sort.startswith(schema.LOGS):
            return
        text = f"{type(write).__name__} {key.sort}"
        if isinstance(write, Put):
            body = write.record.body
            states = [entry["state"] for entry in (body.get("state") or {}).get("histories", ())]
            text += f" ({write.record.version}) {body.get('taskId', '')} {' '.join(states) or body}"
        self._tell(execution, text, fate)

    def _tell(self, execution: str, what: str, fate: Fate | None) -> None:
        text = f"{threading.current_thread().name} {self.seed.rpartition('/')[2]}: {what}"
        self.witness.tell(execution, text if fate is None else f"{text}: {fate.name}")

    def die(self) -> None:
        """The process is gone."""
        self.died.set()
        raise Died

    def _deliver(self, handle: Handle) -> Handle:
        pool = ThreadPoolExecutor(8)

        def deliver(payload: Mapping[str, Any]) -> dict[str, Any]:
            self.alive()
            context = payload["c"]
            what = f"{payload.get('op', 'run')} {payload['t']} {context['x']} {context['p']} {context['i']}"
            fate = self.fate(what, self.of_invocations)
            self._tell(context["x"], f"{what} of machine {context.get('g')}", fate)
            match fate:
                case Fate.TWICE:
                    with suppress(Exception):
                        handle(payload)
                case Fate.AT_ONCE:
                    pool.submit(handle, payload)
                case Fate.RESULT_LOST:
                    with suppress(Exception):
                        handle(payload)
                    raise ServiceException
                case Fate.LATE:
                    self._late.append(payload)
                case _:
                    pass
            if self._late and context["x"] != self._late[0]["c"]["x"]:
                with suppress(IndexError):
                    pool.submit(handle, self._late.pop(0))
            return handle(payload)

        return deliver


class _Table:
    """A table whose calls meet their fates."""

    def __init__(self, table: Table, faults: Faults) -> None:
        self._table = table
        self._faults = faults

    def get(self, *given: Any, **named: Any) -> Any:
        self._faults.alive()
        return self._table.get(*given, **named)

    def query(self, *given: Any, **named: Any) -> Any:
        self._faults.alive()
        return self._table.query(*given, **named)

    def close(self) -> None:
        self._table.close()

    def write(self, *writes: Write) -> None:
        faults = self._faults
        faults.alive()
        names = [(each.record.key, each.record.version) if isinstance(each, Put) else each.key for each in writes]
        fate = faults.fate(repr(names), faults.of_writes)
        for each in writes:
            faults.tell_write(each, fate)
        match fate:
            case Fate.DEATH_BEFORE:
                faults.die()
            case Fate.DEATH_AFTER:
                with suppress(Conflict):
                    self._write(writes)
                faults.die()
            case Fate.AWAY:
                raise TableUnavailable("away")
            case Fate.ANSWER_LOST:
                self._write(writes)
                raise TableUnavailable("away by now")
            case Fate.DONE_AND_REFUSED:
                self._write(writes)
                if any(isinstance(each, Put) for each in writes):
                    raise Conflict("written already")
            case Fate.RACE_LOST:
                self._touch(writes)
                self._write(writes)
            case _:
                self._write(writes)

    def _write(self, writes: tuple[Write, ...]) -> None:
        self._table.write(*writes)
        self._faults.witness.saw(writes)

    def _touch(self, writes: tuple[Write, ...]) -> None:
        """Somebody else changes the first item, to what it is."""
        for write in writes:
            if isinstance(write, Put) and write.record.version:
                found = self._table.get([write.record.key])[0]
                if found is not None:
                    with suppress(Conflict):
                        self._table.write(Put(replace(found)))
                return


class _Blobs:
    """Blobs whose writes meet their fates."""

    def __init__(self, blobs: Any, faults: Faults) -> None:
        self._blobs = blobs
        self._faults = faults

    def __getattr__(self, name: str) -> Callable[..., Any]:
        called = getattr(self._blobs, name)

        def call(*given: Any, **named: Any) -> Any:
            self._faults.alive()
            if name not in {"put", "delete"}:
                return called(*given, **named)
            fate = self._faults.fate(f"{name} {given[:1]}", self._faults.of_writes)
            if fate is Fate.DEATH_BEFORE:
                self._faults.die()
            if fate is Fate.AWAY:
                raise BlobsUnavailable("away")
            result = called(*given, **named)
            if fate is Fate.DEATH_AFTER:
                self._faults.die()
            if fate is Fate.ANSWER_LOST:
                raise BlobsUnavailable("away by now")
            return result

        return call
