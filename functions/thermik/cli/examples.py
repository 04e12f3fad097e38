"""Examples under a command's help, kept as they are written."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """The end of a command's help text, which click is told not to wrap."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
