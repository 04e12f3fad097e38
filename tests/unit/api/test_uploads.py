"""Files sent ahead to the store, and the execution that takes them over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from thermik.api.application import Api
from thermik.api.services import Services
from thermik.executions import pausing
from thermik.storage.internal import key_of
from unit.api.conftest import Caller

FLOW = """\
id: filed
namespace: unit.api
inputs:
  - {id: data, type: FILE, extension: .csv}
  - {id: more.data, type: FILE, required: false}
  - {id: text, type: STRING, required: false}
  - {id: picture, type: FILE, required: false, allowedFileExtensions: [.png, .jpg]}
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: hello}
"""
BASE = "/api/v1/main/executions/unit.api/filed"
BOUNDARY = "x-boundary"


class OfferingBlobs:
    """A store of files that offers uploads as S3 does."""

    def __init__(self, blobs: Any) -> None:
        self._blobs = blobs
        self.offered: list[tuple[str, bool]] = []
        self.kept: list[str] = []

    def upload_url(
        self, key: str, *, expires_seconds: int, max_bytes: int, until_kept: bool = False
    ) -> dict[str, object]:
        self.offered.append((key, until_kept))
        return {"url": "https://bucket.example.com/", "fields": {"key": key}}

    def keep(self, keys: Iterable[str]) -> None:
        self.kept.extend(keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)


@pytest.fixture
def offering(services: Services) -> Caller:
    caller = Caller(Api(replace(services, blobs=OfferingBlobs(services.blobs)), None))
    assert caller.call("POST", "/api/v1/main/flows", FLOW)[0] == 200
    return caller


def start(caller: Caller, **inputs: str) -> tuple[int, Any]:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in inputs.items()
    ]
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return caller.call("POST", BASE, "".join(parts) + f"--{BOUNDARY}--\r\n", headers=headers)


def offer(caller: Caller, query: str = "input=data") -> Any:
    status, answer = caller.call("POST", f"{BASE}/uploads", query=query)
    assert status == 200, answer
    return answer


def test_an_execution_takes_over_what_was_sent_ahead(offering: Caller) -> None:
    offered = offer(offering, "input=data&input=more.data")
    assert [each["input"] for each in offered["uploads"]] == ["data", "more.data"]
    for each in offered["uploads"]:
        assert each["fields"] == {"key": key_of(each["uri"])}
        offering.services.blobs.put(each["fields"]["key"], b"sent")
    uris = {each["input"]: each["uri"] for each in offered["uploads"]}

    status, execution = start(offering, **uris)

    assert (status, execution["id"]) == (200, offered["executionId"])
    given = {"data": uris["data"], "more": {"data": uris["more.data"]}}
    assert execution["inputs"] == {**given, "text": None, "picture": None}
    assert uris["data"].endswith(f"/executions/{execution['id']}/inputs/data/data.csv")


def test_what_an_execution_takes_over_is_kept_and_nothing_else(offering: Caller) -> None:
    blobs = offering.services.blobs
    [taken, other] = [offer(offering, f"input={name}")["uploads"][0] for name in ("data", "more.data")]
    for each in (taken, other):
        blobs.put(key_of(each["uri"]), b"sent")
    assert start(offering, **{"data": taken["uri"], "more.data": other["uri"]})[0] == 422
    assert getattr(blobs, "kept") == []  # noqa: B009 - the port's type does not have it

    assert start(offering, data=taken["uri"], text="kestra:///x")[0] == 200

    assert getattr(blobs, "kept") == [key_of(taken["uri"])]  # noqa: B009
    assert all(until_kept for _, until_kept in getattr(blobs, "offered"))  # noqa: B009


def test_an_id_is_taken_once(offering: Caller) -> None:
    [sent] = offer(offering)["uploads"]
    offering.services.blobs.put(key_of(sent["uri"]), b"sent")
    _, first = start(offering, data=sent["uri"])

    status, second = start(offering, data=sent["uri"])

    assert status == 200
    assert first["id"] != second["id"]


def test_what_was_not_sent_is_missed(offering: Caller) -> None:
    [sent] = offer(offering)["uploads"]

    status, answer = start(offering, data=sent["uri"])

    assert (status, answer["message"]) == (422, "Nothing was sent for the input 'data'")


def test_files_of_two_executions_are_refused(offering: Caller) -> None:
    sent = {}
    for name in ("data", "more.data"):
        [each] = offer(offering, f"input={name}")["uploads"]
        offering.services.blobs.put(key_of(each["uri"]), b"sent")
        sent[name] = each["uri"]

    assert start(offering, **sent)[0] == 422


@pytest.mark.parametrize(
    "uri",
    [
        "kestra:///unit/api/other/executions/0123456789012345678901/inputs/data/x",
        "kestra:///unit/api/filed/executions/0123456789012345678901/inputs/text/x",
        "kestra:///unit/api/filed/executions/0123456789012345678901/tasks/data/x/y",
        "kestra:///unit/api/_files/x",
        "kestra:///../x",
        "nsfile:///x",
    ],
)
def test_no_other_file_gives_an_execution_its_id(offering: Caller, uri: str) -> None:
    status, execution = start(offering, data=uri)

    assert status == 200
    assert execution["id"] not in uri


@pytest.mark.parametrize("query", ["", "input=text", "input=data&input=nope"])
def test_only_files_of_the_flow_are_offered_a_place(offering: Caller, query: str) -> None:
    assert offering.call("POST", f"{BASE}/uploads", query=query)[0] == 422


def test_a_resume_is_offered_a_place_among_the_executions_files(
    offering: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    [sent] = offer(offering)["uploads"]
    offering.services.blobs.put(key_of(sent["uri"]), b"sent")
    _, execution = start(offering, data=sent["uri"])
    path = f"/api/v1/main/executions/{execution['id']}/actions/resume/uploads"
    assert offering.call("POST", path, query="input=data")[0] == 422  # it is not paused, and asks for nothing
    declared = offering.services.flows.load("unit.api", "filed").flow.inputs
    monkeypatch.setattr(pausing, "asked_on_resume", lambda *_: declared)

    status, answer = offering.call("POST", path, query="input=more.data")

    assert (status, answer["executionId"]) == (200, execution["id"])
    assert f"/executions/{execution['id']}/inputs/more.data/" in answer["uploads"][0]["uri"]


def test_a_namespace_file_is_offered_a_place(offering: Caller) -> None:
    base = "/api/v1/main/namespaces/unit.api/files/uploads"
    status, answer = offering.call("POST", base, query="path=/a/b.bin")
    assert (status, answer["fields"]) == (200, {"key": "unit/api/_files/a/b.bin"})
    assert offering.call("POST", base, query="path=../x")[0] == 422
    assert offering.call("POST", base)[0] == 422


def test_a_store_of_files_offers_nothing(caller: Caller) -> None:
    assert caller.call("POST", "/api/v1/main/flows", FLOW)[0] == 200
    assert caller.call("POST", f"{BASE}/uploads", query="input=data") == (204, None)
    assert caller.call("POST", "/api/v1/main/namespaces/unit.api/files/uploads", query="path=a") == (204, None)


def test_a_file_of_an_allowed_kind_keeps_its_ending(offering: Caller) -> None:
    offered = offer(offering, "input=data&fileName=x&input=picture&fileName=cat.JPG")
    assert [each["uri"].rpartition("/")[2] for each in offered["uploads"]] == ["data.csv", "picture.jpg"]
    uris = {each["input"]: each["uri"] for each in offered["uploads"]}
    for uri in uris.values():
        offering.services.blobs.put(key_of(uri), b"sent")
    status, execution = start(offering, **uris)
    assert (status, execution["id"]) == (200, offered["executionId"])


@pytest.mark.parametrize("query", ["input=picture", "input=picture&fileName=cat.gif"])
def test_a_file_of_another_kind_is_offered_nothing(offering: Caller, query: str) -> None:
    status, answer = offering.call("POST", f"{BASE}/uploads", query=query)
    assert status == 422
    assert "Invalid input for `picture`, File type not allowed. Accepted extensions: .png, .jpg" in answer["message"]
