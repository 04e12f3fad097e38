"""`io.kestra.plugin.core.kv.PurgeKV`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.flows.model import FlowModel
from thermik.tasks.purging import ChoosesNamespaces, VersionPurge, matching, read_behavior
from thermik.tasks.runnable import RunContext, RunnableTask


class KeyPurge(FlowModel):
    """Pairs by key."""

    type: Literal["key"]
    expired_only: bool = Field(default=True, description="Only pairs that have expired, which are gone by themselves.")


Behavior = Annotated[KeyPurge | VersionPurge, Field(discriminator="type")]


class PurgeKV(RunnableTask, ChoosesNamespaces):
    """Delete KV pairs of many namespaces.

    Expired pairs are gone by themselves here, and only the newest value of a key is kept: only `expiredOnly: false`, or
    a `version` behavior that keeps none, deletes anything.
    """

    key_pattern: str | None = Field(default=None, description="Only keys that are like this (`*`, `?`).")
    behavior: Dynamic[Behavior] = Field(
        default=KeyPurge(type="key"), description="Which pairs: expired ones if not given."
    )
    expired_only: Dynamic[bool] | None = Field(default=None, description="Deprecated: goes before `behavior`.")

    def run(self, context: RunContext) -> dict[str, Any]:
        """Delete them; outputs `size`, how many there were."""
        namespaces = self.chosen_namespaces(context)
        context.log.info(f"purging {len(namespaces)} namespaces: [{', '.join(namespaces)}]")
        size = 0 if self._finds_nothing(context) else sum(self._purge(context, each) for each in namespaces)
        context.log.info(f"purged {size} keys")
        return {"size": size}

    def _finds_nothing(self, context: RunContext) -> bool:
        if self.expired_only is not None:
            only_expired: bool = context.render_as(bool, self.expired_only)
            return only_expired
        behavior: KeyPurge | VersionPurge = read_behavior(context, Behavior, self.behavior)
        return behavior.expired_only if isinstance(behavior, KeyPurge) else behavior.spares_newest(context)

    def _purge(self, context: RunContext, namespace: str) -> int:
        deleted = 0
        for key in matching(context, self.key_pattern, iter(context.key_values.keys(namespace, ""))):
            context.check()
            deleted += context.key_values.delete(namespace, key)
        return deleted
