"""The functions' wiring: what they refuse to start with, what they do with events, what the worker counts."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.api_credentials import credentials_of
from handlers.stack import connect
from infra.package import REPOSITORY
from thermik.api.auth import Credentials
from thermik.executions.repository import ExecutionNotFound
from thermik.settings import AwsSettings, Settings, SettingsError
from thermik.triggers.states import Name
from thermik.worker.call import TaskFailed

STACK = {
    "THERMIK_TABLE": "table",
    "THERMIK_BUCKET": "bucket",
    "THERMIK_WORKER_ARN": "arn:aws:lambda:eu-west-1:123456789012:function:demo-worker:live",
    "THERMIK_MACHINE_ROLE_ARN": "arn:aws:iam::123456789012:role/machines",
    "THERMIK_MACHINE_PREFIX": "demo-",
    "POWERTOOLS_SERVICE_NAME": "demo",
    "POWERTOOLS_METRICS_NAMESPACE": "Thermik",
}
MACHINE_FAILED = {
    "source": "aws.states",
    "detail-type": "Step Functions Execution Status Change",
    "detail": {"name": "one-2", "status": "FAILED"},
}
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


def _settings(secret: str | None = "arn:secret", **more: Any) -> Settings:
    return Settings(aws=AwsSettings("t", "b", "w", "r", "p", api_secret=secret), **more)


def test_the_secret_gives_the_credentials() -> None:
    secrets = {"arn:secret": json.dumps({"username": "admin", "password": "p", "token": "t"})}
    assert credentials_of(_settings(), secrets.__getitem__) == Credentials("admin", "p", "t")


def test_an_api_without_a_secret_does_not_start() -> None:
    with pytest.raises(SettingsError, match="THERMIK_API_SECRET"):
        credentials_of(_settings(secret=None), lambda _: "")


def test_an_api_is_open_only_if_somebody_says_so() -> None:
    assert credentials_of(_settings(secret=None, auth="open"), lambda _: "") is None


@pytest.mark.parametrize(
    "secret", ["password", "[]", "{}", '{"username": "admin"}', '{"username": "a", "password": ""}']
)
def test_a_secret_without_credentials_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match="arn:secret"):
        credentials_of(_settings(), lambda _: secret)


@pytest.fixture
def on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STACK.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def events(on_aws: None) -> ModuleType:
    return importlib.reload(importlib.import_module("handlers.events"))


@pytest.fixture
def worker(on_aws: None) -> ModuleType:
    return importlib.reload(importlib.import_module("handlers.worker"))


class _Context:
    """An invocation with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_a_machine_that_ended_settles_its_execution(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[str] = []
    monkeypatch.setattr(events, "settle_ended_machine", lambda _life, machine, _cause: settled.append(machine))
    events.handler(MACHINE_FAILED, _Context())
    assert settled == ["one-2"]


def test_a_turn_that_ended_is_its_machines_business(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[str] = []
    monkeypatch.setattr(events, "settle_ended_machine", lambda _life, machine, _cause: settled.append(machine))
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:demo-0123456789abcdef/each:many"
    for found in (arn, arn.replace("/each:many", "/label")):
        events.handler(
            MACHINE_FAILED | {"detail": {"name": "uuid", "status": "FAILED", "stateMachineArn": found}}, _Context()
        )
    assert settled == []


def test_a_machine_of_a_deleted_execution_is_no_failure(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_life: object, machine: str, _cause: str) -> None:
        raise ExecutionNotFound(machine)

    monkeypatch.setattr(events, "settle_ended_machine", gone)
    events.handler(MACHINE_FAILED, _Context())


def test_a_sweep_that_left_something_fails(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([0, 2])
    monkeypatch.setattr(events, "sweep", lambda *_: next(left))
    monkeypatch.setattr(events, "_keep_up", lambda: 0)
    events.handler(SCHEDULED, _Context())
    with pytest.raises(events.SweepIncomplete, match="2 executions"):
        events.handler(SCHEDULED, _Context())


def test_a_trigger_that_is_due_is_tended(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    tended = []
    monkeypatch.setattr(events._stack.hub.schedules, "tend", tended.append)
    events.handler({"kind": "thermik.trigger", "namespace": "a.b", "flow": "f", "trigger": "t"}, _Context())
    assert tended == [Name("a.b", "f", "t")]


@pytest.mark.parametrize(("days", "kept"), [(None, []), (30, [timedelta(days=30)])])
def test_a_sweep_forgets_what_is_old_where_a_time_is_set(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch, days: int | None, kept: list[timedelta]
) -> None:
    forgotten: list[timedelta] = []

    def forget(_life: object, _blobs: object, keep: timedelta, until: datetime) -> int:
        assert until - datetime.now(UTC) < timedelta(seconds=31), "half of the minute that is left"
        forgotten.append(keep)
        return 0

    monkeypatch.setattr("thermik.executions.retention.forget_old", forget)
    monkeypatch.setattr(events, "sweep", lambda *_: 0)
    monkeypatch.setattr(events, "_keep_up", lambda: 0)
    monkeypatch.setattr(events, "_stack", replace(events._stack, settings=_settings(retention_days=days)))
    events.handler(SCHEDULED, _Context())
    assert forgotten == kept


def test_an_unknown_event_is_not_swallowed(events: ModuleType) -> None:
    with pytest.raises(events.UnknownEvent, match="nobody"):
        events.handler({"source": "nobody"}, _Context())


@pytest.mark.parametrize(("error", "counted"), [(TaskFailed("no"), False), (KeyError("x"), True)])
def test_only_what_nobody_foresaw_is_counted(
    worker: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    counted: bool,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(worker._worker, "handle", fail)
    with pytest.raises(type(error)):
        worker.handler({"x": "e", "t": "a"}, _Context())
    assert ("WorkerFailures" in capsys.readouterr().out) == counted


@pytest.mark.parametrize("name", ["worker", "api", "events"])
def test_a_function_without_its_settings_names_them(name: str) -> None:
    command = [sys.executable, "-c", f"import handlers.{name}"]
    environment = {"PYTHONPATH": str(REPOSITORY / "functions"), "POWERTOOLS_SERVICE_NAME": "demo"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "THERMIK_TABLE is not set" in done.stderr


NOT_FOR_EVERYONE = {
    "cryptography",
    "holidays",
    "jq",
    "regex",
    "thermik.flows.constraints",
    "thermik.flows.input_types",
    "thermik.machines.asl",
    "thermik.machines.compiler",
    "thermik.tasks.flow.for_each_item",
    "thermik.tasks.flow.loop_until",
    "thermik.tasks.flow.subflow",
    "thermik.tasks.flow.working_directory",
    "thermik.tasks.scripts.process",
    "thermik.triggers.conditions",
    "thermik.triggers.models",
    "thermik.worker.batches",
    "thermik.worker.directory",
    "thermik.worker.looping",
    "thermik.worker.subflow",
}
"""What a worker imports when a flow asks for it: each costs every cold start, also of those who never use it."""


def _imported_by(name: str) -> set[str]:
    code = f"import sys, handlers.{name}; print(*sys.modules)"
    environment = {"PYTHONPATH": str(REPOSITORY / "functions"), "AWS_REGION": "eu-west-1", **STACK}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_worker_starts_without_what_few_flows_need() -> None:
    imported = _imported_by("worker")
    assert imported & NOT_FOR_EVERYONE == set()
    assert not [name for name in imported if name.startswith(("thermik.api", "thermik.cli", "thermik.local", "boto3"))]


def test_the_collector_rests_only_while_a_function_starts() -> None:
    look = "print(gc.isenabled(), gc.get_freeze_count() > 0)"
    code = f"import gc, handlers; {look}; handlers.started(); {look}"
    environment = {"PYTHONPATH": str(REPOSITORY / "functions")}
    lambdas = environment | {"AWS_LAMBDA_FUNCTION_NAME": "demo-worker"}
    command = [sys.executable, "-c", code]
    on_lambda = subprocess.run(command, env=lambdas, capture_output=True, text=True, check=True)
    elsewhere = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert on_lambda.stdout.splitlines() == ["False False", "True True"]
    assert elsewhere.stdout.splitlines()[0] == "True False"


def test_the_stack_has_secrets_a_key_and_plugin_defaults(on_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="demo/secrets/TOKEN", SecretString="hidden")
        key = secrets.create_secret(Name="key", SecretString="a" * 32)["ARN"]
        monkeypatch.setenv("THERMIK_ENCRYPTION_SECRET", key)
        monkeypatch.setenv("THERMIK_SECRET_PREFIX", "demo/secrets/")
        ports = connect().ports
        assert ports.secret("any.namespace", "TOKEN") == "hidden"
        assert ports.encryption is not None
        assert ports.encryption.decrypt(ports.encryption.encrypt("text")) == "text"
    monkeypatch.setenv("THERMIK_PLUGIN_DEFAULTS", "- {type: x, nope: 1}")
    with pytest.raises(SettingsError, match="nope"):
        connect()


def test_a_stack_without_them_refuses_what_needs_them(on_aws: None) -> None:
    ports = connect().ports
    assert ports.encryption is None
    with pytest.raises(KeyError):
        ports.secret("any.namespace", "TOKEN")
