"""The API function: every request of the HTTP API."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import started
from handlers.answering import complete
from handlers.api_credentials import credentials_of
from handlers.stack import Stack, connect
from thermik.api.application import Api, Call
from thermik.api.services import Services
from thermik.settings import require_aws
from thermik.storage.aws import create_client

LINK_SECONDS = 300  # for a download to begin; one that has begun may take as long as it needs

_log = Logger()


def _read_secret(arn: str) -> str:
    return str(create_client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def _api(stack: Stack) -> Api:
    services = Services(
        life=stack.life,
        flows=stack.flows,
        types=stack.types,
        blobs=stack.blobs,
        triggers=stack.triggers,
        ports=stack.ports,
        hub=stack.hub,
        encryption=stack.ports.encryption,
    )
    return Api(services, credentials_of(stack.settings, _read_secret))


def _link(key: str) -> str:
    bucket = require_aws(_stack.settings).bucket
    url = _stack.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=LINK_SECONDS)
    return str(url)


_stack = connect()
_served = _api(_stack)
started()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request (payload format 2.0)."""
    call = Call()
    result = _served.resolve(event, call)

    def remaining() -> float:
        return context.get_remaining_time_in_millis() / 1000

    completed = complete(call.answer, remaining, _stack.blobs, _link) if call.answer is not None else None
    return completed or result
