"""`io.kestra.plugin.core.kv.Set`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from thermik.expressions import ExpressionError
from thermik.flows.dynamic import Duration, Dynamic
from thermik.tasks.kv.values import DEFAULT_NAMESPACE, check_key, check_namespace, kind_of, read_as
from thermik.tasks.ports import KeyValue, ValueKind
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure


class Set(RunnableTask):
    """Create or change a KV pair.

    A value that is one expression keeps its type; `kvType` makes another one of a text.
    """

    key: str
    value: str | dict[str, Any] | list[Any]
    namespace: str = DEFAULT_NAMESPACE
    kv_description: str | None = None
    overwrite: Dynamic[bool] = True
    ttl: Dynamic[Duration] | None = None
    kv_type: Dynamic[ValueKind] | None = None

    def run(self, context: RunContext) -> None:
        """Set the pair.

        Raises:
            TaskFailure: the key exists and `overwrite` is false, the value is none of that type, or there is no such
                namespace.
        """
        key = check_key(context.render(self.key))
        overwrite: bool = context.render_as(bool, self.overwrite)
        entry = self._entry(context)
        namespace = check_namespace(context.render(self.namespace))
        if not context.key_values.put(namespace, key, entry, overwrite=overwrite):
            raise TaskFailure(
                f"Cannot set value for key '{key}'. Key already exists and `overwrite` is set to `false`."
            )

    def _entry(self, context: RunContext) -> KeyValue:
        value = self._value(context)
        kind = kind_of(value)
        if self.kv_type is not None and isinstance(value, str):
            kind = context.render_as(ValueKind, self.kv_type)
            value = read_as(kind, value)
        description = None if self.kv_description is None else context.render(self.kv_description)
        lives: timedelta | None = None if self.ttl is None else context.render_as(Duration, self.ttl)
        return KeyValue(value, kind, description, lives)

    def _value(self, context: RunContext) -> Any:
        if not isinstance(self.value, str):
            return context.render(self.value)
        try:
            return context.render_typed(self.value)
        except ExpressionError:
            return context.render(self.value)  # several parts make a text; any other error comes again here
