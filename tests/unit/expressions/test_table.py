"""The table of expressions whose results the real engine confirmed."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from thermik.clock import SystemClock
from thermik.expressions import ExpressionError, compile_template
from thermik.expressions.java.moments import zone_named

SHARED = Path(os.environ.get("THERMIK_SHARED", Path(__file__).resolve().parents[4] / "shared"))
TABLE = SHARED / "conformance" / "expressions.yaml"


class TableServices:
    default_zone = zone_named("UTC").info
    random = Random(1)
    recursive_rendering = False

    def now(self) -> datetime:
        return SystemClock().now()


@pytest.mark.skipif(not TABLE.exists(), reason="the shared directory is not here")
def test_every_row_of_the_table_has_its_result() -> None:
    import json
    import re

    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    wrong = []
    for row in yaml.load(TABLE.read_text(encoding="utf-8"), loader):
        try:
            seen = compile_template(row["expression"]).render(row.get("variables", {}), TableServices())
        except ExpressionError as error:
            if not row.get("error"):
                wrong.append((row["expression"], str(error)))
            continue
        expected = row.get("expect")
        if row.get("error"):
            right = False
        elif isinstance(expected, str) and expected.startswith("~"):
            right = re.search(expected[1:], seen) is not None
        else:
            right = json.loads(expected) == json.loads(seen) if row.get("json") else expected == seen
        if not right:
            wrong.append((row["expression"], seen))
    assert wrong == []
