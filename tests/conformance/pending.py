"""Conformance cases that cannot pass yet, by the feature that they wait for. The list can only become shorter."""

from __future__ import annotations

_WAITING: dict[str, list[str]] = {
    "ForEachItem": ["for-each-item", "for-each-item-failed", "for-each-item-outputs"],
    "`logToFile`": ["log-to-file"],
    "the Flow trigger": [
        "flow-trigger",
        "flow-trigger-inputs",
        "flow-trigger-preconditions",
        "flow-trigger-states",
        "multiple-condition-trigger",
        "multiple-condition-trigger-failed",
        "x-flow-trigger-outputs",
    ],
}

PENDING = {case: feature for feature, cases in _WAITING.items() for case in cases}
"""By case: what it waits for."""
