"""The credentials that the API function asks for: made with the stack, kept in Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Callable

from thermik.api.auth import Credentials
from thermik.settings import Settings, SettingsError, require_aws


def credentials_of(settings: Settings, read_secret: Callable[[str], str]) -> Credentials | None:
    """What requests must bring; None answers everyone, which somebody must have asked for.

    Args:
        read_secret: the text of a secret, by its ARN: `{"username": …, "password": …}`, `{"token": …}`, or all three.

    Raises:
        SettingsError: credentials are required and there are none, or the secret is not of their form.
    """
    if settings.auth == "open":
        return None
    arn = require_aws(settings).api_secret
    if arn is None:
        raise SettingsError(["THERMIK_API_SECRET is not set, and THERMIK_AUTH is not open"])
    try:
        secret = json.loads(read_secret(arn))
        credentials = Credentials(secret.get("username"), secret.get("password"), secret.get("token"))
    except (ValueError, AttributeError):  # `from None`: the JSON error carries the secret's text
        raise SettingsError([f"The secret {arn} is no JSON object"]) from None
    if not credentials.token and not (credentials.username and credentials.password):
        raise SettingsError([f"The secret {arn} has neither username and password nor token"])
    return credentials
