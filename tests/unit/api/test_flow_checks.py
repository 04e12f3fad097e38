"""What `POST /flows/validate` answers."""

from __future__ import annotations

from unit.api.conftest import FLOW, Caller


def test_a_refused_flow_is_answered_with_its_warnings_too(caller: Caller) -> None:
    broken = FLOW.format(name="broken").replace("format: hello", "format: '{{ x | nosuchfilter }}', colour: red")

    status, [answer] = caller.call("POST", "/api/v1/main/flows/validate", broken)

    assert status == 200
    assert "colour" in answer["constraints"]
    (warning,) = answer["warnings"]
    assert warning.startswith("tasks[0].format: Filter [nosuchfilter] does not exist.")


def test_a_warning_tells_its_place_in_the_source(caller: Caller) -> None:
    doubtful = FLOW.format(name="doubtful").replace("format: hello", "format: '{{ x | nosuchfilter }}'")
    line = next(number for number, each in enumerate(doubtful.splitlines(), 1) if "nosuchfilter" in each)
    column = doubtful.splitlines()[line - 1].index("|") + 1

    _, [answer] = caller.call("POST", "/api/v1/main/flows/validate", doubtful)

    assert "constraints" not in answer
    assert answer["warnings"] == [
        f"tasks[0].format: Filter [nosuchfilter] does not exist. (line {line}, column {column})"
    ]
