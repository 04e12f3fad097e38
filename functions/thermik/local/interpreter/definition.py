"""From the text of a state machine to compiled states, once per definition.

Checked here is what would otherwise go wrong in the middle of an execution: unknown types, fields and resources,
dangling targets, names used twice. What Step Functions knows and this interpreter does not (JSONata, variables,
item readers and batches, other services) is refused by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from thermik.local.interpreter import states
from thermik.local.interpreter.calls import compile_dynamic
from thermik.local.interpreter.choices import compile_rule
from thermik.local.interpreter.errors import InvalidDefinition
from thermik.local.interpreter.fields import (
    MAX_SECONDS,
    Bounds,
    Fields,
    each,
    list_of,
    number_of,
    number_or_path,
    object_of,
    only,
    path_or_null,
    result_path,
    template_of,
    text_of,
)
from thermik.local.interpreter.paths import Getter, compile_path
from thermik.local.interpreter.resources import read_resource
from thermik.local.interpreter.retrying import read_catchers, read_retriers
from thermik.local.interpreter.templates import compile_template

MAX_DEFINITION = 1024 * 1024
"""Bytes: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
MAX_NAME = 80
"""Characters of a state's name."""
MAX_NESTING = 50
"""Scopes within scopes. AWS documents no bound; this one keeps the interpreter's stack small."""

