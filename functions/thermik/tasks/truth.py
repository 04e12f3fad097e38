"""Kestra's one rule of truth, used wherever a condition is rendered: If, Fail, LoopUntil, runIf, FilterItems."""

from __future__ import annotations

_FALSE = frozenset({"", "false", "0", "-0"})


def is_true(rendered: str | None) -> bool:
    """Whether a rendered condition holds: all but null, `""`, `"false"`, `"0"`, `"-0"` (`"False"` and `" "` hold)."""
    return rendered is not None and rendered not in _FALSE
