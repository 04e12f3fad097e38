"""The types of this installation and the schema of flows, as editors and Kestra's clients ask for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jsonschema import Draft7Validator

from thermik.api.application import Api
from thermik.api.services import Services
from thermik.triggers.registry import TriggerRegistry
from unit.api.conftest import Caller

LOG = "io.kestra.plugin.core.log.Log"


@pytest.fixture
def knowing(services: Services) -> Caller:
    return Caller(Api(replace(services, triggers=TriggerRegistry()), None))


def test_types_are_listed_by_family(knowing: Caller) -> None:
    _, families = knowing.call("GET", "/api/v1/plugins")

    by_name = {family["name"]: family for family in families}
    assert {"cls": LOG} in by_name["io.kestra.plugin.core.log"]["tasks"]
    assert {"cls": "io.kestra.plugin.core.trigger.Webhook"} in by_name["io.kestra.plugin.core.trigger"]["triggers"]
    assert {"cls": "io.kestra.plugin.core.condition.Not"} in by_name["io.kestra.plugin.core.condition"]["conditions"]


def test_a_type_is_documented(knowing: Caller) -> None:
    status, found = knowing.call("GET", f"/api/v1/plugins/{LOG}")

    assert status == 200
    assert found["schema"]["properties"]["title"] == LOG
    assert "- `message` (required)" in found["markdown"]
    assert "- `disabled` (default `False`) — The flow runs as if" in found["markdown"]
    assert knowing.call("GET", "/api/v1/plugins/no.Such")[0] == 404


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("flow", {"id": "a", "namespace": "b", "tasks": [{"id": "l", "type": LOG, "message": "m"}]}, {"id": "a"}),
        ("task", {"id": "l", "type": LOG, "message": "m"}, {"id": "l", "type": LOG}),
        (
            "trigger",
            {"id": "t", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "* * * * *"},
            {"id": "t", "type": LOG},
        ),
        ("plugindefault", {"type": "x", "values": {"a": 1}}, {"values": {}}),
    ],
)
def test_a_schema_tells_good_from_bad(knowing: Caller, kind: str, good: object, bad: object) -> None:
    _, schema = knowing.call("GET", f"/api/v1/plugins/schemas/{kind}")

    Draft7Validator.check_schema(schema)
    assert not list(Draft7Validator(schema).iter_errors(good))
    assert list(Draft7Validator(schema).iter_errors(bad))


def test_there_is_no_other_schema(knowing: Caller) -> None:
    assert knowing.call("GET", "/api/v1/plugins/schemas/dashboard")[0] == 404


def test_expressions_are_listed(knowing: Caller) -> None:
    assert "slugify" in knowing.call("GET", "/api/v1/plugins/pebble/filters")[1]
    assert "secret" in knowing.call("GET", "/api/v1/plugins/pebble/functions")[1]
