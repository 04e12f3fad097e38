"""Dates that a machine waits for; apart from the compiler, which the worker that writes them does without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def machine_date(instant: datetime) -> str:
    """A date to wait for, as every runner of machines understands it: whole seconds, rounded up."""
    whole = instant.astimezone(UTC).replace(microsecond=0)
    return f"{whole + timedelta(seconds=bool(instant.microsecond)):%Y-%m-%dT%H:%M:%SZ}"
