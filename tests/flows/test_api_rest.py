"""Routes around executions: tables, dependencies, metrics in time, bulk backfills; and how requests are refused."""

from __future__ import annotations

from typing import Any

import pytest

from flows.thermik_server import Server

NS = "api.rest"
FIRST = f"""\
id: first
namespace: {NS}
concurrency: {{limit: 3}}
tasks:
  - {{id: say, type: io.kestra.plugin.core.debug.Return, format: four}}
triggers:
  - {{id: daily, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 * * *", disabled: true}}
"""
SECOND = f"""\
id: second
namespace: {NS}
tasks:
  - {{id: sub, type: io.kestra.plugin.core.flow.Subflow, namespace: {NS}, flowId: first}}
triggers:
  - id: after
    type: io.kestra.plugin.core.trigger.Flow
    preconditions: {{id: p, flows: [{{namespace: {NS}, flowId: third}}]}}
"""
THIRD = f"id: third\nnamespace: {NS}\ntasks: [{{id: say, type: io.kestra.core.tasks.debugs.Return, format: old}}]\n"
DAILY = {"namespace": NS, "flowId": "first", "triggerId": "daily"}


@pytest.fixture(scope="module")
def server(thermik_server: Server) -> Server:
    for source in (FIRST, SECOND, THIRD):
        thermik_server.put_flow(source)
    thermik_server.run(NS, "first")
    return thermik_server


def test_dependencies(server: Server) -> None:
    def edges(path: str, **params: str) -> set[tuple[str, str, str]]:
        found = server.json("GET", path, params=params)
        named = {node["uid"]: node["id"] for node in found["nodes"]}
        return {(named[each["source"]], named[each["target"]], each["relation"]) for each in found["edges"]}

    called, heard = ("second", "first", "FLOW_TASK"), ("third", "second", "FLOW_TRIGGER")
    assert edges(f"/flows/{NS}/first/dependencies") == {called}
    assert edges(f"/flows/{NS}/first/dependencies", expandAll="true") == {called, heard}
    assert edges(f"/flows/{NS}/second/dependencies", destinationOnly="true") == {heard}
    assert edges(f"/namespaces/{NS}/dependencies") == {called, heard}


def test_source_search(server: Server) -> None:
    def found(**params: str) -> list[dict[str, Any]]:
        return list(server.json("GET", "/flows/source", params={"namespace": NS, **params})["results"])

    [hit] = found(q="FOUR")
    assert (hit["id"], hit["matches"][0]["line"], hit["model"]["id"]) == ("first", 5, "first")
    assert "[mark]four[/mark]" in hit["fragments"][0]
    assert (
        found(q="FOUR", caseSensitive="true")
        == found(q="four", scope="TRIGGERS")
        == found(q="fou", wholeWord="1")
        == []
    )
    assert [each["id"] for each in found(q="flow(Id)?: th", regex="true")] == ["second"]
    assert len(found()) == 3
    [old] = server.json("GET", "/flows/deprecated", params={"namespace": NS})
    assert old["deprecatedTasks"][0]["taskType"] == "io.kestra.core.tasks.debugs.Return"


def test_tables_and_facts(server: Server) -> None:
    query = {"filters[namespace][EQUALS]": NS}
    for what, column in (("executions", "state.current"), ("flows", "revision"), ("triggers", "triggerId")):
        answer = server.call("GET", f"/{what}/export/by-query/csv", params=query)
        assert answer.headers["Content-Type"].startswith("text/csv")
        head, *rows = answer.text.splitlines()
        assert column in head.split(",")
        assert rows
    values = server.json("GET", "/executions/distinct-field-values", params={"field": "STATE", **query})
    assert values == ["SUCCESS"]
    assert server.json("GET", f"/executions/namespaces/{NS}/flows/first/average-duration")["count"] == 1
    assert {"namespace": NS, "flowId": "first", "running": 0, "tenantId": "main"} in server.json(
        "GET", "/concurrency-limit/search", params={"size": 100}
    )["results"]
    server.json("PUT", f"/concurrency-limit/{NS}/first", 422, json={"running": 9})


