"""Answers that a server would stream or hold back, as one Lambda invocation gives them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from handlers import answering
from handlers.answering import complete
from thermik.api.answers import Answer, Awaited, BlobBody, Stream
from thermik.storage.files import FileBlobs


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering.time, "sleep", lambda _: None)


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path)


def _link(key: str) -> str:
    return f"https://bucket/{key}?signed"


def _time_left() -> float:
    return 30.0


def _no_time_left() -> float:
    return 1.0


def test_a_value_is_left_to_the_api(blobs: FileBlobs) -> None:
    assert complete(Answer({"a": 1}), _time_left, blobs, _link) is None


def test_an_answer_that_comes_later_is_waited_for(blobs: FileBlobs) -> None:
    later = iter([None, None, Answer({"state": "SUCCESS"})])
    awaited = Answer({"state": "RUNNING"}, awaited=Awaited("e", lambda: next(later)))
    result = complete(awaited, _time_left, blobs, _link)
    assert result is not None
    assert (result["statusCode"], result["body"]) == (200, '{"state":"SUCCESS"}')


def test_the_first_answer_holds_when_the_later_one_is_too_late(blobs: FileBlobs) -> None:
    awaited = Answer({"state": "RUNNING"}, awaited=Awaited("e", lambda: None))
    result = complete(awaited, _no_time_left, blobs, _link)
    assert result is not None
    assert result["body"] == '{"state":"RUNNING"}'


@pytest.mark.parametrize(("remaining", "expected"), [(_time_left, "start,a,b"), (_no_time_left, "start,a")])
def test_a_stream_is_collected_while_there_is_time(blobs: FileBlobs, remaining: object, expected: str) -> None:
    pieces: Iterator[tuple[str, bool]] = iter([(",a", False), (",b", True)])
    streaming = Answer("start", media_type="text/event-stream", stream=Stream("e", lambda: next(pieces)))
    result = complete(streaming, remaining, blobs, _link)  # type: ignore[arg-type]
    assert result is not None
    assert result["body"] == expected
    assert result["headers"]["Content-Type"] == "text/event-stream"


def test_a_small_file_is_in_the_answer(blobs: FileBlobs) -> None:
    content = bytes(range(256))
    blobs.put("a/file", content)
    answer = Answer(BlobBody("a/file", 256), media_type="application/octet-stream", headers={"X-Name": "file"})
    result = complete(answer, _time_left, blobs, _link)
    assert result is not None
    assert result["isBase64Encoded"]
    assert base64.b64decode(result["body"]) == content
    assert result["headers"]["X-Name"] == "file"


def test_a_large_file_is_fetched_elsewhere(blobs: FileBlobs) -> None:
    answer = Answer(BlobBody("a/file", answering.MAX_INLINE_BYTES + 1))
    result = complete(answer, _time_left, blobs, _link)
    assert result is not None
    assert result["statusCode"] == HTTPStatus.FOUND
    assert result["headers"]["Location"] == "https://bucket/a/file?signed"
