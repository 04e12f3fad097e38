"""Executions over HTTP: with inputs and files, waited for, listed, followed, acted on."""

from __future__ import annotations

import threading

import pytest

from flows.thermik_server import ENDED, Server, events

SHOUT = """\
id: shout
namespace: api.run
labels: {team: data}
inputs:
  - {id: who, type: STRING, defaults: world}
  - {id: count, type: INT, min: 1}
  - {id: text, type: FILE, required: false}
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.who | upper }} {{ inputs.count }}"}
  - {id: log, type: io.kestra.plugin.core.log.Log, message: "said {{ outputs.say.value }}"}
outputs:
  - {id: said, type: STRING, value: "{{ outputs.say.value }}"}
"""

SLEEPER = """\
id: {name}
namespace: api.run
tasks:
  - {{id: sleep, type: io.kestra.plugin.core.flow.Sleep, duration: {duration}}}
"""

BROKEN = """\
id: broken
namespace: api.run
tasks:
  - {id: ok, type: io.kestra.plugin.core.debug.Return, format: ok}
  - {id: fail, type: io.kestra.plugin.core.execution.Fail}
"""


@pytest.fixture(scope="module")
def server(thermik_server: Server) -> Server:
    thermik_server.put_flow(SHOUT)
    thermik_server.put_flow(BROKEN)
    return thermik_server


def test_inputs_files_labels_and_the_answer_at_the_end(server: Server) -> None:
    content = b"line\n" * 100
    execution = server.run("api.run", "shout", {"who": "ada", "count": 2}, files={"text": content}, labels="a:b:c")
    assert execution["state"]["current"] == "SUCCESS"
    assert execution["outputs"] == {"said": "ADA 2"}
    assert {label["key"]: label["value"] for label in execution["labels"]}.items() >= {
        "team": "data",
        "a": "b:c",
    }.items()
    uri = execution["inputs"]["text"]
    assert uri.startswith("kestra:///api/run/shout/executions/")
    files = f"/executions/{execution['id']}/file"
    assert server.call("GET", files, params={"path": uri}).content == content
    assert server.json("GET", f"{files}/metas", params={"path": uri}) == {"size": 500}
    preview = server.json("GET", f"{files}/preview", params={"path": uri, "maxRows": 2})
    assert (preview["content"], preview["truncated"]) == ("line\nline", True)
    other = uri.replace(execution["id"], "0" * 22)
    server.json("GET", files, 422, params={"path": other})

    logs = server.json("GET", f"/logs/{execution['id']}")
    assert [entry["message"] for entry in logs if entry["taskId"] == "log"] == ["said ADA 2"]
    assert "said ADA 2" in server.call("GET", f"/logs/{execution['id']}/download").text
    assert server.json("GET", f"/logs/{execution['id']}", params={"minLevel": "ERROR"}) == []
    metrics = server.json("GET", f"/metrics/{execution['id']}", params={"taskId": "say"})
    assert {"length", "duration"} <= {each["name"] for each in metrics["results"]}
    assert server.json("GET", f"/outputs/executions/{execution['id']}") == {"said": "ADA 2"}
    [task_run] = [run for run in execution["taskRunList"] if run["taskId"] == "say"]
    assert server.json("GET", f"/outputs/tasks/{execution['id']}/{task_run['id']}") == {"value": "ADA 2"}


def test_a_large_file_passes_through(server: Server) -> None:
    content = bytes(range(256)) * 20_000  # 5 MB: spooled, and full of what could pass for a boundary
    execution = server.run("api.run", "shout", {"count": 1}, files={"text": content})
    path = execution["inputs"]["text"]
    assert server.call("GET", f"/executions/{execution['id']}/file", params={"path": path}).content == content


