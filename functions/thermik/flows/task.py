"""What every task of a flow has in common, and what makes a task a flowable.

A task type is one pydantic model: the single source of its validation, its JSON schema and its
documentation. The model of a type says what the flow's author wrote; it knows nothing of executions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, Field, SerializeAsAny, ValidationError, ValidationInfo, WrapValidator
from pydantic_core import PydanticCustomError, core_schema

from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.model import FlowModel
from thermik.flows.openings import Opening, Rendering
from thermik.flows.problems import Place
from thermik.flows.retry import Retry
from thermik.flows.shapes import Shape

if TYPE_CHECKING:
    from thermik.flows.flow import Flow
    from thermik.flows.salvage import Salvage

ID_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$"
"""Ids of tasks and triggers: no dot, since expressions read `outputs.id`."""

LogLevel = Literal["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]

Model = TypeVar("Model", bound=BaseModel)


class UnknownType(Exception):
    """No plugin gives this type."""


class TaskTypes(Protocol):
    """The task types that this installation knows.

    The registry lives above this layer (`thermik.tasks`), so it comes with the validation's context:
    `Flow.model_validate(data, context={"types": registry})`.
    """

    def task(self, name: str) -> type[Task]:
        """The model of a type, by its name or one of its old names. Raises UnknownType."""
        ...


def read_by_type(
    data: Any,
    handler: core_schema.ValidatorFunctionWrapHandler,
    info: ValidationInfo,
    find: Callable[[str], type[Model]],
    base: type[Model],
) -> Any:
    """Validate a mapping by the model that its `type` names; pydantic prefixes the inner errors' places.

    Args:
        find: the model of a type; raises UnknownType.
        base: what all these types have in common: it stands for what cannot be read, where the context asks for that
            (`salvage.py`).
    """
    if not isinstance(data, dict):
        return handler(data)  # a model already, or an error that says what it is instead
    salvage: Salvage | None = (info.context or {}).get("salvage")
    if salvage is None:
        return _read_typed(data, info, find)
    found = salvage.read(data, lambda left: _read_typed(left, info, find))
    return found or base.model_construct(id=str(data.get("id")), type=str(data.get("type")))


def _read_typed(data: dict[str, Any], info: ValidationInfo, find: Callable[[str], type[Model]]) -> Model:
    name = data.get("type")
    if name is None:
        raise ValidationError.from_exception_data("type", [{"type": "missing", "loc": ("type",), "input": data}])
    if not isinstance(name, str):
        raise PydanticCustomError("unknown_type", "Invalid type: {type}", {"type": str(name)})
    try:
        model = find(name)
    except UnknownType as unknown:
        said = str(unknown).removeprefix(f"Unknown type '{name}'").removeprefix(name)
        hint = f": {said}" if said and not said.startswith(";") else said
        raise PydanticCustomError("unknown_type", "Invalid type: {type}{hint}", {"type": name, "hint": hint}) from None
    return model.model_validate(data, context=info.context, by_alias=True, by_name=False)


def _read_task(data: Any, handler: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    types: TaskTypes = (info.context or {})["types"]
    return read_by_type(data, handler, info, types.task, Task)


def _positive(ttl: timedelta) -> timedelta:
    if ttl <= timedelta():
        raise PydanticCustomError("not_positive", "must be a positive duration")
    return ttl


class TaskCache(FlowModel):
    """Whether the outputs of a task are kept, to stand for those of a later run with the same properties."""

    enabled: bool = Field(description="Whether they are.")
    ttl: Annotated[Duration, AfterValidator(_positive)] | None = Field(
        default=None, description="How long they are; for ever if not given."
    )


class Task(FlowModel):
    """The properties that every task has."""

    id: str = Field(pattern=ID_PATTERN, min_length=1, description="Unique in the flow, at any depth.")
    type: str = Field(description="The task's type.")
    version: str | None = Field(default=None, description="Accepted without effect: a type has one version here.")
    description: str | None = Field(default=None, description="For people; Markdown.")
    retry: Retry | None = Field(default=None, description="How a failed attempt is tried again.")
    timeout: Dynamic[Duration] | None = Field(default=None, description="How long an attempt may take.")
    disabled: bool = Field(default=False, description="The flow runs as if the task were not there.")
    allow_failure: bool = Field(default=False, description="A failure makes a warning, and the flow goes on.")
    allow_warning: bool = Field(default=False, description="A warning counts as success.")
    run_if: str = Field(default="true", description="The task is skipped where this renders to false.")
    task_cache: TaskCache | None = Field(
        default=None, description="Outputs are taken over from an earlier run with the same properties."
    )
    log_level: LogLevel | None = Field(default=None, description="The least severe level that is kept.")
    log_to_file: bool = Field(default=False, description="The log goes to a file of the internal storage.")
    worker_group: dict[str, Any] | None = Field(default=None, description="Accepted without effect.")

    def problems(self, flow: Flow) -> Iterator[tuple[Place, str]]:  # noqa: ARG002 - for those that override it
        """What is wrong with this task in this flow, beyond its own properties: places within the task, messages.

        Overridden by types that have such rules (a Subflow must not call its own flow).
        """
        yield from ()


AnyTask = SerializeAsAny[Annotated[Task, WrapValidator(_read_task)]]
"""A task of any type, read by its type's own model."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One list of a flowable's children: `tasks`, `then`, `cases.a`, `errors`, `finally`."""

    name: str
    tasks: tuple[Task, ...]


Tasks = Annotated[list[AnyTask], Field(default_factory=list, min_length=1, validate_default=True)]
"""A list of tasks that must not be empty, nor left out: `then: Tasks`."""


class CallingTask(Task):
    """A task whose work is an execution of another flow."""


class BatchesTask(Task):
    """A task whose work is an execution of another flow for each batch of a file."""


class FlowableTask(Task):
    """A task that only orders other tasks; it runs nothing by itself."""

    errors: list[AnyTask] = Field(default_factory=list, description="Run when a child failed.")
    finally_: list[AnyTask] = Field(default_factory=list, alias="finally", description="Run at the end in any case.")

    @property
    def shape(self) -> Shape:
        """How the children are ordered."""
        raise NotImplementedError(type(self).__name__)

    def branches(self) -> tuple[Branch, ...]:
        """The lists of children that make the flowable's result, in the source's order, without `errors`, `finally`."""
        raise NotImplementedError(type(self).__name__)

    def open(self, _rendering: Rendering) -> Opening:
        """Decide, once, what this run of it will do. Raises: ExpressionError, CannotOpen."""
        return Opening()

    def children(self) -> Iterator[Task]:
        """Every child, those of `errors` and `finally` last."""
        for branch in self.branches():
            yield from branch.tasks
        yield from self.errors
        yield from self.finally_


ORDERING: tuple[type[Task], ...] = (FlowableTask, CallingTask, BatchesTask)
"""Types of tasks that do no work themselves."""
