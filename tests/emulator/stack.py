"""What a test knows of the deployed stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3

from infra.deploy import Deployment


def client(endpoint: str, service: str) -> Any:
    """A client with the emulator's root credentials, which may do everything."""
    return boto3.client(service, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test")


@dataclass(frozen=True)
class Stack:
    """A deployed stack: where the emulator listens, where the API answers, what CloudFormation put out."""

    endpoint: str
    api_url: str
    outputs: dict[str, str]
    deployment: Deployment

    def client(self, service: str) -> Any:
        return client(self.endpoint, service)
