"""Labels: pairs of texts on flows, executions and triggers, written as a map or as a list."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from thermik.flows.model import FlowModel

SYSTEM_PREFIX = "system."
READ_ONLY = "system.readOnly"
"""The one label of Kestra's own that a flow may set."""


class Label(FlowModel):
    """One label."""

    key: str = Field(min_length=1)
    value: str


def _read_labels(value: Any) -> Any:
    """A map becomes the list that the API answers."""
    if isinstance(value, dict):
        return [{"key": key, "value": text} for key, text in value.items()]
    return value


Labels = Annotated[
    list[Label],
    BeforeValidator(_read_labels),
    WithJsonSchema(
        {
            "description": "A map of labels, or a list of key and value.",
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"key": {"type": "string"}, "value": {"type": ["string", "number", "boolean"]}},
                        "required": ["key", "value"],
                        "additionalProperties": False,
                    },
                },
            ],
        }
    ),
]
"""Labels as a flow's source may have them; always a list once read."""


def reserved(key: str, value: object, *, allowed: str | None = READ_ONLY) -> str | None:
    """Kestra's message against a label that only Kestra itself may set; None for any other.

    Args:
        allowed: the one system label that may be set here; None for none.
    """
    if not key.startswith(SYSTEM_PREFIX) or key == allowed:
        return None
    return f"System labels can only be set by Kestra itself, offending label: {key}={value}"
