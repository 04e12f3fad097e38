"""What people do with flows, over the HTTP API: each scenario runs on the deployed stack and on a laptop's server.

A scenario is a function of a server; what it returns must be the same on both. Identifiers and dates are left out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from engine import concept_flows
from flows.thermik_server import SECONDS, Server
from machines.golden_flows import source_of

GOLDEN = [
    *(
        "allow_failure",
        "each_parallel",
        "for_each",
        "if",
        "nested",
        "nothing",
        "parallel",
        "pause",
        "retry",
        "sequential",
    ),
    "switch",
]

CORE = "io.kestra.plugin.core"

Scenario = Callable[[Server], Any]

LIMITED = """
id: limited
namespace: emulator
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: ["a", "b", "c", "d"]
    concurrencyLimit: 2
    tasks:
      - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
  - {id: last, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.say.d.value }}"}
outputs:
  - {id: last, type: STRING, value: "{{ outputs.last.value }}"}
"""

DAG = """
id: dag
namespace: emulator
tasks:
  - id: dag
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task: {id: a, type: io.kestra.plugin.core.debug.Return, format: a}
      - task: {id: b, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.a.value }}b"}
        dependsOn: [a]
      - task: {id: c, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.a.value }}c"}
        dependsOn: [a]
      - task: {id: d, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.b.value }}{{ outputs.c.value }}"}
        dependsOn: [b, c]
outputs:
  - {id: last, type: STRING, value: "{{ outputs.d.value }}"}
"""

LOOP_UNTIL = """
id: loop-until
namespace: emulator
tasks:
  - id: loop
    type: io.kestra.plugin.core.flow.LoopUntil
    condition: "{{ outputs.loop.iterationCount >= 2 }}"
    checkFrequency: {interval: PT0.1S}
    tasks:
      - {id: look, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.loop.iterationCount }}"}
"""

DIRECTORY = """
id: directory
namespace: emulator
tasks:
  - id: together
    type: io.kestra.plugin.core.flow.WorkingDirectory
    inputFiles: {greeting.txt: hello}
    tasks:
      - id: write
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        commands: ["tr a-z A-Z < greeting.txt > loud.txt"]
      - id: read
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        commands: ['echo "::{\\"outputs\\":{\\"said\\":\\"$(cat loud.txt)\\"}}::"']
outputs:
  - {id: said, type: STRING, value: "{{ outputs.read.vars.said }}"}
"""

CHILD = """
id: child
namespace: emulator
inputs:
  - {id: name, type: STRING}
tasks:
  - {id: greet, type: io.kestra.plugin.core.debug.Return, format: "hello {{ inputs.name }}"}
outputs:
  - {id: greeting, type: STRING, value: "{{ outputs.greet.value }}"}
"""

PARENT = """
id: parent
namespace: emulator
tasks:
  - id: call
    type: io.kestra.plugin.core.flow.Subflow
    namespace: emulator
    flowId: child
    inputs: {name: you}
    wait: true
    transmitFailed: true
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.call.outputs.greeting }}!"}
outputs:
  - {id: last, type: STRING, value: "{{ outputs.after.value }}"}
"""

BATCHES = """
id: batches
namespace: emulator
tasks:
  - id: rows
    type: io.kestra.plugin.core.storage.Write
    content: "a\\nb\\nc\\n"
    extension: .txt
  - id: each
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{ outputs.rows.uri }}"
    batch: {rows: 2}
    namespace: emulator
    flowId: child
    inputs: {name: "{{ taskrun.iteration }}"}
    wait: true
    transmitFailed: true
"""

KEY_VALUES = """
id: key-values
namespace: emulator
tasks:
  - {id: set, type: io.kestra.plugin.core.kv.Set, key: greeting, value: hello, kvType: STRING}
  - {id: read, type: io.kestra.plugin.core.debug.Return, format: "{{ kv('greeting') }}"}
outputs:
  - {id: read, type: STRING, value: "{{ outputs.read.value }}"}
"""

FLAKY = """
id: ID
namespace: emulator
inputs:
  - {id: broken, type: BOOLEAN, defaults: true}
tasks:
  - {id: first, type: io.kestra.plugin.core.debug.Return, format: first}
  - id: each
    type: io.kestra.plugin.core.flow.EachSequential
    value: ["a", "b"]
    tasks:
      - id: gate
        type: io.kestra.plugin.core.execution.Fail
        condition: "{{ taskrun.value == 'b' and kv('ID-mended', errorOnMissing=false) is null }}"
  - {id: last, type: io.kestra.plugin.core.debug.Return, format: last}
