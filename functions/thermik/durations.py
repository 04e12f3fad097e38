"""ISO 8601 durations as Kestra reads and writes them (Java's `Duration`).

A duration is a `timedelta`; years, months and weeks are refused since their length in time is
not fixed (Java's `Duration.parse` refuses them too).
"""

from __future__ import annotations

import re
from datetime import timedelta

_PATTERN = re.compile(
    r"(?P<sign>[+-])?P(?:(?P<days>[+-]?\d+)D)?"
    r"(?:T(?:(?P<hours>[+-]?\d+)H)?(?:(?P<minutes>[+-]?\d+)M)?(?:(?P<seconds>[+-]?\d+(?:[.,]\d{0,9})?)S)?)?",
    re.IGNORECASE,
)


def parse_duration(text: str) -> timedelta:
    """Read `PT1M30.5S`, `P1D`, `-PT5S`; letters in any case.

    Raises:
        ValueError: the text is no such duration, or longer than Python can hold.
    """
    match = _PATTERN.fullmatch(text.strip())
    parts = match.groupdict() if match else {}
    sign = parts.pop("sign", None)
    if not match or not any(parts.values()) or text.strip().upper().endswith("T"):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT30S, PT5M or P1D")
    numbers = {unit: float(value.replace(",", ".")) for unit, value in parts.items() if value}
    try:
        duration = timedelta(**numbers)
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long a duration") from error
    return -duration if sign == "-" else duration


def duration_text(duration: timedelta) -> str:
    """Write a duration as Java does: `PT1H2M3.5S`, `PT0S`, days as hours."""
    micros = duration // timedelta(microseconds=1)
    sign, micros = ("-" if micros < 0 else ""), abs(micros)
    minutes, micros = divmod(micros, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    whole, fraction = divmod(micros, 1_000_000)
    seconds = f"{whole}.{fraction:06d}".rstrip("0") if fraction else str(whole)
    text = "".join(f"{sign}{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M")) if value)
    if whole or fraction:
        text += f"{sign}{seconds}S"
    return f"PT{text or '0S'}"
