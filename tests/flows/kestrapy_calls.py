"""Every call of Kestra's own Python client that a server without its Enterprise Edition answers, in one process.

Run with the server's URL and a namespace. A call fails if the server refuses it, or if the client finds that the answer
is not what it should be: then it builds its object unchecked, which is watched for.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from kestrapy import KestraClient, models
from kestrapy.base_api import BaseApi
from kestrapy.exceptions import ApiException
from pydantic import ValidationError

T = "main"
LOGGING = """\
id: {id}
namespace: {ns}
labels: {{team: data}}
concurrency: {{limit: 5}}
inputs: [{{id: who, type: STRING, defaults: ada}}, {{id: file, type: FILE, required: false}}]
tasks:
  - {{id: say, type: io.kestra.plugin.core.debug.Return, format: "{{{{ inputs.who }}}}"}}
outputs: [{{id: said, type: STRING, value: "{{{{ outputs.say.value }}}}"}}]
triggers:
  - {{id: yearly, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 1 1 *"}}
  - {{id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: secretkey}}
"""
CALLING = """\
id: calling
namespace: {ns}
tasks: [{{id: sub, type: io.kestra.plugin.core.flow.Subflow, namespace: {ns}, flowId: first}}]
"""
PAUSED = "id: paused\nnamespace: {ns}\ntasks: [{{id: wait, type: io.kestra.plugin.core.flow.Pause}}]\n"
ENDED = ("SUCCESS", "FAILED", "KILLED", "WARNING")

unchecked: list[str] = []


def watch() -> None:
    """Note what the client cannot check; states aside, of which 2.0.3 requires properties that no server sends."""
    build = BaseApi._construct_model

    def noted(data: dict[str, Any], model: Any) -> Any:
        try:
            model.model_validate(data)
        except ValidationError as error:
            wrong = [each for each in _errors(error) if not _TOO_NARROW.search(each)]
            if wrong and data.keys() - {"id"}:  # a stream's first event tells an id, or nothing
                unchecked.append(f"{model.__name__}: {wrong[:3]}")
        return build(data, model)

    BaseApi._construct_model = staticmethod(noted)


_TOO_NARROW = re.compile(
    r"(get(Duration|StartDate|EndDate)|(^|\.)inputs\.\d+\.defaults|(^|\.)outputs\.\d+\.value|^labels)$"
)
"""What no server can satisfy: 2.0.3 requires three properties that none sends, and both take the others for objects."""


def _errors(error: ValidationError) -> list[str]:
    return [".".join(map(str, each["loc"])) for each in error.errors()]


def until(client: KestraClient, execution_id: str, *states: str) -> Any:
    """The execution once it has one of the states."""
    for _ in range(300):
        execution = client.executions.execution(execution_id, T)
        state = str(getattr(execution.state.current, "value", execution.state.current))
        if state in states:
            return execution
        time.sleep(0.05)
    raise AssertionError(f"{execution_id} is still {state}")


class Calls:
    """Runs calls and gathers what fails."""

    def __init__(self, client: KestraClient, ns: str) -> None:
        self.client, self.ns = client, ns
        self.failed: list[str] = []

    def __call__(self, area: str, name: str, *args: Any, **options: Any) -> Any:
        method: Callable[..., Any] | None = getattr(getattr(self.client, area, None), name, None)
        if method is None:  # the other generation's
            return None
        before = len(unchecked)
        try:
            result = method(*args, **options)
            if isinstance(result, Iterable) and hasattr(result, "send"):
                result = [*result]
        except Exception as error:  # noqa: BLE001 - whatever it is, the other calls are made, too
            self.failed.append(f"{area}.{name}: {type(error).__name__} {str(error)[:300]}")
            return None
        self.failed += [f"{area}.{name}: unchecked {each}" for each in unchecked[before:]]
        return result


def flows(call: Calls) -> None:
    ns, first = call.ns, LOGGING.format(id="first", ns=call.ns)
    call("flows", "create_flow", T, first)
    call("flows", "update_flow", ns, "first", T, first + "description: changed\n")
    call("flows", "update_flow", ns, "first", T, first)
    call("flows", "create_flow", T, CALLING.format(ns=ns))
    call("flows", "flow", ns, "first", T, source=True, revision=1)
    call("flows", "bulk_update_flows", T, delete=False, body=LOGGING.format(id="second", ns=ns))
    call("flows", "update_flows_in_namespace", ns + ".x", T, LOGGING.format(id="x", ns=ns + ".x"), delete=False)
    call("flows", "search_flows", T, page=1, size=5, sort=["id:asc"], filters=[_filter(call, "NAMESPACE", ns)])
    found = call("flows", "search_flows_by_source_code", T, q="inputs.who")
    assert found is None or found.total >= 2
    for name in ("list_distinct_namespaces", "list_deprecated", "search_concurrency_limits"):
        call("flows", name, T)
    call("flows", "list_flows_by_namespace", ns, T)
    call("flows", "list_flow_revisions", ns, "first", T, allow_delete=True)
    call("flows", "delete_revisions", ns, "first", T, [1])
    call("flows", "generate_flow_graph", ns, "calling", T, subflows=["sub"])
    call("flows", "generate_flow_graph_from_source", T, first)
    graph = call("flows", "flow_dependencies", ns, "calling", T, expand_all=True)
    assert graph is None or len(graph.edges) == 1
    call("flows", "flow_dependencies_from_namespace", ns, T)
    call("flows", "task_from_flow", ns, "first", "say", T)
    call("flows", "validate_flows", T, first + "bogus: 1\n")
    call("flows", "validate_task", "TASKS", T, "id: a\ntype: io.kestra.plugin.core.log.Log\nmessage: a\n")
    call("flows", "validate_trigger", T, "id: a\ntype: io.kestra.plugin.core.trigger.Webhook\nkey: abcdefgh\n")
    call("flows", "expressions", T, first, task_id="say")
    call("flows", "export_flows_by_query_csv", T)
    ids = [models.IdWithNamespace(id="second", namespace=ns)]
    for name in ("disable_flows_by_ids", "enable_flows_by_ids"):
        call("flows", name, T, ids)
    archive = call("flows", "export_flows_by_ids", T, ids)
    call("flows", "export_flows_by_query", T, filters=[_filter(call, "NAMESPACE", ns)])
    call("flows", "import_flows", T, file_content=archive)
    for name in ("disable_flows_by_query", "enable_flows_by_query", "delete_flows_by_query"):
        call("flows", name, T, filters=[_filter(call, "NAMESPACE", ns + ".x")])
    call("flows", "delete_flows_by_ids", T, ids)


def executions(call: Calls) -> None:
    ns, client = call.ns, call.client
    inputs = {"who": "bob", "file": ("x.csv", b"a,b\n1,2\n")}
    made = call("executions", "create_execution", T, ns, "first", labels=["a:b"], wait=True, inputs=inputs)
    one = client.executions.execution(made.id, T)
    uri, run = one.inputs["file"], one.task_run_list[0].id
    parent = call("executions", "create_execution", T, ns, "calling", wait=True)
    own = [_filter(call, "FLOW_ID", "first"), _filter(call, "NAMESPACE", ns)]
    call("executions", "search_executions", T, page=1, size=5, sort=["state.startDate:desc"], filters=own)
    call("executions", "search_executions_by_flow_id", T, ns, "first", page=1, size=5)
    named = models.ExecutionRepositoryInterfaceFlowFilter(namespace=ns, id="first")
    call("executions", "latest_executions", T, [named])
    for name in ("execution_flow_graph", "flow_from_execution_by_id", "follow_execution"):
        call("executions", name, made.id, T)
    events = call("executions", "follow_dependencies_execution", parent.id, T, expand_all=True)
    assert {each.flow_id for each in events or []} >= {"first", "calling"}, events
    call("executions", "flow_from_execution", T, ns, "first")
    for name in ("download_file_from_execution", "file_metadatas_from_execution", "preview_file_from_execution"):
        call("executions", name, made.id, uri, T)
    call("executions", "eval_expression", made.id, T, "{{ inputs.who }}")
    call("executions", "eval_task_run_expression", made.id, run, T, "{{ taskrun.id }}")
    changed = models.ExecutionControllerStateRequest(taskRunId=run, state="FAILED")
    call("executions", "update_task_run_state", made.id, T, changed)
    until(client, made.id, "FAILED")
    call("executions", "restart_execution", made.id, T)
    until(client, made.id, *ENDED)
    again = call("executions", "replay_execution", made.id, T, task_run_id=run)
    call("executions", "replay_execution_with_inputs", made.id, T, inputs={"who": "eve"})
    until(client, again.id, *ENDED)
    label = models.Label(key="k", value="v")
    call("executions", "set_labels_on_terminated_execution", made.id, T, [label])
    call("executions", "set_labels_on_terminated_executions_by_query", T, [label], filters=own)
    call("executions", "update_execution_status", made.id, "WARNING", T)
    call("executions", "update_executions_status_by_ids", T, "FAILED", [made.id])
    call("executions", "update_executions_status_by_query", T, "SUCCESS", filters=own)
    call("executions", "replay_executions_by_ids", T, [made.id], latest_revision=True)
    values = call("executions", "find_distinct_execution_field_values", T, "FLOW_ID", size=10)
    assert values is None or "first" in values
    call("executions", "export_executions_by_query_to_csv", T, filters=own)
    call("executions", "list_executable_namespaces", T)
    call("executions", "list_executable_flows_by_namespace", ns, T)
    call("executions", "execution_average_duration", ns, "first", T)
    call("executions", "validate_new_execution_inputs", ns, "first", T, inputs={"who": "x"})
    call("executions", "trigger_execution_by_get_webhook", T, ns, "first", "secretkey")
    for method in ("get", "post", "put"):
        call("executions", f"trigger_execution_by_{method}_webhook_with_path", T, ns, "first", "secretkey", "deep")
    reading(call, made.id, run)
    waiting(call)
    for name in ("restart", "replay", "kill", "pause", "resume", "force_run"):
        bulk = f"{name}_executions_by_query"
        call("executions", bulk, T, filters=[*own, _filter(call, "STATE", "BREAKPOINT")])
    call("executions", "unqueue_executions_by_query", T, filters=[_filter(call, "STATE", "QUEUED")])
    call("executions", "delete_execution", parent.id, T, delete_logs=True)
    call("executions", "delete_executions_by_ids", T, [again.id], include_non_terminated=True)
    call("executions", "delete_executions_by_query", T, filters=own)


def waiting(call: Calls) -> None:
    """What is done to executions that wait."""
    client, ns = call.client, call.ns
    call("flows", "create_flow", T, PAUSED.format(ns=ns))
    started = [client.executions.create_execution(T, ns, "paused").id for _ in range(4)]
    for each in started:
        until(client, each, "PAUSED")
    call("executions", "validate_resume_execution_inputs", started[0], T, inputs={})
    call("executions", "resume_execution", started[0], T)
    call("executions", "resume_executions_by_ids", T, [started[1]])
    call("executions", "kill_execution", started[2], T, is_on_kill_cascade=True)
    call("executions", "kill_executions_by_ids", T, [started[3]])
    for each in started:
        until(client, each, *ENDED)


def reading(call: Calls, made: str, run: str) -> None:
    """Logs, metrics, outputs."""
    call("logs", "list_logs_from_execution", made, T, min_level="INFO", task_run_id=run, attempt=0)
    call("logs", "download_logs_from_execution", made, T)
    call("logs", "follow_logs_from_execution", made, T, min_level="INFO")
    call("logs", "search_logs", T, page=1, size=5, filters=[_filter(call, "MIN_LEVEL", "INFO")])
    call("metrics", "execution_metrics", made, T, page=1, size=5, sort=["name:asc"])
    names = call("metrics", "flow_metric_names", call.ns, "first", T)
    for area in (("tasks_with_metrics", ()), ("task_metric_names", ("say",))):
        call("metrics", area[0], call.ns, "first", *area[1], T)
    metric = (names or ["length"])[0]
    call("metrics", "aggregate_flow_metric", call.ns, "first", metric, T, aggregation="avg")
    call("metrics", "aggregate_task_metric", call.ns, "first", "say", metric, T)
    call("outputs", "execution_outputs", made, T)
    call("outputs", "task_outputs_information", made, T)
    call("outputs", "task_run_outputs", made, run, T)
    call("logs", "delete_logs_from_execution", made, T)
    call("logs", "delete_logs_from_flow", call.ns, "first", "yearly", T)


def triggers(call: Calls) -> None:
    ns = call.ns
    name = {"namespace": ns, "flowId": "first", "triggerId": "yearly"}
    own = [_filter(call, "NAMESPACE", ns)]
    found = call("triggers", "search_triggers", T, page=1, size=5, sort=["triggerId:asc"], filters=own)
    assert found is None or found["total"] == 1, found
    call("triggers", "search_triggers_for_flow", T, ns, "first")
    call("triggers", "export_triggers", T, filters=own)
    call("triggers", "restart_trigger", T, ns, "first", "yearly")
    call("triggers", "disabled_triggers_by_ids", T, {"triggers": [name], "disabled": True})
    call("triggers", "disabled_triggers_by_query", T, disabled=False, filters=own)
    call("triggers", "disable_trigger_by_id", T, {**name, "disabled": False})
    call("triggers", "unlock_triggers_by_ids", T, [name])
    call("triggers", "unlock_triggers_by_query", T, filters=own)
    backfill = {"start": "2000-01-01T00:00:00Z", "end": "2022-01-02T00:00:00Z"}
    for act in ("pause_backfill", "unpause_backfill", "delete_backfill"):
        call("triggers", f"{act}_by_ids", T, [name])
        call("triggers", f"{act}_by_query", T, filters=own)
    if call("triggers", "create_backfill", T, {**name, "backfill": backfill}):
        for act in ("pause_backfill", "unpause_backfill", "delete_backfill"):
            call("triggers", act, T, name)
    body = {"filters": [{"field": "NAMESPACE", "operation": "EQUALS", "value": ns + ".none"}]}
    call("triggers", "delete_triggers_by_query", T, body)
    call("triggers", "delete_triggers_by_ids", T, [{**name, "triggerId": "other"}])
    call("triggers", "delete_trigger", T, ns, "first", "yearly")


def namespaces(call: Calls) -> None:
    ns = call.ns
    call("namespaces", "namespace", ns, T)
    call("namespaces", "search_namespaces", T, page=1, size=5, sort=["id:asc"])
    call("namespaces", "autocomplete_namespaces", T, {"q": ns})
    call("namespaces", "inherited_secrets", ns, T)
    call("namespaces", "list_secrets", T, page=1, size=5)
    call("files", "create_namespace_directory", ns, T, path="/d")
    call("files", "create_namespace_file", ns, "/d/a.txt", T, file_content=b"text")
    call("files", "list_namespace_directory_files", ns, T, path="/d")
    content = call("files", "file_content", ns, "/d/a.txt", T)
    assert content in (None, b"text"), content
    for name in ("file_metadatas", "file_revisions"):
        call("files", name, ns, T, path="/d/a.txt")
    call("files", "search_namespace_files", ns, "a", T)
    call("files", "export_namespace_files", ns, T)
    call("files", "move_file_directory", ns, "/d/a.txt", "/d/b.txt", T)
    call("files", "delete_file_directory", ns, "/d", T)
    call("kv", "set_key_value", ns, "k", T, "[1]")
    for name in ("list_keys", "list_keys_with_inheritance"):
        call("kv", name, ns, T)
    call("kv", "list_all_keys", T, page=1, size=5, filters=[_filter(call, "NAMESPACE", ns)])
    call("kv", "key_value", ns, "k", T)
    call("kv", "delete_key_value", ns, "k", T)
    call("kv", "delete_key_values", ns, T, {"keys": ["k"]})


def _filter(_call: Calls, field: str, value: str) -> Any:
    fields = models.QueryFilterField
    if not hasattr(fields, field):
        field = {"MIN_LEVEL": "LEVEL", "QUERY": "Q"}[field]
    if fields[field].value == field:
        return models.QueryFilter(field=field, operation="EQUALS", value={"value": value})
    return models.QueryFilter(field=fields[field], operation="EQUALS", value=value)


def refused(call: Calls) -> None:
    """What is not here is said by name, in Kestra's shape."""
    for area, name, arguments in (
        ("namespaces", "inherited_variables", (call.ns, T)),
        ("namespaces", "delete_namespace", (call.ns, T)),
        ("flows", "preview_replace_by_source_code", (T, {"q": "a"})),
    ):
        method = getattr(getattr(call.client, area), name, None)
        if method is None:
            continue
        try:
            method(*arguments)
        except ApiException as error:
            told = str(error)
            if error.status not in (404, 422) or not ("Enterprise" in told or "not supported" in told):
                call.failed.append(f"{area}.{name}: {told}")
        else:
            call.failed.append(f"{area}.{name} was not refused")


def main(url: str, ns: str) -> None:
    watch()
    call = Calls(KestraClient(host=url), ns)
    for part in (flows, executions, triggers, namespaces, refused):
        part(call)
    call("flows", "delete_flow", ns, "calling", T)
    assert not call.failed, "\n".join(call.failed)
    print("kestrapy", sys.modules["kestrapy"].__file__)


if __name__ == "__main__":
    main(*sys.argv[1:])