@pytest.mark.parametrize(
    ("inputs", "path"), [({}, "count"), ({"count": "many"}, "count"), ({"count": 0}, "count")], ids=str
)
def test_wrong_inputs_start_nothing(server: Server, inputs: dict[str, object], path: str) -> None:
    before = server.json("GET", "/executions", params={"namespace": "api.run", "flowId": "shout"})["total"]
    parts = {name: (None, str(value)) for name, value in inputs.items()} or {"": (None, "")}
    refused = server.json("POST", "/executions/api.run/shout", 422, files=parts)
    assert refused["_embedded"]["errors"][0]["path"] == path
    assert server.json("GET", "/executions", params={"namespace": "api.run", "flowId": "shout"})["total"] == before


def test_what_cannot_be_started(server: Server) -> None:
    server.put_flow(SHOUT.replace("id: shout", "id: off\ndisabled: true", 1))
    server.json("POST", "/executions/api.run/off", 409)
    server.json("POST", "/executions/api.run/none", 404)
    server.json("POST", "/executions/api.run/shout", 404, params={"revision": 99}, files={"count": (None, "1")})
    label = {"labels": "system.x:y"}
    server.json("POST", "/executions/api.run/shout", 422, params=label, files={"count": (None, "1")})
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    server.json("POST", "/executions/api.run/shout", 400, data=b"--y--", headers=broken)


def test_a_flow_may_have_the_name_of_an_action(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="pause", duration="PT0S"))
    assert server.run("api.run", "pause")["flowId"] == "pause"


def test_kill(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="killed", duration="PT1M"))
    for path, status in (("/actions/kill", 200), ("/kill", 202)):
        execution = server.start("api.run", "killed")
        server.until(execution["id"], {"RUNNING"})
        server.json("DELETE", f"/executions/{execution['id']}{path}", status)
        assert server.until(execution["id"])["state"]["current"] == "KILLED"


def test_pause_and_resume(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="paused", duration="PT0.5S"))
    execution = server.start("api.run", "paused")
    server.until(execution["id"], {"RUNNING"})
    assert server.json("POST", f"/executions/{execution['id']}/actions/pause")["state"]["current"] == "PAUSED"
    server.json("POST", f"/executions/{execution['id']}/resume", 204)
    assert server.until(execution["id"])["state"]["current"] == "SUCCESS"
    server.json("POST", f"/executions/{execution['id']}/resume", 409)


def test_restart_replay_and_changes(server: Server) -> None:
    execution = server.run("api.run", "broken")
    assert execution["state"]["current"] == "FAILED"
    base = f"/executions/{execution['id']}/actions"
    server.json("POST", f"{base}/restart")
    again = server.until(execution["id"])
    assert [len(run["attempts"]) for run in again["taskRunList"]] == [1, 2]
    replayed = server.json("POST", f"{base}/replay")
    assert replayed["id"] != execution["id"]
    assert server.until(replayed["id"])["state"]["current"] == "FAILED"
    assert server.json("POST", f"{base}/change-status", params={"status": "WARNING"})["state"]["current"] == "WARNING"
    system = {"system.correlationId": execution["id"], "system.restarted": "true", "system.replayed": "true"}
    for sent in ({"x": "y", "z": "z"}, {"x": "v", "system.replayed": "true"}, {}):
        body = [{"key": key, "value": value} for key, value in sent.items()]
        labelled = server.json("POST", f"{base}/labels", json=body)
        assert {label["key"]: label["value"] for label in labelled["labels"]} == {**system, **sent}
    server.json("POST", f"{base}/labels", 422, json=[{"key": "system.replayed", "value": "no"}])
    server.json("POST", f"{base}/labels", 422, json=[{"key": None, "value": None}])
    failed = again["taskRunList"][1]["id"]
    server.json("POST", f"{base}/state", json={"taskRunId": failed, "state": "SUCCESS"})
    assert server.until(execution["id"])["state"]["current"] == "SUCCESS"
    server.json("POST", f"{base}/state", 422, json={"taskRunId": "none", "state": "SUCCESS"})
    server.json("DELETE", f"/executions/{execution['id']}", 204)
    server.json("GET", f"/executions/{execution['id']}", 404)


