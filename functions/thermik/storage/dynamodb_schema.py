"""The shape of the one DynamoDB table, as the service and CloudFormation spell it.

The template, the tests and this adapter must agree; the template's test compares it with `table_definition`.

Indexes project keys only: an index entry is then written only when its key changes, not with every
change of the item, which is what would cost most (a task run is written more often than it is listed).
"""

from __future__ import annotations

from typing import Any

from thermik.storage.table import Index

PARTITION = "pk"
SORT = "sk"
TIME_TO_LIVE = "ttl"
_GLOBAL_INDEXES = (Index.FIRST, Index.SECOND, Index.THIRD, Index.FOURTH)


def key_attributes(index: Index | None) -> tuple[str, str]:
    """The attributes that hold the partition and sort key of an index, or of the table itself."""
    if index is None:
        return PARTITION, SORT
    if index is Index.LOCAL:
        return PARTITION, str(index)
    return f"{index}p", f"{index}s"


def index_name(index: Index) -> str:
    """The index's name in the service, which wants three characters at least."""
    return f"by-{index}"


def table_definition() -> dict[str, Any]:
    """Attributes, keys, indexes and billing: arguments of CreateTable, and properties of `AWS::DynamoDB::Table`."""
    return {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in _attributes()],
        "KeySchema": _key_schema(None),
        "LocalSecondaryIndexes": [_index(Index.LOCAL)],
        "GlobalSecondaryIndexes": [_index(index) for index in _GLOBAL_INDEXES],
        "BillingMode": "PAY_PER_REQUEST",
    }


def time_to_live() -> dict[str, Any]:
    """The setting by which DynamoDB removes expired items: of UpdateTimeToLive, and of the template."""
    return {"AttributeName": TIME_TO_LIVE, "Enabled": True}


def _attributes() -> list[str]:
    names = [name for index in (None, *Index) for name in key_attributes(index)]
    return list(dict.fromkeys(names))


def _index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index_name(index),
        "KeySchema": _key_schema(index),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


def _key_schema(index: Index | None) -> list[dict[str, str]]:
    partition, sort = key_attributes(index)
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
