"""The table on DynamoDB: one table, low-level client, one call for one write.

- One Put is a PutItem under a condition; several writes are a TransactWriteItems.
- One key is a GetItem, more are BatchGetItem by the hundred, all consistent.
- A query of the table is one consistent Query. An index holds keys only, so a page of it is one Query (consistent for
  LOCAL) and a BatchGetItem of its items; those whose index key has changed since the index knew it are dropped, so
  a page may be short. A page costs half a read unit for each 4 KB of keys and, for each item, one unit for each
  4 KB of it. (An index with whole items would save that, but make every write of an item twice as dear.)

A write is repeated by botocore when no answer came, and the first try may have been carried out. Each is
made to recognise itself: see `_put` and `_transact`.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Unpack, cast

from thermik.clock import Clock, SystemClock
from thermik.storage import aws
from thermik.storage.dynamodb_items import (
    Item,
    is_beyond,
    is_of_write,
    key_item,
    key_of_item,
    position_of,
    put_request,
    query_request,
    record_of,
    start_key,
    transact_item,
)
from thermik.storage.dynamodb_schema import key_attributes
from thermik.storage.encoding import EncodedPut, EncodedWrite, encode_writes, is_storable, key_of
from thermik.storage.errors import Conflict, InvalidCursor, TableUnavailable
from thermik.storage.ranges import Selection, decode_cursor, encode_cursor, select
from thermik.storage.table import Check, Delete, Index, Key, Narrowing, Page, Record, Write

_BATCH_KEYS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

_MAX_TRIES = 9  # of what is busy: with the pauses between them some two seconds, five at most
_FIRST_PAUSE_SECONDS = 0.025
_LONGEST_PAUSE_SECONDS = 1.0

_CONTENDED = "TransactionConflict"
_BUSY_REASONS = {_CONTENDED, "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Why a transaction may be cancelled although its conditions hold: try again."""


