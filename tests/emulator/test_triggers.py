"""Triggers on the deployed stack: a date through EventBridge Scheduler, a webhook, and a flow that listens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from emulator.stack import Stack

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("emulator")]

API = "/api/v1/main"
NAMESPACE = "emulator.triggers"
SECONDS = 90

FLOW = """\
id: {name}
namespace: emulator.triggers
tasks:
  - {{id: only, type: io.kestra.plugin.core.debug.Return, format: hello}}
triggers:
  - {{id: t, {trigger}}}
"""


class Caller:
    def __init__(self, stack: Stack, user: tuple[str, str]) -> None:
        self.url = f"{stack.api_url}{API}"
        self.session = requests.Session()
        self.session.auth = user

    def save(self, name: str, trigger: str) -> None:
        source = FLOW.format(name=name, trigger=trigger)
        headers = {"Content-Type": "application/x-yaml"}
        saved = self.session.post(f"{self.url}/flows", data=source, headers=headers, timeout=SECONDS)
        assert saved.status_code == 200, saved.text

    def delete(self, name: str) -> None:
        self.session.delete(f"{self.url}/flows/{NAMESPACE}/{name}", timeout=SECONDS)

    def succeeded(self, name: str) -> list[dict[str, Any]]:
        params = {"namespace": NAMESPACE, "flowId": name}
        answer = self.session.get(f"{self.url}/executions/search", params=params, timeout=SECONDS)
        return [each for each in answer.json()["results"] if each["state"]["current"] == "SUCCESS"]


@pytest.fixture
def caller(stack: Stack, user: tuple[str, str]) -> Iterator[Caller]:
    made = Caller(stack, user)
    yield made
    made.session.close()


def until(look: Callable[[], list[Any]]) -> list[Any]:
    """What `look` gives once it gives something."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.5)
    return found


def test_a_date_starts_an_execution(stack: Stack, caller: Caller) -> None:
    caller.save("ticks", "type: io.kestra.plugin.core.trigger.Schedule, cron: '*/5 * * * * *', withSeconds: true")
    scheduler = stack.client("scheduler")
    assert len(scheduler.list_schedules(GroupName=stack.deployment.stack)["Schedules"]) == 1
    [execution, *_] = until(lambda: caller.succeeded("ticks"))
    assert execution["trigger"]["variables"]["date"]
    caller.delete("ticks")
    assert scheduler.list_schedules(GroupName=stack.deployment.stack)["Schedules"] == []


def test_a_flow_hears_what_a_webhook_started(stack: Stack, caller: Caller) -> None:
    listens = f"[{{type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: {NAMESPACE}, flowId: hook}}]"
    caller.save("hook", "type: io.kestra.plugin.core.trigger.Webhook, key: k")
    caller.save("hears", f"type: io.kestra.plugin.core.trigger.Flow, conditions: {listens}")
    time.sleep(2)  # as long as a warm function takes its list of listeners for true
    answer = requests.post(f"{caller.url}/executions/webhook/{NAMESPACE}/hook/k", json={"a": 1}, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    [heard] = until(lambda: caller.succeeded("hears"))
    assert heard["trigger"]["variables"]["executionId"] == answer.json()["id"]
