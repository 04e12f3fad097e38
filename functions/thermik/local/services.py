"""What the API's use cases work with on a laptop: one assembly for the server and for commands without one."""

from __future__ import annotations

from thermik.api.services import Services
from thermik.local.runtime import Runtime


def services_of(runtime: Runtime) -> Services:
    """What the API works with, from a runtime."""
    return Services(
        life=runtime.life,
        flows=runtime.flows,
        types=runtime.types,
        blobs=runtime.blobs,
        triggers=runtime.triggers,
        variables=runtime.variables,
        encryption=runtime.encryption,
        ports=runtime.ports,
        hub=runtime.hub,
    )
