"""When a failed attempt is tried again: a pure decision over the retry that applies and the attempts so far.

Kestra's rules: `maxAttempts` counts every attempt, the first included; `maxDuration` counts from the first
attempt's beginning, running time included; the delay counts from the last attempt's end.
https://kestra.io/docs/workflow-components/retries
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from thermik.executions.model import Attempt
from thermik.flows.retry import ConstantRetry, ExponentialRetry, RandomRetry, Retry
from thermik.flows.tree import Node


def retry_of(node: Node, of_flow: Retry | None) -> Retry | None:
    """The retry that applies to a task: its own, the nearest enclosing flowable's, or the flow's."""
    for place in (node, *node.ancestors()):
        if place.task.retry is not None:
            return place.task.retry
    return of_flow


def next_attempt_at(retry: Retry, attempts: Sequence[Attempt], draw: random.Random) -> datetime | None:
    """When the next attempt is due after the last of these failed; None when there is none.

    Without any attempt (a `runIf` that could not be rendered) nothing is retried.
    """
    if not attempts or (retry.max_attempts is not None and len(attempts) >= retry.max_attempts):
        return None
    ended = attempts[-1].state.histories[-1].date
    due = ended + delay_before(retry, len(attempts), draw)
    begun = attempts[0].state.start_date
    if retry.max_duration is not None and due > begun + retry.max_duration:
        return None
    return due


def delay_before(retry: Retry, attempts: int, draw: random.Random) -> timedelta:
    """The pause after so many attempts: constant, drawn, or growing by the factor each time."""
    match retry:
        case ConstantRetry(interval=interval):
            return interval
        case RandomRetry(min_interval=least, max_interval=most):
            return least + (most - least) * draw.random()
        case ExponentialRetry(interval=interval, max_interval=most, delay_factor=factor):
            return grown(interval, factor, attempts - 1, most)


def grown(interval: timedelta, factor: float, times: int, most: timedelta) -> timedelta:
    """An interval multiplied by the factor so many times, at most `most`, without overflowing on the way."""
    for _ in range(times):
        if interval >= most:
            break
        interval *= factor
    return min(interval, most)
