"""What functions of the expression language need from outside, as ports that the worker provides.

The evaluator holds no globals: a function whose service is absent fails, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from thermik.expressions.errors import ExpressionRuntimeError

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from random import Random


class Services(Protocol):
    """The ports. An object may lack any of them: a function that needs the absent one then fails."""

    default_zone: tzinfo
    """The zone of dates that name none (Kestra: the server's)."""
    random: Random
    """The source of `randomInt`."""
    recursive_rendering: bool
    """Kestra's `variables.recursive-rendering`: render until the text no longer changes, without `render` functions."""

    def now(self) -> datetime:
        """The current instant, aware."""
        ...

    def read(self, path_or_uri: str) -> str:
        """The text of a namespace file or of a file in the internal storage."""
        ...

    def file_size(self, path_or_uri: str) -> int:
        """The size in bytes of what `read` would read."""
        ...

    def file_exists(self, path_or_uri: str) -> bool:
        """Whether there is what `read` would read."""
        ...

    def file_uri(self, path: str) -> str:
        """The `kestra:///` URI of a namespace file."""
        ...

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> Any:
        """The value of a key of the namespace (the flow's where None); None, or an error, when it is missing."""
        ...

    def secret(self, key: str) -> str:
        """The value of a secret of the flow's namespace."""
        ...

    def error_logs(self) -> list[Any]:
        """The execution's logs of level ERROR."""
        ...


def port(services: Services | None, name: str, function: str) -> Callable[..., Any]:
    """One port of the services.

    Raises:
        ExpressionRuntimeError: the services do not have it.
    """
    found: Callable[..., Any] | None = getattr(services, name, None)
    if found is None:
        raise ExpressionRuntimeError(f"The function '{function}' is not available here")
    return found
