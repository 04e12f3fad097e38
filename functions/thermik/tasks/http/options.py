"""The `options` of HTTP tasks: time-outs, authentication, TLS, proxy, what counts as a failure. Old names included."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.model import FlowModel

CONNECT_TIMEOUT = timedelta(seconds=60)
READ_IDLE_TIMEOUT = timedelta(minutes=5)
"""Kestra's default: how long the server may be silent."""


class Timeouts(FlowModel):
    """How long to wait for what."""

    connect_timeout: Dynamic[Duration] | None = None
    read_idle_timeout: Dynamic[Duration] | None = None


class Basic(FlowModel):
    """A user's name and password."""

    type: Literal["BASIC"]
    username: str
    password: str = ""


class Bearer(FlowModel):
    """A token."""

    type: Literal["BEARER"]
    token: str


Auth = Annotated[Basic | Bearer, Field(discriminator="type")]


class Tls(FlowModel):
    """How far to trust the server's certificate."""

    insecure_trust_all_certificates: Dynamic[bool] = False


class Proxy(FlowModel):
    """The proxy to go through."""

    type: Literal["DIRECT", "HTTP"] = "DIRECT"
    address: str | None = None
    port: Dynamic[int] | None = None
    username: str | None = None
    password: str | None = None


class Logged(StrEnum):
    """What of an exchange goes to the log."""

    REQUEST_HEADERS = "REQUEST_HEADERS"
    REQUEST_BODY = "REQUEST_BODY"
    RESPONSE_HEADERS = "RESPONSE_HEADERS"
    RESPONSE_BODY = "RESPONSE_BODY"


_OLD_PLACES = {
    "connectTimeout": ("timeout", "connectTimeout"),
    "readTimeout": ("timeout", "readIdleTimeout"),
    "readIdleTimeout": ("timeout", "readIdleTimeout"),
    "proxyType": ("proxy", "type"),
    "proxyAddress": ("proxy", "address"),
    "proxyPort": ("proxy", "port"),
    "proxyUsername": ("proxy", "username"),
    "proxyPassword": ("proxy", "password"),
    "basicAuthUser": ("auth", "username"),
    "basicAuthPassword": ("auth", "password"),
}
"""Where the flat properties of old flows belong today."""


class HttpOptions(FlowModel):
    """Everything beside the request itself."""

    timeout: Timeouts = Timeouts()
    proxy: Proxy | None = None
    auth: Auth | None = None
    ssl: Tls | None = None
    follow_redirects: Dynamic[bool] = True
    allow_failed: Dynamic[bool] = False
    allowed_response_codes: Dynamic[list[int]] | None = None
    default_charset: str = "UTF-8"
    max_content_length: Dynamic[int] | None = None
    logs: list[Logged] = Field(default_factory=list)
    connection_pool_idle_timeout: Dynamic[Duration] | None = Field(
        default=None, description="Without effect: a task's connections are not kept."
    )

    @model_validator(mode="before")
    @classmethod
    def _move_old_names(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        moved = {name: value for name, value in data.items() if name not in _OLD_PLACES}
        for old, (group, name) in _OLD_PLACES.items():
            if data.get(old) is not None:
                values = moved.get(group) or ({"type": "BASIC"} if group == "auth" else {})
                if isinstance(values, dict):
                    moved[group] = {name: data[old], **values}
        return moved
