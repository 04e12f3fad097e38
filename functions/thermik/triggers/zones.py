"""Time zones by the ids that Java knows: `Europe/Paris`, `UTC`, `Z`, `+02:00`, `GMT+2`."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d\d))?")
_MOST = timedelta(hours=18)


def zone(name: str) -> tzinfo:
    """The zone of an id.

    Raises:
        ValueError: there is none, in Kestra's words.
    """
    if name in ("Z", "UT"):
        return UTC
    match = _OFFSET.fullmatch(name)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if offset <= _MOST:
            return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"timezone '{name}' is not a valid time-zone ID") from error
