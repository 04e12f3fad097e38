"""A flow as its author wrote it: every property of Kestra's flows, read and checked.

The model says what is there; what the engine can carry out of it is in `support.py`, and what is wrong across
several properties in `validation.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from thermik.flows import aliases
from thermik.flows.dynamic import Duration
from thermik.flows.inputs import AnyInput
from thermik.flows.labels import Labels
from thermik.flows.model import FlowModel
from thermik.flows.outputs import Output
from thermik.flows.retry import Retry
from thermik.flows.task import AnyTask, FlowableTask, Task, Tasks
from thermik.flows.trigger import AnyCondition, AnyTrigger

MAX_ID = 100  # Kestra's bounds, both; `$` in pydantic's patterns is the end of the text, not that of a line
MAX_NAMESPACE = 150


class ConcurrencyBehavior(StrEnum):
    """What becomes of an execution beyond the limit."""

    QUEUE = "QUEUE"
    CANCEL = "CANCEL"
    FAIL = "FAIL"


class Concurrency(FlowModel):
    """How many executions of the flow may run at a time."""

    limit: int = Field(gt=0)
    behavior: ConcurrencyBehavior = ConcurrencyBehavior.QUEUE


class _Sla(FlowModel):
    id: str = Field(min_length=1)
    behavior: Literal["FAIL", "CANCEL", "NONE"]
    labels: Labels = Field(default_factory=list)


class MaxDurationSla(_Sla):
    """Violated by an execution that runs longer."""

    type: Literal["MAX_DURATION"]
    duration: Duration


class AssertionSla(_Sla):
    """Violated when a text renders to false."""

    type: Literal["EXECUTION_ASSERTION"]
    assertion: str = Field(alias="assert")


Sla = Annotated[MaxDurationSla | AssertionSla, Field(discriminator="type")]


class PluginDefault(FlowModel):
    """Values for the properties of every task, trigger, condition or task runner of a type."""

    type: str = Field(min_length=1, description="A type, or what several types begin with.")
    forced: bool = Field(default=False, description="Put before the values that the flow gives itself.")
    values: dict[str, Any]

    @field_validator("values")
    @classmethod
    def _are_given(cls, values: dict[str, Any]) -> dict[str, Any]:
        missing = [f"No value provided for key '{key}'" for key, value in values.items() if value is None]
        if missing:
            raise ValueError(f"Invalid Plugin Default: {', '.join(missing)}")
        return values


class CheckBehavior(StrEnum):
    """What becomes of an execution when a check fails."""

    BLOCK_EXECUTION = "BLOCK_EXECUTION"
    FAIL_EXECUTION = "FAIL_EXECUTION"
    CREATE_EXECUTION = "CREATE_EXECUTION"


class Check(FlowModel):
    """A condition on the inputs, looked at before an execution is created."""

    old_names: ClassVar[Mapping[str, str]] = aliases.CHECK

    condition: str = Field(min_length=1, description="An expression; anything but true fails the check.")
    message: str = Field(min_length=1, description="Told where the check fails.")
    style: Literal["ERROR", "SUCCESS", "WARNING", "INFO"] = Field(default="INFO", description="How a page shows it.")
    behavior: CheckBehavior = CheckBehavior.BLOCK_EXECUTION


class Listener(FlowModel):
    """Tasks after the end of an execution: the old form of `afterExecution`."""

    description: str | None = None
    conditions: list[AnyCondition] = Field(default_factory=list)
    tasks: Tasks


class Flow(FlowModel):
    """A flow: tasks in an order, and when and with what they run."""

    old_names: ClassVar[Mapping[str, str]] = aliases.FLOW

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$", min_length=1, max_length=MAX_ID)
    namespace: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", min_length=1, max_length=MAX_NAMESPACE)
    revision: int | None = Field(default=None, description="Accepted without effect: revisions are counted on saving.")
    deleted: bool = Field(default=False, description="Accepted without effect.")
    tenant_id: str | None = Field(default=None, description="Accepted without effect.")
    description: str | None = Field(default=None, description="For people; Markdown.")
    labels: Labels = Field(default_factory=list)
    inputs: list[AnyInput] = Field(default_factory=list)
    outputs: list[Output] = Field(default_factory=list)
    variables: dict[str, Any] = Field(default_factory=dict, description="Read as `vars`.")
    tasks: Tasks
    errors: list[AnyTask] = Field(default_factory=list, description="Run when a task failed.")
    finally_: list[AnyTask] = Field(default_factory=list, alias="finally", description="Run at the end in any case.")
    after_execution: list[AnyTask] = Field(default_factory=list, description="Run after the end of the execution.")
    triggers: list[AnyTrigger] = Field(default_factory=list)
    plugin_defaults: list[PluginDefault] = Field(default_factory=list)
    concurrency: Concurrency | None = None
    retry: Retry | None = None
    sla: list[Sla] = Field(default_factory=list)
    checks: list[Check] = Field(default_factory=list)
    listeners: list[Listener] = Field(default_factory=list, description="Deprecated: use `afterExecution`.")
    disabled: bool = Field(default=False, description="The flow cannot be executed.")
    worker_group: dict[str, Any] | None = Field(default=None, description="Accepted without effect.")

    def top_level_tasks(self) -> Iterator[Task]:
        """The tasks of every section of the flow, without those within flowables."""
        yield from self.tasks
        yield from self.errors
        yield from self.finally_
        yield from self.after_execution
        for listener in self.listeners:
            yield from listener.tasks

    def all_tasks(self) -> Iterator[Task]:
        """Every task, disabled ones too: a flowable before its children."""
        waiting = [*self.top_level_tasks()][::-1]
        while waiting:
            task = waiting.pop()
            yield task
            if isinstance(task, FlowableTask):
                waiting.extend([*task.children()][::-1])
