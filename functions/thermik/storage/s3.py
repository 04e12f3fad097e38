"""Blobs on S3: internal storage on AWS.

What fits into one part is one PutObject; more is a multipart upload, a part in memory at a time, which
shows nothing until it is complete and is aborted if it fails.
"""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from thermik.storage import aws
from thermik.storage.blobs import BlobInfo
from thermik.storage.errors import BlobExists, BlobNotFound, BlobsUnavailable, StorageError
from thermik.storage.paths import key_parts
from thermik.storage.streams import check_range, pieces

if TYPE_CHECKING:
    from typing_extensions import Buffer

PART_BYTES = 8 * 1024 * 1024
"""One part: of at least 5 MiB each, 10,000 are possible: 80 GB.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

_DELETE_KEYS = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

READ_SECONDS = 30.0
_MARK = "thermik-write"
UNUSED_TAG = "thermik-unused"
_UNUSED = f"<Tagging><TagSet><Tag><Key>{UNUSED_TAG}</Key><Value>true</Value></Tag></TagSet></Tagging>"
"""https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html"""

_MAX_TRIES = 4

_Part = bytes | bytearray


class S3Blobs:
    """`Blobs` in a bucket.

    Args:
        bucket: its name.
        client: botocore's client of S3; without one, it is made from the environment.
    """

    def __init__(self, bucket: str, *, client: Any = None) -> None:
        self._bucket = bucket
        self._client = client or aws.create_client("s3", read_seconds=READ_SECONDS)

    def put(self, key: str, content: bytes | BinaryIO, *, overwrite: bool = True) -> int:
        """See `Blobs.put`."""
        target = self._target(key)
        parts = pieces(content, PART_BYTES)
        first = next(parts, b"")
        second = next(parts, None) if len(first) == PART_BYTES else None
        mark = {_MARK: secrets.token_urlsafe(9)}
        condition = {} if overwrite else {"IfNoneMatch": "*"}
        try:
            if second is None:
                self._put_whole({**target, "Body": first, "Metadata": mark, **condition})
                return len(first)
            if not overwrite:
                self._refuse_existing(key)  # rather before the upload than after it
            read = [first, second]
            del first, second  # or they would stay in memory until the last part is sent
            return self._put_parts({**target, "Metadata": mark}, _and_then(read, parts), condition)
        except _RefusedError as error:
            # A repeated request may meet what its first try wrote. Then the object bears our mark.
            found = self._head(key)
            if found.get("Metadata") != mark:
                raise BlobExists(f"there is a blob {key!r} already") from error
            return int(found["ContentLength"])

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """See `Blobs.open`."""
        check_range(start, length)
        if length == 0:
            self._head(key)
            return io.BytesIO()
        wanted = {}
        if start or length is not None:
            wanted["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        try:
            answer = self._call("get_object", **self._target(key), **wanted)
        except _RefusedError:  # the range begins beyond the end
            return io.BytesIO()
        return io.BufferedReader(_Body(answer["Body"], key))

    def info(self, key: str) -> BlobInfo:
        """See `Blobs.info`."""
        head = self._head(key)
        return BlobInfo(key, head["ContentLength"], head["LastModified"])

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        """See `Blobs.list`. One call for each thousand."""
        wanted = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            page = self._call("list_objects_v2", **wanted)
            for entry in page.get("Contents", []):
                yield BlobInfo(entry["Key"], entry["Size"], entry["LastModified"])
            if not page.get("IsTruncated"):
                return
            wanted["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, keys: Iterable[str]) -> None:
        """See `Blobs.delete`. One call for each thousand; those before an invalid key may be gone already."""
        names = (self._target(key)["Key"] for key in keys)
        while batch := [{"Key": name} for name in itertools.islice(names, _DELETE_KEYS)]:
            answer = self._call("delete_objects", Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True})
            for error in answer.get("Errors", []):
                raise self._unavailable(error.get("Code", ""), f"{error.get('Key')!r} stays: {error.get('Message')}")

    def upload_url(
        self, key: str, *, expires_seconds: int, max_bytes: int, until_kept: bool = False
    ) -> dict[str, object] | None:
        """See `Blobs.upload_url`. S3 itself refuses what is larger or comes later.

        What is not kept bears a tag, by which a lifecycle rule of the bucket deletes it (`template.yaml`).
        """
        fields = {"tagging": _UNUSED} if until_kept else {}
        limits: list[Any] = [["content-length-range", 0, max_bytes], *([fields] if fields else [])]
        form = self._call(
            "generate_presigned_post",
            **self._target(key),
            Fields=fields,
            Conditions=limits,
            ExpiresIn=expires_seconds,
        )
        return {"url": form["url"], "fields": form["fields"]}

    def keep(self, keys: Iterable[str]) -> None:
        """See `Blobs.keep`. One call for each key, which takes away the tag."""
        for key in keys:
            with suppress(BlobNotFound):
                self._call("delete_object_tagging", **self._target(key))

    def _target(self, key: str) -> dict[str, str]:
        key_parts(key)
        return {"Bucket": self._bucket, "Key": key}

    def _head(self, key: str) -> dict[str, Any]:
        return self._call("head_object", **self._target(key))

    def _refuse_existing(self, key: str) -> None:
        try:
            self._head(key)
        except BlobNotFound:
            return
        raise BlobExists(f"there is a blob {key!r} already")

    def _put_whole(self, request: dict[str, Any]) -> None:
        for attempt in range(_MAX_TRIES):
            try:
                self._call("put_object", **request)
            except _ContendedError as error:
                if attempt == _MAX_TRIES - 1:
                    raise self._unavailable("ConditionalRequestConflict", str(error)) from error
            else:
                return

    def _put_parts(self, target: dict[str, Any], parts: Iterable[_Part], condition: dict[str, str]) -> int:
        upload = self._call("create_multipart_upload", **target)["UploadId"]
        place = {"Bucket": self._bucket, "Key": target["Key"], "UploadId": upload}
        done: list[dict[str, Any]] = []
        size = 0
        try:
            for number, part in enumerate(parts, 1):
                answer = self._call("upload_part", **place, PartNumber=number, Body=part)
                # S3 compares the checksum that the client has sent along with each part with what is named here.
                sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
                done.append({"PartNumber": number, "ETag": answer["ETag"], **sums})
                size += len(part)
            self._call("complete_multipart_upload", **place, MultipartUpload={"Parts": done}, **condition)
        except BaseException:  # whatever it was: parts that lie about cost money
            with suppress(StorageError):
                self._call("abort_multipart_upload", **place)
            raise
        return size

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        key = request.get("Key")
        with self._failures(key):
            return cast("dict[str, Any]", getattr(self._client, operation)(**request))

    @contextmanager
    def _failures(self, key: str | None) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (ClientError, BotoCoreError) as error:
            code = aws.error_code(error)
            if key is not None and code in {"NoSuchKey", "404", "NotFound"}:
                raise BlobNotFound(f"there is no blob {key!r}") from error
            if code in _REFUSED:
                raise _RefusedError(str(error)) from error
            if code == "ConditionalRequestConflict":
                raise _ContendedError(
                    f"the bucket {self._bucket}: the blob {key!r} is being written: {error}"
                ) from error
            raise self._unavailable(code, str(error)) from error

    def _unavailable(self, code: str, text: str) -> BlobsUnavailable:
        return BlobsUnavailable(f"the bucket {self._bucket}: {aws.advice(code)} ({text})")


def _and_then(read: list[_Part], parts: Iterator[_Part]) -> Iterator[_Part]:
    """Parts that were read already, each let go as it is taken, and the others."""
    while read:
        yield read.pop(0)
    yield from parts


class _RefusedError(StorageError):
    """A condition or range that the object does not meet."""


class _ContendedError(BlobsUnavailable):
    """Another request on the same key was under way: try again."""


_REFUSED = {"PreconditionFailed", "412", "InvalidRange", "416"}


class _Body(io.RawIOBase):
    """An object's bytes as they arrive, with our errors."""

    def __init__(self, body: Any, key: str) -> None:
        super().__init__()
        self._body = body
        self._key = key

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        from botocore.exceptions import BotoCoreError

        room = memoryview(buffer).cast("B")
        try:
            piece = self._body.read(len(room))
        except BotoCoreError as error:
            raise BlobsUnavailable(f"the blob {self._key!r}: S3 broke off ({error})") from error
        room[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._body.close()
        super().close()
