"""Instants as ASL writes them: RFC 3339 with an upper-case `T`, and `Z` or an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def parse_timestamp(text: Any) -> datetime | None:
    """The instant that a JSON value writes, or None if it writes none."""
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    fraction = match["fraction"]
    plain = match[0].replace(fraction, fraction[:7], 1) if fraction else match[0]  # Python keeps microseconds
    try:
        return datetime.fromisoformat(plain)
    except ValueError:  # the 31st of June
        return None


def timestamp_text(instant: datetime) -> str:
    """The context object's form: `2024-11-13T14:38:38.355Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
