from __future__ import annotations

from typing import Any

import pytest

from thermik.aes_gcm import AesGcm
from thermik.flows import aliases
from thermik.flows.input_types import INPUT_TYPES
from thermik.flows.inputs import TYPES
from thermik.flows.output_values import InvalidOutputs, output_values
from thermik.flows.outputs import Output
from unit.flows.sample import parse

KEY = AesGcm(b"k" * 16)


def declare(*outputs: dict[str, Any]) -> list[Output]:
    return parse(outputs=list(outputs)).flow.outputs


def one(kind: str, value: Any, **properties: Any) -> Any:
    declared = declare({"id": "o", "type": kind, "value": value, **properties})
    return output_values(declared, {"a": 5, "l": ["x", 2]}, encryption=KEY).values["o"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("STRING", "{{ a }}", "5"),
        ("INT", "{{ a }}", 5),
        ("INT", 7, 7),
        ("BOOLEAN", "{{ a == 5 }}", True),
        ("JSON", "{{ l }}", ["x", 2]),
        ("JSON", {"k": "{{ a }}"}, {"k": "5"}),
        ("ARRAY", ["{{ a }}", "b"], ["5", "b"]),
        ("ARRAY", "{{ l }}", ["x", 2]),
        ("DATETIME", "2024-05-06T10:00:00+02:00", "2024-05-06T08:00:00Z"),
        ("DURATION", "PT1M", 60.0),
        ("FILE", "kestra:///a", "kestra:///a"),
    ],
)
def test_values_of_each_type(kind: str, value: Any, expected: Any) -> None:
    assert one(kind, value) == expected


def test_an_empty_value_is_null_where_it_is_not_required() -> None:
    assert one("INT", "", required=False) is None
    with pytest.raises(InvalidOutputs):
        one("INT", "")


def test_every_failure_is_named() -> None:
    declared = declare(
        {"id": "a", "type": "INT", "value": "x"},
        {"id": "b", "type": "STRING", "value": "{{ nowhere }}"},
        {"id": "c", "type": "DATETIME", "value": "soon"},
        {"id": "d", "type": "STRING", "value": "fine"},
    )

    with pytest.raises(InvalidOutputs) as caught:
        output_values(declared, {})

    lines = str(caught.value).split("\n")
    assert lines[0].startswith("Invalid output for `a`, Expected `INT` but received `x` with errors: ")
    assert lines[0].endswith(", but received `x`")
    assert "Unable to find `nowhere`" in lines[1]
    assert lines[2].startswith("Invalid output for `c`, Expected `DATETIME`")
    assert len(lines) == 3


def test_secrets_are_encrypted_and_named_for_masking() -> None:
    declared = declare({"id": "s", "type": "SECRET", "value": "topsecret"})

    found = output_values(declared, {}, encryption=KEY)

    assert KEY.decrypt(found.values["s"]) == "topsecret"
    assert found.secrets == ("topsecret",)
    with pytest.raises(InvalidOutputs, match="encryption is not configured") as caught:
        output_values(declared, {})
    assert "topsecret" not in str(caught.value)


def test_outputs_have_the_types_of_inputs() -> None:
    assert set(TYPES) == {*INPUT_TYPES, *aliases.INPUT_TYPES}
