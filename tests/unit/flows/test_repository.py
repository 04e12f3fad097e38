from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from thermik.clock import SystemClock
from thermik.flows import repository
from thermik.flows.plugin_defaults import Default
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowNotFound, Flows
from thermik.storage.files import FileBlobs
from thermik.storage.sqlite import SqliteTable
from unit.flows.sample import LOG, TYPES, log, parse, source


class CountingTable:
    """Counts the reads of a table."""

    def __init__(self, table: SqliteTable) -> None:
        self.table = table
        self.reads = 0

    def get(self, keys: Any) -> Any:
        self.reads += 1
        return self.table.get(keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[CountingTable]:
    opened = SqliteTable(tmp_path / "table.db")
    yield CountingTable(opened)
    opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


@pytest.fixture
def flows(table: CountingTable, blobs: FileBlobs) -> Flows:
    return Flows(table, blobs, TYPES, SystemClock())


def test_a_saved_flow_is_found_with_its_source_to_the_byte(flows: Flows) -> None:
    text = "# note\r\n" + source(description="ü")

    saved = flows.save(parse(text))

    assert saved.revision == 1
    assert flows.get("tests", "sample") == saved
    assert flows.get("tests", "sample").source == text
    assert flows.load("tests", "sample").flow.description == "ü"


def test_an_equal_source_makes_no_revision_and_another_one_does(flows: Flows) -> None:
    first = flows.save(parse())

    assert flows.save(parse()) == first
    assert flows.save(parse(source() + "# comment")).revision == 2
    assert flows.save(parse()).revision == 3
    assert [kept.revision for kept in flows.revisions("tests", "sample")] == [1, 2, 3]
    assert flows.get("tests", "sample", 1) == first


def test_create_refuses_a_flow_that_exists(flows: Flows) -> None:
    flows.create(parse())

    with pytest.raises(InvalidFlow, match="Flow id already exists"):
        flows.create(parse(description="other"))
    assert flows.latest_revision("tests", "sample") == 1


def test_update_refuses_what_is_not_there_and_another_name(flows: Flows) -> None:
    with pytest.raises(FlowNotFound):
        flows.update("tests", "sample", parse())
    flows.create(parse())
    with pytest.raises(InvalidFlow, match="Illegal flow id update"):
        flows.update("tests", "sample", parse(id="other"))
    with pytest.raises(InvalidFlow, match="Illegal namespace update"):
        flows.update("tests", "sample", parse(namespace="other"))
    assert flows.update("tests", "sample", parse(description="new")).revision == 2


def test_a_deleted_flow_keeps_its_history_and_its_numbers_go_on(flows: Flows) -> None:
    flows.create(parse())

    gone = flows.delete("tests", "sample")

    assert (gone.revision, gone.deleted) == (2, True)
    with pytest.raises(FlowNotFound):
        flows.get("tests", "sample")
    with pytest.raises(FlowNotFound):
        flows.load("tests", "sample")
    with pytest.raises(FlowNotFound):
        flows.delete("tests", "sample")
    with pytest.raises(FlowNotFound):
        flows.update("tests", "sample", parse())
    assert flows.get("tests", "sample", allow_deleted=True) == gone
    assert flows.get("tests", "sample", 1).deleted is False
    assert flows.list().flows == []
    assert flows.create(parse()).revision == 3
    assert [kept.deleted for kept in flows.revisions("tests", "sample")] == [False, True, False]


def test_unknown_flows_and_revisions(flows: Flows) -> None:
    flows.create(parse())

    for read in (
        lambda: flows.get("tests", "nobody"),
        lambda: flows.get("tests", "sample", 2),
        lambda: flows.load("tests", "sample", 2),
        lambda: flows.revisions("tests", "nobody"),
    ):
        with pytest.raises(FlowNotFound, match="not found"):
            read()


def test_lists_page_by_namespace_and_overall(flows: Flows) -> None:
    for namespace in ("a", "a.b", "a-b", "b"):
        for number in range(3):
            flows.create(parse(namespace=namespace, id=f"f{number}", disabled=number == 1))

    first = flows.list(limit=5)
    rest = flows.list(limit=100, cursor=first.cursor)
    of_one = flows.list("a.b")

    names = [(flow.namespace, flow.id) for flow in first.flows + rest.flows]
    assert len(names) == len(set(names)) == 12
    assert [(flow.namespace, flow.id, flow.disabled) for flow in of_one.flows] == [
        ("a.b", "f0", False),
        ("a.b", "f1", True),
        ("a.b", "f2", False),
    ]
    assert sorted(flows.namespaces()) == ["a", "a-b", "a.b", "b"]


def test_lists_tell_labels_and_lead_to_the_revisions_in_one_read(flows: Flows, table: CountingTable) -> None:
    for number in range(3):
        flows.create(parse(id=f"f{number}", labels={"team": f"t{number}"}))
    listed = flows.list("tests").flows
    before = table.reads

    found = flows.many(listed)

    assert [each.id for each in found] == ["f0", "f1", "f2"]
    assert table.reads == before + 1
    assert listed[1].labels == (("team", "t1"),)


def test_old_revisions_can_be_forgotten_but_not_the_newest(flows: Flows) -> None:
    for number in range(3):
        flows.save(parse(description=f"{number}"))

    flows.forget("tests", "sample", [1, 3, 9])

    assert [kept.revision for kept in flows.revisions("tests", "sample")] == [2, 3]
    assert flows.save(parse(description="new")).revision == 4
    with pytest.raises(FlowNotFound):
        flows.forget("tests", "nobody", [1])


def test_a_known_revision_is_loaded_without_reading(flows: Flows, table: CountingTable) -> None:
    flows.create(parse())
    loaded = flows.load("tests", "sample", 1)
    before = table.reads

    assert flows.load("tests", "sample", 1) is loaded
    assert table.reads == before


def test_the_memory_is_bounded(flows: Flows, table: CountingTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "CACHED_FLOWS", 2)
    small = Flows(table, flows.blobs, TYPES, SystemClock())
    for number in range(3):
        small.create(parse(id=f"f{number}"))
        small.load("tests", f"f{number}", 1)
    before = table.reads

    small.load("tests", "f2", 1)
    assert table.reads == before
    small.load("tests", "f0", 1)
    assert table.reads > before


def test_a_large_source_goes_to_a_blob(flows: Flows, blobs: FileBlobs) -> None:
    text = source(description="x" * repository.MAX_INLINE_SOURCE)

    flows.create(parse(text))

    assert flows.get("tests", "sample").source == text
    [blob] = blobs.list("_flows/tests/sample/")
    assert hashlib.sha256(text.encode()).hexdigest() in blob.key


def test_saves_at_the_same_time_never_share_a_number(flows: Flows) -> None:
    with ThreadPoolExecutor(8) as pool:
        saved = list(pool.map(lambda number: flows.save(parse(description=f"{number}")), range(12)))

    assert sorted(kept.revision for kept in saved) == list(range(1, 13))
    assert {kept.source for kept in flows.revisions("tests", "sample")} == {kept.source for kept in saved}


def test_global_defaults_reach_a_loaded_flow(table: CountingTable, blobs: FileBlobs) -> None:
    flows = Flows(table, blobs, TYPES, SystemClock(), global_defaults=[Default(LOG, {"level": "WARN"})])
    flows.create(parse())

    loaded = flows.load("tests", "sample")

    assert loaded.flow.tasks[0].level == "WARN"  # type: ignore[attr-defined]
    assert loaded.data["tasks"] == [log()]
    assert loaded.warning is None


def test_global_defaults_that_do_not_fit_are_left_out_with_a_warning(table: CountingTable, blobs: FileBlobs) -> None:
    flows = Flows(table, blobs, TYPES, SystemClock(), global_defaults=[Default(LOG, {"nonsense": 1})])
    flows.create(parse())

    loaded = flows.load("tests", "sample")

    assert loaded.flow.tasks[0].id == "hello"
    assert loaded.warning is not None
    assert 'Unrecognized field "nonsense"' in loaded.warning
