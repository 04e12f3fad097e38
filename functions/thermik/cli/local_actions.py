"""`Actions`, `Pairs` and `Triggers` on a data directory: the use cases that the API has, in this process.

What goes on after an action goes on in the process that has the execution, if that lives; else in this one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from thermik.api.services import Services
from thermik.cli.acting import Given, Json
from thermik.executions.model import Label
from thermik.flows.input_values import Upload
from thermik.local.runtime import Runtime


class LocalActions:
    """What people do with executions.

    Args:
        listen: hears of an execution's end from now on; the execution as it is. knows: whether it does.
    """

    def __init__(
        self,
        runtime: Runtime,
        services: Callable[[], Services],
        listen: Callable[[str], Json],
        knows: Callable[[str], bool],
        wire: Callable[[str], Json],
    ) -> None:
        self._runtime = runtime
        self._services = services
        self._listen = listen
        self._knows = knows
        self._wire = wire

    def runs_here(self, execution_id: str) -> bool:
        """Whether it was left to this process."""
        return self._knows(execution_id)

    def pause(self, execution_id: str) -> Json:
        """Pause it. Raises: ExecutionNotFound, Unacceptable."""
        from thermik.executions.pausing import pause

        pause(self._runtime.life, execution_id)
        return self._wire(execution_id)

    def resume(self, execution_id: str, given: Given) -> Json:
        """Resume it. Raises: ExecutionNotFound, InvalidInputs, WrongState."""
        from thermik.api.execution_actions import resume_with

        with ExitStack() as closing:
            resume_with(self._services(), execution_id, lambda: opened(given, closing))
        return self._go_on(execution_id)

    def restart(self, execution_id: str, revision: int | None = None) -> Json:
        """Run it again in this process. Raises: ExecutionNotFound, FlowNotFound, WrongState, Unacceptable."""
        from thermik.executions.replay import restart_in_revision
        from thermik.executions.revival import restart

        life = self._runtime.life
        if revision is not None:
            return self._go_on(restart_in_revision(life, execution_id, revision).id)
        return self._go_on(restart(life, execution_id).id)

    def replay(self, execution_id: str, task_run_id: str | None, revision: int | None, given: Given) -> Json:
        """Run another like it in this process. Raises: ExecutionNotFound, FlowNotFound, InvalidInputs, Unacceptable."""
        from thermik.api.execution_actions import replay_with

        with ExitStack() as closing:
            inputs = opened(given, closing)
            replayed = replay_with(self._services(), execution_id, inputs, from_task_run=task_run_id, revision=revision)
        return self._go_on(replayed.id)

    def change_task_run(self, execution_id: str, task_run_id: str, state: str) -> Json:
        """Change it, and go on. Raises: ExecutionNotFound, WrongState, Unacceptable, Unprocessable."""
        from thermik.api.execution_actions import read_state
        from thermik.executions.marking import change_task_run_state

        change_task_run_state(self._runtime.life, execution_id, task_run_id, read_state(state, "state"))
        return self._go_on(execution_id)

    def change_status(self, execution_id: str, state: str) -> Json:
        """Change it. Raises: ExecutionNotFound, Unacceptable, Unprocessable."""
        from thermik.api.execution_actions import read_state
        from thermik.executions.changes import change_status

        change_status(self._runtime.life, execution_id, read_state(state, "status"))
        return self._wire(execution_id)

    def set_labels(self, execution_id: str, labels: tuple[tuple[str, str], ...]) -> Json:
        """Set them. Raises: ExecutionNotFound, Unacceptable."""
        from thermik.executions.changes import set_labels

        set_labels(self._runtime.life, execution_id, [Label(key=key, value=value) for key, value in labels])
        return self._wire(execution_id)

    def force_run(self, execution_id: str) -> Json:
        """Let it run. Raises: ExecutionNotFound, Unacceptable."""
        from thermik.executions.queue import force_run

        force_run(self._runtime.life, execution_id)
        return self._go_on(execution_id)

    def unqueue(self, execution_id: str, state: str) -> Json:
        """Take it out. Raises: ExecutionNotFound, Unacceptable, Unprocessable."""
        from thermik.api.execution_actions import read_state
        from thermik.executions.queue import unqueue

        unqueue(self._runtime.life, execution_id, read_state(state, "state"))
        return self._go_on(execution_id)

    def delete(self, execution_id: str, *, logs: bool, files: bool) -> None:
        """Delete it. Raises: ExecutionNotFound, WrongState."""
        from thermik.executions.changes import delete

        delete(self._runtime.life, self._runtime.blobs, execution_id, logs=logs, storage=files)

    def evaluate(self, execution_id: str, task_run_id: str | None, expression: str) -> Json:
        """Render it. Raises: ExecutionNotFound, NotFound."""
        from thermik.api.evaluation import result_of

        return result_of(self._services(), execution_id, task_run_id, expression)

    def _go_on(self, execution_id: str) -> Json:
        """Run the execution here unless a process that lives has it; as it is then."""
        from thermik.local.takeover import adopt

        life = self._runtime.life
        execution = life.executions.execution(execution_id).value
        adopt(life, execution, self._runtime.process.lives)
        # read again: another process may have been quicker to take it
        execution = life.executions.execution(execution_id).value
        mine = execution.progress.owner == self._runtime.process.token
        return self._listen(execution_id) if mine else self._wire(execution_id)


class LocalPairs:
    """The KV pairs of a data directory."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def list(self, namespace: str) -> list[Json]:
        """The keys of a namespace."""
        from thermik.api.key_values import entries

        return entries(self._services(), namespace)

    def get(self, namespace: str, key: str) -> Json | None:
        """The value of a key, with its type."""
        from thermik.api.key_values import value_of

        return value_of(self._services(), namespace, key)

    def set(self, namespace: str, key: str, text: str, ttl: str | None) -> None:
        """Set it. Raises: BadRequest, Unprocessable, Conflict, ItemTooLarge."""
        from thermik.api.key_values import set_value

        set_value(self._services(), namespace, key, text, ttl=ttl)

    def delete(self, namespace: str, key: str) -> bool:
        """Delete it."""
        return self._services().pairs.delete(namespace, key)


class LocalTriggers:
    """The triggers of a data directory."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def list(self, namespace: str | None, flow_id: str | None) -> list[Json]:
        """Their states."""
        from thermik.api.filters import Filter
        from thermik.api.trigger_wire import matching_triggers, trigger_wire

        wanted = {"namespace": namespace, "flowId": flow_id}
        filters = [Filter(name, "EQUALS", value) for name, value in wanted.items() if value is not None]
        return [trigger_wire(state) for state in matching_triggers(self._services(), filters)]

    def switch(self, namespace: str, flow_id: str, trigger_id: str, *, disabled: bool) -> Json:
        """Switch it. Raises: NotFound."""
        from thermik.api.triggers import switched
        from thermik.triggers.states import Name

        return switched(self._services(), Name(namespace, flow_id, trigger_id), disabled=disabled)


def opened(given: Given, closing: ExitStack) -> dict[str, Any]:
    """The values of inputs as use cases take them; their files are closed with `closing`. Raises: OSError."""
    files = {name: Upload(closing.enter_context(path.open("rb")), path.name) for name, path in given.files.items()}
    return {**given.texts, **files}
