"""Tasks that count executions, forget them, or switch triggers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from pydantic import ValidationError

from thermik.tasks.housekeeping import ExecutionChoice, LogChoice, Parts, Purged
from thermik.tasks.ports import KeyValue, ValueKind
from thermik.tasks.runnable import TaskFailure, TaskInterrupted
from unit.tasks.fake_context import FakeContext, make, outputs_of

END = datetime(2024, 5, 1, tzinfo=UTC)
END_TEXT = "2024-05-01T00:00:00Z"
PURGE = "core.execution.PurgeExecutions"


def test_count_keeps_the_numbers_that_the_expression_accepts(context: FakeContext) -> None:
    context.housekeeping.counts = {("n", "a"): 2, ("n", "b"): 7, ("n", None): 9, ("o", None): 0}
    task = make(
        "core.execution.Count",
        flows=[{"namespace": "n", "flowId": each} for each in "abc"],
        namespaces=["n", "o"],
        states=["FAILED", "{{ 'WARNING' }}"],
        endDate=END_TEXT,
        expression="{{ count != 2 }}",
    )
    assert outputs_of(task, context) == {
        "results": [
            {"namespace": "n", "flowId": "b", "count": 7},
            {"namespace": "n", "flowId": "c", "count": 0},
            {"namespace": "n", "count": 9},
        ],
        "total": 16,
    }
    first, *_, last = context.housekeeping.asked
    states = frozenset({"FAILED", "WARNING"})
    assert first == ExecutionChoice(END, END - timedelta(days=30), "n", "a", states)
    assert last == ExecutionChoice(END, END - timedelta(days=30), "o", None, states, below=False)


def test_count_needs_flows_or_namespaces(context: FakeContext) -> None:
    with pytest.raises(TaskFailure, match="You must provide a list of flows or namespaces"):
        make("core.execution.Count", expression="{{ count == 0 }}").run(context)
    with pytest.raises(ValidationError):
        make("core.execution.Count", namespaces=["n"])


def test_purge_adds_up_what_was_forgotten(context: FakeContext) -> None:
    context.housekeeping.found = [Purged(1, 2, 3, 4, 5), Purged(1, 1, 1, 1, 1)]
    task = make(PURGE, namespace="n", flowId="f", endDate=END_TEXT, states=["FAILED"], purgeLog=False, batchSize=7)
    assert outputs_of(task, context) == {
        "executionsCount": 2,
        "taskOutputsCount": 3,
        "logsCount": 4,
        "storagesCount": 5,
        "metricsCount": 6,
    }
    assert context.housekeeping.asked == [ExecutionChoice(END, None, "n", "f", frozenset({"FAILED"}))]
    assert context.housekeeping.parts == [(Parts(logs=False), 7)]


def test_purge_takes_all_states_where_none_is_named(context: FakeContext) -> None:
    task = make(PURGE, startDate="2024-04-01T02:00+02:00[Europe/Paris]", endDate=END_TEXT)
    outputs_of(task, context)
    assert context.housekeeping.asked == [ExecutionChoice(END, datetime(2024, 4, 1, tzinfo=UTC))]
    assert context.housekeeping.parts == [(Parts(), 100)]


def test_a_purge_that_must_stop_stops_between_two_executions(context: FakeContext) -> None:
    context.housekeeping.found = [Purged(1), Purged(1)]
    context.interrupt()
    with pytest.raises(TaskInterrupted):
        make(PURGE, endDate=END_TEXT).run(context)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"flowId": "f"}, "`namespace` is required when `flowId` is set"),
        ({"namespace": "{{ '' }}"}, "rendered to nothing, which would mean all namespaces"),
        ({"namespace": "n", "flowId": "{{ '' }}"}, "rendered to nothing, which would mean all flows"),
        ({"endDate": "yesterday"}, "endDate: 'yesterday' is no date"),
        ({"startDate": "2024-13-01T00:00:00Z"}, "startDate: '2024-13-01T00:00:00Z' is no date"),
        ({"startDate": "2024-01-01T00:00:00"}, "is no date with an offset"),
    ],
)
@pytest.mark.parametrize("kind", [PURGE, "core.log.PurgeLogs", "core.metric.PurgeMetrics"])
def test_what_would_mean_too_much_is_refused(
    context: FakeContext, kind: str, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(TaskFailure, match=message):
        make(kind, **{"endDate": END_TEXT, **properties}).run(context)
    assert (context.housekeeping.asked, context.housekeeping.logs) == ([], [])


@pytest.mark.parametrize("kind", [PURGE, "core.log.PurgeLogs", "core.metric.PurgeMetrics"])
def test_a_purge_needs_its_last_date(kind: str) -> None:
    with pytest.raises(ValidationError):
        make(kind, namespace="n")


def test_states_that_are_none_are_refused(context: FakeContext) -> None:
    with pytest.raises(ValidationError):
        make(PURGE, endDate=END_TEXT, states=["DONE"])
    with pytest.raises(TaskFailure, match="states: 'DONE' is none of CREATED"):
        make(PURGE, endDate=END_TEXT, states="{{ ['DONE'] }}").run(context)


def test_logs_are_purged_by_level_date_and_execution(context: FakeContext) -> None:
    task = make("core.log.PurgeLogs", endDate=END_TEXT, startDate="{{ '2024-04-30T00:00:00Z' }}", logLevels=["DEBUG"], executionId="{{ 'x' }}")  # fmt: skip # noqa: E501 - one call
    assert outputs_of(task, context) == {"count": 5, "executionLogsCount": 5, "nonExecutionLogsCount": 0}
    entries = LogChoice(END, END - timedelta(days=1), frozenset({"DEBUG"}))
    assert context.housekeeping.logs == [(ExecutionChoice(END), entries, "x")]


def test_logs_of_executions_can_be_spared(context: FakeContext) -> None:
    assert outputs_of(make("core.log.PurgeLogs", endDate=END_TEXT, purgeExecutionLogs=False), context)["count"] == 0
    with pytest.raises(TaskFailure, match="rendered to nothing, which would mean all executions"):
        make("core.log.PurgeLogs", endDate=END_TEXT, executionId="{{ '' }}").run(context)
    assert context.housekeeping.logs == []


def test_metrics_are_purged_alone(context: FakeContext) -> None:
    context.housekeeping.found = [Purged(metrics=4)]
    assert outputs_of(make("core.metric.PurgeMetrics", namespace="n", endDate=END_TEXT), context) == {"count": 4}
    assert context.housekeeping.parts == [(Parts(execution=False, logs=False, files=False), 100)]


def test_the_files_of_the_execution_are_deleted(context: FakeContext) -> None:
    context.housekeeping.files = ["kestra:///a"]
    assert outputs_of(make("core.storage.PurgeExecution"), context) == {"uris": ["kestra:///a"]}
    assert not context.housekeeping.children
    make("core.storage.PurgeCurrentExecutionFiles", includeChildExecutions=True).run(context)
    assert context.housekeeping.children


@pytest.mark.parametrize(
    ("properties", "switched"),
    [
        ({"trigger": "{{ 's' }}"}, ("company.team", "orders", "s", False)),
        ({"trigger": "s", "enabled": True, "namespace": "n", "flowId": "f"}, ("n", "f", "s", True)),
    ],
)
def test_a_trigger_is_switched(
    context: FakeContext, properties: dict[str, Any], switched: tuple[str, str, str, bool]
) -> None:
    assert make("core.trigger.Toggle", **properties).run(context) is None
    assert context.housekeeping.switched == [switched]


# ---- KV pairs and files of namespaces


def with_pairs(context: FakeContext) -> FakeContext:
    context.housekeeping.spaces = ["a", "a.b", "ab", "c"]
    for space in context.housekeeping.spaces:
        for key in ("k1", "k2", "other"):
            context.key_values.put(space, key, KeyValue(1, ValueKind.NUMBER), overwrite=True)
            context.namespace_files.put(space, f"dir/{key}", BytesIO(b"x"), overwrite=True)
    return context


NOT_EXPIRED = {"behavior": {"type": "key", "expiredOnly": False}}
NO_VERSION = {"behavior": {"type": "version", "keepAmount": 0}}


@pytest.mark.parametrize(
    ("properties", "spaces"),
    [
        ({}, {"a", "a.b", "ab", "c"}),
        ({"namespaces": ["a"]}, {"a", "a.b"}),
        ({"namespaces": ["{{ 'a' }}"], "includeChildNamespaces": False}, {"a"}),
        ({"namespacePattern": "a*"}, {"a", "a.b", "ab"}),
        ({"namespacePattern": "{{ 'a?' }}"}, {"ab"}),
    ],
)
def test_pairs_and_files_are_purged_in_the_namespaces_that_are_meant(
    context: FakeContext, properties: dict[str, Any], spaces: set[str]
) -> None:
    with_pairs(context)
    pairs = make("core.kv.PurgeKV", keyPattern="k*", **NOT_EXPIRED, **properties)
    assert outputs_of(pairs, context) == {"size": 2 * len(spaces)}
    files = make("core.namespace.PurgeFiles", filePattern="*/k?", **NO_VERSION, **properties)
    assert outputs_of(files, context) == {"size": 2 * len(spaces)}
    purged = {(space, key) for space in spaces for key in ("k1", "k2")}
    every = {(space, key) for space in ("a", "a.b", "ab", "c") for key in ("k1", "k2", "other")}
    assert set(context.key_values.pairs) == every - purged
    assert set(context.namespace_files.files) == {(space, f"dir/{key}") for space, key in every - purged}


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("kv.PurgeKV", {}),
        ("kv.PurgeKV", {"expiredOnly": True, **NOT_EXPIRED}),
        ("kv.PurgeKV", {"behavior": {"type": "version", "before": END_TEXT}}),
        ("kv.PurgeKV", {"behavior": "{{ {'type': 'version', 'keepAmount': 2} }}"}),
        ("namespace.PurgeFiles", {}),
        ("namespace.PurgeFiles", {"behavior": {"type": "version", "before": END_TEXT}}),
    ],
)
def test_the_newest_that_has_not_expired_is_spared(context: FakeContext, kind: str, properties: dict[str, Any]) -> None:
    assert outputs_of(make(f"core.{kind}", **properties), with_pairs(context)) == {"size": 0}
    assert (len(context.key_values.pairs), len(context.namespace_files.files)) == (12, 12)


@pytest.mark.parametrize(
    ("properties", "size"),
    [({"expiredOnly": False}, 12), ({"behavior": {"type": "version"}}, 12), (NO_VERSION, 12)],
)
def test_all_pairs_are_deleted_where_none_is_to_be_kept(
    context: FakeContext, properties: dict[str, Any], size: int
) -> None:
    assert outputs_of(make("core.kv.PurgeKV", **properties), with_pairs(context)) == {"size": size}
    assert context.key_values.pairs == {}


@pytest.mark.parametrize("kind", ["kv.PurgeKV", "namespace.PurgeFiles"])
@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"namespaces": ["a"], "namespacePattern": "a"}, "can't be used at the same time"),
        ({"namespaces": "{{ [] }}"}, "the list is empty, which would mean all"),
        ({"namespacePattern": "{{ '' }}"}, "rendered to nothing, which would mean all"),
        ({"behavior": {"type": "version", "before": "x"}}, "before: 'x' is no date"),
        ({"behavior": "{{ {'type': 'x'} }}"}, "behavior: .* is none"),
    ],
)
def test_a_purge_that_is_not_clear_is_refused(
    context: FakeContext, kind: str, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(TaskFailure, match=message):
        make(f"core.{kind}", **properties).run(with_pairs(context))
    assert (len(context.key_values.pairs), len(context.namespace_files.files)) == (12, 12)


def test_two_bounds_of_versions_are_refused() -> None:
    with pytest.raises(ValidationError, match="Cannot set both 'before' and 'keepAmount' properties"):
        make("core.kv.PurgeKV", behavior={"type": "version", "before": END_TEXT, "keepAmount": 1})
