"""One line of `--stdin`, where a program asks many things of one command: what cannot be read is answered, too."""

from __future__ import annotations

import json
from typing import Any


def read_line(line: str, needs: str) -> dict[str, Any]:
    """The JSON object of a line. Raises: ValueError: it is none, or lacks what is needed; with what to answer."""
    try:
        request = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"column {error.colno}: no JSON: {error.msg}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(request, dict) or needs not in request:
        article = "an" if needs[0] in "aeiou" else "a"
        raise ValueError(f"a JSON object with {article} `{needs}` is expected")
    return request
