"""Who may use the API: a user with a password, or the bearer of a token.

Texts are compared in constant time, by their hashes, so that neither a match of the first characters nor a length
can be measured.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from thermik.api.errors import NotAuthenticated
from thermik.settings import Settings, SettingsError

_MAX_HEADER = 8 * 1024

_OPEN_TO_OTHERS = (
    "A server on {host} can be reached from other machines and needs credentials: set THERMIK_USERNAME and "
    "THERMIK_PASSWORD, or THERMIK_TOKEN (THERMIK_AUTH=open answers everyone)"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is accepted: a user's name and password, a token, or either."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def check(self, headers: Mapping[str, str]) -> None:
        """Let a request pass. Raises: NotAuthenticated."""
        given = headers.get("authorization", "")
        if not given:
            raise NotAuthenticated("Authentication is required: send a user and password, or an API token")
        scheme, _, value = given[:_MAX_HEADER].partition(" ")  # so that nobody has megabytes hashed for a refusal
        accepted = {"basic": self._is_user, "bearer": self._is_token}.get(scheme.lower())
        if accepted is None or not accepted(value.strip()):
            raise NotAuthenticated("Wrong credentials")

    def _is_user(self, encoded: str) -> bool:
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError):
            return False
        if self.username is None or self.password is None:
            return False
        # as one text: two comparisons would tell by their time whether the name exists
        return _same(given, f"{self.username}:{self.password}")

    def _is_token(self, given: str) -> bool:
        return self.token is not None and _same(given, self.token)


def server_credentials(settings: Settings) -> Credentials | None:
    """What a server on this machine asks for; None: it is open.

    Raises:
        SettingsError: it would be open to other machines, and nobody said so.
    """
    if settings.username is not None or settings.token is not None:
        return Credentials(settings.username, settings.password, settings.token)
    # a laptop's own programs are let in, as by any tool for development; others only where somebody said so
    if settings.auth == "open" or is_loopback(settings.host):
        return None
    raise SettingsError([_OPEN_TO_OTHERS.format(host=settings.host)])


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(_hash(one), _hash(other))


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode()).digest()
