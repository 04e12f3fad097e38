"""The flows whose machines are kept as text, `golden/NAME/flow.yaml` beside `machine.json`.

After a change of the compiler that is meant, `REWRITE_GOLDEN=1 pytest tests/machines/test_golden.py` writes them
anew; what changed is then read in the diff.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from thermik.flows.flow import Flow
from thermik.flows.validation import parse_flow
from thermik.machines.compiler import Definition, compile_flow
from thermik.tasks.registry import Registry

GOLDEN = Path(__file__).parent / "golden"
REWRITE = "REWRITE_GOLDEN"

_RETRY = re.compile(r'^( +)("Retry": )(\[\n.*?\n\1\])', re.DOTALL | re.MULTILINE)

NAMES = sorted(place.parent.name for place in GOLDEN.glob("*/flow.yaml"))


def source_of(name: str) -> str:
    return (GOLDEN / name / "flow.yaml").read_text()


def flow_of(source: str) -> Flow:
    return parse_flow(source, Registry()).flow


def compiled(source: str) -> Definition:
    return compile_flow(flow_of(source))


def pretty(definition: Definition) -> str:
    """The text that is reviewed. Retries are much alike everywhere; each list stands in one line."""
    text = json.dumps(json.loads(definition.text), indent=2, ensure_ascii=False) + "\n"
    return _RETRY.sub(lambda found: found[1] + found[2] + json.dumps(json.loads(found[3])), text)
