"""What is done now and then so that no trigger stalls: on a laptop every few seconds, on AWS by the sweep.

Flows and triggers are brought in step, and ends and changes looked for that nobody was told of.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from thermik.flows import keys
from thermik.storage.table import Index, Table
from thermik.triggers.listening import FlowTriggers
from thermik.triggers.scheduling import Schedules

PAGE = 500

_operator = logging.getLogger(__name__)


class Upkeep:
    """Does it, and knows which revisions it has seen."""

    def __init__(self, table: Table, schedules: Schedules, flow_triggers: FlowTriggers) -> None:
        self._table = table
        self._schedules = schedules
        self._flow_triggers = flow_triggers
        self._seen: dict[tuple[str, str], int] = {}

    def run(self) -> int:
        """Do all of it; how much failed, which the log tells."""
        return sum((self._sync(), self._tried(self._schedules.free_waiting), self._tried(self._flow_triggers.catch_up)))

    def _sync(self) -> int:
        failed = 0
        for namespace, flow_id, revision in self._timed_flows():
            if self._seen.get((namespace, flow_id)) == revision:
                continue
            try:
                self._schedules.sync(namespace, flow_id)
                self._seen[namespace, flow_id] = revision
            except Exception:  # noqa: BLE001 - one flow does not hold up the others
                failed += 1
                _operator.exception("the triggers of flow %s.%s cannot be brought in step", namespace, flow_id)
        return failed

    def _tried(self, work: Callable[[], int]) -> int:
        try:
            work()
        except Exception:  # noqa: BLE001 - the next round tries again
            _operator.exception("%s failed", work.__qualname__)
            return 1
        return 0

    def _timed_flows(self) -> Iterator[tuple[str, str, int]]:
        """Every flow with dates, in its newest revision."""
        cursor: str | None = None
        while True:
            page = self._table.query(keys.TIMED, index=Index.FOURTH, limit=PAGE, cursor=cursor)
            for record in page.records:
                yield record.body["namespace"], record.body["id"], record.body["revision"]
            cursor = page.cursor
            if cursor is None:
                return
