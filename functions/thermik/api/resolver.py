"""powertools' resolver, made fit for threads.

It keeps the request at hand in attributes of the class, so two requests at the same time would be mixed up. That is
no matter in a Lambda function, which answers one at a time; on a laptop many threads answer, and each has its own here.
A test answers from many threads, for these names are powertools' own affair.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

if TYPE_CHECKING:
    from collections.abc import Mapping


class _AtHand(threading.local):
    event: Any = None
    lambda_context: Any = None

    def __init__(self) -> None:
        self.context: dict[str, Any] = {}
        self.frames: list[str] = []


class ThreadedResolver(APIGatewayHttpResolver):
    """A resolver that threads may share, once all routes are registered."""

    def __init__(self) -> None:
        self._at_hand = _AtHand()
        super().__init__()

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Answer an event of API Gateway, as powertools does."""
        at_hand = self._at_hand
        at_hand.event = self._to_proxy_event(dict(event))
        at_hand.lambda_context = context
        try:
            return self._build_response(self._resolve())
        finally:
            # threads are used again: nothing of this request may be there for the next one
            at_hand.context.clear()
            at_hand.event = at_hand.lambda_context = None

    def make_ready(self) -> None:
        """Do now what powertools does at a route's first request, which two threads might do at once."""
        for route in [*self._static_routes, *self._dynamic_routes]:
            if not route._middleware_stack_built:  # noqa: SLF001 - see the module's docstring
                route._build_middleware_stack(router_middlewares=self._router_middlewares, app=self)  # noqa: SLF001

    @property
    def current_event(self) -> Any:  # type: ignore[override]
        """The event of this thread's request."""
        return self._at_hand.event

    @property
    def lambda_context(self) -> Any:  # type: ignore[override]
        """What came with it."""
        return self._at_hand.lambda_context

    @property
    def context(self) -> dict[str, Any]:
        """What powertools notes of this thread's request."""
        return self._at_hand.context

    @context.setter
    def context(self, value: dict[str, Any]) -> None:
        self._at_hand.context = value

    @property
    def processed_stack_frames(self) -> list[str]:
        """What powertools traces of this thread's request."""
        return self._at_hand.frames

    @processed_stack_frames.setter
    def processed_stack_frames(self, value: list[str]) -> None:
        self._at_hand.frames = value
