from __future__ import annotations

from datetime import UTC, datetime

import pytest

from thermik.api.flow_wire import flow_wire
from thermik.api.flows import documents
from thermik.flows.repository import FlowRevision


def wire(source: str) -> dict[str, object]:
    return flow_wire(FlowRevision("n.s", "a", 1, source, datetime(2030, 1, 1, tzinfo=UTC)))


def test_old_names_are_todays() -> None:
    shown = wire("id: a\ninputs:\n  - {name: old, type: INT}\n  - {id: new, type: INT}\ntaskDefaults: [{type: x}]\n")

    assert shown["inputs"] == [{"id": "old", "type": "INT"}, {"id": "new", "type": "INT"}]
    assert shown["pluginDefaults"] == [{"type": "x"}]


@pytest.mark.parametrize("source", ["inputs: [5]", "inputs: text", "{", ""])
def test_a_source_that_is_no_flow_is_shown_all_the_same(source: str) -> None:
    assert wire(source)["id"] == "a"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\n", ["a: 1\n"]),
        ("a: 1\n---\nb: 2\n", ["a: 1\n", "b: 2\n"]),
        ("---\na: 1\n--- # next\n\n# nothing\n---\nb: 2", ["a: 1\n", "b: 2"]),
        ("", [""]),
        ("a: |\n  ---\n", ["a: |\n  ---\n"]),
    ],
)
def test_documents_stand_as_they_are(text: str, parts: list[str]) -> None:
    assert documents(text) == parts
