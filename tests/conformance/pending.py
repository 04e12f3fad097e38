"""Conformance cases that cannot pass yet, by the feature that they wait for. The list can only become shorter."""

from __future__ import annotations

_WAITING: dict[str, list[str]] = {
    "ForEachItem": [
        "for-each-item",
        "for-each-item-failed",
        "for-each-item-no-wait",
        "for-each-item-outputs",
        "task-allow-failure-executable-foreachitem",
        "task-allow-warning-executable-foreachitem",
    ],
    "`logToFile`": ["log-to-file"],
    "namespace.UploadFiles": ["x-namespace-files-conflict"],
    "the Flow trigger": [
        "flow-trigger",
        "flow-trigger-disabled",
        "flow-trigger-inputs",
        "flow-trigger-invalid-inputs",
        "flow-trigger-listener-invalid",
        "flow-trigger-preconditions",
        "flow-trigger-states",
        "invalid-flow-trigger-window",
        "multiple-condition-trigger",
        "multiple-condition-trigger-failed",
        "x-flow-trigger-outputs",
    ],
    "the Schedule trigger": [
        "invalid-schedule-cron",
        "invalid-schedule-seconds",
        "invalid-schedule-timezone",
        "invalid-trigger-id-pattern",
        "invalid-trigger-property",
        "schedule-never",
        "switch-default",
        "switch-first",
        "task-flow-invalid-outputs",
        "task-flow-no-labels",
        "task-flow-wait-success",
    ],
    "the Webhook trigger": [
        "invalid-webhook-key-missing",
        "invalid-webhook-key-too-long",
        "invalid-webhook-multiple-condition",
        "webhook-body",
        "webhook-date-conditions",
        "webhook-flow-not-found",
        "webhook-no-trigger",
        "webhook-public-holiday",
        "webhook-put-list",
        "webhook-two-keys",
        "webhook-variables",
        "webhook-with-condition",
    ],
    "unqueue": ["x-concurrency-unqueue"],
}

PENDING = {case: feature for feature, cases in _WAITING.items() for case in cases}
"""By case: what it waits for."""
