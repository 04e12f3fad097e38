"""The properties that all script tasks share, and the sentences with which what needs a container is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from thermik.flows.dynamic import Dynamic
from thermik.flows.model import FlowModel
from thermik.tasks.namespace_files import NamespaceFiles
from thermik.tasks.runnable import RunnableTask

PROCESS = "io.kestra.plugin.core.runner.Process"
_PROCESS_NAMES = {
    PROCESS,
    "io.kestra.plugin.core.runner.ProcessTaskRunner",
    "io.kestra.core.models.tasks.runners.types.ProcessTaskRunner",
}
_ONLY_PROCESS = f"scripts run as processes of the worker, without containers; use {PROCESS}"
_NEEDS_RUNNER = (
    f"containerImage needs a container, and there is none: {_ONLY_PROCESS} as `taskRunner` to run without the image, "
    "or drop the property"
)


class ProcessRunner(FlowModel):
    """The task runner that starts a process on the worker."""

    type: str
    version: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _only_process(cls, data: Any) -> Any:
        """Name the runner that is not there before complaining about its properties."""
        name = data.get("type") if isinstance(data, dict) else None
        if isinstance(name, str) and name not in _PROCESS_NAMES:
            raise ValueError(f"task runner '{name}' is not supported: {_ONLY_PROCESS}")
        return data


Commands = Annotated[list[str], Field(min_length=1)]


class ScriptTask(RunnableTask):
    """What shell and Python tasks have in common."""

    task_runner: ProcessRunner | None = None
    runner: Literal["PROCESS"] | None = None
    container_image: str | None = None
    env: Dynamic[dict[str, str | None]] | None = None
    before_commands: Dynamic[list[str]] | None = None
    interpreter: Dynamic[Commands] = Field(default=["/bin/sh", "-c"])
    fail_fast: Dynamic[bool] = True
    input_files: dict[str, str | None] | str | None = None
    output_files: Dynamic[list[str]] | None = None
    output_directory: Dynamic[bool] = False
    namespace_files: NamespaceFiles | None = None
    warning_on_std_err: Dynamic[bool] = False
    target_os: Dynamic[Literal["AUTO", "LINUX"]] = Field(default="AUTO", alias="targetOS")

    @model_validator(mode="before")
    @classmethod
    def _refuse_containers(cls, data: Any) -> Any:
        if isinstance(data, dict):
            if data.get("runner") not in (None, "PROCESS"):
                raise ValueError(f"runner '{data['runner']}' is not supported: {_ONLY_PROCESS}")
            if data.get("docker") is not None:
                raise ValueError(f"docker is not supported: {_ONLY_PROCESS}")
            if data.get("containerImage") is not None and not (data.get("taskRunner") or data.get("runner")):
                raise ValueError(_NEEDS_RUNNER)
            if data.get("targetOS") == "WINDOWS":
                raise ValueError("targetOS 'WINDOWS' is not supported: scripts run on Linux or macOS")
        return data
