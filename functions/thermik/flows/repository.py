"""Flows and their revisions in the table: saved by condition, found, and loaded from memory where they can be.

A revision never changes. A save writes the new revision and moves `latest` to it in one transaction, which names
the version of `latest` that was read: of two saves at the same time one is told to look again, and no number is
given twice. A deletion is a revision too, so numbers go on when a flow is made anew.

Cost on AWS: a load of a known revision none once it is in memory, else one read; a save one read and one
transaction of two writes.
"""

from __future__ import annotations

import builtins
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from thermik.clock import Clock, instant_text, parse_instant
from thermik.flows import keys
from thermik.flows.cache import Cache
from thermik.flows.flow import Flow
from thermik.flows.plugin_defaults import Default
from thermik.flows.problems import InvalidFlow, Problem
from thermik.flows.source import read_source
from thermik.flows.task import TaskTypes
from thermik.flows.trigger import Starts, TriggerTypes
from thermik.flows.validation import ParsedFlow, build_flow
from thermik.records import record
from thermik.storage.blobs import Blobs
from thermik.storage.errors import Conflict
from thermik.storage.table import Delete, Index, Put, Record, Table

MAX_INLINE_SOURCE = 300_000
"""Bytes of a source that stay in the revision's item; a larger one goes to a blob (items hold 380 KiB)."""

MAX_SAVE_ROUNDS = 20
"""How often a save looks again when others save the same flow; each time one of them got through."""

CACHED_FLOWS = 200
"""Parsed revisions that a process remembers."""

_operator = logging.getLogger(__name__)


class FlowNotFound(Exception):
    """No flow, or no revision, of this name."""

    def __init__(self, namespace: str, flow_id: str, revision: int | None = None) -> None:
        of = f" in revision {revision}" if revision is not None else ""
        super().__init__(f"Flow '{namespace}.{flow_id}' not found{of}")
        self.namespace = namespace
        self.flow_id = flow_id
        self.revision = revision


@record
class FlowRevision:
    """One revision as it is kept.

    Attributes:
        source: the text, to the byte.
        deleted: the revision that a deletion made.
        updated: when it was saved.
    """

    namespace: str
    id: str
    revision: int
    source: str
    updated: datetime
    deleted: bool = False


@record
class LoadedFlow:
    """A revision, ready to run.

    Attributes:
        flow: the model with all plugin defaults.
        data: what the source says.
        warning: why global plugin defaults were left out; None where they fit.
    """

    revision: FlowRevision
    flow: Flow
    data: dict[str, Any]
    warning: str | None = None


@record
class FlowSummary:
    """What a list tells of a flow without reading its source."""

    namespace: str
    id: str
    revision: int
    disabled: bool
    updated: datetime
    labels: tuple[tuple[str, str], ...] = ()


@record
class FlowPage:
    """Some flows of a list, and where to go on: None when there are no more."""

    flows: list[FlowSummary]
    cursor: str | None


@record
class _Latest:
    """The newest revision's number, and the version of the item that tells it; number 0 of a flow that never was."""

    number: int = 0
    version: int = 0
    deleted: bool = True


