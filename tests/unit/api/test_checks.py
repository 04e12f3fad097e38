"""Checks of flows where executions are created: refused, failed, or created all the same."""

from __future__ import annotations

from typing import Any

import pytest

from unit.api.conftest import Caller

FLOW = """\
id: guarded
namespace: unit.api
inputs:
  - {id: count, type: INT}
  - {id: key, type: STRING, defaults: "{{ vars.key }}"}
variables: {key: k}
checks:
  - {condition: "{{ inputs.count < 10 }}", message: too many, behavior: BLOCK_EXECUTION, style: ERROR}
  - {condition: "{{ inputs.count < 5 }}", message: many, behavior: FAIL_EXECUTION}
  - {condition: "{{ inputs.count < 3 and inputs.key == vars.key }}", message: some, behavior: CREATE_EXECUTION}
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: hello}
"""
BOUNDARY = "x-boundary"


def send(caller: Caller, path: str, count: str) -> tuple[int, Any]:
    form = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="count"\r\n\r\n{count}\r\n--{BOUNDARY}--\r\n'
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return caller.call("POST", f"/api/v1/main/executions/{path}", form, headers=headers)


@pytest.fixture
def guarded_flow(caller: Caller) -> Caller:
    status, answer = caller.call("POST", "/api/v1/main/flows", FLOW)
    assert status == 200, answer
    return caller


def test_an_execution_is_blocked(guarded_flow: Caller) -> None:
    status, answer = send(guarded_flow, "unit.api/guarded", "10")

    assert status == 422
    assert answer["message"].endswith("Failed checks: too many, many, some")
    assert guarded_flow.call("GET", "/api/v1/main/executions/search")[1]["total"] == 0


def test_an_execution_fails_before_anything_runs(guarded_flow: Caller) -> None:
    status, execution = send(guarded_flow, "unit.api/guarded", "5")

    assert status == 200
    assert [each["state"] for each in execution["state"]["histories"]] == ["CREATED", "FAILED"]
    assert execution["inputs"] == {"count": 5, "key": "k"}
    _, logs = guarded_flow.call("GET", f"/api/v1/main/logs/{execution['id']}")
    assert [(each["level"], "condition checks" in each["message"]) for each in logs] == [("WARN", True)]


@pytest.mark.parametrize("count", ["2", "3"])
def test_an_execution_is_created(guarded_flow: Caller, count: str) -> None:
    status, execution = send(guarded_flow, "unit.api/guarded", count)

    assert (status, execution["state"]["current"]) == (200, "CREATED")


def test_a_form_is_told_what_fails(guarded_flow: Caller) -> None:
    status, answer = send(guarded_flow, "unit.api/guarded/validate", "7")

    assert status == 200
    assert answer["checks"] == [
        {"message": "many", "style": "INFO", "behavior": "FAIL_EXECUTION"},
        {"message": "some", "style": "INFO", "behavior": "CREATE_EXECUTION"},
    ]
