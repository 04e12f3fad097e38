"""An execution, its task runs and their attempts, in the shape of Kestra's API.

The models are what is stored, what the API answers and what the worker thinks in. What only the engine
needs is in one field, `progress`, that `wire` leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from thermik.durations import duration_text
from thermik.executions.state import Instant, State, StateType


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Metric(_Model):
    """A figure that a task reported: a counter's or gauge's number, or a timer's duration as ISO 8601 text."""

    name: str
    type: str
    value: float | str
    tags: dict[str, str] = Field(default_factory=dict)


class Attempt(_Model):
    """One try of a task run."""

    metrics: tuple[Metric, ...] = ()
    log_file: str | None = None
    state: State


class Scope(_Model):
    """Which turn of a loop something belongs to: the loop's task run, and the value's index or the iteration.

    A task run under no loop has no scope. Loops inside loops chain: the loop's own task run has a scope.
    """

    run: str
    turn: int


class Lease(_Model):
    """Who works on an attempt, so that nobody else starts it: a process, or a Lambda invocation until its deadline."""

    holder: str
    until: Instant | None = None


class RunProgress(_Model):
    """What the engine must know of a task run between two operations.

    Attributes:
        lease: held while an attempt works.
        retry_at: when the next attempt is due, while RETRYING.
        values: a loop's values, in order, fixed when it opened. values_uri: where they are when there are many.
        value_count: how many there are, wherever they are.
        decision: what a flowable decided when it opened, for the state machine's Choice (`then`, a case's key).
        turn: the iteration that a loop without values is in, from 1. events: as `ExecutionProgress.events`, of these.
        unfinished: the children that run in one invocation have begun, and the invocation did not come to its end.
        call: the try whose executions of another flow are waited for, from 0; a restart goes on with those of before.
        batches: what became of each batch of a ForEachItem, a character each (`worker/batch_states.py`).
        due: when a pause ends by itself. after_due: with which state.
        token: the task token that a pause waits with.
        resumed_by: the task run of another execution that ended the pause.
        outputs_uri: where the outputs are when they are too large for the item.
        unopened: a flowable that could not decide what to run.
    """

    scope: Scope | None = None
    lease: Lease | None = None
    retry_at: Instant | None = None
    values: tuple[str, ...] | None = None
    values_uri: str | None = None
    value_count: int | None = None
    decision: str | None = None
    turn: int | None = None
    events: int | None = None
    unfinished: bool | None = None
    call: int | None = None
    batches: str | None = None
    due: Instant | None = None
    after_due: StateType | None = None
    token: str | None = None
    resumed_by: str | None = None
    unopened: bool = False
    outputs_uri: str | None = None


class TaskRun(_Model):
    """One run of one task of an execution."""

    id: str
    execution_id: str
    namespace: str
    flow_id: str
    task_id: str
    parent_task_run_id: str | None = None
    value: str | None = None
    iteration: int | None = None
    attempts: tuple[Attempt, ...] | None = None
    outputs: dict[str, Any] | None = None
    state: State
    progress: RunProgress = RunProgress()

    def with_state(self, state: StateType, at: datetime, **changes: Any) -> TaskRun:
        """The task run in the next state, with other fields changed along with it."""
        return self.model_copy(update={"state": self.state.to(state, at), **changes})

    def with_progress(self, **changes: Any) -> TaskRun:
        """The task run with some of the engine's notes changed."""
        return self.model_copy(update={"progress": self.progress.model_copy(update=changes)})


class Label(_Model):
    """A label of an execution."""

    key: str
    value: str


class Trigger(_Model):
    """What started an execution, and the values that it brought."""

    id: str
    type: str
    variables: dict[str, Any] = Field(default_factory=dict)


class Kind(StrEnum):
    """Why an execution was made."""

    NORMAL = "NORMAL"
    TEST = "TEST"
    PLAYGROUND = "PLAYGROUND"


class Metadata(_Model):
    """Which try of a chain of executions this is (restarts, replays, retries)."""

    attempt_number: int = 1
    original_created_date: Instant


class Waiting(_Model):
    """A state of another execution's machine that waits for the end of this one."""

    execution: str
    token: str


class ExecutionProgress(_Model):
    """What the engine must know of an execution.

    Attributes:
        generation: how often it was given another machine (restarts, resumes, long loops, ends from outside).
        events: what iterations have written into its machine's bounded history, estimated (`worker/looping.py`).
        machine: the digest of the definition that this generation's machine has, whatever the flow compiles to by now.
        owner: the process that runs it on a laptop; None on AWS, where the machine itself does.
        held: paused by hand: nothing starts until it is resumed (a Pause task pauses its own branch only).
        waiting: the parent that waits for the end (a Subflow).
        ancestors: the executions that it is a replay or a retry of, oldest first: it may read their files.
        borrowed: the executions whose files are named in outputs that it took from a task's cache: it may read them.
        aftermath: its end is to set something going (`after_end.py`) that is not done yet: until then it counts as
            open, so that a crash right behind the end loses nothing.
    """

    generation: int = 0
    events: int | None = None
    machine: str | None = None
    owner: str | None = None
    held: bool = False
    waiting: Waiting | None = None
    ancestors: tuple[str, ...] = ()
    borrowed: tuple[str, ...] = ()
    aftermath: bool = False


class Execution(_Model):
    """A single run of a flow. Its task runs are items of their own; the API joins them as `taskRunList`."""

    id: str
    namespace: str
    flow_id: str
    flow_revision: int
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    labels: tuple[Label, ...] = ()
    variables: dict[str, Any] | None = None
    state: State
    parent_id: str | None = None
    original_id: str
    trigger: Trigger | None = None
    deleted: bool = False
    metadata: Metadata
    schedule_date: Instant | None = None
    kind: Kind | None = None
    progress: ExecutionProgress = ExecutionProgress()

    def with_state(self, state: StateType, at: datetime, **changes: Any) -> Execution:
        """The execution in the next state, with other fields changed along with it."""
        return self.model_copy(update={"state": self.state.to(state, at), **changes})

    def label(self, key: str) -> str | None:
        """The value of a label, or None."""
        return next((label.value for label in self.labels if label.key == key), None)


def stored(model: Execution | TaskRun) -> dict[str, Any]:
    """The JSON object that the table keeps."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)


def wire(model: Execution | TaskRun) -> dict[str, Any]:
    """The JSON object of the API: Kestra's, without the engine's notes."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"progress"})


def execution_wire(execution: Execution, task_runs: list[TaskRun], tenant: str) -> Mapping[str, Any]:
    """An execution with its task runs, in order of creation, as the API answers it."""
    ordered = sorted(task_runs, key=creation_order)
    return {"tenantId": tenant, **wire(execution), "taskRunList": [wire(run) for run in ordered]}


def creation_order(run: TaskRun) -> tuple[datetime, ...]:
    """What task runs are sorted by: their creation, which has milliseconds, then what followed, which has more."""
    return tuple(entry.date for entry in run.state.histories)


def counter(name: str, value: float, tags: Mapping[str, str] | None = None) -> Metric:
    """A Counter metric."""
    return Metric(name=name, type="counter", value=float(value), tags=dict(tags or {}))


def gauge(name: str, value: float, tags: Mapping[str, str] | None = None) -> Metric:
    """A Gauge metric."""
    return Metric(name=name, type="gauge", value=float(value), tags=dict(tags or {}))


def timer(name: str, value: timedelta, tags: Mapping[str, str] | None = None) -> Metric:
    """A Timer metric, with nine decimals at the most as Kestra writes them."""
    return Metric(name=name, type="timer", value=duration_text(value), tags=dict(tags or {}))
