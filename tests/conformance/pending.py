"""Conformance cases that cannot pass yet, by the feature that they wait for. The list can only become shorter."""

from __future__ import annotations

_WAITING: dict[str, list[str]] = {}

PENDING = {case: feature for feature, cases in _WAITING.items() for case in cases}
"""By case: what it waits for."""
