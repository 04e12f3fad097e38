"""What a request may have for a body where an execution is created."""

from __future__ import annotations

import pytest

from unit.api.conftest import Caller

PATH = "/api/v1/main/executions/unit.api/plain"
FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{"name": "Ada"}'),
        ("application/x-www-form-urlencoded", "name=Ada"),
        ("", "name"),
    ],
)
def test_inputs_that_are_no_form_are_not_dropped(caller: Caller, content_type: str, body: str) -> None:
    caller.save("plain")

    status, answer = caller.call("POST", PATH, body, headers={"content-type": content_type} if content_type else {})

    assert status == 422
    assert "Inputs are sent as multipart/form-data, not as " in answer["message"]
    assert content_type in answer["message"]
    assert caller.call("GET", "/api/v1/main/executions/search")[1]["total"] == 0


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", ""),
        ("application/json", ""),
        ("application/json", "{}"),
        ("text/plain", "\n"),
        (FORM, ""),
        (FORM, "--x--\r\n"),
    ],
)
def test_a_body_that_says_nothing_may_be_of_any_type(caller: Caller, content_type: str, body: str) -> None:
    caller.save("plain")

    status, _ = caller.call("POST", PATH, body, headers={"content-type": content_type} if content_type else {})

    assert status == 200


@pytest.mark.parametrize("label", ["team", "team:", "team:%20", ":data", "system.other:x"])
def test_a_label_needs_a_key_and_a_value(caller: Caller, label: str) -> None:
    caller.save("plain")
    assert caller.call("POST", PATH, query=f"labels={label}")[0] == 422


def test_labels_of_kestras_own_that_its_clients_give(caller: Caller) -> None:
    caller.save("plain")
    given = {"system.from": "ui", "system.correlationId": "other", "url": "https://a.b/c"}
    query = "&".join(f"labels={key}:{value}" for key, value in given.items())
    _, made = caller.call("POST", PATH, query=query)
    assert {label["key"]: label["value"] for label in made["labels"]} == given


WITH_FILE = """\
id: filed
namespace: unit.api
inputs:
  - {id: data, type: FILE}
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: hello}
"""


def test_the_files_of_a_replay_that_is_refused_do_not_stay(caller: Caller) -> None:
    form = '--x\r\nContent-Disposition: form-data; name="data"; filename="a.csv"\r\n\r\n1,2\r\n--x--\r\n'
    headers = {"content-type": FORM}
    assert caller.call("POST", "/api/v1/main/flows", WITH_FILE)[0] == 200
    status, execution = caller.call("POST", PATH.replace("plain", "filed"), form, headers=headers)
    assert status == 200, execution
    before = [info.key for info in caller.services.blobs.list("")]

    place = f"/api/v1/main/executions/{execution['id']}/actions/replay-with-inputs"
    status, _ = caller.call("POST", place, form, query="taskRunId=nothing", headers=headers)

    assert status == 422
    assert [info.key for info in caller.services.blobs.list("")] == before


@pytest.mark.parametrize("route", ["resume", "actions/resume", "replay-with-inputs", "resume/validate"])
def test_nor_are_those_of_what_is_done_with_an_execution(caller: Caller, route: str) -> None:
    caller.save("plain")
    _, execution = caller.call("POST", PATH)

    answers = [
        caller.call("POST", f"/api/v1/main/executions/{execution['id']}/{route}", '{"name": "Ada"}', headers=headers)
        for headers in ({"content-type": "application/json"}, {})
    ]

    assert [status for status, _ in answers] == [422, 422]
    assert "Inputs are sent as multipart/form-data, not as 'application/json'" in answers[0][1]["message"]


def test_nor_are_those_that_are_only_checked(caller: Caller) -> None:
    caller.save("plain")

    status, answer = caller.call("POST", f"{PATH}/validate", "name=Ada", headers={"content-type": "text/plain"})

    assert (status, answer["message"]) == (422, "Inputs are sent as multipart/form-data, not as 'text/plain'")
