"""`io.kestra.plugin.core.kv.Delete`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.kv.get import missing
from thermik.tasks.kv.values import DEFAULT_NAMESPACE, check_namespace
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure


class Delete(RunnableTask):
    """Delete a KV pair."""

    key: str
    namespace: str = DEFAULT_NAMESPACE
    error_on_missing: Dynamic[bool] = False

    def run(self, context: RunContext) -> dict[str, Any]:
        """Delete the pair; outputs `deleted`."""
        key: str = context.render(self.key)
        namespace = check_namespace(context.render(self.namespace))
        must_exist: bool = context.render_as(bool, self.error_on_missing)
        deleted = context.key_values.delete(namespace, key)
        if must_exist and not deleted:
            raise TaskFailure(missing(key, namespace))
        return {"deleted": deleted}
