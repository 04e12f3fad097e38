"""Clients of AWS services, made when first needed.

botocore alone, without boto3: its clients are the same, and a Lambda function starts some 100 ms sooner.
Every client retries what AWS says may be retried, and gives up within seconds rather than minutes.
"""

from __future__ import annotations

import os
import threading
from functools import cached_property
from typing import Any

from thermik.storage.errors import Unavailable

_lock = threading.Lock()
_sessions: list[Any] = []

_MAX_ATTEMPTS = 4
_CONNECT_SECONDS = 2.0
_READ_SECONDS = 10.0
_POOL = 50


def create_client(
    service: str,
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    max_attempts: int = _MAX_ATTEMPTS,
    read_seconds: float = _READ_SECONDS,
) -> Any:
    """A low-level client (`dynamodb`, `s3`), thread-safe; credentials and region come from the environment.

    Args:
        endpoint_url: another address than AWS's; the environment's `AWS_ENDPOINT_URL` serves as well.
        max_attempts: calls in all, the first included.

    Raises:
        Unavailable: no region is set, or the endpoint is no URL.
    """
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        retries={"mode": "standard", "max_attempts": max_attempts},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        max_pool_connections=_POOL,
        **(_s3_settings(endpoint_url) if service == "s3" else {}),
    )
    region = region or os.environ.get("AWS_REGION")  # botocore alone reads AWS_DEFAULT_REGION only
    with _lock:  # a session is not thread-safe, and costs tens of milliseconds, so all clients share one
        if not _sessions:
            _sessions.append(botocore.session.get_session())
        # To know that a service exists, botocore lists the directories of all 450: a sixth of a client's making.
        _sessions[0].get_component("data_loader").list_available_services = lambda _kind: [service]
        try:
            return _sessions[0].create_client(service, endpoint_url=endpoint_url, region_name=region, config=config)
        except (BotoCoreError, ValueError) as error:
            raise Unavailable(f"AWS {service} cannot be used: {advice(error_code(error))} ({error})") from error


class LaterClient:
    """A client that is made when it is first used: its service's description takes long to read."""

    def __init__(self, service: str, **options: Any) -> None:
        self._service = service
        self._options = options

    @cached_property
    def _client(self) -> Any:
        return create_client(self._service, **self._options)  # two threads may both make one, and either serves

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)


def _s3_settings(endpoint_url: str | None) -> dict[str, Any]:
    """What botocore's S3 client must be told for upload forms to work everywhere.

    Left alone, it signs them in a way that newer regions refuse, and addresses them to the global endpoint, which
    redirects elsewhere for hours after a bucket is made. With the bucket in the host name it takes the region's own.
    Emulators, at an address of their own, have no such host names.
    """
    elsewhere = endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return {"signature_version": "s3v4", "s3": {"addressing_style": "auto" if elsewhere else "virtual"}}


def error_code(error: Exception) -> str:
    """The service's code of a failed call; the exception's name for one that never reached it."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def advice(code: str) -> str:
    """What an error's code says to the operator."""
    return _ADVICE.get(code, "AWS refuses to work")


_THROTTLED = "AWS refuses more requests for now: raise the limits, or wait"
_REFUSED = "access is refused: check the policy of the role"
_CREDENTIALS = "the credentials are missing or not accepted: check those of the environment"
_UNREACHABLE = "it cannot be reached: check the network, the region and the endpoint"

_ADVICE = {
    "ProvisionedThroughputExceededException": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "ThrottlingError": _THROTTLED,
    "ThrottledException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "SlowDown": _THROTTLED,
    "InternalServerError": "AWS is out of order: wait",
    "InternalError": "AWS is out of order: wait",
    "ServiceUnavailable": "AWS is out of order: wait",
    "ResourceNotFoundException": "it does not exist: check its name and region, or deploy the stack",
    "NoSuchBucket": "it does not exist: check its name and region, or deploy the stack",
    "AccessDeniedException": _REFUSED,
    "AccessDenied": _REFUSED,
    "403": _REFUSED,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "NoCredentialsError": _CREDENTIALS,
    "NoRegionError": "no region is set: set AWS_REGION",
    "ConditionalRequestConflict": "the same key is being written by others again and again: try later",
    "ItemCollectionSizeLimitExceededException": "one partition has reached 10 GB: delete old items",
    "ValueError": "the endpoint is no URL: check AWS_ENDPOINT_URL",
    "EndpointConnectionError": _UNREACHABLE,
    "ConnectionClosedError": _UNREACHABLE,
    "ConnectTimeoutError": _UNREACHABLE,
    "ReadTimeoutError": "it does not answer in time",
}
