"""Tasks that report metrics."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import FakeContext, make, outputs_of


def test_publish_reports_counters_timers_and_gauges(context: FakeContext) -> None:
    metrics = [
        {"type": "counter", "name": "of {{ flow.id }}", "value": "{{ inputs.rows }}", "tags": {"a": "{{ flow.id }}"}},
        {"type": "timer", "name": "t", "value": "PT5H", "description": "d"},
        {"type": "gauge", "name": "g", "value": 1.5},
    ]
    context.variables["inputs"] = {"rows": 7}
    assert outputs_of(make("core.metric.Publish", metrics=metrics), context) == {
        "metrics": [
            {"name": "of orders", "type": "counter", "tags": {"a": "orders"}, "value": 7.0},
            {"name": "t", "type": "timer", "tags": {}, "description": "d", "value": "PT5H"},
            {"name": "g", "type": "gauge", "tags": {}, "value": 1.5},
        ]
    }
    assert context.counters == [("of orders", 7.0, {"a": "orders"})]
    assert context.timers == [("t", timedelta(hours=5), {})]
    assert context.gauges == [("g", 1.5, {})]


def test_publish_takes_its_metrics_from_an_expression(context: FakeContext) -> None:
    context.variables["inputs"] = {"metrics": [{"type": "counter", "name": "n", "value": 1}]}
    outputs_of(make("core.metric.Publish", metrics="{{ inputs.metrics }}"), context)
    assert context.counters == [("n", 1.0, {})]
    assert outputs_of(make("core.metric.Publish"), context) == {"metrics": []}


@pytest.mark.parametrize("metrics", [[{"type": "counter", "name": "n"}], [{"type": "x", "name": "n", "value": 1}]])
def test_what_is_no_metric_is_refused(context: FakeContext, metrics: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        make("core.metric.Publish", metrics=metrics)
    context.variables["inputs"] = {"metrics": metrics}
    with pytest.raises(TaskFailure, match=r"^metrics must be a list of metrics: 0"):
        make("core.metric.Publish", metrics="{{ inputs.metrics }}").run(context)
    assert context.counters == []


def test_a_value_that_renders_to_none_is_a_failure(context: FakeContext) -> None:
    metric = {"type": "counter", "name": "n", "value": "{{ 'x' }}"}
    with pytest.raises(TaskFailure):
        make("core.metric.Publish", metrics=[metric]).run(context)