class DynamoTable:
    """`Table` on a DynamoDB table of the shape of `dynamodb_schema`.

    Args:
        name: the table's name.
        client: botocore's client of DynamoDB; without one, it is made from the environment.
        pause: how to wait between tries, in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        client: Any = None,
        clock: Clock | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._client = client or aws.create_client("dynamodb")
        self._clock = clock or SystemClock()
        self._pause = pause

    def get(self, keys: Sequence[Key]) -> list[Record | None]:
        """See `Table.get`."""
        distinct = [key for key in dict.fromkeys(keys) if is_storable(key)]
        items: list[Item] = []
        if len(distinct) == 1:
            answer = self._call("get_item", TableName=self._name, Key=key_item(distinct[0]), ConsistentRead=True)
            items = [answer["Item"]] if "Item" in answer else []
        else:
            for first in range(0, len(distinct), _BATCH_KEYS):
                items += self._get_batch(distinct[first : first + _BATCH_KEYS])
        now = self._now()
        records = {key_of_item(item): record_of(item, now) for item in items}
        return [records.get(key) for key in keys]

    def write(self, *writes: Write) -> None:
        """See `Table.write`."""
        encoded = encode_writes(writes)
        match encoded:
            case []:
                return
            case [EncodedPut() as put]:
                self._put(put)
            case [Delete(key=key, version=None)]:
                self._call("delete_item", TableName=self._name, Key=key_item(key))
            case [Check(key=key, version=version)]:
                (record,) = self.get([key])
                if (record.version if record else 0) != version:
                    raise _conflict([key])
            case _:
                self._transact(encoded)

    def query(self, partition: str, **narrowing: Unpack[Narrowing]) -> Page:
        """See `Table.query`."""
        selection = select(partition, narrowing)
        cursor = narrowing.get("cursor")
        begin = _start(selection, cursor) if cursor is not None else None
        if selection.is_empty:
            return Page([], None)
        request = query_request(self._name, selection, self._now())
        answer = self._call("query", **request, **({"ExclusiveStartKey": begin} if begin else {}))
        last = answer.get("LastEvaluatedKey")
        more = encode_cursor(selection, position_of(selection, last)) if last else None
        return Page(self._records(selection, answer["Items"]), more)

    def close(self) -> None:
        """See `Table.close`."""
        self._client.close()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _records(self, selection: Selection, items: Sequence[Item]) -> list[Record]:
        """The records of a page of items, or of an index's keys."""
        _, sort = key_attributes(selection.index)
        items = [item for item in items if not is_beyond(selection, item[sort]["S"])]
        index = selection.index
        if index is None:
            now = self._now()
            return [record for item in items if (record := record_of(item, now))]
        places = [Key(selection.partition, item[sort]["S"]) for item in items]
        found = zip(self.get([key_of_item(item) for item in items]), places, strict=True)
        return [record for record, place in found if record and record.indexes.get(index) == place]

    def _get_batch(self, keys: Sequence[Key]) -> list[Item]:
        wanted: dict[str, Any] = {self._name: {"Keys": [key_item(key) for key in keys], "ConsistentRead": True}}
        items: list[Item] = []
        for attempt in range(_MAX_TRIES):
            answer = self._call("batch_get_item", RequestItems=wanted)
            items += answer["Responses"].get(self._name, [])
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return items
            self._pause(_jitter(attempt))
        raise self._unavailable("ThrottlingException", f"{len(wanted[self._name]['Keys'])} keys were never answered")

    def _put(self, put: EncodedPut) -> None:
        """Write one item.

        When no answer came and botocore asked again, the second try finds the item that the first one wrote, and
        the condition fails. So every write leaves a mark of its own in the item, and a failed condition shows the
        item that is there: if it bears our mark, we were the ones. (Equal bodies would prove nothing: two who
        count from 1 to 2 write the same.)
        """
        token = secrets.token_urlsafe(9)
        request = put_request(self._name, put, self._now(), token)
        for attempt in range(_MAX_TRIES):
            try:
                self._call("put_item", **request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
            except self._client.exceptions.ConditionalCheckFailedException as error:
                if not is_of_write(error.response.get("Item"), token):
                    raise _conflict([put.record.key]) from error
            except self._client.exceptions.TransactionConflictException:
                self._pause(_jitter(attempt))  # another's transaction holds the item: ours may still be the next
                continue
            return
        raise _conflict([put.record.key])

    def _transact(self, writes: Sequence[EncodedWrite]) -> None:
        """Write all or nothing.

        A Delete under a condition comes here even alone, because it leaves nothing to bear a mark.

        botocore repeats an unanswered call with the same request token, by which DynamoDB knows it for ten minutes.
        A cancelled transaction has written nothing, so the next try is a new one.
        """
        now = self._now()
        token = secrets.token_urlsafe(9)
        items = [transact_item(self._name, write, now, token) for write in writes]
        busy: set[str] = set()
        for attempt in range(_MAX_TRIES):
            try:
                self._call("transact_write_items", TransactItems=items, ClientRequestToken=secrets.token_hex(16))
            except self._client.exceptions.TransactionCanceledException as error:
                busy = self._busy_reasons(error, writes)
                self._pause(_jitter(attempt))
            else:
                return
        if _CONTENDED in busy:  # the caller reads again and decides anew, as after any lost race
            raise _conflict([key_of(write) for write in writes])
        raise self._unavailable("ThrottlingException", "a transaction was refused again and again")

    def _busy_reasons(self, error: Any, writes: Sequence[EncodedWrite]) -> set[str]:
        """Why a transaction was cancelled, if another try may pass; raises what it means otherwise."""
        codes = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
        failed = [key_of(write) for write, code in zip(writes, codes, strict=False) if code == "ConditionalCheckFailed"]
        if failed:
            raise _conflict(failed) from error
        reasons = set(codes) - {"None"}
        if not reasons or reasons - _BUSY_REASONS:
            raise self._unavailable(error.response["Error"]["Code"], str(error)) from error
        return reasons

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        with self._failures():
            return cast("dict[str, Any]", getattr(self._client, operation)(**request))

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn the service's failures into ours, but for those that a write explains."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (
            self._client.exceptions.ConditionalCheckFailedException,
            self._client.exceptions.TransactionCanceledException,
            self._client.exceptions.TransactionConflictException,
        ):
            raise
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(aws.error_code(error), str(error)) from error

    def _unavailable(self, code: str, text: str) -> TableUnavailable:
        return TableUnavailable(f"the DynamoDB table {self._name}: {aws.advice(code)} ({text})")


def _start(selection: Selection, cursor: str) -> Item:
    """Where to go on. DynamoDB refuses a place outside of the query, so a forged one is refused here."""
    values = 1 if selection.index is None else 2 if selection.index is Index.LOCAL else 3
    position = cast("list[str]", decode_cursor(selection, cursor, (str,) * values))
    key = Key(position[1], position[2]) if values == 3 else Key(selection.partition, position[-1])
    if not is_storable(key) or not is_storable(Key(key.partition, position[0])) or is_beyond(selection, position[0]):
        raise InvalidCursor("the cursor's position is outside of the query")
    return start_key(selection, position)


def _conflict(keys: Sequence[Key]) -> Conflict:
    named = ", ".join(f"{key.partition} / {key.sort}" for key in keys[:3])
    return Conflict(f"someone else wrote first: {named}{', ...' if len(keys) > 3 else ''}")


def _jitter(attempt: int) -> float:
    """Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/."""
    return random.uniform(0, min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - no secret
