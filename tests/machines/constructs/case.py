"""A construct case: a small machine, what goes in, what its functions do, and what comes out.

Functions are scripted by name: each invocation takes the next entry, the last one stays. `echo` needs no script, it
returns its payload. An entry is a value to return, a `Raise`, or an `Answer` to the payload's `token`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INVOKE = "arn:aws:states:::lambda:invoke"


@dataclass(frozen=True)
class Raise:
    """The function raises an error of this type."""

    kind: str
    message: str = "scripted"


@dataclass(frozen=True)
class Answer:
    """The function sends an answer to its token before it returns: a success, or a failure's error and cause."""

    output: Any = None
    failure: tuple[str, str] | None = None


@dataclass(frozen=True)
class Fails:
    """The execution ends FAILED (or as said) with this error; the cause is compared only where it is given."""

    error: str | None
    cause: str | None = None
    status: str = "FAILED"


@dataclass(frozen=True)
class Case:
    """`moto` says why moto cannot be asked: what it does against AWS's documentation."""

    name: str
    machine: Mapping[str, Any]
    output: Any
    input: Any = field(default_factory=dict)
    functions: Mapping[str, list[Any]] = field(default_factory=dict)
    moto: str = ""

    def __str__(self) -> str:
        return self.name


def machine(*, timeout: int | None = None, **states: Mapping[str, Any]) -> dict[str, Any]:
    """A machine (or branch) of these states: each goes to the next, the last one ends."""
    names = list(states)
    chained = {name: _chained(states[name], names[place + 1 : place + 2]) for place, name in enumerate(names)}
    return {"StartAt": names[0], "States": chained, **({"TimeoutSeconds": timeout} if timeout else {})}


def _chained(state: Mapping[str, Any], following: list[str]) -> dict[str, Any]:
    if state["Type"] in ("Choice", "Succeed", "Fail") or "Next" in state or "End" in state:
        return dict(state)
    return {**state, **({"Next": following[0]} if following else {"End": True})}


def task(function: str, payload: Any = None, *, token: bool = False, **fields: Any) -> dict[str, Any]:
    """A Task that invokes a function; by default its payload is the state's input."""
    parameters = {"FunctionName": function, **({"Payload.$": "$"} if payload is None else {"Payload": payload})}
    resource = f"{INVOKE}.waitForTaskToken" if token else INVOKE
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **fields}


def holding(function: str, **fields: Any) -> dict[str, Any]:
    """A Task that waits for its token's answer."""
    return task(function, {"token.$": "$$.Task.Token"}, token=True, **fields)


def passing(**fields: Any) -> dict[str, Any]:
    """A Pass state."""
    return {"Type": "Pass", **fields}


def choice(*rules: Mapping[str, Any], default: str | None = "no") -> dict[str, Any]:
    """A machine that answers "yes" where a rule holds, "no" otherwise."""
    choices = [{**rule, "Next": "yes"} for rule in rules]
    return machine(
        choose={"Type": "Choice", "Choices": choices, **({"Default": default} if default else {})},
        yes=passing(Parameters={"answer": "yes"}, End=True),
        no=passing(Parameters={"answer": "no"}),
    )


def evaluated(expression: str) -> dict[str, Any]:
    """A machine whose output's `v` is an intrinsic function's value, or a path's."""
    return machine(only=passing(Parameters={"v.$": expression}))


def parallel(*branches: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A Parallel state."""
    return {"Type": "Parallel", "Branches": list(branches), **fields}


def mapping(processor: Mapping[str, Any], *, distributed: bool = False, **fields: Any) -> dict[str, Any]:
    """A Map state."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if distributed else {"Mode": "INLINE"}
    return {"Type": "Map", "ItemProcessor": {"ProcessorConfig": config, **processor}, **fields}
