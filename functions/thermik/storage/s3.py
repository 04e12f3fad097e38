"""Blobs on S3: internal storage on AWS.

What fits into one part is one PutObject; more is a multipart upload, a part in memory at a time, which
shows nothing until it is complete and is aborted if it fails.
"""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from thermik.storage import aws
from thermik.storage.blobs import BlobInfo
from thermik.storage.errors import BlobExists, BlobNotFound, BlobsUnavailable
from thermik.storage.paths import key_parts
from thermik.storage.streams import check_range, pieces

PART_BYTES = 16 * 1024 * 1024
"""One part: of at least 5 MiB each, 10,000 are possible: 160 GB.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

_DELETE_KEYS = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

_READ_SECONDS = 30.0
_MARK = "thermik-write"
_MAX_TRIES = 4


class S3Blobs:
    """`Blobs` in a bucket.

    Args:
        bucket: its name.
        client: botocore's client of S3; without one, it is made from the environment.
        prefix: in front of every key, so that a bucket may hold more than this; empty, or ends with `/`.
    """

    def __init__(self, bucket: str, *, client: Any = None, prefix: str = "") -> None:
        self._bucket = bucket
        self._client = client or aws.create_client("s3", read_seconds=_READ_SECONDS)
        self._prefix = prefix

    def put(self, key: str, content: bytes | BinaryIO, *, overwrite: bool = True) -> int:
        """See `Blobs.put`."""
        target = self._target(key)
        parts = pieces(content, PART_BYTES)
        first = next(parts, b"")
        second = next(parts, b"") if len(first) == PART_BYTES else b""
        mark = secrets.token_urlsafe(9)
        condition = {} if overwrite else {"IfNoneMatch": "*"}
        try:
            if not second:
                self._call("put_object", **target, Body=first, Metadata={_MARK: mark}, **condition)
                return len(first)
            return self._put_parts(target, itertools.chain([first, second], parts), mark, condition)
        except _AlreadyThereError as error:
            # A repeated request may meet what its first try wrote. Then the object bears our mark.
            if self._head(key).get("Metadata", {}).get(_MARK) != mark:
                raise BlobExists(f"there is a blob {key!r} already") from error
            return self.info(key).size

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """See `Blobs.open`."""
        check_range(start, length)
        if length == 0:
            self.info(key)
            return io.BytesIO()
        wanted = {}
        if start or length is not None:
            wanted["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        try:
            answer = self._call("get_object", **self._target(key), **wanted)
        except _BeyondTheEndError:
            return io.BytesIO()
        return cast("BinaryIO", io.BufferedReader(_Body(answer["Body"], key)))

    def info(self, key: str) -> BlobInfo:
        """See `Blobs.info`."""
        head = self._head(key)
        return BlobInfo(key, head["ContentLength"], head["LastModified"])

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        """See `Blobs.list`. One call for each thousand."""
        wanted: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix + prefix}
        while True:
            page = self._call("list_objects_v2", **wanted)
            for entry in page.get("Contents", []):
                yield BlobInfo(entry["Key"][len(self._prefix) :], entry["Size"], entry["LastModified"])
            if not page.get("IsTruncated"):
                return
            wanted["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, keys: Iterable[str]) -> None:
        """See `Blobs.delete`. One call for each thousand; those before an invalid key may be gone already."""
        names = (self._target(key)["Key"] for key in keys)
        while batch := list(itertools.islice(names, _DELETE_KEYS)):
            self._delete_batch(batch)

    def upload_url(self, key: str, *, expires_seconds: int, max_bytes: int) -> dict[str, object] | None:
        """See `Blobs.upload_url`."""
        target = self._target(key)
        with self._failures(f"the blob {key!r}"):
            form = self._client.generate_presigned_post(
                **target,
                Conditions=[["content-length-range", 0, max_bytes]],
                ExpiresIn=expires_seconds,
            )
        return cast("dict[str, object]", form)

    def _target(self, key: str) -> dict[str, str]:
        key_parts(key)
        return {"Bucket": self._bucket, "Key": self._prefix + key}
