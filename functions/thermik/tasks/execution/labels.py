"""`io.kestra.plugin.core.execution.Labels`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from thermik.flows.labels import reserved
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.structured import rendered_structure


class Labels(RunnableTask):
    """Add labels to the execution.

    A map, a list of `key` and `value`, or a text that is one of them in JSON. Labels of the same keys are replaced.
    """

    labels: dict[str, Any] | list[dict[str, Any]] | str

    def run(self, context: RunContext) -> None:
        """Add the labels.

        Raises:
            TaskFailure: it is neither map nor list, or names a label of the engine.
        """
        labels = _read(rendered_structure(context, "labels", self.labels))
        for key, value in labels.items():
            refusal = reserved(key, value, allowed=None)
            if refusal is not None:
                raise TaskFailure(refusal)
        context.executions.add_labels(labels)


def _read(rendered: Any) -> dict[str, str]:
    if isinstance(rendered, Mapping):
        return {key: _text(value) for key, value in rendered.items()}
    if isinstance(rendered, list) and all(
        isinstance(item, Mapping) and {"key", "value"} <= set(item) for item in rendered
    ):
        return {_text(item["key"]): _text(item["value"]) for item in rendered}
    raise TaskFailure("labels must be a map, or a list of maps with `key` and `value`")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