def test_metrics_in_time(server: Server) -> None:
    assert server.json("GET", f"/metrics/names/{NS}/first/say") == ["duration", "length"]
    assert server.json("GET", f"/metrics/tasks/{NS}/first") == ["say"]
    course = server.json("GET", f"/metrics/aggregates/{NS}/first/say/length", params={"aggregation": "max"})
    assert course["groupBy"] == "day"
    assert len(course["aggregations"]) == 31
    assert {each["value"] for each in course["aggregations"]} == {0.0, 4.0}


def test_backfills_and_triggers_in_bulk(server: Server) -> None:
    server.json("PUT", "/triggers/set-disabled", json={**DAILY, "disabled": False})
    server.json("POST", "/triggers/backfill/pause/by-triggers", json=[DAILY, {**DAILY, "triggerId": "none"}])
    filled = {**DAILY, "backfill": {"start": "1990-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"}}
    created = server.json("PUT", "/triggers/backfill/create", json=filled)
    assert created["backfill"]["paused"] is False
    query = {"filters[namespace][EQUALS]": NS}
    counts = [
        server.json("POST", f"/triggers/backfill/{act}", params=query)["count"]
        for act in ("pause/by-query", "pause/by-query", "unpause/by-query", "delete/by-query", "delete/by-query")
    ]
    assert counts == [1, 0, 1, 1, 0]
    body = {"filters": [{"field": "FLOW_ID", "operation": "EQUALS", "value": {"value": "first"}}, _in(NS)]}
    assert server.json("DELETE", "/triggers/delete/by-query", json=body)["count"] == 1
    assert server.json("DELETE", "/triggers/delete/by-triggers", json=[DAILY])["count"] == 0


def _in(namespace: str) -> dict[str, str]:
    return {"field": "namespace", "operation": "PREFIX", "value": namespace}


@pytest.mark.parametrize(
    ("method", "path", "status", "named"),
    [
        ("PUT", "/executions/search", 405, "GET"),
        ("GET", "/nothing", 404, "/nothing"),
        ("DELETE", f"/namespaces/{NS}", 404, "Enterprise"),
        ("GET", f"/namespaces/{NS}/credentials", 404, "Credentials"),
        ("POST", "/flows/source/replace/apply", 422, "replacing"),
        ("PUT", f"/namespaces/{NS}/secrets", 422, "Secrets"),
        ("POST", f"/executions/{NS}/first?breakpoints=say", 422, "Breakpoints"),
        ("GET", "/logs/search?filters[bogus][EQUALS]=1", 400, "bogus"),
        ("GET", "/executions/search?timeRange=P999999999D", 400, "timeRange"),
        ("GET", "/executions/search?size=1_0", 422, "size"),
        ("GET", "/executions/search?page=0", 422, "page"),
        ("GET", "/executions/search?sort=id:up", 422, "sort"),
        ("GET", "/logs/none?minLevel=LOUD", 422, "minLevel"),
        ("GET", f"/metrics/aggregates/{NS}/first/length?aggregation=p99", 422, "aggregation"),
        ("GET", f"/metrics/aggregates/{NS}/first/length?endDate=0001-01-01T00:00:00Z", 422, "endDate"),
        ("GET", "/executions/search?endDate=0001-01-01T00:00:00Z", 200, ""),
        ("GET", "/executions/distinct-field-values?field=inputs", 422, "field"),
    ],
)
def test_refusals_name_what_is_wrong(server: Server, method: str, path: str, status: int, named: str) -> None:
    answer = server.call(method, path)
    assert answer.status_code == status, answer.text
    if status == 200:
        return
    told = answer.json()
    assert named in told["message"]
    assert told["_links"]["self"]["href"].startswith("/api/v1/main/")
    assert told["_embedded"]["errors"][0]["message"]
