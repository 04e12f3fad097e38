"""Flows over HTTP: saved, read, listed, refused."""

from __future__ import annotations

import pytest

from flows.thermik_server import Server

FLOW = """\
id: {name}
namespace: {namespace}
labels: {{team: data}}
tasks:
  - id: group
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - {{id: say, type: io.kestra.plugin.core.log.Log, message: hello}}
"""


def _source(name: str, namespace: str = "api.flows") -> str:
    return FLOW.format(name=name, namespace=namespace)


def test_a_flow_is_saved_read_changed_and_deleted(thermik_server: Server) -> None:
    saved = thermik_server.put_flow(_source("life"))
    assert (saved["revision"], saved["deleted"], saved["disabled"]) == (1, False, False)
    assert saved["labels"] == [{"key": "team", "value": "data"}]
    assert saved["source"] == _source("life")
    read = thermik_server.json("GET", "/flows/api.flows/life")
    assert "source" not in read
    assert read["tasks"][0]["tasks"][0]["message"] == "hello"

    same = thermik_server.json("PUT", "/flows/api.flows/life", data=_source("life"))
    changed = thermik_server.json("PUT", "/flows/api.flows/life", data=_source("life").replace("hello", "bye"))
    assert (same["revision"], changed["revision"]) == (1, 2)
    first = thermik_server.json("GET", "/flows/api.flows/life", params={"revision": 1, "source": "true"})
    assert first["source"] == _source("life")
    assert [each["revision"] for each in thermik_server.json("GET", "/flows/api.flows/life/revisions")] == [1, 2]
    assert thermik_server.json("GET", "/flows/api.flows/life/tasks/say")["message"] == "bye"
    thermik_server.json("GET", "/flows/api.flows/life/tasks/none", 404)

    thermik_server.json("DELETE", "/flows/api.flows/life", 204)
    thermik_server.json("GET", "/flows/api.flows/life", 404)
    assert thermik_server.json("GET", "/flows/api.flows/life", params={"allowDeleted": "true"})["deleted"] is True

    history = thermik_server.json("GET", "/flows/api.flows/life/revisions")
    assert [(each["revision"], each["deleted"]) for each in history] == [(1, False), (2, False), (3, True)]
    restored = thermik_server.put_flow(history[0]["source"])
    assert (restored["revision"], restored["source"]) == (4, _source("life"))


def test_what_is_wrong_with_a_flow_is_told_with_its_place(thermik_server: Server) -> None:
    broken = _source("broken").replace("core.log.Log", "core.log.Lug")
    refused = thermik_server.put_flow(broken, 422)
    assert refused["message"].startswith("Invalid entity: ")
    assert refused["_embedded"]["errors"][0]["path"] == "tasks[0].tasks[0]"
    assert refused["_links"]["self"]["href"] == "/api/v1/main/flows"
    thermik_server.json("GET", "/flows/api.flows/broken", 404)
    [first, second] = thermik_server.json("POST", "/flows/validate", data=f"{broken}---\n{_source('fine')}")
    assert (first["index"], second["index"]) == (0, 1)
    assert "Invalid type" in first["constraints"]
    assert "constraints" not in second


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "/flows", "id: [", 422, "Illegal flow yaml"),
        ("POST", "/flows", b"id: \xff", 400, "UTF-8"),
        ("PUT", "/flows/api.flows/never", _source("never"), 404, "not found"),
        ("DELETE", "/flows/api.flows/never", None, 404, "not found"),
        ("GET", "/flows/api.flows/life?revision=x", None, 422, "whole number"),
        ("GET", "/nothing/here", None, 404, "is no route"),
        ("GET", "/flows/search?size=0", None, 422, "size"),
        ("GET", "/flows/search?filters[q][REGEX]=a", None, 400, "not supported"),
        ("GET", "/flows/search?filters[state][EQUALS]=a", None, 400, "must be one of"),
    ],
)
def test_refusals(
    thermik_server: Server, method: str, path: str, body: str | bytes | None, status: int, message: str
) -> None:
    assert message in thermik_server.json(method, path, status, data=body)["message"]


def test_another_tenant_is_not_found(thermik_server: Server) -> None:
    answer = thermik_server.session.get(f"{thermik_server.url}/api/v1/other/flows/search", timeout=10)
    assert answer.status_code == 404
    assert "Tenant 'other'" in answer.json()["message"]