def test_lists_page_and_filter(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="listed", duration="PT0S"))
    ids = [server.run("api.run", "listed", labels=f"n:{number}")["id"] for number in range(5)]
    params = {"namespace": "api.run", "flowId": "listed", "size": 2, "page": 2, "sort": "state.startDate:desc"}
    page = server.json("GET", "/executions/search", params=params)
    assert ([each["id"] for each in page["results"]], page["total"]) == (ids[::-1][2:4], 5)
    assert all(each["taskRunList"] for each in page["results"])
    beyond = server.json("GET", "/executions/search", params={**params, "page": 9})
    assert (beyond["results"], beyond["total"]) == ([], 5)

    def found(query: dict[str, str]) -> list[str]:
        everything = {"filters[flowId][EQUALS]": "listed", "size": "50", **query}
        return [each["id"] for each in server.json("GET", "/executions/search", params=everything)["results"]]

    assert found({"filters[labels][EQUALS][n]": "3"}) == [ids[3]]
    assert found({"filters[state][NOT_IN]": "SUCCESS,FAILED"}) == []
    assert found({"filters[timeRange][EQUALS]": "PT1H", "filters[q][EQUALS]": ids[1]}) == [ids[1]]
    grouped = {"filters[or][0][labels][EQUALS][n]": "0", "filters[or][1][and][0][labels][EQUALS][n]": "4"}
    assert found(grouped) == [ids[4], ids[0]]
    assert found({"sort": "state.startDate:asc"}) == ids
    [latest] = server.json("POST", "/executions/latest", json=[{"namespace": "api.run", "id": "listed"}])
    assert (latest["id"], latest["status"]) == (ids[4], "SUCCESS")


def test_bulk_does_all_or_nothing_by_ids(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="bulk", duration="PT0S"))
    ids = [server.run("api.run", "bulk")["id"] for _ in range(3)]
    refused = server.json("DELETE", "/executions/by-ids", 400, json=[*ids, "none"])
    assert refused["message"] == "invalid bulk delete"
    assert refused["invalids"] == [{"message": "execution not found", "invalidValue": "none"}]
    assert server.json("DELETE", "/executions/by-ids", json=ids[:2])["count"] == 2
    query = {"filters[flowId][EQUALS]": "bulk"}
    assert server.json("POST", "/executions/replay/by-query", params=query)["count"] == 1
    for each in server.json("GET", "/executions/search", params=query)["results"]:
        server.until(each["id"])
    assert server.json("DELETE", "/executions/by-query", params=query)["totalItems"] == 2


def test_nothing_is_restarted_where_one_has_nothing_to_restart(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="well", duration="PT0S"))
    failed, well = server.run("api.run", "broken"), server.run("api.run", "well")
    refused = server.json("POST", "/executions/restart/by-ids", 400, json=[failed["id"], well["id"]])
    assert (refused["message"], [each["invalidValue"] for each in refused["invalids"]]) == (
        "invalid bulk restart",
        [well["id"]],
    )
    assert server.json("GET", f"/executions/{failed['id']}")["state"]["histories"] == failed["state"]["histories"]
    assert server.json("POST", "/executions/restart/by-ids", json=[failed["id"]])["count"] == 1
    assert [len(run["attempts"]) for run in server.until(failed["id"])["taskRunList"]] == [1, 2]


def test_an_execution_is_followed_to_its_end(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="followed", duration="PT0.5S"))
    execution = server.start("api.run", "followed")
    with server.call("GET", f"/executions/{execution['id']}/follow", stream=True) as answer:
        seen = [*events(answer)]
    assert [seen[0][0], seen[-1][0]] == ["start", "end"]
    assert seen[-1][1]["state"]["current"] == "SUCCESS"
    with server.call("GET", f"/executions/{execution['id']}/follow", stream=True) as answer:
        assert [name for name, _ in events(answer)] == ["start", "end"]
    execution = server.start("api.run", "shout", {"count": 1})
    with server.call("GET", f"/logs/{execution['id']}/follow", stream=True) as answer:
        assert "said WORLD 1" in [data.get("message") for _, data in events(answer)]


