"""Waiting for something to happen to an execution, without a thread: a write in this process, or a moment's passing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from thermik.local.asgi_body import Disconnected
from thermik.local.changes import Changes, is_end
from thermik.storage import schema
from thermik.storage.table import Record

ASK_SECONDS = 1.0
"""How often to look without having been told: another process may run the execution."""

AT_MOST_EVERY = 0.1
"""Seconds between two looks at an execution that changes all the time."""


class Waiting:
    """Within `with`: `next` returns when it is worth looking again."""

    def __init__(
        self,
        changes: Changes,
        execution_id: str,
        closing: asyncio.Event,
        receive: Callable[[], Awaitable[dict[str, Any]]],
        *,
        only_ends: bool,
    ) -> None:
        self._partition = schema.execution_partition(execution_id)
        self._changes = changes
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()
        self._closing = closing
        self._only_ends = only_ends
        self._listening: AbstractContextManager[None] = changes.listen(self._partition, self._listen)
        self._gone = self._loop.create_task(_disconnected(receive))

    def __enter__(self) -> Self:
        self._listening.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gone.cancel()
        self._listening.__exit__(kind, error, trace)

    def has_ended(self) -> bool:
        """Whether the execution is known to have ended already; to be asked first, since nobody tells it again."""
        return self._changes.has_ended(self._partition)

    async def next(self) -> bool:
        """Wait; false when the server is about to end. Raises: Disconnected."""
        tasks = [self._loop.create_task(self._told.wait()), self._loop.create_task(self._closing.wait())]
        try:
            await asyncio.wait([*tasks, self._gone], timeout=ASK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        if self._gone.done():
            raise Disconnected
        if not self._only_ends:
            await asyncio.sleep(AT_MOST_EVERY)
        self._told.clear()
        return not self._closing.is_set()

    def _listen(self, record: Record) -> None:
        if self._only_ends and not is_end(record):
            return
        try:
            self._loop.call_soon_threadsafe(self._told.set)
        except RuntimeError:  # the loop has ended, and with it who waited
            return


async def _disconnected(receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
