"""`io.kestra.plugin.core.flow.AllowFailure`: a failure inside becomes a warning outside."""

from __future__ import annotations

from typing import Literal

from thermik.tasks.flow.sequential import Sequential


class AllowFailure(Sequential):
    """Run tasks one after the other; if one fails, warn and go on with the flow."""

    allow_failure: Literal[True] = True