_MACHINE = {"StartAt", "States", "Comment", "TimeoutSeconds", "Version", "QueryLanguage"}
_EVERY = {"Type", "Comment", "QueryLanguage"}
_PATHS = {"InputPath", "OutputPath"}
_FLOW = {"Next", "End"}
_RESULT = {"ResultPath", "Parameters"}
_EFFORT = {"ResultSelector", "Retry", "Catch"}
_WAIT = {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"}
_LIMITS = {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"}
_TOLERANCE = {
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
    "Label",
}
_MAP = {"ItemProcessor", "Iterator", "ItemsPath", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath"}
_FIELDS = {
    "Pass": _PATHS | _FLOW | _RESULT | {"Result"},
    "Task": _PATHS | _FLOW | _RESULT | _EFFORT | _LIMITS | {"Resource"},
    "Choice": _PATHS | {"Choices", "Default"},
    "Wait": _PATHS | _FLOW | _WAIT,
    "Succeed": _PATHS,
    "Fail": {"Error", "Cause", "ErrorPath", "CausePath"},
    "Parallel": _PATHS | _FLOW | _RESULT | _EFFORT | {"Branches"},
    "Map": _PATHS | _FLOW | _RESULT | _EFFORT | _MAP | _TOLERANCE,
}
_SECONDS = Bounds(0, MAX_SECONDS)
_TIMEOUT = Bounds(1, MAX_SECONDS)


def load(definition: str | Mapping[str, Any]) -> states.Machine:
    """The compiled machine of a definition; the same text is compiled once.

    Raises:
        InvalidDefinition: says what is wrong and in which state.
    """
    try:
        text = definition if isinstance(definition, str) else json.dumps(definition)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDefinition(f"the definition is no JSON: {error}") from error
    return _compile(text)


@lru_cache(maxsize=256)
def _compile(text: str) -> states.Machine:
    if len(text.encode()) > MAX_DEFINITION:
        raise InvalidDefinition(f"the definition is larger than {MAX_DEFINITION} bytes")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDefinition(f"the definition is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidDefinition("the definition must be an object")
    only(body, _MACHINE, "a state machine")
    scope = _scope(body, 0)
    names = list(_names(scope))
    if twice := sorted({name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()):
        raise InvalidDefinition(f"state names are used twice: {', '.join(twice)}")
    name = f"machine-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return states.Machine(name, scope, number_of(body, "TimeoutSeconds", None, _TIMEOUT))


def _names(scope: states.Scope) -> Iterator[str]:
    for state in scope.states.values():
        yield state.name
        if isinstance(state, states.Parallel):
            for branch in state.branches:
                yield from _names(branch)
        elif isinstance(state, states.Map):
            yield from _names(state.processor)


def _scope(body: Fields, depth: int) -> states.Scope:
    if depth > MAX_NESTING:
        raise InvalidDefinition(f"more than {MAX_NESTING} Parallel and Map states inside one another")
    _json_path_only(body)
    start, bodies = text_of(body, "StartAt"), object_of(body, "States")
    compiled = {name: _state(name, state, depth) for name, state in bodies.items()}
    if start not in compiled:
        raise InvalidDefinition(f"StartAt names the state {start!r}, which is not there")
    for state in compiled.values():
        for target in _targets(state):
            if target not in compiled:
                raise InvalidDefinition(f"state {state.name!r}: its target {target!r} is not in the same scope")
    return states.Scope(start, compiled)


def _targets(state: states.State) -> Iterator[str]:
    if state.next is not None:
        yield state.next
    if isinstance(state, states.Working):
        yield from (catcher.next for catcher in state.catchers)
    if isinstance(state, states.Choice):
        yield from (target for _, target in state.rules)
        yield from [state.default] if state.default else []


def _json_path_only(fields: Fields) -> None:
    if fields.get("QueryLanguage", "JSONPath") != "JSONPath":
        raise InvalidDefinition(f"QueryLanguage {fields['QueryLanguage']!r} is not supported, only JSONPath")


def _state(name: str, body: Any, depth: int) -> states.State:
    try:
        kind = _kind(name, body)
        return _READERS[kind](body, _common(name, body, kind), depth)
    except InvalidDefinition as error:
        raise InvalidDefinition(f"state {name!r}: {error}") from None


def _kind(name: str, body: Any) -> str:
    if not isinstance(body, dict):
        raise InvalidDefinition("a state must be an object")
    if len(name) > MAX_NAME:
        raise InvalidDefinition(f"the name is longer than {MAX_NAME} characters")
    kind = text_of(body, "Type")
    if kind not in _FIELDS:
        raise InvalidDefinition(f"there is no type {kind!r}")
    _json_path_only(body)
    only(body, _FIELDS[kind] | _EVERY, f"a {kind} state")
    return kind


def _common(name: str, body: Fields, kind: str) -> dict[str, Any]:
    common: dict[str, Any] = {"name": name}
    if "Next" in _FIELDS[kind]:
        if ("Next" in body) == (body.get("End") is True):
            raise InvalidDefinition("exactly one of Next and End: true must be there")
        common["next"] = text_of(body, "Next") if "Next" in body else None
    if kind != "Fail":
        common["read"] = path_or_null(body, "InputPath")
        common["write"] = path_or_null(body, "OutputPath")
    return common


def _working(body: Fields, common: dict[str, Any]) -> dict[str, Any]:
    return {
        **common,
        "select": template_of(body, "ResultSelector"),
        "put": result_path(body),
        "retriers": read_retriers(body),
        "catchers": read_catchers(body),
    }


def _pass(body: Fields, common: dict[str, Any], _depth: int) -> states.State:
    return states.Pass(
        **common,
        parameters=template_of(body, "Parameters"),
        put=result_path(body),
        has_result="Result" in body,
        result=body.get("Result"),
    )


def _task(body: Fields, common: dict[str, Any], _depth: int) -> states.State:
    resource = read_resource(body)
    heartbeat = number_or_path(body, "HeartbeatSeconds", _TIMEOUT)
    if heartbeat and not resource.token:
        raise InvalidDefinition(
            "HeartbeatSeconds needs a resource with .waitForTaskToken: nobody else sends heartbeats"
        )
    return states.Task(
        **_working(body, common),
        parameters=compile_template(body["Parameters"]),
        token=resource.token,
        timeout=number_or_path(body, "TimeoutSeconds", _TIMEOUT),
        heartbeat=heartbeat,
    )


def _choice(body: Fields, common: dict[str, Any], _depth: int) -> states.State:
    rules = each(list_of(body, "Choices"), "Choices", lambda rule: (compile_rule(rule), text_of(rule, "Next")))
    if not rules:
        raise InvalidDefinition("Choices must not be empty")
    return states.Choice(**common, rules=rules, default=text_of(body, "Default") if "Default" in body else None)


def _wait(body: Fields, common: dict[str, Any], _depth: int) -> states.State:
    if len(_WAIT & set(body)) != 1:
        raise InvalidDefinition(f"exactly one of {', '.join(sorted(_WAIT))} must be there")
    return states.Wait(**common, seconds=number_or_path(body, "Seconds", _SECONDS), timestamp=_timestamp(body))


def _timestamp(body: Fields) -> Getter | None:
    if "TimestampPath" in body:
        return compile_path(text_of(body, "TimestampPath")).get
    if "Timestamp" in body:
        text = text_of(body, "Timestamp")
        return lambda _data, _context: text
    return None


def _succeed(_body: Fields, common: dict[str, Any], _depth: int) -> states.State:
    return states.Succeed(**common)


def _fail(body: Fields, common: dict[str, Any], _depth: int) -> states.State:
    return states.Fail(**common, error=_fail_text(body, "Error"), cause=_fail_text(body, "Cause"))


def _fail_text(body: Fields, name: str) -> Getter | None:
    by_path = f"{name}Path"
    if name in body and by_path in body:
        raise InvalidDefinition(f"{name} and {by_path} exclude each other")
    if by_path in body:
        return compile_dynamic(text_of(body, by_path))
    return compile_template(text_of(body, name)) if name in body else None


def _parallel(body: Fields, common: dict[str, Any], depth: int) -> states.State:
    branches = each(list_of(body, "Branches"), "Branches", lambda branch: _branch(branch, depth))
    if not branches:
        raise InvalidDefinition("Branches must not be empty")
    return states.Parallel(**_working(body, common), parameters=template_of(body, "Parameters"), branches=branches)


def _branch(body: Fields, depth: int) -> states.Scope:
    only(body, {"StartAt", "States", "Comment", "QueryLanguage"}, "a branch")
    return _scope(body, depth + 1)


def _map(body: Fields, common: dict[str, Any], depth: int) -> states.State:
    processor = object_of(body, "ItemProcessor" if "ItemProcessor" in body else "Iterator")
    only(processor, {"StartAt", "States", "Comment", "QueryLanguage", "ProcessorConfig"}, "an ItemProcessor")
    distributed = _is_distributed(processor.get("ProcessorConfig", {}))
    if not distributed and (misplaced := sorted(_TOLERANCE & set(body))):
        raise InvalidDefinition(f"{', '.join(misplaced)} belong to a Map in DISTRIBUTED mode")
    if "ItemSelector" in body and "Parameters" in body:
        raise InvalidDefinition("ItemSelector and Parameters exclude each other")
    return states.Map(
        **_working(body, common),
        processor=_scope(processor, depth + 1),
        distributed=distributed,
        items=compile_path(text_of(body, "ItemsPath") if "ItemsPath" in body else "$").get,
        item=template_of(body, "ItemSelector" if "ItemSelector" in body else "Parameters"),
        concurrency=number_or_path(body, "MaxConcurrency", Bounds(0)) or (lambda _data, _context: 0),
        tolerated_count=number_or_path(body, "ToleratedFailureCount", Bounds(0)),
        tolerated_percentage=number_or_path(body, "ToleratedFailurePercentage", Bounds(0, 100, whole=False)),
    )


def _is_distributed(config: Any) -> bool:
    if not isinstance(config, dict):
        raise InvalidDefinition(f"ProcessorConfig must be an object, not {config!r}")
    only(config, {"Mode", "ExecutionType"}, "a ProcessorConfig")
    mode, execution = config.get("Mode", "INLINE"), config.get("ExecutionType")
    if mode not in ("INLINE", "DISTRIBUTED"):
        raise InvalidDefinition(f"Mode must be INLINE or DISTRIBUTED, not {mode!r}")
    if (execution is not None) != (mode == "DISTRIBUTED") or execution not in (None, "STANDARD", "EXPRESS"):
        raise InvalidDefinition(
            "ExecutionType (STANDARD or EXPRESS) belongs to a Map in DISTRIBUTED mode, which needs it"
        )
    return bool(mode == "DISTRIBUTED")


_READERS: dict[str, Callable[[Fields, dict[str, Any], int], states.State]] = {
    "Pass": _pass,
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _succeed,
    "Fail": _fail,
    "Parallel": _parallel,
    "Map": _map,
}
