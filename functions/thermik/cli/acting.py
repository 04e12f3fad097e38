"""What commands do to executions, KV pairs and triggers, wherever these are: see `client.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """Values of inputs: texts, and files whose content is the value."""

    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.texts or self.files)


class Actions(Protocol):
    """What people do with an execution. Each answers the execution that goes on, or stands, after it."""

    def runs_here(self, execution_id: str) -> bool:
        """Whether the execution goes on in this process, as far as it does: then its end is to be awaited."""
        ...

    def pause(self, execution_id: str) -> Json:
        """Start nothing more until it is resumed."""
        ...

    def resume(self, execution_id: str, given: Given) -> Json:
        """Let it go on, with the inputs that its Pause asks for."""
        ...

    def restart(self, execution_id: str, revision: int | None = None) -> Json:
        """Run it again from where it failed; in another revision, as a new execution."""
        ...

    def replay(self, execution_id: str, task_run_id: str | None, revision: int | None, given: Given) -> Json:
        """A new execution like it, from its start or from a task run; with inputs, with these."""
        ...

    def change_task_run(self, execution_id: str, task_run_id: str, state: str) -> Json:
        """Give a task run another state, and let the execution go on from there."""
        ...

    def change_status(self, execution_id: str, state: str) -> Json:
        """Give it another final state."""
        ...

    def set_labels(self, execution_id: str, labels: tuple[tuple[str, str], ...]) -> Json:
        """Set labels, over those that it has."""
        ...

    def force_run(self, execution_id: str) -> Json:
        """Let it run now, whatever it waits for."""
        ...

    def unqueue(self, execution_id: str, state: str) -> Json:
        """Take it out of its flow's queue."""
        ...

    def delete(self, execution_id: str, *, logs: bool, files: bool) -> None:
        """Forget it, with its logs and files if these are to go, too."""
        ...

    def evaluate(self, execution_id: str, task_run_id: str | None, expression: str) -> Json:
        """`{result}` of an expression on it, or `{error}`."""
        ...


class Pairs(Protocol):
    """The KV pairs of namespaces."""

    def list(self, namespace: str) -> list[Json]:
        """The keys of a namespace, without their values."""
        ...

    def get(self, namespace: str, key: str) -> Json | None:
        """`{type, value, …}` of a key; None where there is none."""
        ...

    def set(self, namespace: str, key: str, text: str, ttl: str | None) -> None:
        """Set a key to a JSON value; any other text is taken as it is. `ttl`: an ISO 8601 duration."""
        ...

    def delete(self, namespace: str, key: str) -> bool:
        """Delete a key; whether it was there."""
        ...


class Triggers(Protocol):
    """The triggers with dates."""

    def list(self, namespace: str | None, flow_id: str | None) -> list[Json]:
        """Their states, by namespace, flow and id."""
        ...

    def switch(self, namespace: str, flow_id: str, trigger_id: str, *, disabled: bool) -> Json:
        """Switch one off or on."""
        ...
