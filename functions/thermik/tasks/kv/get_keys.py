"""`io.kestra.plugin.core.kv.GetKeys`."""

from __future__ import annotations

from typing import Any

from thermik.tasks.kv.values import DEFAULT_NAMESPACE, check_namespace
from thermik.tasks.runnable import RunContext, RunnableTask


class GetKeys(RunnableTask):
    """List the keys of a namespace, all or those with a prefix."""

    prefix: str = ""
    namespace: str = DEFAULT_NAMESPACE

    def run(self, context: RunContext) -> dict[str, Any]:
        """List the keys; outputs `keys`, sorted."""
        keys = context.key_values.keys(check_namespace(context.render(self.namespace)), context.render(self.prefix))
        return {"keys": list(keys)}
