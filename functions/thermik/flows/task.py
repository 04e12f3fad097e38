"""What every task of a flow has in common, and what makes a task a flowable.

A task type is one pydantic model: the single source of its validation, its JSON schema and its
documentation. The model of a type says what the flow's author wrote; it knows nothing of executions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, WrapValidator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, core_schema

from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.retry import Retry
from thermik.flows.shapes import Shape


class UnknownType(Exception):  # noqa: N818 - the domain's word
    """No plugin gives this type."""


class TaskTypes(Protocol):
    """The task types that this installation knows.

    The registry lives above this layer (`thermik.tasks`), so it comes with the validation's context:
    `Flow.model_validate(data, context={"types": registry})`.
    """

    def task(self, name: str) -> type[Task]:
        """The model of a type, by its name or one of its old names. Raises UnknownType."""
        ...


def _read_task(data: Any, handler: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Validate a mapping by the model that its `type` names; pydantic prefixes the inner errors' places."""
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        return handler(data)  # a task already, or an error that names what is missing
    types: TaskTypes = (info.context or {})["types"]
    try:
        model = types.task(data["type"])
    except UnknownType as unknown:
        raise PydanticCustomError("unknown_type", "Invalid type: {type}", {"type": data["type"]}) from unknown
    return model.model_validate(data, context=info.context)


AnyTask = SerializeAsAny[Annotated["Task", WrapValidator(_read_task)]]
"""A task of any type, read by its type's own model."""


class FlowModel(BaseModel):
    """A mapping of a flow's source: camelCase names, no unknown property, never changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Task(FlowModel):
    """The properties that every task has."""

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", min_length=1)
    type: str
    description: str | None = None
    retry: Retry | None = None
    timeout: Dynamic[Duration] | None = None
    disabled: bool = False
    allow_failure: bool = False
    allow_warning: bool = False
    run_if: str = "true"
    log_level: str | None = None
    log_to_file: bool = False
    worker_group: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One list of a flowable's children: `tasks`, `then`, `cases.a`, `errors`, `finally`."""

    name: str
    tasks: tuple[Task, ...]


class FlowableTask(Task):
    """A task that only orders other tasks; it runs nothing by itself."""

    errors: list[AnyTask] = Field(default_factory=list)
    finally_: list[AnyTask] = Field(default_factory=list, alias="finally")

    @property
    def shape(self) -> Shape:
        """How the children are ordered."""
        raise NotImplementedError(type(self).__name__)

    def branches(self) -> tuple[Branch, ...]:
        """The lists of children that make the flowable's result, in the source's order; without `errors` and `finally`."""
        raise NotImplementedError(type(self).__name__)
