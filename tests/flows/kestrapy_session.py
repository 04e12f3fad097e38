"""What a user of Kestra's own Python client does in a day, in one process with that client: see `test_kestrapy.py`.

Run with the server's URL and a namespace; every assertion that fails ends it.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import kestrapy
from kestrapy import KestraClient

TENANT = "main"
SOURCE = """\
id: {flow}
namespace: {namespace}
labels: {{team: data}}
inputs:
  - {{id: who, type: STRING}}
  - {{id: file, type: FILE, required: false}}
tasks:
  - {{id: say, type: io.kestra.plugin.core.debug.Return, format: "{{{{ inputs.who }}}}"}}
  - {{id: log, type: io.kestra.plugin.core.log.Log, message: "said {{{{ outputs.say.value }}}}"}}
"""
PAUSED = """\
id: paused
namespace: {namespace}
tasks:
  - {{id: wait, type: io.kestra.plugin.core.flow.Pause}}
"""


def _state(value: Any) -> str:
    current = value.state.current
    return str(getattr(current, "value", current))


def _until(client: KestraClient, execution_id: str, *states: str) -> Any:
    for _ in range(300):
        execution = client.executions.execution(execution_id, TENANT)
        if _state(execution) in states:
            return execution
        time.sleep(0.05)
    raise AssertionError(f"{execution_id} is still {_state(execution)}")


def flows(client: KestraClient, namespace: str) -> None:
    source = SOURCE.format(flow="say", namespace=namespace)
    saved = client.flows.create_flow(TENANT, source)
    assert (saved.revision, saved.id, saved.deleted) == (1, "say", False)
    assert saved.source == source
    changed = client.flows.update_flow(namespace, "say", TENANT, source + "description: changed\n")
    assert changed.revision == 2
    read = client.flows.flow(namespace, "say", TENANT)
    assert read.tasks[0].id == "say"
    assert [flow.id for flow in client.flows.list_flows_by_namespace(namespace, TENANT)] == ["say"]
    assert namespace in client.flows.list_distinct_namespaces(TENANT)
    assert len(client.flows.list_flow_revisions(namespace, "say", TENANT)) == 2
    [violation] = client.flows.validate_flows(TENANT, source.replace("core.log.Log", "core.log.Lug"))
    assert "Invalid type" in violation.constraints


def executions(client: KestraClient, namespace: str) -> str:
    created = client.executions.create_execution(
        TENANT, namespace, "say", labels=["a:b"], wait=True, inputs={"who": "ada", "file": ("x.txt", b"content")}
    )
    assert _state(created) == "SUCCESS"
    execution = client.executions.execution(created.id, TENANT)
    assert [run.task_id for run in execution.task_run_list] == ["say", "log"]
    uri = execution.inputs["file"]
    assert client.executions.download_file_from_execution(created.id, uri, TENANT) == b"content"
    assert client.executions.file_metadatas_from_execution(created.id, uri, TENANT).size == 7
    page = client.executions.search_executions(TENANT, page=1, size=10)
    assert page["total"] >= 1
    assert client.executions.search_executions_by_flow_id(TENANT, namespace, "say", page=1, size=5)["total"] == 1
    replayed = client.executions.replay_execution(created.id, TENANT)
    assert _state(_until(client, replayed.id, "SUCCESS")) == "SUCCESS"
    followed = [*client.executions.follow_execution(created.id, TENANT)]
    assert _state(followed[-1]) == "SUCCESS"
    return str(created.id)


def logs(client: KestraClient, execution_id: str) -> None:
    entries = client.logs.list_logs_from_execution(execution_id, TENANT)
    assert "said ada" in [entry.message for entry in entries]
    assert client.logs.search_logs(TENANT, page=1, size=10).total >= 1


def pausing(client: KestraClient, namespace: str) -> None:
    client.flows.create_flow(TENANT, PAUSED.format(namespace=namespace))
    for end in ("SUCCESS", "KILLED"):
        started = client.executions.create_execution(TENANT, namespace, "paused")
        _until(client, started.id, "PAUSED")
        if end == "SUCCESS":
            client.executions.resume_execution(started.id, TENANT)
        else:
            client.executions.kill_execution(started.id, TENANT)
        _until(client, started.id, end)
    client.executions.delete_execution(started.id, TENANT)


def pairs(client: KestraClient, namespace: str) -> None:
    client.kv.set_key_value(namespace, "answer", TENANT, "42")
    assert client.kv.key_value(namespace, "answer", TENANT).value == 42
    client.kv.delete_key_value(namespace, "answer", TENANT)


def main(url: str, namespace: str) -> None:
    client = KestraClient(host=url)
    flows(client, namespace)
    execution_id = executions(client, namespace)
    logs(client, execution_id)
    pausing(client, namespace)
    pairs(client, namespace)
    client.flows.delete_flow(namespace, "say", TENANT)
    print("kestrapy", kestrapy.__file__)


if __name__ == "__main__":
    main(*sys.argv[1:])
