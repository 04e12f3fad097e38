"""What `POST /flows/validate` answers."""

from __future__ import annotations

from unit.api.conftest import FLOW, Caller


def test_a_refused_flow_is_answered_with_its_warnings_too(caller: Caller) -> None:
    broken = FLOW.format(name="broken").replace("format: hello", "format: '{{ x | nosuchfilter }}', colour: red")

    status, [answer] = caller.call("POST", "/api/v1/main/flows/validate", broken)

    assert status == 200
    assert "colour" in answer["constraints"]
    assert [warning.partition(":")[0] for warning in answer["warnings"]] == ["tasks[0].format"]
