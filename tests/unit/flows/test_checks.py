from __future__ import annotations

from typing import Any

import pytest

from thermik.flows.checks import behavior_of, blocked_message, failed_checks
from thermik.flows.flow import Check, CheckBehavior
from unit.flows.sample import parse, problems


def declare(*checks: dict[str, Any]) -> list[Check]:
    return parse(checks=[{"message": "no", **check} for check in checks]).flow.checks


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{{ inputs.count > 3 }}", True),
        ("{{ inputs.count > 5 }}", False),
        ("{{ inputs.name is defined }}", False),
        ("true", False),  # a text, no value: Kestra renders conditions typed
        ("{{ 1 }}", False),
    ],
)
def test_a_check_holds_where_its_condition_is_true(condition: str, holds: bool) -> None:
    failed = failed_checks(declare({"condition": condition}), {"inputs": {"count": 4}}, None)

    assert [check.message for check in failed] == ([] if holds else ["no"])


def test_a_condition_that_cannot_be_evaluated_blocks_and_tells_why() -> None:
    [failed] = failed_checks(declare({"condition": "{{ inputs.x }}", "behavior": "CREATE_EXECUTION"}), {}, None)

    assert failed.message.startswith("Failed to evaluate check condition. Cause: ")
    assert "inputs" in failed.message
    assert (failed.behavior, failed.style) == (CheckBehavior.BLOCK_EXECUTION, "ERROR")


@pytest.mark.parametrize(
    ("behaviors", "expected"),
    [
        ([], "CREATE_EXECUTION"),
        (["CREATE_EXECUTION"], "CREATE_EXECUTION"),
        (["CREATE_EXECUTION", "FAIL_EXECUTION"], "FAIL_EXECUTION"),
        (["FAIL_EXECUTION", "BLOCK_EXECUTION", "CREATE_EXECUTION"], "BLOCK_EXECUTION"),
    ],
)
def test_the_strictest_of_what_failed_counts(behaviors: list[str], expected: str) -> None:
    checks = declare(*({"condition": "{{ false }}", "behavior": each} for each in behaviors))

    assert behavior_of(checks) == CheckBehavior(expected)


def test_the_message_names_every_check_that_failed() -> None:
    checks = declare({"condition": "{{ false }}"}, {"condition": "{{ false }}", "message": "never"})

    assert blocked_message(checks) == (
        "Flow execution blocked: one or more condition checks evaluated to false.\nFailed checks: no, never"
    )


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ({"message": "m"}, "checks[0].condition: must not be null"),
        ({"condition": "{{ true }}", "message": ""}, "checks[0].message: must not be blank"),
        ({"condition": "{{ true }}", "message": "m", "behavior": "PERHAPS"}, "checks[0].behavior: "),
        ({"when": "{{ true }}", "message": "m"}, None),
    ],
)
def test_a_check_is_validated(check: dict[str, Any], expected: str | None) -> None:
    found = problems(checks=[check])

    assert found == [] if expected is None else [text for text in found if text.startswith(expected)]
