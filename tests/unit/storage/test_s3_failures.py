"""What S3 answers besides success, and what an answer that never came means."""

from __future__ import annotations

import base64
import io
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ReadTimeoutError, ResponseStreamingError
from moto import mock_aws

from conftest import REPOSITORY
from contract.adapters import Endless, Meddle, Meddled, at_most
from thermik.storage import aws
from thermik.storage.errors import BlobExists, BlobNotFound, BlobsUnavailable
from thermik.storage.s3 import PART_BYTES, UNUSED_TAG, S3Blobs


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(aws, "_sessions", [])
    with mock_aws():
        made = aws.create_client("s3")
        made.create_bucket(Bucket="internal", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield made


def meddled(client: Any, meddle: Meddle) -> S3Blobs:
    return S3Blobs("internal", client=Meddled(client, meddle))


def failing(client: Any, operation: str, code: str, times: int = 1000) -> Meddle:
    """Fail one operation so many times."""
    left = iter(range(times))

    def meddle(called: str, call: Any, arguments: dict[str, Any]) -> Any:
        if called == operation and next(left, None) is not None:
            raise client.exceptions.ClientError({"Error": {"Code": code, "Message": "detail"}}, called)
        return call(**arguments)

    return meddle


def uploads(client: Any) -> list[Any]:
    found: list[Any] = client.list_multipart_uploads(Bucket="internal").get("Uploads", [])
    return found


def test_a_repeated_put_recognises_its_own_write(client: Any) -> None:
    def repeated(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        if operation == "put_object":
            call(**arguments)
        return call(**arguments)

    assert meddled(client, repeated).put("a", b"x", overwrite=False) == 1
    with pytest.raises(BlobExists):
        meddled(client, repeated).put("a", b"x", overwrite=False)


def test_a_repeated_multipart_upload_recognises_its_own_write(client: Any) -> None:
    def repeated(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        answer = call(**arguments)
        if operation == "complete_multipart_upload":
            raise client.exceptions.ClientError({"Error": {"Code": "PreconditionFailed"}}, operation)
        return answer

    content = b"x" * (PART_BYTES + 1)
    assert meddled(client, repeated).put("a", io.BytesIO(content), overwrite=False) == len(content)


def test_an_upload_that_was_overtaken_loses(client: Any) -> None:
    def overtaken(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        if operation == "complete_multipart_upload":
            assert arguments["IfNoneMatch"] == "*"
            S3Blobs("internal", client=client).put("a", b"other")
            raise client.exceptions.ClientError({"Error": {"Code": "PreconditionFailed"}}, operation)
        return call(**arguments)

    with pytest.raises(BlobExists):
        meddled(client, overtaken).put("a", bytes(PART_BYTES + 1), overwrite=False)
    assert S3Blobs("internal", client=client).open("a").read() == b"other"
    assert uploads(client) == []


def test_an_upload_that_fails_is_aborted(client: Any) -> None:
    blobs = meddled(client, failing(client, "upload_part", "InternalError"))
    with pytest.raises(BlobsUnavailable, match="AWS is out of order"):
        blobs.put("a", bytes(PART_BYTES + 1))
    assert uploads(client) == []
    with pytest.raises(BlobNotFound):
        blobs.info("a")


def test_a_part_exactly_full_needs_no_parts(client: Any) -> None:
    def watched(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        assert operation == "put_object"
        return call(**arguments)

    assert meddled(client, watched).put("a", io.BytesIO(bytes(PART_BYTES))) == PART_BYTES


def test_a_stream_is_never_whole_in_memory(client: Any) -> None:
    def forgetful(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        return {"UploadId": "u", "ETag": "e"}  # moto would keep the parts in this process

    size = 12 * PART_BYTES
    with at_most(3 * PART_BYTES):
        assert meddled(client, forgetful).put("a", Endless(size)) == size  # type: ignore[arg-type] - all that is used


def test_a_put_that_meets_another_is_tried_again(client: Any) -> None:
    code = "ConditionalRequestConflict"
    assert meddled(client, failing(client, "put_object", code, times=2)).put("a", b"x", overwrite=False) == 1
    with pytest.raises(BlobsUnavailable, match="being written by others again and again"):
        meddled(client, failing(client, "put_object", code)).put("b", b"x", overwrite=False)


def test_a_long_list_and_a_long_deletion_go_by_pages(client: Any) -> None:
    calls: list[str] = []

    def short(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        calls.append(operation)
        return call(**arguments, MaxKeys=2) if operation == "list_objects_v2" else call(**arguments)

    blobs = meddled(client, short)
    keys = [f"k/{number}" for number in range(7)]
    for key in keys:
        blobs.put(key, b"x")
    listing = blobs.list("k/")
    assert calls.count("list_objects_v2") == 0
    assert next(listing).key == "k/0"
    assert calls.count("list_objects_v2") == 1
    assert [info.key for info in listing] == keys[1:]
    assert calls.count("list_objects_v2") == 4
    blobs.delete([*keys, *(f"none/{number}" for number in range(1000))])
    assert calls.count("delete_objects") == 2
    assert list(blobs.list("")) == []


def test_what_cannot_be_deleted_is_named(client: Any) -> None:
    def refusing(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        return {"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "no"}]}

    with pytest.raises(BlobsUnavailable, match=r"check the policy of the role.*'a' stays: no"):
        meddled(client, refusing).delete(["a"])


def test_an_upload_form_is_limited(client: Any) -> None:
    form = S3Blobs("internal", client=client).upload_url("a/b", expires_seconds=60, max_bytes=1234)
    assert form is not None
    fields = form["fields"]
    assert isinstance(fields, dict)
    assert fields["key"] == "a/b"
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert ["content-length-range", 0, 1234] in policy["conditions"]
    assert "internal" in str(form["url"])


def test_what_is_uploaded_until_it_is_kept_bears_the_tag_of_the_lifecycle_rule(client: Any) -> None:
    blobs = S3Blobs("internal", client=client)
    form = blobs.upload_url("a/b", expires_seconds=60, max_bytes=1234, until_kept=True)
    assert form is not None
    fields = form["fields"]
    assert isinstance(fields, dict)
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert {"tagging": fields["tagging"]} in policy["conditions"]
    [tag] = ET.fromstring(fields["tagging"]).iter("Tag")
    assert (tag.findtext("Key"), tag.findtext("Value")) == (UNUSED_TAG, "true")
    template = (REPOSITORY / "template.yaml").read_text()
    assert f'TagFilters: [{{ Key: {UNUSED_TAG}, Value: "true" }}]' in template


def test_keeping_takes_the_tag_away(client: Any) -> None:
    blobs = S3Blobs("internal", client=client)
    blobs.put("a/b", b"x")
    tags = {"TagSet": [{"Key": UNUSED_TAG, "Value": "true"}]}
    client.put_object_tagging(Bucket="internal", Key="a/b", Tagging=tags)

    blobs.keep(["a/b"])

    assert client.get_object_tagging(Bucket="internal", Key="a/b")["TagSet"] == []


def test_keeping_passes_over_what_is_not_there(client: Any) -> None:
    meddled(client, failing(client, "delete_object_tagging", "NoSuchKey")).keep(["a/b"])

    with pytest.raises(BlobsUnavailable, match="check the policy of the role"):
        meddled(client, failing(client, "delete_object_tagging", "AccessDenied")).keep(["a/b"])


def test_a_stream_that_breaks_off(client: Any) -> None:
    class Breaking:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def read(self, size: int) -> bytes:
            raise self.error

        def close(self) -> None:
            """Nothing to close."""

    for error in (ReadTimeoutError(endpoint_url="https://s3"), ResponseStreamingError(error="cut")):

        def breaking(operation: str, call: Any, arguments: dict[str, Any], error: Exception = error) -> Any:
            return {"Body": Breaking(error)}

        with meddled(client, breaking).open("a") as stream, pytest.raises(BlobsUnavailable, match="S3 broke off"):
            stream.read()


def test_a_refusal_says_what_to_do(client: Any) -> None:
    with pytest.raises(BlobsUnavailable, match="the bucket other: it does not exist"):
        S3Blobs("other", client=client).put("a", b"x")
    with pytest.raises(BlobsUnavailable, match="the bucket other: it does not exist"):
        list(S3Blobs("other", client=client).list(""))
    with pytest.raises(BlobsUnavailable, match="check the policy of the role"):
        meddled(client, failing(client, "get_object", "AccessDenied")).open("a")
    with pytest.raises(BlobsUnavailable, match="check the policy of the role"):
        meddled(client, failing(client, "head_object", "403")).info("a")


def test_a_service_that_cannot_be_reached() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    blobs = S3Blobs("internal", client=aws.create_client("s3", endpoint_url=url, max_attempts=1))
    calls: list[Callable[[], Any]] = [
        lambda: blobs.put("a", b"x"),
        lambda: blobs.open("a"),
        lambda: blobs.info("a"),
        lambda: list(blobs.list("")),
        lambda: blobs.delete(["a"]),
    ]
    for call in calls:
        with pytest.raises(BlobsUnavailable, match="it cannot be reached: check the network"):
            call()
