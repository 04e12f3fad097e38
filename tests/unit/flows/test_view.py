from __future__ import annotations

from datetime import UTC, datetime

from thermik.flows.view import flow_json, outline_json
from unit.flows.sample import LOG, SEQUENTIAL, log, parse, source


def test_a_flow_as_the_api_shows_it() -> None:
    data = parse(
        labels={"a": 1, "b": True},
        inputs=[{"name": "i", "type": "STRING"}],
        revision=99,
        taskDefaults=[{"type": LOG, "values": {"level": "WARN"}}],
    ).data

    shown = flow_json(data, revision=3, updated=datetime(2024, 1, 2, tzinfo=UTC))

    assert shown == {
        "id": "sample",
        "namespace": "tests",
        "tasks": [log()],
        "labels": [{"key": "a", "value": "1"}, {"key": "b", "value": "true"}],
        "inputs": [{"id": "i", "type": "STRING"}],
        "pluginDefaults": [{"type": LOG, "values": {"level": "WARN"}}],
        "revision": 3,
        "updated": "2024-01-02T00:00:00.000000Z",
        "disabled": False,
        "deleted": False,
        "draft": False,
    }


def test_nulls_are_left_out_and_the_source_is_there_where_asked_for() -> None:
    text = source() + "description: null\ndisabled: true\n"

    shown = flow_json(parse(text).data, source=text, deleted=True)

    assert "description" not in shown
    assert (shown["source"], shown["deleted"], shown["disabled"]) == (text, True, True)


def test_a_flow_for_an_execution_has_ids_and_types_only() -> None:
    inner = {"id": "s", "type": SEQUENTIAL, "tasks": [log("a")]}
    either = {"id": "e", "type": "test.Either", "then": [inner], "runIf": "true"}

    shown = outline_json(parse(tasks=[either], variables={"v": 1}).data, revision=1)

    small = {"id": "s", "type": SEQUENTIAL, "tasks": [{"id": "a", "type": LOG}]}
    assert shown["tasks"] == [{"id": "e", "type": "test.Either", "then": [small]}]
    assert (shown["variables"], shown["revision"]) == ({"v": 1}, 1)
