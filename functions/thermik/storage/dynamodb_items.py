"""Records as DynamoDB items, and the conditions and requests that are made of them. Nothing here calls AWS.

An item: `pk`, `sk`, `v` (version), `body` (JSON text: numbers, empty texts and nulls come back exactly, and the
item costs no more than its text), `w` (the write that made it), `ttl`, and the key attributes of its indexes.
"""

from __future__ import annotations

import json
from typing import Any

from thermik.storage.dynamodb_schema import PARTITION, SORT, TIME_TO_LIVE, index_name, key_attributes
from thermik.storage.encoding import EncodedPut, EncodedWrite
from thermik.storage.ranges import Selection
from thermik.storage.table import Check, Index, Key, Record

Item = dict[str, dict[str, str]]

_VERSION = "v"
_WRITE = "w"
_ALIVE = "(attribute_not_exists(#ttl) OR #ttl > :now)"
_ABSENT = "(attribute_not_exists(#pk) OR #ttl <= :now)"


def key_item(key: Key) -> Item:
    """A key as the service takes it."""
    return {PARTITION: {"S": key.partition}, SORT: {"S": key.sort}}


def key_of_item(item: Item) -> Key:
    """The key in an item."""
    return Key(item[PARTITION]["S"], item[SORT]["S"])


def record_of(item: Item, now: float) -> Record | None:
    """The record in an item; None if it has expired (DynamoDB removes it within days)."""
    expires_at = int(item[TIME_TO_LIVE]["N"]) if TIME_TO_LIVE in item else None
    if expires_at is not None and expires_at <= now:
        return None
    indexes = {}
    for index in Index:
        partition, sort = key_attributes(index)
        if sort in item:
            indexes[index] = Key(item[partition]["S"], item[sort]["S"])
    return Record(key_of_item(item), json.loads(item["body"]["S"]), int(item[_VERSION]["N"]), indexes, expires_at)


def is_of_write(item: Item | None, token: str) -> bool:
    """Whether the item is the one that this write made."""
    return item is not None and item.get(_WRITE, {}).get("S") == token


def put_request(table: str, put: EncodedPut, now: float, token: str) -> dict[str, Any]:
    """A conditional PutItem, for itself or within a transaction."""
    record = put.record
    item: Item = {
        **key_item(record.key),
        _VERSION: {"N": str(record.version + 1)},
        "body": {"S": put.body},
        _WRITE: {"S": token},
    }
    for index, key in record.indexes.items():
        partition, sort = key_attributes(index)
        item[partition], item[sort] = {"S": key.partition}, {"S": key.sort}
    if record.expires_at is not None:
        item[TIME_TO_LIVE] = {"N": str(record.expires_at)}
    return {"TableName": table, "Item": item, **version_condition(record.version, now)}


def transact_item(table: str, write: EncodedWrite, now: float, token: str) -> dict[str, Any]:
    """One action of a TransactWriteItems."""
    if isinstance(write, EncodedPut):
        return {"Put": put_request(table, write, now, token)}
    place = {"TableName": table, "Key": key_item(write.key)}
    if isinstance(write, Check):
        return {"ConditionCheck": {**place, **version_condition(write.version, now)}}
    return {"Delete": place if write.version is None else {**place, **version_condition(write.version, now)}}


def version_condition(version: int, now: float) -> dict[str, Any]:
    """The condition that the stored version is this one; 0: that none is stored, or it has expired."""
    clock = {":now": {"N": str(int(now))}}
    if version == 0:
        return {
            "ConditionExpression": _ABSENT,
            "ExpressionAttributeNames": {"#pk": PARTITION, "#ttl": TIME_TO_LIVE},
            "ExpressionAttributeValues": clock,
        }
    return {
        "ConditionExpression": f"#v = :v AND {_ALIVE}",
        "ExpressionAttributeNames": {"#v": _VERSION, "#ttl": TIME_TO_LIVE},
        "ExpressionAttributeValues": {**clock, ":v": {"N": str(version)}},
    }


def query_request(table: str, selection: Selection, now: float) -> dict[str, Any]:
    """A Query of one page.

    One condition on the sort key is allowed, so a bound may be a little too wide: see `is_beyond`.
    """
    partition, sort = key_attributes(selection.index)
    names = {"#p": partition}
    values = {":p": {"S": selection.partition}}
    condition = _sort_condition(selection, values)
    if condition:
        names["#s"] = sort
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": " AND ".join(filter(None, ["#p = :p", condition])),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not selection.descending,
        "Limit": selection.limit,
    }
    if selection.index is None:
        names["#ttl"] = TIME_TO_LIVE
        values[":now"] = {"N": str(int(now))}
        request["FilterExpression"] = _ALIVE
    else:
        request["IndexName"] = index_name(selection.index)
    if selection.index in {None, Index.LOCAL}:  # DynamoDB refuses it for global indexes, which lag
        request["ConsistentRead"] = True
    return request


def is_beyond(selection: Selection, sort: str) -> bool:
    """Whether a sort key is outside of the range, at either end."""
    return (
        sort < selection.low
        or (selection.high is not None and sort > selection.high)
        or (selection.below is not None and sort >= selection.below)
    )


def position_of(selection: Selection, last: Item) -> list[str | int]:
    """A cursor's position from the service's LastEvaluatedKey."""
    _, sort = key_attributes(selection.index)
    key = key_of_item(last)
    if selection.index is None:
        return [key.sort]
    return [last[sort]["S"], key.sort] if selection.index is Index.LOCAL else [last[sort]["S"], key.partition, key.sort]


def start_key(selection: Selection, position: list[str]) -> Item:
    """The service's ExclusiveStartKey from a cursor's position; the partition is always the query's own."""
    partition, sort = key_attributes(selection.index)
    item = {partition: {"S": selection.partition}, sort: {"S": position[0]}}
    if selection.index is Index.LOCAL:
        item[SORT] = {"S": position[1]}
    elif selection.index is not None:
        item |= key_item(Key(position[1], position[2]))
    return item


def _sort_condition(selection: Selection, values: Item) -> str:
    if selection.prefix and selection.low == selection.prefix and selection.high is None:
        values[":prefix"] = {"S": selection.prefix}
        return "begins_with(#s, :prefix)"
    high = min((bound for bound in (selection.high, selection.below) if bound is not None), default=None)
    if selection.low:
        values[":low"] = {"S": selection.low}
    if high is not None:
        values[":high"] = {"S": high}
    if selection.low and high is not None:
        return "#s BETWEEN :low AND :high"
    return "#s >= :low" if selection.low else "#s <= :high" if high is not None else ""
