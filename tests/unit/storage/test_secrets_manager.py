from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from contract.adapters import SetClock
from thermik.aes_gcm import EncryptionError
from thermik.flows.encryption import LaterAesGcm
from thermik.storage.errors import SecretsUnavailable
from thermik.storage.secrets_manager import KEPT, MAX_KEPT, SecretsManager


class Client:
    """Counts what is asked of another."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.asked: list[str] = []

    def get_secret_value(self, **request: Any) -> Any:
        self.asked.append(request["SecretId"])
        return self.client.get_secret_value(**request)


@pytest.fixture
def client() -> Iterator[Client]:
    with mock_aws():
        yield Client(boto3.client("secretsmanager"))


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def secrets(client: Client, clock: SetClock) -> SecretsManager:
    return SecretsManager(client, clock, "demo/secrets/")


def test_a_secret_is_asked_for_once_in_a_while(client: Client, clock: SetClock, secrets: SecretsManager) -> None:
    client.client.create_secret(Name="demo/secrets/KEY", SecretString="one")
    assert [secrets("n.s", "KEY"), secrets("other", "KEY")] == ["one", "one"]
    client.client.put_secret_value(SecretId="demo/secrets/KEY", SecretString="two")
    assert secrets("n.s", "KEY") == "one"
    assert client.asked == ["demo/secrets/KEY"]

    clock.move(KEPT.total_seconds())

    assert secrets("n.s", "KEY") == "two"


@pytest.mark.parametrize("key", ["NONE", "", "no space", "x" * 600, "a*"])
def test_what_is_no_secret_is_missing(secrets: SecretsManager, key: str) -> None:
    with pytest.raises(KeyError):
        secrets("n.s", key)


def test_a_binary_secret_is_none(client: Client, secrets: SecretsManager) -> None:
    client.client.create_secret(Name="demo/secrets/KEY", SecretBinary=b"\0")
    with pytest.raises(KeyError, match="binary"):
        secrets("n.s", "KEY")


def test_a_store_that_cannot_be_asked_is_no_missing_secret(clock: SetClock) -> None:
    class Refusing:
        def get_secret_value(self, **_: Any) -> Any:
            error = Exception("denied")
            error.response = {"Error": {"Code": "AccessDeniedException"}}  # type: ignore[attr-defined]
            raise error

    with pytest.raises(SecretsUnavailable, match="KEY cannot be read: access is refused"):
        SecretsManager(Refusing(), clock, "demo/")("n.s", "KEY")


def test_what_is_kept_is_bounded(clock: SetClock) -> None:
    class Echo:
        def get_secret_value(self, **request: Any) -> Any:
            return {"SecretString": request["SecretId"]}

    secrets = SecretsManager(Echo(), clock, "")
    for number in range(MAX_KEPT + 1):
        assert secrets("n.s", f"k{number}") == f"k{number}"
    assert len(secrets._kept) == 1


def test_the_stacks_key_encrypts(client: Client, secrets: SecretsManager) -> None:
    password = client.client.get_random_password(PasswordLength=32, ExcludePunctuation=True)["RandomPassword"]
    arn = client.client.create_secret(Name="key", SecretString=password)["ARN"]
    encryption = LaterAesGcm(lambda: secrets.text(arn))

    assert encryption.decrypt(encryption.encrypt("hidden")) == "hidden"
    assert client.asked == [arn]
    with pytest.raises(EncryptionError, match="there is no encryption key"):
        LaterAesGcm(lambda: secrets.text("gone")).encrypt("hidden")
