"""The inputs of an execution, or of a resume: typed and checked, their files stored under the execution."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO, cast

from thermik import expressions
from thermik.api.services import Services
from thermik.flows.checks import failed_checks
from thermik.flows.flow import Check, Flow
from thermik.flows.input_values import InputValues, Resolution, resolve_inputs, visible_inputs
from thermik.flows.inputs import Input
from thermik.storage.errors import Unavailable
from thermik.storage.internal import ExecutionFiles, key_of


def store_inputs(
    services: Services,
    flow: Flow,
    execution_id: str,
    inputs: Sequence[Input],
    given: Mapping[str, Any],
    context: Mapping[str, Any],
) -> tuple[InputValues, list[str]]:
    """Typed inputs of an execution, their files stored under its id; and the keys of these files.

    Raises:
        InvalidInputs: with everything that is wrong; nothing is left behind.
    """
    files = ExecutionFiles(flow.namespace, flow.id, execution_id)
    stored: list[str] = []

    def store(input_id: str, name: str, stream: BinaryIO) -> str:
        uri = files.input_uri(input_id, name)
        services.blobs.put(key_of(uri), stream)
        stored.append(key_of(uri))
        return uri

    try:
        return resolve_inputs(inputs, given, resolution_of(services, flow, context), files=store), stored
    except Exception:
        services.blobs.delete(stored)
        raise


@contextmanager
def forgotten_if_refused(services: Services, stored: Sequence[str]) -> Iterator[None]:
    """Delete the files of inputs if what was to have them does not come about.

    They stay where the storage was away: whether the execution was written is then not known, and it may need them.
    """
    try:
        yield
    except Unavailable:
        raise
    except Exception:
        services.blobs.delete(stored)
        raise


def check_flow(services: Services, flow: Flow, values: Mapping[str, Any], context: Mapping[str, Any]) -> list[Check]:
    """The checks of a flow that fail with these inputs, secrets of which they see in the clear."""
    if not flow.checks:
        return []
    how = resolution_of(services, flow, context)
    seen = visible_inputs(flow.inputs, values, how).values
    return failed_checks(flow.checks, {**how.context, "inputs": seen}, how.services)


def resolution_of(services: Services, flow: Flow, context: Mapping[str, Any]) -> Resolution:
    """What defaults and conditions of a flow's inputs may read."""
    seen = {
        "vars": flow.variables,
        "labels": {label.key: label.value for label in flow.labels},
        "envs": services.variables.get("envs", {}),
        "globals": services.variables.get("globals", {}),
        **context,
    }
    found = cast("expressions.Services", _InputServices(services, flow.namespace))  # it may lack ports, by contract
    return Resolution(seen, found, services.encryption)


class _InputServices:
    """What functions find in the expressions of inputs, before there is an execution: time, chance, KV pairs."""

    recursive_rendering = False

    def __init__(self, services: Services, namespace: str) -> None:
        self.default_zone = services.zone
        self.random = random.SystemRandom()
        self._services = services
        self._namespace = namespace

    def now(self) -> datetime:
        return self._services.now()

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> Any:
        place = namespace or self._namespace
        pair = self._services.pairs.get(place, key)
        if pair is None and error_on_missing:
            raise expressions.ExpressionRuntimeError(f"No value found for key '{key}' in namespace '{place}'")
        return pair.value if pair else None
