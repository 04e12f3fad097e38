"""ForEachItem: a file cut into batches, an execution of another flow for each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.faults import Death, When
from engine.running import Ran, end_of, engine, history_of, look, run, save, start
from engine.test_crashes import _first_life as first_life
from thermik.executions.kill import kill
from thermik.executions.model import Execution
from thermik.executions.revival import restart
from thermik.expressions.formats.ion import read_ion
from thermik.identity import new_id
from thermik.local.runtime import Runtime
from thermik.local.takeover import take_over
from thermik.storage import schema
from thermik.storage.internal import ExecutionFiles, key_of
from thermik.storage.key_values import Entry, KeyValueStore
from thermik.storage.table import Index

NAMESPACE = "io.kestra.tests"
PARENT = "fei-parent"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data"))) as started:
        save(started, CHILD)
        yield started


CHILD = """
id: fei-child
namespace: io.kestra.tests
inputs:
  - {id: rows, type: STRING}
  - {id: number, type: INT}
tasks:
  - id: fail_on_bad
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ read(inputs.rows) contains 'bad' and kv('mended') is null }}"
  - id: warn_on_odd
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ read(inputs.rows) contains 'odd' }}"
    allowFailure: true
outputs:
  - {id: seen, type: STRING, value: "{{ inputs.number }}: {{ read(inputs.rows) | trim }}"}
"""


def parent(name: str = PARENT, properties: str = "batch: {rows: 2}", flow_id: str = "fei-child") -> str:
    return f"""
id: {name}
namespace: io.kestra.tests
inputs:
  - {{id: file, type: FILE}}
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{{{ inputs.file }}}}"
    namespace: io.kestra.tests
    flowId: {flow_id}
    inputs: {{rows: "{{{{ taskrun.items }}}}", number: "{{{{ taskrun.iteration }}}}"}}
    {properties}
"""


def given(runtime: Runtime, text: str, name: str = PARENT) -> dict[str, Any]:
    """An execution's id and its uploaded file."""
    execution_id = new_id()
    uri = ExecutionFiles(NAMESPACE, name, execution_id).input_uri("file", "rows.txt")
    runtime.blobs.put(key_of(uri), text.encode())
    return {"id": execution_id, "inputs": {"file": uri}}


def ran_over(runtime: Runtime, text: str, properties: str = "batch: {rows: 2}") -> Ran:
    return run(runtime, parent(properties=properties), **given(runtime, text))


def children(runtime: Runtime, execution_id: str) -> list[Execution]:
    page = runtime.table.query(schema.children_partition(execution_id), index=Index.THIRD, limit=1000)
    return [Execution.model_validate(record.body) for record in page.records]


def outputs(ran: Ran, part: str) -> dict[str, Any]:
    return ran.run(f"each_{part}").outputs or {}