@dataclass(eq=False)
class Flows:
    """The flows of a table.

    Attributes:
        triggers: the types of triggers; None knows none.
        global_defaults: plugin defaults of the installation.
        on_changed: is called with namespace and id of a flow that was saved or deleted; it raises nothing.
    """

    table: Table
    blobs: Blobs
    types: TaskTypes
    clock: Clock
    triggers: TriggerTypes | None = field(default=None, kw_only=True)
    global_defaults: Sequence[Default] = field(default=(), kw_only=True)
    on_changed: Callable[[str, str], None] | None = field(default=None, kw_only=True)
    _cache: Cache[LoadedFlow] = field(default_factory=lambda: Cache(CACHED_FLOWS), init=False)

    # --- saving

    def create(self, parsed: ParsedFlow) -> FlowRevision:
        """Save a flow that does not exist, or was deleted.

        Raises:
            InvalidFlow: it exists.
            Conflict: others kept saving it.
        """
        return self._save(parsed, must_exist=False)

    def update(self, namespace: str, flow_id: str, parsed: ParsedFlow) -> FlowRevision:
        """Save a flow that exists: a new revision if the source is another, else the revision there is.

        Raises:
            FlowNotFound: it does not exist, or was deleted.
            InvalidFlow: the source is of another id or namespace.
            Conflict: others kept saving it.
        """
        check_same_flow(namespace, flow_id, parsed.flow)
        return self._save(parsed, must_exist=True)

    def save(self, parsed: ParsedFlow) -> FlowRevision:
        """Create or update. Raises: Conflict."""
        return self._save(parsed, must_exist=None)

    def delete(self, namespace: str, flow_id: str) -> FlowRevision:
        """Delete a flow; its revisions stay, and the deletion is one.

        Raises:
            FlowNotFound: it does not exist, or was deleted before.
            Conflict: others kept saving it.
        """
        for _ in range(MAX_SAVE_ROUNDS):
            latest = self._latest(namespace, flow_id)
            if latest.deleted:
                raise FlowNotFound(namespace, flow_id)
            last = self._revision(namespace, flow_id, latest.number)
            gone = replace(last, revision=last.revision + 1, deleted=True, updated=self.clock.now())
            if self._wrote(gone, latest):
                return gone
        raise Conflict(f"flow {namespace}.{flow_id} was saved by others {MAX_SAVE_ROUNDS} times over")

    def _save(self, parsed: ParsedFlow, *, must_exist: bool | None) -> FlowRevision:
        flow = parsed.flow
        for _ in range(MAX_SAVE_ROUNDS):
            latest = self._latest(flow.namespace, flow.id)
            _check_existence(flow, latest, must_exist=must_exist)
            if not latest.deleted:
                last = self._revision(flow.namespace, flow.id, latest.number)
                if last.source == parsed.source:
                    return last
            number = latest.number + 1
            saved = FlowRevision(flow.namespace, flow.id, number, parsed.source, self.clock.now())
            if self._wrote(saved, latest, flow):
                return saved
        raise Conflict(f"flow {flow.namespace}.{flow.id} was saved by others {MAX_SAVE_ROUNDS} times over")

    def _wrote(self, revision: FlowRevision, latest: _Latest, flow: Flow | None = None) -> bool:
        listed = {
            "namespace": revision.namespace,
            "id": revision.id,
            "disabled": flow is not None and flow.disabled,
            "labels": [[label.key, label.value] for label in flow.labels] if flow else [],
        }
        body = {"revision": revision.revision, "deleted": revision.deleted, "updated": instant_text(revision.updated)}
        name = (revision.namespace, revision.id)
        # a deletion has no flow: its `latest` is in no list
        indexes = keys.indexes(revision.namespace, revision.id, **_listening(flow)) if flow is not None else {}
        newest = Record(keys.latest(*name), {**body, **listed}, latest.version, indexes)
        kept = Record(keys.revision(*name, revision.revision), {**body, **self._keep_source(revision)})
        try:
            self.table.write(Put(newest), Put(kept))
        except Conflict:
            return False
        # after the write: what a crash in between leaves untold, `triggers/upkeep.py` finds
        if self.on_changed is not None:
            self.on_changed(revision.namespace, revision.id)
        return True

    def _keep_source(self, revision: FlowRevision) -> dict[str, str]:
        content = revision.source.encode()
        if len(content) <= MAX_INLINE_SOURCE:
            return {"source": revision.source}
        # by its content, and before the item names it: two saves at a time cannot write over each other's
        key = keys.source_blob(revision.namespace, revision.id, hashlib.sha256(content).hexdigest())
        self.blobs.put(key, content)
        return {"sourceBlob": key}

    # --- reading

    def get(
        self, namespace: str, flow_id: str, revision: int | None = None, *, allow_deleted: bool = False
    ) -> FlowRevision:
        """A revision, or the newest.

        Args:
            allow_deleted: the newest may be a deletion. A revision by number is always given.

        Raises:
            FlowNotFound: there is none.
        """
        if revision is None:
            revision = self.latest_revision(namespace, flow_id, allow_deleted=allow_deleted)
        return self._revision(namespace, flow_id, revision)

    def latest_revision(self, namespace: str, flow_id: str, *, allow_deleted: bool = False) -> int:
        """The newest revision's number. Raises: FlowNotFound."""
        latest = self._latest(namespace, flow_id)
        if latest.number == 0 or (latest.deleted and not allow_deleted):
            raise FlowNotFound(namespace, flow_id)
        return latest.number

    def load(self, namespace: str, flow_id: str, revision: int | None = None) -> LoadedFlow:
        """A revision, or the newest, parsed. A revision by number that is in memory costs nothing.

        Raises:
            FlowNotFound: there is none.
            InvalidFlow: it was accepted once and is not any more (a type that is gone).
        """
        if revision is None:
            revision = self.latest_revision(namespace, flow_id)
        number = revision
        return self._cache.get(
            (namespace, flow_id, number), lambda: self.parse(self._revision(namespace, flow_id, number))
        )

    def parse(self, revision: FlowRevision) -> LoadedFlow:
        """A stored revision's model. Raises: InvalidFlow."""
        data = read_source(revision.source).data
        try:
            flow = build_flow(data, self.types, self.triggers, self.global_defaults)
        except InvalidFlow as invalid:
            if not self.global_defaults:
                raise
            # one default that does not fit must not stop every flow of its type: the flow as its author wrote it
            flow = build_flow(data, self.types, self.triggers)
            warning = f"Global plugin defaults do not fit this flow and are left out: {invalid}"
            _operator.warning("%s.%s, revision %d: %s", revision.namespace, revision.id, revision.revision, warning)
            return LoadedFlow(revision, flow, data, warning)
        return LoadedFlow(revision, flow, data)

    def revisions(self, namespace: str, flow_id: str) -> list[FlowRevision]:
        """Every revision, oldest first, deletions too. Raises: FlowNotFound: there never was such a flow."""
        found = [
            self._read(namespace, flow_id, record)
            for record in self._everything(keys.partition(namespace, flow_id), keys.REVISIONS)
        ]
        if not found:
            raise FlowNotFound(namespace, flow_id)
        return found

    def many(self, flows: Sequence[FlowSummary]) -> builtins.list[FlowRevision]:
        """The revisions that a list tells of, in its order, in as few reads as there are; what is gone is left out."""
        records = self.table.get([keys.revision(each.namespace, each.id, each.revision) for each in flows])
        pairs = zip(flows, records, strict=True)
        return [self._read(each.namespace, each.id, record) for each, record in pairs if record is not None]

    def forget(self, namespace: str, flow_id: str, revisions: Sequence[int]) -> None:
        """Remove old revisions for good; the newest stays. Unknown ones are passed over.

        Raises:
            FlowNotFound: there never was such a flow.
        """
        latest = self._latest(namespace, flow_id)
        if latest.number == 0:
            raise FlowNotFound(namespace, flow_id)
        for number in {*revisions} - {latest.number}:
            self.table.write(Delete(keys.revision(namespace, flow_id, number)))

    def list(self, namespace: str | None = None, *, limit: int = 100, cursor: str | None = None) -> FlowPage:
        """Flows that are not deleted, by namespace and id, a page at a time. Raises: InvalidCursor."""
        if namespace is None:
            page = self.table.query(keys.ALL, index=Index.SECOND, limit=limit, cursor=cursor)
        else:
            partition = keys.namespace_partition(namespace)
            page = self.table.query(partition, index=Index.FIRST, limit=limit, cursor=cursor)
        return FlowPage([_summary(record) for record in page.records], page.cursor)

    def namespaces(self) -> Iterator[str]:
        """Every namespace that has a flow, in order; one read each."""
        return namespaces_of(self.table)

    def _latest(self, namespace: str, flow_id: str) -> _Latest:
        [record] = self.table.get([keys.latest(namespace, flow_id)])
        if record is None:
            return _Latest()
        return _Latest(record.body["revision"], record.version, record.body["deleted"])

    def _revision(self, namespace: str, flow_id: str, number: int) -> FlowRevision:
        [record] = self.table.get([keys.revision(namespace, flow_id, number)])
        if record is None:
            raise FlowNotFound(namespace, flow_id, number)
        return self._read(namespace, flow_id, record)

    def _read(self, namespace: str, flow_id: str, record: Record) -> FlowRevision:
        body = record.body
        source = body["source"] if "source" in body else self._blob_text(body["sourceBlob"])
        updated = parse_instant(body["updated"])
        return FlowRevision(namespace, flow_id, body["revision"], source, updated, body["deleted"])

    def _blob_text(self, key: str) -> str:
        with self.blobs.open(key) as stream:
            return stream.read().decode()

    def _everything(self, partition: str, prefix: str) -> Iterator[Record]:
        cursor: str | None = None
        while True:
            page = self.table.query(partition, prefix=prefix, cursor=cursor)
            yield from page.records
            cursor = page.cursor
            if cursor is None:
                return