def test_waiting_requests_hold_no_threads(server: Server) -> None:
    server.put_flow(SLEEPER.format(name="crowd", duration="PT1S"))
    states: list[str] = []

    def one() -> None:
        answer = server.session.post(
            f"{server.url}/api/v1/main/executions/api.run/crowd?wait=true", files={"": (None, "")}, timeout=60
        )
        states.append(answer.json()["state"]["current"])

    threads = [threading.Thread(target=one) for _ in range(48)]  # more than the server has threads for requests
    for thread in threads:
        thread.start()
    assert server.json("GET", "/flows/api.run/crowd")["id"] == "crowd"
    for thread in threads:
        thread.join()
    assert states == ["SUCCESS"] * 48
    assert {*states} <= ENDED


def test_kv_pairs(server: Server) -> None:
    place = "/namespaces/api.kv/kv/answer"
    server.json("PUT", place, data="42")
    assert server.json("GET", place).items() >= {"type": "NUMBER", "value": 42}.items()
    server.json("PUT", place, data='"PT5M"')
    assert server.json("GET", place)["type"] == "DURATION"
    assert [entry["key"] for entry in server.json("GET", "/namespaces/api.kv.below/kv/inheritance")] == ["answer"]
    assert [server.json("DELETE", place), server.json("DELETE", place)] == [True, False]
    server.json("GET", place, 404)


def test_expressions_are_tried_on_an_execution(server: Server) -> None:
    execution = server.run("api.run", "shout", {"who": "eva", "count": 7})
    place = f"/executions/{execution['id']}/actions/eval"
    assert server.json("POST", place, data="{{ inputs.count + 1 }} {{ outputs.say.value }}") == {"result": "8 EVA 7"}
    failed = server.json("POST", place, data="{{ nothing.there }}")
    assert set(failed) == {"error", "stackTrace"}
    [task_run] = [run for run in execution["taskRunList"] if run["taskId"] == "log"]
    of_run = server.json("POST", f"{place}/{task_run['id']}", data="{{ task.id }} {{ taskrun.id }}")
    assert of_run == {"result": f"log {task_run['id']}"}
    server.json("POST", f"{place}/none", 404, data="x")
    assert "error" in server.json("POST", place, data="{{ secret('HOME') }}")


def test_inputs_are_checked_without_a_start(server: Server) -> None:
    before = server.json("GET", "/executions", params={"namespace": "api.run", "flowId": "shout"})["total"]
    checked = server.json("POST", "/executions/api.run/shout/validate", files={"count": (None, "0")})
    by_id = {each["input"]["id"]: each for each in checked["inputs"]}
    assert (by_id["who"]["value"], by_id["who"]["isDefault"]) == ("world", True)
    assert "must be more than" in by_id["count"]["errors"][0]["message"]
    assert server.json("GET", "/executions", params={"namespace": "api.run", "flowId": "shout"})["total"] == before


def test_a_queued_execution_runs_when_it_is_told_to(server: Server) -> None:
    limited = SLEEPER.format(name="limited", duration="PT1M").replace("tasks:", "concurrency: {limit: 1}\ntasks:", 1)
    server.put_flow(limited)
    first, second, third = (server.start("api.run", "limited") for _ in range(3))
    for each in (second, third):
        server.until(each["id"], {"QUEUED"})
    server.json("POST", f"/executions/{second['id']}/actions/unqueue")
    server.until(second["id"], {"RUNNING"})
    assert server.json("POST", "/executions/force-run/by-ids", json=[third["id"]])["count"] == 1
    server.until(third["id"], {"RUNNING"})
    assert (
        server.json("DELETE", "/executions/kill/by-query", params={"filters[flowId][EQUALS]": "limited"})["count"] == 3
    )
    assert server.until(first["id"])["state"]["current"] == "KILLED"


def test_task_runs_across_executions(server: Server) -> None:
    execution = server.run("api.run", "shout", {"count": 3})
    query = {"filters[executionId][EQUALS]": execution["id"], "filters[taskId][EQUALS]": "say"}
    found = server.json("GET", "/taskruns/search", params=query)
    assert [(run["taskId"], run["outputs"]) for run in found["results"]] == [("say", {"value": "WORLD 3"})]
    assert found["total"] == 1
