"""`io.kestra.plugin.core.kv.Get`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.kv.values import DEFAULT_NAMESPACE, check_namespace
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure


class Get(RunnableTask):
    """Read the value of a KV pair."""

    key: str
    namespace: str = DEFAULT_NAMESPACE
    error_on_missing: Dynamic[bool] = False

    def run(self, context: RunContext) -> dict[str, Any]:
        """Read the pair; outputs `value`, which is absent where there is none."""
        key: str = context.render(self.key)
        namespace = check_namespace(context.render(self.namespace))
        found, value = context.key_values.get(namespace, key)
        if not found and context.render_as(bool, self.error_on_missing):
            raise TaskFailure(missing(key, namespace))
        return {"value": value} if found else {}


def missing(key: str, namespace: str) -> str:
    """What is said where a key must exist and does not."""
    return f"No value found for key '{key}' in namespace '{namespace}' and `errorOnMissing` is set to true"