def _listening(flow: Flow) -> dict[str, bool]:
    """By what a flow is found when something happens that its triggers wait for."""
    active = {trigger.starts_by for trigger in flow.triggers if not (flow.disabled or trigger.disabled)}
    # of triggers with dates the disabled ones, too: their states are kept, and must be found to be switched off
    return {"listens": Starts.EXECUTIONS in active, "is_timed": any(t.starts_by == Starts.DATES for t in flow.triggers)}


def check_same_flow(namespace: str, flow_id: str, flow: Flow) -> None:
    """An update may change neither id nor namespace. Raises: InvalidFlow."""
    problems = []
    if flow.id != flow_id:
        problems.append(Problem("id", "Illegal flow id update"))
    if flow.namespace != namespace:
        problems.append(Problem("namespace", "Illegal namespace update"))
    if problems:
        raise InvalidFlow(problems)


def _check_existence(flow: Flow, latest: _Latest, *, must_exist: bool | None) -> None:
    if must_exist is True and latest.deleted:
        raise FlowNotFound(flow.namespace, flow.id)
    if must_exist is False and not latest.deleted:
        raise InvalidFlow([Problem("id", "Flow id already exists")])


def _summary(record: Record) -> FlowSummary:
    body = record.body
    updated = parse_instant(body["updated"])
    labels = tuple((key, value) for key, value in body["labels"])
    return FlowSummary(body["namespace"], body["id"], body["revision"], body["disabled"], updated, labels)


def namespaces_of(table: Table) -> Iterator[str]:
    """Every namespace that has a flow in a table, in order; one read each."""
    start: str | None = None
    while True:
        page = table.query(keys.ALL, index=Index.SECOND, start=start, limit=1)
        if page.records:
            namespace = str(page.records[0].body["namespace"])
            yield namespace
            start = namespace + keys.PAST_NAMESPACE
        elif page.cursor is None:  # a page may be empty and not the last: see `Table.query`
            return
