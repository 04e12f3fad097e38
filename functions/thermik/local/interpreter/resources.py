"""The service integrations that a Task state may name, and the arguments that each takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thermik.local.interpreter.errors import InvalidDefinition
from thermik.local.interpreter.fields import Fields, object_of, text_of

LAMBDA = "lambda:invoke"

_PREFIX = "arn:aws:states:::"


@dataclass(frozen=True, slots=True)
class Resource:
    """A service's action, and whether the state waits for a token's answer."""

    service: str
    token: bool = False


_RESOURCES = {
    f"{_PREFIX}{LAMBDA}": Resource(LAMBDA),
    f"{_PREFIX}{LAMBDA}.waitForTaskToken": Resource(LAMBDA, token=True),
}
_ARGUMENTS = {
    LAMBDA: ("FunctionName", {"FunctionName", "Payload"}),
}


def read_resource(body: Fields) -> Resource:
    """The Task state's integration, its Parameters checked.

    Raises:
        InvalidDefinition: the resource or an argument is not supported, or the one that must be there is not.
    """
    arn = text_of(body, "Resource")
    if arn not in _RESOURCES:
        raise InvalidDefinition(f"Resource {arn!r} is not supported, only: {', '.join(_RESOURCES)}")
    resource = _RESOURCES[arn]
    required, allowed = _ARGUMENTS[resource.service]
    _check_arguments(object_of(body, "Parameters"), required, allowed, resource.service)
    return resource


def _check_arguments(parameters: dict[str, Any], required: str, allowed: set[str], service: str) -> None:
    names = {name.removesuffix(".$") for name in parameters}
    if unknown := sorted(names - allowed):
        raise InvalidDefinition(
            f"{service} with {', '.join(unknown)} is not supported, only {', '.join(sorted(allowed))}"
        )
    if required not in names:
        raise InvalidDefinition(f"{service} needs {required}")
