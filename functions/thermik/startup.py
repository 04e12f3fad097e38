"""What makes every program that has pydantic models start sooner; to be called before the first model is imported."""

from __future__ import annotations

import sys
from types import ModuleType


def without_pydantic_plugins() -> None:
    """Pydantic looks through all that is installed for plugins of its own: a program that uses none spares that."""
    none = ModuleType("pydantic.plugin._loader")
    none.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules.setdefault(none.__name__, none)
