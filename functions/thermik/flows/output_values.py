"""The outputs of a flow at the end of an execution: rendered, then typed like inputs.

The engine decides what an error means for the execution; here is only what the values are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from thermik.expressions import ExpressionError, Services, render
from thermik.flows.encryption import Encryption
from thermik.flows.input_values import HIDDEN, NO_ENCRYPTION, InputValues
from thermik.flows.outputs import Output
from thermik.flows.temporal import java_instant, read_instant
from thermik.flows.typed_values import as_text, read_list, read_typed, received


class InvalidOutputs(Exception):
    """The flow's outputs cannot be made; the message names every output that fails, and why."""


def output_values(
    outputs: Sequence[Output],
    variables: Mapping[str, Any],
    services: Services | None = None,
    encryption: Encryption | None = None,
) -> InputValues:
    """The values of a flow's outputs by id, SECRET ones encrypted, and the secret texts to mask.

    Raises:
        InvalidOutputs: one cannot be rendered, or is not of its type.
    """
    values: dict[str, Any] = {}
    secrets: list[str] = []
    problems: list[str] = []
    for output in outputs:
        try:
            value = render(output.value, variables, services)
        except ExpressionError as error:
            problems.append(str(error))
            continue
        try:
            values[output.id] = _typed(output, value, encryption)
        except ValueError as error:
            shown = HIDDEN if output.type == "SECRET" else received(value)
            problems.append(f"Invalid output for `{output.id}`, {error}, but received `{shown}`")
        if output.type == "SECRET" and value:
            secrets.append(as_text(value))
    if problems:
        raise InvalidOutputs("\n".join(problems))
    return InputValues(values, tuple(secrets))


def _typed(output: Output, value: Any, encryption: Encryption | None) -> Any:
    """Raises: ValueError."""
    # null is the empty text once it is rendered: where the output need not be there, that is null again
    if value is None or (value == "" and output.required is False):
        return None
    if output.type == "DATETIME":
        read_typed(output.type, value)  # the same refusal as of an input, which is cut to milliseconds
        return java_instant(read_instant(as_text(value)))
    if output.type in ("ARRAY", "MULTISELECT"):
        return read_list(output.type, value)
    typed = read_typed(output.type, value)
    if output.type != "SECRET":
        return typed
    if encryption is None:
        raise ValueError(NO_ENCRYPTION)
    return encryption.encrypt(typed)
