"""What a key may be set to, and for how long."""

from __future__ import annotations

import pytest

from unit.api.conftest import Caller

PLACE = "/api/v1/main/namespaces/unit.api/kv/key"


@pytest.mark.parametrize(
    ("sent", "kind", "value"),
    [
        ("1.5", "NUMBER", 1.5),
        ("true", "BOOLEAN", True),
        ('{"a": [1]}', "JSON", {"a": [1]}),
        ("2024-05-06", "DATE", "2024-05-06"),
        ("plain words", "STRING", "plain words"),
        ("NaN", "STRING", "NaN"),  # no number of JSON
    ],
)
def test_the_type_is_told_from_the_value(caller: Caller, sent: str, kind: str, value: object) -> None:
    assert caller.call("PUT", PLACE, sent)[0] == 200

    _, found = caller.call("GET", PLACE)

    assert (found["type"], found["value"]) == (kind, value)


@pytest.mark.parametrize("sent", ["[NaN]", "{", "", "[" * 100_000])
def test_what_is_no_json_is_refused(caller: Caller, sent: str) -> None:
    assert caller.call("PUT", PLACE, sent)[0] == 400
    assert caller.call("GET", PLACE)[0] == 404


@pytest.mark.parametrize("ttl", ["soon", "PT0S", "-PT1H", "P900000000D"])
def test_a_lifetime_that_cannot_be_is_refused(caller: Caller, ttl: str) -> None:
    status, answer = caller.call("PUT", PLACE, "1", headers={"ttl": ttl})

    assert status == 422
    assert "'ttl'" in answer["message"]


def test_a_lifetime_gives_a_date(caller: Caller) -> None:
    assert caller.call("PUT", PLACE, "1", headers={"ttl": "P1D"})[0] == 200
    [entry] = caller.call("GET", PLACE.removesuffix("/key"))[1]
    assert entry["expirationDate"] > entry["updateDate"]


def test_the_keys_above_a_namespace_are_inherited(caller: Caller) -> None:
    caller.call("PUT", PLACE, "1")
    caller.call("PUT", PLACE.replace("unit.api", "unit.api.below"), "2")
    caller.call("PUT", PLACE.replace("unit.api", "unit").replace("/key", "/other"), "3")

    _, found = caller.call("GET", "/api/v1/main/namespaces/unit.api.below/kv/inheritance")

    assert [(each["namespace"], each["key"]) for each in found] == [("unit.api.below", "key"), ("unit", "other")]