def test_each_batch_is_an_execution_and_their_outputs_are_merged_in_order(runtime: Runtime) -> None:
    ran = ran_over(runtime, "a\nb\nc\nd\ne\n")
    assert ran.states() == {
        "each": "SUCCESS",
        "each_split": "SUCCESS",
        "each_items": "SUCCESS",
        "each_merge": "SUCCESS",
    }
    assert outputs(ran, "items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 3}
    assert ran.attempts("each_items") == ["SUCCESS"]
    assert history_of(ran.run("each_items")) == ["CREATED", "RUNNING", "SUCCESS"]
    with runtime.blobs.open(key_of(outputs(ran, "merge")["subflowOutputs"])) as merged:
        lines = merged.read().decode().splitlines()
    assert [read_ion(line)["seen"] for line in lines] == ["0: a\nb", "1: c\nd", "2: e"]
    assert len(children(runtime, ran.id)) == 3
    assert all(child.trigger and child.trigger.id == "each_items" for child in children(runtime, ran.id))


def test_no_rows_no_executions(runtime: Runtime) -> None:
    ran = ran_over(runtime, "")
    assert ran.states()["each"] == "SUCCESS"
    assert ran.run("each_items").attempts is None
    assert outputs(ran, "items") == {}
    assert outputs(ran, "merge") == {}


@pytest.mark.parametrize(
    ("properties", "state", "items", "merged"),
    [
        ("transmitFailed: true", "FAILED", "FAILED", False),
        ("transmitFailed: false", "SUCCESS", "SUCCESS", True),
        ("allowFailure: true", "WARNING", "FAILED", False),
    ],
)
def test_failed_executions(runtime: Runtime, properties: str, state: str, items: str, merged: bool) -> None:
    ran = ran_over(runtime, "a\nbad\nodd\n", properties)
    assert ran.run("each").state.current.value == state
    assert ran.run("each_items").state.current.value == items
    assert ("each_merge" in ran.states()) is merged
    assert outputs(ran, "items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "FAILED": 1, "SUCCESS": 1, "WARNING": 1}


def test_a_warning_is_transmitted(runtime: Runtime) -> None:
    ran = ran_over(runtime, "odd\n")
    assert ran.state == "WARNING"
    assert ran.states()["each_merge"] == "SUCCESS"


def test_without_waiting_every_batch_counts_as_success(runtime: Runtime) -> None:
    ran = ran_over(runtime, "a\nbad\n", "wait: false")
    assert ran.state == "SUCCESS"
    assert outputs(ran, "items")["iterations"] == {"RUNNING": 0, "SUCCESS": 2}
    for child in children(runtime, ran.id):
        end_of(runtime, child.id)


def test_what_cannot_be_started_fails_the_task_with_its_reason(runtime: Runtime) -> None:
    source = parent(flow_id="nothing-such")
    ran = run(runtime, source, **given(runtime, "a\n"))
    assert ran.states() == {"each": "FAILED", "each_split": "SUCCESS", "each_items": "FAILED"}
    assert ran.attempts("each_items") == ["FAILED"]
    assert ran.logged("each_items", "ERROR") == [
        "Unable to find flow 'io.kestra.tests'.'nothing-such' with revision '0'"
    ]


def test_inputs_that_do_not_fit_fail_their_batch_whatever_is_transmitted(runtime: Runtime) -> None:
    source = parent(properties="transmitFailed: false").replace("{{ taskrun.iteration }}", "no number")
    ran = run(runtime, source, **given(runtime, "a\nb\n"))
    assert ran.states()["each_items"] == "FAILED"
    assert outputs(ran, "items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "FAILED": 2}
    assert children(runtime, ran.id) == []


def test_items_must_be_a_file(runtime: Runtime) -> None:
    ran = run(runtime, parent(), id=new_id(), inputs={"file": "no uri"})
    assert ran.states() == {"each": "FAILED", "each_split": "FAILED"}


def test_a_restart_executes_the_failed_batches_only(runtime: Runtime) -> None:
    failing = ran_over(runtime, "a\nbad\nc\n", "batch: {rows: 1}")
    assert failing.state == "FAILED"
    KeyValueStore(runtime.table, runtime.life.clock).put(NAMESPACE, "mended", Entry(True, "BOOLEAN"))
    restart(runtime.life, failing.id)
    ran = end_of(runtime, failing.id)
    assert ran.state == "SUCCESS"
    assert ran.attempts("each_items") == ["FAILED", "SUCCESS"]
    assert outputs(ran, "items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 3}
    histories = [[each.state.value for each in child.state.histories] for child in children(runtime, ran.id)]
    assert sorted("RESTARTED" in history for history in histories) == [False, False, True]


NESTED = """
id: fei-nested
namespace: io.kestra.tests
inputs:
  - {id: file, type: FILE}
tasks:
  - id: loop
    type: io.kestra.plugin.core.flow.ForEach
    values: ["x", "y"]
    tasks:
      - id: each
        type: io.kestra.plugin.core.flow.ForEachItem
        items: "{{ inputs.file }}"
        namespace: io.kestra.tests
        flowId: fei-child
        inputs: {rows: "{{ taskrun.items }}", number: "{{ taskrun.iteration }}"}
  - id: last
    type: io.kestra.plugin.core.debug.Return
    format: "{{ read(outputs.each_merge.y.subflowOutputs) }}"
"""


def test_it_works_in_a_loop(runtime: Runtime) -> None:
    ran = run(runtime, NESTED, **given(runtime, "a\nb\n", "fei-nested"))
    assert ran.state == "SUCCESS"
    assert len(children(runtime, ran.id)) == 4
    assert str((ran.run("last").outputs or {})["value"]).count("seen") == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # threads that died
@pytest.mark.parametrize("at", range(5, 40, 6))
def test_after_a_crash_every_batch_has_one_execution(tmp_path: Path, at: int) -> None:
    with engine(tmp_path) as runtime:
        save(runtime, CHILD)
        new = given(runtime, "a\nb\nc\nd\n")
    source = parent(properties="batch: {rows: 1}").replace("{{ inputs.file }}", new["inputs"]["file"])
    source = source.replace("  - {id: file, type: FILE}", "  - {id: file, type: FILE, required: false}")
    death = Death(at, When.AFTER)
    first_life(tmp_path, source, death, new["id"])
    with engine(tmp_path) as runtime:
        left = look(runtime, new["id"])
        take_over(runtime.life, runtime.process.lives)
        ran = left if left.execution.state.is_terminal else end_of(runtime, new["id"])
        assert ran.state == "SUCCESS"
        assert outputs(ran, "items")["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 4}
        made = children(runtime, ran.id)
        assert len(made) == 4
        assert {child.state.current.value for child in made} == {"SUCCESS"}


SLEEPS = """
id: fei-sleeps
namespace: io.kestra.tests
tasks:
  - {id: sleeps, type: io.kestra.plugin.core.flow.Sleep, duration: PT60S}
"""


def test_a_kill_reaches_the_executions_of_all_batches(runtime: Runtime) -> None:
    save(runtime, SLEEPS)
    source = parent(properties="batch: {rows: 1}", flow_id="fei-sleeps").replace(
        'inputs: {rows: "{{ taskrun.items }}", number: "{{ taskrun.iteration }}"}', ""
    )
    execution = start(runtime, source, **given(runtime, "a\nb\nc\n"))
    while len(children(runtime, execution.id)) < 3:
        threading.Event().wait(0.02)
    kill(runtime.life, execution.id)
    assert end_of(runtime, execution.id).state == "KILLED"
    assert look(runtime, execution.id).states()["each_items"] == "KILLED"
    assert {child.state.current.value for child in children(runtime, execution.id)} == {"KILLED"}
