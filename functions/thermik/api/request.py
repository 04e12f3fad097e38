"""A request as the routes see it, wherever it came from, and the reading of its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from thermik.api.bodies import NO_BODY, Body
from thermik.api.errors import BadRequest, TooLarge, Unprocessable
from thermik.flows.typed_values import parse_json
from thermik.records import record

MAX_TEXT_BODY = 10 * 1024 * 1024
"""Bytes of a JSON, YAML or text body: what API Gateway passes on."""

MAX_QUERY_FIELDS = 500

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")

_FIRST_YEAR, _LAST_YEAR = 1970, 9000

_TRUE = frozenset({"true", "1", "yes", "on", ""})


@record
class Request:
    """A request.

    Attributes:
        path: decoded, from the first slash.
        variables: what stands in the path's places (`execution_id`).
        query: the parameters in their order, names may repeat.
        headers: names in lower case.
    """

    method: str
    path: str
    variables: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = NO_BODY

    def __getitem__(self, name: str) -> str:
        """What stands in a place of the path."""
        return self.variables[name]

    def all(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return [value for given, value in self.query if given == name]

    def get(self, name: str) -> str | None:
        """The first value of a parameter; None if it is absent or empty."""
        return next((value for given, value in self.query if given == name and value), None)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A parameter that is true or false; given without a value it is true."""
        value = next((value for given, value in self.query if given == name), None)
        return default if value is None else value.lower() in _TRUE

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
        """A whole number. Raises: Unprocessable."""
        text = self.get(name)
        if text is None:
            return default
        if not _WHOLE.fullmatch(text):
            raise Unprocessable(f"Parameter '{name}' must be a whole number, not '{text[:100]}'")
        value = int(text)
        if not least <= value <= most:
            raise Unprocessable(f"Parameter '{name}' must be from {least} to {most}, not {value}")
        return value

    def optional_number(self, name: str) -> int | None:
        """A whole number, None if it is not given. Raises: Unprocessable."""
        return self.number(name, 0) if self.get(name) is not None else None

    def instant(self, name: str) -> datetime | None:
        """A date-time with an offset. Raises: Unprocessable."""
        text = self.get(name)
        if text is None:
            return None
        found = read_instant(text)
        if found is None:
            raise Unprocessable(f"Parameter '{name}' must be an ISO 8601 instant, not '{text[:100]}'")
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:  # so that a span before or after it can be computed
            raise Unprocessable(f"Parameter '{name}' must be from {_FIRST_YEAR} to {_LAST_YEAR}, not '{text[:100]}'")
        return found

    def text(self) -> str:
        """The body's text. Raises: TooLarge, BadRequest."""
        if len(self.body) > MAX_TEXT_BODY:
            raise TooLarge(f"The body has {len(self.body)} bytes; at most {MAX_TEXT_BODY} are accepted")
        try:
            return self.body.read().decode()
        except UnicodeDecodeError:
            raise BadRequest("The body is no UTF-8 text") from None

    def json(self) -> Any:
        """The body's JSON value; None for no body. Raises: TooLarge, BadRequest."""
        text = self.text()
        if not text.strip():
            return None
        try:
            return parse_json(text)
        except ValueError as error:
            raise BadRequest(f"The body is no JSON: {error}") from None

    def json_list(self) -> list[Any]:
        """The body's JSON array. Raises: TooLarge, BadRequest."""
        value = self.json()
        if not isinstance(value, list):
            raise BadRequest("The body must be a JSON array")
        return value

    def json_object(self) -> dict[str, Any]:
        """The body's JSON object. Raises: TooLarge, BadRequest."""
        value = self.json()
        if not isinstance(value, dict):
            raise BadRequest("The body must be a JSON object")
        return value


def read_query(text: str) -> tuple[tuple[str, str], ...]:
    """The parameters of a query string. Raises: BadRequest."""
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS))
    except ValueError as error:
        raise BadRequest(f"The query cannot be read: {error}") from None


def read_instant(text: str) -> datetime | None:
    """An ISO 8601 instant in UTC, None if the text is none; a `+` that a form turned into a blank is understood."""
    try:
        # a blank may also divide date and time, where no `T` does
        found = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None
