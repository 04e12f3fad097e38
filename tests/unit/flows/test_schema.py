from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from conftest import REPOSITORY, shared_dir
from thermik.flows.glossary import MEANINGS, SAMPLES
from thermik.flows.schema import flow_schema, type_schema
from thermik.flows.source import read_source
from thermik.flows.validation import validate_source
from thermik.tasks.registry import Registry
from thermik.triggers.registry import TriggerRegistry
from unit.flows.sample import LOG, log

TYPES, TRIGGERS = Registry(), TriggerRegistry()


@cache
def validator() -> Draft7Validator:
    return Draft7Validator(flow_schema(TYPES, TRIGGERS))


def flow(**properties: Any) -> dict[str, Any]:
    return {"id": "a", "namespace": "b", "tasks": [log()], **properties}


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(validator().schema)


@pytest.mark.parametrize(
    "data",
    [
        flow(),
        flow(description=None, labels={"a": 1, "b": True}),
        flow(labels=[{"key": "a", "value": "b"}]),
        flow(inputs=[{"name": "a", "type": "BOOL"}, {"id": "b", "type": "MULTISELECT", "options": ["x"]}]),
        flow(tasks=[log(timeout="PT1M", retry={"type": "constant", "interval": 5, "maxAttempt": 2})]),
        flow(tasks=[log(timeout="{{ inputs.t }}", runIf=False)]),
        flow(tasks=[{**log(), "type": "io.kestra.core.tasks.log.Log"}]),
        flow(triggers=[{"id": "t", "type": "io.kestra.core.models.triggers.types.Schedule", "cron": "* * * * *"}]),
    ],
)
def test_accepted(data: dict[str, Any]) -> None:
    assert not list(validator().iter_errors(data))


@pytest.mark.parametrize(
    "data",
    [
        {"id": "a", "namespace": "b"},
        flow(tasks=[]),
        flow(unknown=1),
        flow(tasks=[log(unknown=1)]),
        flow(tasks=[{"id": "x", "type": LOG}]),
        flow(tasks=[{"id": "x", "type": "no.Such"}]),
        flow(tasks=[log(retry={"type": "constant"})]),
        flow(tasks=[log(logLevel="LOUD")]),
        flow(id="-a"),
        flow(inputs=[{"type": "STRING"}]),
        flow(inputs=[{"id": "a", "type": "FOO"}]),
        flow(outputs=[{"id": "a", "type": "STRING"}]),
        flow(concurrency={"limit": 0}),
        flow(triggers=[{"id": "t", "type": "io.kestra.plugin.core.trigger.Webhook"}]),
        flow(tasks=[{"id": "p", "type": "io.kestra.plugin.core.flow.Parallel", "tasks": [log(unknown=1)]}]),
    ],
)
def test_refused(data: dict[str, Any]) -> None:
    assert list(validator().iter_errors(data))


def test_one_type_with_what_it_needs() -> None:
    schema = type_schema(LOG, TYPES, TRIGGERS)

    Draft7Validator.check_schema(schema)
    assert schema["title"] == LOG
    assert schema["properties"]["message"]
    assert schema["properties"]["disabled"]["description"]
    assert schema["description"].startswith("Log one or more messages.")
    assert "AnyTask" not in schema["definitions"]
    assert not list(Draft7Validator(schema).iter_errors(log()))
    with pytest.raises(KeyError):
        type_schema("no.Such", TYPES, TRIGGERS)


def test_every_property_is_described() -> None:
    schema = validator().schema
    models = {"Flow": schema, **schema["definitions"]}
    silent = [
        f"{name}.{key}"
        for name, model in models.items()
        if isinstance(model, dict)
        for key, said in model.get("properties", {}).items()
        if not ("description" in said or "$ref" in said)
    ]
    assert silent == []


def test_the_glossary_names_only_properties_that_there_are() -> None:
    definitions = [each for each in validator().schema["definitions"].values() if isinstance(each, dict)]
    names = {name for each in (*definitions, validator().schema) for name in each.get("properties", {})}
    assert {name.rpartition(".")[2] for name in (*MEANINGS, *SAMPLES)} <= names


def _typed() -> list[str]:
    return [*TYPES.names(), *TRIGGERS.names(), *TRIGGERS.condition_names()]


@pytest.mark.parametrize("name", _typed())
def test_a_type_has_an_example_that_is_valid(name: str) -> None:
    [example] = validator().schema["definitions"][name]["examples"]
    if name in TYPES.names():
        written = flow(tasks=[example])
    elif name in TRIGGERS.names():
        written = flow(triggers=[example])
    else:
        trigger = {"id": "t", "type": "io.kestra.plugin.core.trigger.Flow", "conditions": [example]}
        written = flow(triggers=[trigger])

    assert not list(validator().iter_errors(written))
    assert [problem.text for problem in validate_source(yaml.safe_dump(written), TYPES, TRIGGERS)] == []


BEYOND_SHAPE = (
    "Duplicate ",
    "Recursive call",
    "No task defined",
    "Illegal flow yaml",
    "invalid pattern",
    "no `defaults` can be set",
    "`itemType` cannot be",
    "cannot have as sub-tasks",
    "Cyclic dependency",
    "Not existing task id",
    "Only runnable tasks",
    "The 'tasks' property",
)
"""What no schema can say, or this one leaves to the validation."""


def _flows() -> list[Any]:
    folders = [REPOSITORY / "examples"]
    if (shared := shared_dir()) is not None:
        folders.append(shared / "conformance" / "flows")
    files = [path for folder in folders for path in sorted(folder.rglob("*.y*ml"))]
    return [pytest.param(path.read_text(), id=path.stem) for path in files]


@pytest.mark.parametrize("text", _flows())
def test_it_agrees_with_the_validation_on_shape(text: str) -> None:
    found = [each.message for each in validate_source(text, TYPES, TRIGGERS) if "not supported" not in each.message]
    of_shape = [message for message in found if not message.startswith(BEYOND_SHAPE)]

    errors = [error.message for error in validator().iter_errors(read_source(text).data)]

    assert bool(errors) == bool(of_shape), (errors, found)
