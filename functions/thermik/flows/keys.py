"""Where flows are in the one table: see `storage/schema.py` for the rules that its keys follow.

A flow's items share a partition: `latest`, which tells the newest revision, and one item a revision. Lists run over
the indexes of `latest`: by namespace (FIRST) and all together, by namespace and id (SECOND). A deleted flow's
`latest` is in no index. Flows that listen to executions, and flows with dates, are found by THIRD and FOURTH.
"""

from __future__ import annotations

from thermik.storage.table import Index, Key

REVISIONS = "revision#"
"""Prefix of the revisions in a flow's partition; they sort by number."""

ALL = "flows"
"""Partition of index SECOND with every flow."""

LISTENERS = "listeners"
"""Partition of index THIRD with the flows that have Flow triggers."""

TIMED = "timed"
"""Partition of index FOURTH with the flows that have triggers with dates."""

PAST_NAMESPACE = "$"
"""Sorts after `namespace#` and before any longer namespace: where the next namespace begins."""


def partition(namespace: str, flow_id: str) -> str:
    """The partition of everything that belongs to one flow."""
    return f"flow#{namespace}#{flow_id}"


def latest(namespace: str, flow_id: str) -> Key:
    """What tells the newest revision."""
    return Key(partition(namespace, flow_id), "latest")


def revision(namespace: str, flow_id: str, number: int) -> Key:
    """One revision."""
    return Key(partition(namespace, flow_id), f"{REVISIONS}{number:08d}")  # as many digits each, so that they sort


def namespace_partition(namespace: str) -> str:
    """The flows of one namespace (index FIRST)."""
    return f"flows#{namespace}"


def indexes(namespace: str, flow_id: str, *, listens: bool = False, is_timed: bool = False) -> dict[Index, Key]:
    """Where a flow that is not deleted is listed.

    Args:
        listens: it has a Flow trigger. is_timed: it has a trigger with dates.
    """
    name = f"{namespace}#{flow_id}"
    indexes = {Index.FIRST: Key(namespace_partition(namespace), flow_id), Index.SECOND: Key(ALL, name)}
    if listens:
        indexes[Index.THIRD] = Key(LISTENERS, name)
    if is_timed:
        indexes[Index.FOURTH] = Key(TIMED, name)
    return indexes


def source_blob(namespace: str, flow_id: str, digest: str) -> str:
    """The blob of a source that is too large for an item, by its content."""
    return f"_flows/{namespace}/{flow_id}/{digest}.yaml"
