"""Triggers over HTTP, on a server whose scheduler runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from flows.thermik_server import SECONDS, Server

NAMESPACE = "flows.triggers"


def source(name: str, triggers: str, format_: str = "hello") -> str:
    task = f'{{id: only, type: io.kestra.plugin.core.debug.Return, format: "{format_}"}}'
    return f"id: {name}\nnamespace: {NAMESPACE}\ntasks:\n  - {task}\ntriggers:\n  - {{id: t, {triggers}}}\n"


def until(look: Callable[[], Any]) -> Any:
    """What `look` gives once it gives something."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def executions(server: Server, flow: str) -> list[dict[str, Any]]:
    params = {"namespace": NAMESPACE, "flowId": flow, "size": 100, "sort": "state.startDate:asc"}
    found: list[dict[str, Any]] = server.json("GET", "/executions/search", params=params)["results"]
    return [each for each in found if each["state"]["current"] == "SUCCESS"]


def test_a_schedule_starts_executions_until_it_is_switched_off(thermik_server: Server) -> None:
    thermik_server.put_flow(
        source("ticks", "type: io.kestra.plugin.core.trigger.Schedule, cron: '* * * * * *', withSeconds: true")
    )
    found = until(lambda: len(all_ := executions(thermik_server, "ticks")) >= 2 and all_)
    dates = [each["trigger"]["variables"]["date"] for each in found]
    assert dates == sorted(set(dates))
    trigger = {"namespace": NAMESPACE, "flowId": "ticks", "triggerId": "t", "disabled": True}
    switched = thermik_server.json("PUT", "/triggers", json=trigger)
    assert switched["disabled"] is True
    [shown] = thermik_server.json("GET", f"/triggers/{NAMESPACE}/ticks")["results"]
    assert (shown["triggerId"], shown["disabled"]) == ("t", True)


def test_triggers_are_found_and_acted_on(thermik_server: Server) -> None:
    thermik_server.put_flow(source("yearly", "type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 1 1 *'"))
    query = {"filters[flowId][EQUALS]": "yearly"}
    [found] = thermik_server.json("GET", "/triggers/search", params=query)["results"]
    assert found["abstractTrigger"]["cron"] == "0 0 1 1 *"
    assert found["triggerContext"]["nextExecutionDate"].endswith("-01-01T00:00:00.000000Z")
    name = {"namespace": NAMESPACE, "flowId": "yearly", "triggerId": "t"}
    bulk = thermik_server.json(
        "POST", "/triggers/set-disabled/by-triggers", json={"triggers": [name], "disabled": True}
    )
    assert bulk["count"] == 1
    again = thermik_server.json("POST", "/triggers/set-disabled/by-query", params={**query, "disabled": "true"})
    assert again["count"] == 0
    path = f"/triggers/{NAMESPACE}/yearly/t"
    thermik_server.json("POST", f"{path}/unlock", 409)
    thermik_server.json("POST", f"{path}/restart")
    thermik_server.json("DELETE", path, 204)
    thermik_server.json("DELETE", path, 404)
    thermik_server.json("PUT", "/triggers/set-disabled", 404, json={**name, "disabled": False})


def test_a_backfill_runs_the_dates_of_the_past(thermik_server: Server) -> None:
    thermik_server.put_flow(source("filled", "type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 1 1 *'"))
    name = {"namespace": NAMESPACE, "flowId": "filled", "triggerId": "t"}
    backfill = {"start": "2020-01-01T00:00:00Z", "end": "2022-06-01T00:00:00Z", "labels": [{"key": "b", "value": "x"}]}
    started = thermik_server.json("PUT", "/triggers", json={**name, "backfill": backfill})
    assert started["backfill"]["currentDate"] == "2020-01-01T00:00:00.000000Z"
    found = until(lambda: len(all_ := executions(thermik_server, "filled")) == 3 and all_)
    dates = [each["trigger"]["variables"]["date"] for each in found]
    assert dates == ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z"]
    assert all({"key": "b", "value": "x"} in each["labels"] for each in found)
    [shown] = until(
        lambda: [
            each
            for each in thermik_server.json("GET", f"/triggers/{NAMESPACE}/filled")["results"]
            if "backfill" not in each
        ]
    )
    assert shown["nextExecutionDate"].endswith("-01-01T00:00:00.000000Z")
    empty = {"start": "2020-01-02T00:00:00Z", "end": "2020-06-01T00:00:00Z"}
    thermik_server.json("PUT", "/triggers/backfill/create", 422, json={**name, "backfill": empty})


def test_a_webhook_needs_no_credentials_but_its_key(thermik_server: Server) -> None:
    thermik_server.put_flow(
        source("hook", "type: io.kestra.plugin.core.trigger.Webhook, key: k, wait: true", "{{ trigger.body.n }}")
    )
    url = f"{thermik_server.url}/api/v1/main/executions/webhook/{NAMESPACE}/hook"
    answer = requests.post(f"{url}/k", json={"n": 7}, timeout=SECONDS)
    assert answer.status_code == 200
    assert answer.json()["taskRunList"][0]["outputs"] == {"value": "7"}
    assert requests.post(f"{url}/other", timeout=SECONDS).status_code == 404


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_webhook_answers_the_outputs_as_what_its_caller_takes(thermik_server: Server, kind: str) -> None:
    answers = f"key: k, wait: true, returnOutputs: true, responseContentType: {kind}"
    name = f"answers-{kind.partition('/')[2]}"
    flow = source(name, f"type: io.kestra.plugin.core.trigger.Webhook, {answers}", "{{ trigger.body.n }}")
    thermik_server.put_flow(flow + "outputs:\n  - {id: said, type: STRING, value: '{{ trigger.body.n }}!'}\n")
    url = f"{thermik_server.url}/api/v1/main/executions/webhook/{NAMESPACE}/{name}/k"
    answer = requests.post(url, json={"n": 7}, timeout=SECONDS)
    assert (answer.text, answer.headers["Content-Type"].split(";")[0]) == ('{"said":"7!"}', kind)


def test_a_flow_listens_to_another(thermik_server: Server) -> None:
    listens = f"[{{type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: {NAMESPACE}, flowId: spoken}}]"
    trigger = f"type: io.kestra.plugin.core.trigger.Flow, conditions: {listens}"
    thermik_server.put_flow(source("spoken", "type: io.kestra.plugin.core.trigger.Webhook, key: k"))
    thermik_server.put_flow(source("listens", trigger, "{{ trigger.flowId }} {{ trigger.state }}"))
    thermik_server.run(NAMESPACE, "spoken")
    [heard] = until(lambda: executions(thermik_server, "listens"))
    assert heard["taskRunList"][0]["outputs"] == {"value": "spoken SUCCESS"}
