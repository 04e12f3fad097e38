"""The API as a function: routing, threads, errors, credentials."""

from __future__ import annotations

import base64
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from thermik.api.application import endpoints
from thermik.api.auth import is_loopback, server_credentials
from thermik.api.openapi import openapi_document
from thermik.settings import Settings, SettingsError
from thermik.storage.errors import TableUnavailable

FLOWS = "/api/v1/main/flows"


def test_threads_do_not_mix_their_requests_up(caller: Any) -> None:
    names = [f"flow{number}" for number in range(20)]
    for name in names:
        caller.save(name)

    def seen(name: str) -> str:
        return str(caller.call("GET", f"{FLOWS}/unit.api/{name}")[1]["id"])

    with ThreadPoolExecutor(8) as pool:
        wanted = names * 20
        assert [*pool.map(seen, wanted)] == wanted


def test_every_route_has_words_and_no_two_are_alike() -> None:
    routes = endpoints()
    assert all((route.handler.__doc__ or "").strip() for route in routes)
    assert len({(route.method, route.path) for route in routes}) == len(routes)
    assert len(openapi_document(routes)["paths"]) == len({route.path for route in routes})


def test_an_unforeseen_error_tells_a_reference_and_no_trace(
    caller: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: Any, **_named: Any) -> Any:
        raise ZeroDivisionError("private")

    monkeypatch.setattr(type(caller.services.flows), "get", broken)
    with caplog.at_level(logging.ERROR):
        status, answer = caller.call("GET", f"{FLOWS}/a/b")
    reference = answer["message"].rsplit(" ", 1)[1]
    assert status == 500
    assert "private" not in str(answer)
    assert reference in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_storage_that_is_away_is_told_as_such(caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_given: Any, **_named: Any) -> Any:
        raise TableUnavailable("the disk is full: free some space")

    monkeypatch.setattr(type(caller.services.flows), "list", away)
    status, answer = caller.call("GET", "/health")
    assert (status, answer["message"]) == (503, "the disk is full: free some space")


def test_a_body_that_is_not_base64_is_refused(caller: Any) -> None:
    event = {
        "version": "2.0",
        "rawPath": FLOWS,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {"http": {"method": "POST", "path": FLOWS}, "stage": "$default"},
        "body": "%",
        "isBase64Encoded": True,
    }
    from thermik.api.application import Call

    assert caller.api.resolve(event, Call())["statusCode"] == 400


@pytest.mark.parametrize(
    "value",
    [
        *("", "Basic", "Basic %", "Bearer", "Bearer tokeN", "bearer token x", "Digest token"),
        *("Basic " + base64.b64encode(given).decode() for given in (b"ada", b"ada:Secret", b"bob:secret", b"\xff:")),
    ],
)
def test_wrong_credentials(guarded: Any, value: str) -> None:
    headers = {"authorization": value}
    assert guarded.call("GET", f"{FLOWS}/search", headers=headers)[0] == 401
    assert guarded.call("GET", "/nothing", headers=headers)[0] == 401
    assert guarded.call("GET", "/health", headers=headers)[0] == 200


@pytest.mark.parametrize(
    "value", ["Bearer token", "bearer  token", "Basic " + base64.b64encode(b"ada:secret").decode()]
)
def test_right_credentials(guarded: Any, value: str) -> None:
    assert guarded.call("GET", f"{FLOWS}/search", headers={"authorization": value})[0] == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "")),
    ],
)
def test_who_needs_credentials(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    if loopback:
        assert server_credentials(Settings(host=host)) is None
    else:
        with pytest.raises(SettingsError, match="THERMIK_PASSWORD"):
            server_credentials(Settings(host=host))
    assert server_credentials(Settings(host=host, auth="open")) is None
    assert server_credentials(Settings(host=host, token="t")) is not None


def test_the_routes_import_nothing_that_only_a_laptop_needs() -> None:
    code = (
        "import sys; from thermik.api.application import endpoints; endpoints(); "
        "print([name for name in ('uvicorn', 'h11', 'sqlite3', 'regex', 'jinja2', 'boto3', "
        "'thermik.local', 'thermik.tasks.scripts') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
