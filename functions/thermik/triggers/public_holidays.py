"""Public holidays of countries and of their subdivisions, from the library `holidays`, loaded when first asked for."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


def is_public_holiday(day: date, country: str, subdivision: str | None = None) -> bool:
    """Whether a day is one.

    Args:
        country: ISO 3166-1 alpha-2. subdivision: ISO 3166-2 without the country.

    Raises:
        ValueError: the country or subdivision is not known.
    """
    return day in _of_year(day.year, country.upper(), subdivision.upper() if subdivision else None)


@lru_cache(maxsize=64)
def _of_year(year: int, country: str, subdivision: str | None) -> frozenset[date]:
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
    except NotImplementedError as unknown:
        place = f"{country}-{subdivision}" if subdivision else country
        raise ValueError(f"The public holidays of '{place}' are not known") from unknown