errors:
  - {id: told, type: io.kestra.plugin.core.log.Log, message: told}
"""

PAUSED = """
id: ID
namespace: emulator
tasks:
  - {id: before, type: io.kestra.plugin.core.debug.Return, format: before}
  - id: hold
    type: io.kestra.plugin.core.flow.Pause
    onResume:
      - {id: answer, type: STRING}
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.hold.onResume.answer }}"}
outputs:
  - {id: answer, type: STRING, value: "{{ outputs.after.value }}"}
"""

LIMITED_TO_ONE = """
id: one-at-a-time
namespace: emulator
concurrency: {limit: 1, behavior: QUEUE}
tasks:
  - {id: hold, type: io.kestra.plugin.core.flow.Pause}
"""

HOOKED = """
id: hooked
namespace: emulator
tasks:
  - {id: read, type: io.kestra.plugin.core.debug.Return, format: "{{ trigger.body.name }}"}
triggers:
  - {id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: a-key-that-nobody-guesses}
"""


def summary(execution: Mapping[str, Any]) -> dict[str, Any]:
    """An execution's states and outputs, and those of its task runs, by task and the values around it."""
    runs = {run["id"]: run for run in execution["taskRunList"]}

    def path(run: Mapping[str, Any]) -> list[Any]:
        parent = runs.get(run.get("parentTaskRunId", ""))
        return [*(path(parent) if parent else []), run["taskId"], run.get("value"), run.get("iteration")]

    return {
        "states": [entry["state"] for entry in execution["state"]["histories"]],
        "outputs": execution.get("outputs"),
        "runs": sorted(
            (json.dumps(path(run)), run["state"]["current"], [each["state"]["current"] for each in run["attempts"]])
            if run.get("attempts")
            else (json.dumps(path(run)), run["state"]["current"], [])
            for run in execution["taskRunList"]
        ),
    }


def _runs(source: str) -> Scenario:
    """Save a flow and run it to its end."""

    def play(server: Server) -> Any:
        saved = _saved(server, source)
        return summary(server.until(server.start(*saved)["id"]))

    return play


def _saved(server: Server, source: str) -> tuple[str, str]:
    flow = server.put_flow(source)
    return flow["namespace"], flow["id"]


def _paused(server: Server, name: str) -> str:
    execution = server.start(*_saved(server, PAUSED.replace("ID", name)))
    return str(server.until(execution["id"], {"PAUSED"})["id"])


def _act(server: Server, execution_id: str, action: str, method: str = "POST", **options: Any) -> Any:
    return server.json(method, f"/executions/{execution_id}/actions/{action}", **options)


AFTER_SUCCESS = """
id: after-success
namespace: emulator
tasks:
  - {id: work, type: io.kestra.plugin.core.debug.Return, format: work}
afterExecution:
  - {id: report, type: io.kestra.plugin.core.debug.Return, format: over}
"""


def endings(server: Server) -> Any:
    """`errors`, `finally`, and `afterExecution`, which runs when the execution has its final state already."""
    execution = server.start(*_saved(server, source_of("endings")))["id"]
    return summary(_once(server, execution, lambda found: _state(found, "report") == "SUCCESS"))


def after_success(server: Server) -> Any:
    """`afterExecution`, which runs when the execution has its final state already."""
    execution = server.start(*_saved(server, AFTER_SUCCESS))["id"]
    return summary(_once(server, execution, lambda found: _state(found, "report") == "SUCCESS"))


