"""The flows of the shared conformance cases in this process: each starts as its first case starts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml

from conftest import shared_dir
from thermik.api.creation import Wanted, create_execution
from thermik.executions.model import Execution
from thermik.flows.flow import Flow
from thermik.flows.input_values import InvalidInputs, Upload
from thermik.flows.problems import InvalidFlow
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime
from thermik.local.services import services_of

Given = Mapping[str, Any]


def save_all(runtime: Runtime) -> dict[str, Flow]:
    """Save all that are valid; the flows by the names of their files."""
    saved = {}
    for path in _files("flows"):
        try:
            parsed = parse_flow(path.read_text(), runtime.types, runtime.triggers)
        except InvalidFlow:  # one that is to be refused
            continue
        runtime.flows.save(parsed)
        saved[path.stem] = parsed.flow
    return saved


def begin(runtime: Runtime, name: str, flow: Flow) -> Execution:
    """Start a flow with the first inputs of a case that it takes; one that no case starts gets what reads as anything.

    Raises: InvalidInputs.
    """
    services = services_of(runtime)
    for given in _given()[name]:
        try:
            return create_execution(services, _wanted(flow, given))
        except InvalidInputs:  # the case is about that
            continue
    return create_execution(services, _wanted(flow, {each.id: "1" for each in flow.inputs}))


def _wanted(flow: Flow, given: Given) -> Wanted:
    return Wanted(flow.namespace, flow.id, given={name: _sent(value) for name, value in given.items()})


def _sent(value: Any) -> Any:
    return Upload(BytesIO(value)) if isinstance(value, bytes) else value


@cache
def _given() -> dict[str, list[Given]]:
    """What the cases send to each flow: texts, and bytes for files."""
    found: defaultdict[str, list[Given]] = defaultdict(list)
    for path in _files("cases"):
        for step in yaml.safe_load(path.read_text())["steps"]:
            if run := step.get("run"):
                files = {name: text.encode() for name, text in run.get("files", {}).items()}
                found[run["flow"]].append({**run.get("inputs", {}), **files})
    return found


def _files(kind: str) -> list[Path]:
    shared = shared_dir()
    return sorted((shared / "conformance" / kind).glob("*.y*ml")) if shared else []