def test_lists_and_searches(thermik_server: Server) -> None:
    for name in ("b", "a", "c"):
        thermik_server.put_flow(_source(name, "api.lists"))
    thermik_server.put_flow(_source("d", "api.lists.below"))
    assert [each["id"] for each in thermik_server.json("GET", "/flows/api.lists")] == ["a", "b", "c"]
    assert {"api.lists", "api.lists.below"} <= {*thermik_server.json("GET", "/flows/distinct-namespaces")}

    def found(*query: tuple[str, str]) -> list[str]:
        page = thermik_server.json("GET", "/flows/search", params=[*query, ("size", "100")])
        assert page["total"] == len(page["results"])
        return [each["id"] for each in page["results"]]

    assert found(("namespace", "api.lists")) == ["a", "b", "c", "d"]
    assert found(("filters[namespace][EQUALS]", "api.lists"), ("sort", "id:desc")) == ["c", "b", "a"]
    assert found(("filters[namespace][PREFIX]", "api.lists"), ("filters[flowId][IN]", "a,d")) == ["a", "d"]
    assert found(("filters[q][EQUALS]", "LISTS.B")) == ["d"]
    assert found(("filters[labels][EQUALS][team]", "none")) == []
    page = thermik_server.json("GET", "/flows/search", params={"namespace": "api.lists", "size": 2, "page": 2})
    assert ([each["id"] for each in page["results"]], page["total"]) == (["c", "d"], 4)
    namespaces = thermik_server.json("GET", "/namespaces/search", params={"q": "api.li"})
    assert [each["id"] for each in namespaces["results"]] == ["api.lists", "api.lists.below"]


def test_the_document_has_every_route(thermik_server: Server) -> None:
    document = thermik_server.session.get(f"{thermik_server.url}/api/v1/openapi.json", timeout=10).json()
    paths = document["paths"]
    create = paths["/api/v1/main/executions/{namespace}/{flow_id}"]["post"]
    assert [each["name"] for each in create["parameters"] if each["in"] == "path"] == ["namespace", "flow_id"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len({*ids})
    assert all(operation["summary"] for path in paths.values() for operation in path.values())


def test_parts_of_flows_are_validated_alone(thermik_server: Server) -> None:
    task = "id: a\ntype: io.kestra.plugin.core.log.Log\nmessages: x\n"
    refused = thermik_server.json("POST", "/flows/validate/task", data=task)
    assert "Unrecognized field" in refused["constraints"]
    assert "constraints" not in thermik_server.json(
        "POST", "/flows/validate/task", data=task.replace("messages", "message")
    )
    thermik_server.json("POST", "/flows/validate/task", 422, params={"section": "NONE"}, data=task)


def test_many_flows_are_switched_exported_imported_and_deleted(thermik_server: Server) -> None:
    for name in ("one", "two"):
        thermik_server.put_flow(_source(name, "api.many"))
    ids = [{"namespace": "api.many", "id": name} for name in ("one", "two")]
    assert thermik_server.json("POST", "/flows/disable/by-ids", json=ids)["count"] == 2
    assert thermik_server.json("POST", "/flows/disable/by-ids", json=ids)["count"] == 0
    thermik_server.json("POST", "/executions/api.many/one", 409)
    query = {"filters[namespace][EQUALS]": "api.many"}
    assert thermik_server.json("POST", "/flows/enable/by-query", params=query)["count"] == 2
    assert thermik_server.json("GET", "/flows/api.many/one")["disabled"] is False

    archive = thermik_server.call("POST", "/flows/export/by-ids", json=ids).content
    assert archive == thermik_server.call("GET", "/flows/export/by-query", params=query).content
    thermik_server.json("DELETE", "/flows/delete/by-ids", 404, json=[*ids, {"namespace": "api.many", "id": "none"}])
    assert thermik_server.json("DELETE", "/flows/delete/by-query", params=query)["count"] == 2
    upload = {"fileUpload": ("flows.zip", archive)}
    assert thermik_server.json("POST", "/flows/import", files=upload) == []
    assert [each["id"] for each in thermik_server.json("GET", "/flows/api.many")] == ["one", "two"]
    broken = {"fileUpload": ("flows.yml", "id: x\n---\n" + _source("three", "api.many"))}
    assert thermik_server.json("POST", "/flows/import", files=broken) == ["0"]
    thermik_server.json("POST", "/flows/import", 422, params={"failOnError": "true"}, files=broken)
    thermik_server.json("POST", "/flows/import", 400, files={"fileUpload": ("a.zip", b"none")})


def test_a_namespace_is_replaced_as_a_whole(thermik_server: Server) -> None:
    thermik_server.put_flow(_source("old", "api.whole"))
    both = f"{_source('new', 'api.whole')}---\n{_source('newer', 'api.whole')}"
    saved = thermik_server.json("POST", "/flows/api.whole", data=both)
    assert [each["id"] for each in saved] == ["new", "newer"]
    assert [each["id"] for each in thermik_server.json("GET", "/flows/api.whole")] == ["new", "newer"]
    thermik_server.json("POST", "/flows/api.whole", 422, data=_source("x", "api.elsewhere"))


def test_old_revisions_can_be_removed(thermik_server: Server) -> None:
    thermik_server.put_flow(_source("removed"))
    for message in ("two", "three"):
        thermik_server.json("PUT", "/flows/api.flows/removed", data=_source("removed").replace("hello", message))
    thermik_server.json("DELETE", "/flows/api.flows/removed/revisions", params={"revisions": "1,2"})
    assert [each["revision"] for each in thermik_server.json("GET", "/flows/api.flows/removed/revisions")] == [3]
    thermik_server.json("DELETE", "/flows/api.flows/removed/revisions", 422, params={"revisions": "x"})