def _once(server: Server, execution_id: str, holds: Callable[[Any], bool]) -> Any:
    """An execution once this holds of it."""
    deadline = time.monotonic() + SECONDS
    while not holds(execution := server.json("GET", f"/executions/{execution_id}")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return execution


def _state(execution: Mapping[str, Any], task_id: str) -> str | None:
    """The state of a task's only run; None before there is one."""
    return next((run["state"]["current"] for run in execution["taskRunList"] if run["taskId"] == task_id), None)


def subflow(server: Server) -> Any:
    """A flow that starts another and waits for it, with its outputs."""
    server.put_flow(CHILD)
    return [_runs(PARENT)(server), _runs(BATCHES)(server)]


def resume(server: Server) -> Any:
    """A Pause with an input goes on when it is answered."""
    execution = _paused(server, "answered")
    _act(server, execution, "resume", files={"answer": (None, "yes")})
    return summary(server.until(execution))


def kill(server: Server) -> Any:
    """A waiting execution is killed, and stays so."""
    execution = _paused(server, "killed")
    _act(server, execution, "kill", "DELETE")
    return summary(server.until(execution))


def pause_by_hand(server: Server) -> Any:
    """An execution is held between its tasks, and another machine goes on with it."""
    source = f"id: held\nnamespace: emulator\ntasks:\n  - {{id: nap, type: {CORE}.flow.Sleep, duration: PT2S}}\n"
    source += f"  - {{id: after, type: {CORE}.debug.Return, format: after}}\n"
    execution = server.start(*_saved(server, source))["id"]
    server.until(execution, {"RUNNING"})
    _act(server, execution, "pause")
    _once(server, execution, lambda found: _state(found, "nap") == "SUCCESS")
    _act(server, execution, "resume", files={"": (None, "")})
    return summary(server.until(execution))


def restart(server: Server) -> Any:
    """A failed execution goes on where it failed, once what was broken is mended."""
    execution = server.until(server.start(*_saved(server, FLAKY.replace("ID", "mended")))["id"])
    _mend(server, "mended")
    _act(server, execution["id"], "restart")
    return [summary(execution), summary(server.until(execution["id"]))]


def replay(server: Server) -> Any:
    """Another execution begins at a task run of one that failed, and at the start of another."""
    execution = server.until(server.start(*_saved(server, FLAKY.replace("ID", "replayed")))["id"])
    [failed] = [run for run in execution["taskRunList"] if (run["taskId"], run.get("value")) == ("gate", "b")]
    _mend(server, "replayed")
    from_run = _act(server, execution["id"], "replay", params={"taskRunId": failed["id"]})
    from_start = _act(server, execution["id"], "replay")
    return [summary(server.until(each["id"])) for each in (from_run, from_start)]


def _mend(server: Server, name: str) -> None:
    headers = {"Content-Type": "text/plain"}
    server.json("PUT", f"/namespaces/emulator/kv/{name}-mended", data='"yes"', headers=headers)


def queue(server: Server) -> Any:
    """Of two executions one waits for the other, and begins when it has ended."""
    flow = _saved(server, LIMITED_TO_ONE)
    first = server.start(*flow)["id"]
    server.until(first, {"PAUSED"})
    second = server.start(*flow)["id"]
    queued = server.until(second, {"QUEUED"})["state"]["current"]
    _act(server, first, "resume", files={"": (None, "")})
    ended = summary(server.until(first))
    server.until(second, {"PAUSED"})
    _act(server, second, "resume", files={"": (None, "")})
    return [queued, ended, summary(server.until(second))]


def at_a_date(server: Server) -> Any:
    """An execution waits for its date, until somebody lets it run at once."""
    flow = _saved(server, source_of("sequence").replace("id: sequence", "id: dated"))
    execution = server.start(*flow, scheduleDate="2099-01-01T00:00:00Z")["id"]
    waiting = server.until(execution, {"CREATED"})["state"]["current"]
    _act(server, execution, "force-run")
    return [waiting, summary(server.until(execution))]


def webhook(server: Server) -> Any:
    """A request starts an execution, which sees its body."""
    _saved(server, HOOKED)
    path = "/executions/webhook/emulator/hooked/a-key-that-nobody-guesses"
    started = server.json("POST", path, json={"name": "who asked"})
    ended = server.until(started["id"])
    return [summary(ended), ended["taskRunList"][0]["outputs"]]


SCENARIOS: dict[str, Scenario] = {
    **{f"golden {name}": _runs(source_of(name)) for name in GOLDEN},
    "concept taskrun": _runs(concept_flows.TASKRUN),
    "concept loop": _runs(concept_flows.LOOP),
    "concept parent": _runs(concept_flows.PARENT.replace("id: loop", "id: loop-parent")),
    "concept each_switch": _runs(concept_flows.EACH_SWITCH),
    "concept each sequential": _runs(concept_flows.EACH_SEQUENTIAL_NESTED.replace("io.kestra.tests", "company.team")),
    "concurrency limit": _runs(LIMITED),
    "dag": _runs(DAG),
    "loop until": _runs(LOOP_UNTIL),
    "working directory": _runs(DIRECTORY),
    "key values": _runs(KEY_VALUES),
    "errors and finally": endings,
    "after execution": after_success,
    "subflow": subflow,
    "resume": resume,
    "kill": kill,
    "pause by hand": pause_by_hand,
    "restart": restart,
    "replay": replay,
    "queue": queue,
    "at a date": at_a_date,
    "webhook": webhook,
}
