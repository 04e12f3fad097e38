"""KV pairs and states, on stores in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from thermik.tasks.ports import KeyValue, ValueKind
from thermik.tasks.runnable import TaskFailure
from thermik.tasks.state.place import merged
from unit.tasks.fake_context import FakeContext, make, outputs_of

NAMESPACE = "company.team"


def _kv(context: FakeContext, kind: str, **properties: Any) -> dict[str, Any]:
    return outputs_of(make(f"core.kv.{kind}", **properties), context)


def _state(context: FakeContext, kind: str, **properties: Any) -> dict[str, Any]:
    return outputs_of(make(f"core.state.{kind}", **properties), context)


@pytest.mark.parametrize(
    ("value", "kv_type", "stored", "kind"),
    [
        ("hello {{ flow.id }}", None, "hello orders", "STRING"),
        ("{{ inputs.object }}", None, {"int": 1}, "JSON"),
        ("{{ inputs.object.int }}", None, 1, "NUMBER"),
        ("{{ inputs.object.int == 1 }}", None, True, "BOOLEAN"),
        ("123.45", None, "123.45", "STRING"),
        ("123.45", "NUMBER", 123.45, "NUMBER"),
        ("12", "NUMBER", 12, "NUMBER"),
        ("true", "BOOLEAN", True, "BOOLEAN"),
        ("no", "BOOLEAN", False, "BOOLEAN"),
        ('[{"some":"value"}]', "JSON", [{"some": "value"}], "JSON"),
        ("2023-05-02T02:01:02+01:00", "DATETIME", "2023-05-02T01:01:02Z", "DATETIME"),
        ("2023-05-02", "DATE", "2023-05-02", "DATE"),
        ("P1DT5S", "DURATION", "PT24H5S", "DURATION"),
        ("{{ inputs.object }}", "STRING", {"int": 1}, "JSON"),
        ({"a": ["{{ flow.id }}"]}, None, {"a": ["orders"]}, "JSON"),
        (5, None, "5", "STRING"),
    ],
)
def test_set_keeps_the_type_or_makes_the_one_asked_for(
    context: FakeContext, value: Any, kv_type: str | None, stored: Any, kind: str
) -> None:
    context.variables["inputs"] = {"object": {"int": 1}}
    asked = {} if kv_type is None else {"kvType": kv_type}
    assert _kv(context, "Set", key="k-{{ flow.id }}", value=value, **asked) == {}
    pair = context.key_values.pairs[NAMESPACE, "k-orders"]
    assert (pair.value, type(pair.value), pair.kind) == (stored, type(stored), kind)
    assert _kv(context, "Get", key="k-orders") == {"value": stored}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "NUMBER"),
        ("true", "NUMBER"),
        ("NaN", "NUMBER"),
        ("1e999", "NUMBER"),
        ("{", "JSON"),
        ("2023-05-02T01:02:03", "DATETIME"),
        ("soon", "DATETIME"),
        ("tomorrow", "DATE"),
        ("5 minutes", "DURATION"),
    ],
)
def test_set_refuses_a_text_of_another_kind(context: FakeContext, value: str, kind: str) -> None:
    with pytest.raises(TaskFailure, match=f"is no value of type {kind}"):
        _kv(context, "Set", key="k", value=value, kvType=kind)


@pytest.mark.parametrize("key", ["", "-a", "a b", "a/b", "ä"])
def test_set_refuses_what_is_no_key(context: FakeContext, key: str) -> None:
    with pytest.raises(TaskFailure, match="Key must start with an alphanumeric character"):
        _kv(context, "Set", key=key, value="v")


@pytest.mark.parametrize("kind", ["Set", "Get", "Delete", "GetKeys"])
def test_what_is_no_namespace_is_refused(context: FakeContext, kind: str) -> None:
    given = {"GetKeys": {}, "Set": {"key": "k", "value": "v"}}.get(kind, {"key": "k"})
    with pytest.raises(TaskFailure, match=r"The namespace 'Not One' does not exist\."):
        _kv(context, kind, namespace="{{ 'Not One' }}", **given)


def test_set_carries_description_time_to_live_and_namespace(context: FakeContext) -> None:
    _kv(context, "Set", key="k", value="v", namespace="other", kvDescription="of {{ flow.id }}", ttl="PT1H")
    pair = context.key_values.pairs["other", "k"]
    assert (pair.description, pair.time_to_live) == ("of orders", timedelta(hours=1))


def test_set_does_not_overwrite_where_it_must_not(context: FakeContext) -> None:
    _kv(context, "Set", key="once", value="first", overwrite=False)
    message = r"^Cannot set value for key 'once'\. Key already exists and `overwrite` is set to `false`\.$"
    with pytest.raises(TaskFailure, match=message):
        _kv(context, "Set", key="once", value="second", overwrite=False)
    assert _kv(context, "Get", key="once") == {"value": "first"}


def test_an_unknown_kind_is_refused_when_the_flow_is_saved() -> None:
    with pytest.raises(ValidationError):
        make("core.kv.Set", key="k", value="v", kvType="BLOB")


@pytest.mark.parametrize(("kind", "outputs"), [("Get", {}), ("Delete", {"deleted": False})])
def test_a_missing_key_is_nothing_or_a_failure(context: FakeContext, kind: str, outputs: dict[str, Any]) -> None:
    assert _kv(context, kind, key="absent") == outputs
    with pytest.raises(TaskFailure, match=r"No value found for key 'absent' in namespace 'company\.team' and"):
        _kv(context, kind, key="absent", errorOnMissing=True)


def test_delete_and_list(context: FakeContext) -> None:
    for key in ("b-2", "a-1", "b-1"):
        context.key_values.pairs[NAMESPACE, key] = KeyValue("v", ValueKind.STRING)
    assert _kv(context, "GetKeys") == {"keys": ["a-1", "b-1", "b-2"]}
    assert _kv(context, "GetKeys", prefix="{{ 'b' }}-") == {"keys": ["b-1", "b-2"]}
    assert _kv(context, "GetKeys", namespace="other") == {"keys": []}
    assert _kv(context, "Delete", key="b-1") == {"deleted": True}
    assert _kv(context, "GetKeys", prefix="b") == {"keys": ["b-2"]}


def test_a_state_grows_and_goes(context: FakeContext) -> None:
    assert _state(context, "Get") == {"count": 0, "data": {}}
    assert _state(context, "Set", data={"n": 1, "{{ flow.id }}": "{{ flow.namespace }}"})["count"] == 2
    assert _state(context, "Set", data={"n": "{{ 1 + 1 }}"})["count"] == 2
    assert _state(context, "Get") == {"count": 2, "data": {"n": "2", "orders": NAMESPACE}}
    assert _state(context, "Delete") == {"deleted": True}
    assert _state(context, "Delete") == {"deleted": False}


@pytest.mark.parametrize("kind", ["Get", "Delete"])
def test_a_missing_state_may_be_a_failure(context: FakeContext, kind: str) -> None:
    with pytest.raises(TaskFailure, match="There is no state 'of-orders'"):
        _state(context, kind, name="of-{{ flow.id }}", errorOnMissing=True)


def test_whose_state_it_is(context: FakeContext) -> None:
    context.value = "a/b"
    keys = [
        _state(context, "Set", **properties)["key"]
        for properties in ({}, {"taskrunValue": False}, {"namespace": True}, {"name": "x"})
    ]
    assert keys == [
        "company.team/orders/default/a%2Fb",
        "company.team/orders/default",
        "company.team//default/a%2Fb",
        "company.team/orders/x/a%2Fb",
    ]


def test_documents_merge_deeply() -> None:
    old = {"map": {"a": 1, "b": {"c": 1}}, "list": [1], "value": 1}
    new = {"map": {"b": {"d": 2}}, "list": [2], "value": None, "more": 1}
    assert merged(old, new) == {
        "map": {"a": 1, "b": {"c": 1, "d": 2}},
        "list": [1, 2],
        "value": None,
        "more": 1,
    }
    assert old["list"] == [1]
