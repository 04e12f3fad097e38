"""The `checks` of a flow: conditions on the inputs, looked at before an execution is created.

https://kestra.io/docs/workflow-components/checks. Only who starts an execution by hand or over the API is checked;
triggers and subflows are not, as in Kestra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from thermik.expressions import ExpressionError, Services, compile_template
from thermik.flows.flow import Check, CheckBehavior

FAILED = "Flow execution failed because one or more condition checks evaluated to false."

_STRICTEST_FIRST = (CheckBehavior.BLOCK_EXECUTION, CheckBehavior.FAIL_EXECUTION, CheckBehavior.CREATE_EXECUTION)


def failed_checks(checks: Sequence[Check], variables: Mapping[str, Any], services: Services | None) -> list[Check]:
    """The checks whose condition is anything but true.

    One that cannot be evaluated blocks, whatever it says itself, and its message tells why.
    """
    return [failed for check in checks if (failed := _failed(check, variables, services)) is not None]


def behavior_of(failed: Sequence[Check]) -> CheckBehavior:
    """What becomes of an execution whose checks failed so: the strictest of what they say."""
    asked = {check.behavior for check in failed}
    return next((each for each in _STRICTEST_FIRST if each in asked), CheckBehavior.CREATE_EXECUTION)


def blocked_message(failed: Sequence[Check]) -> str:
    """Kestra's message for an execution that is not created."""
    messages = ", ".join(check.message for check in failed)
    return f"Flow execution blocked: one or more condition checks evaluated to false.\nFailed checks: {messages}"


def _failed(check: Check, variables: Mapping[str, Any], services: Services | None) -> Check | None:
    try:
        holds = compile_template(check.condition).evaluate(variables, services) is True
    except ExpressionError as error:
        message = f"Failed to evaluate check condition. Cause: {error}"
        # not known is not passed: a check that guards something must not let in what it could not look at
        return check.model_copy(
            update={"message": message, "style": "ERROR", "behavior": CheckBehavior.BLOCK_EXECUTION}
        )
    return None if holds else check
