"""Runs a construct case on our interpreter and on moto, and gives what came out in one form."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import boto3

from machines.constructs.case import Answer, Case, Raise
from machines.moto_fixes import fixed_moto
from thermik.local.interpreter import Engine, SkippingClock

ROLE = "arn:aws:iam::123456789012:role/machines"
PATIENCE = 20.0


@dataclass(frozen=True)
class Outcome:
    """How an execution ended."""

    status: str
    output: Any = None
    error: str | None = None
    cause: str | None = None


class Tokens(Protocol):
    """Where a function sends its answer."""

    def success(self, token: str, output: Any) -> None: ...

    def failure(self, token: str, error: str, cause: str) -> None: ...


class Scripted(Exception):
    """A function's scripted error."""

    def __init__(self, raised: Raise) -> None:
        super().__init__(raised.message)
        self.error_type = raised.kind


class Script:
    """The functions of one case; calls may come from several threads."""

    def __init__(self, case: Case) -> None:
        self._entries = {name: list(entries) for name, entries in case.functions.items()}
        self._lock = threading.Lock()

    def call(self, function: str, payload: Any, tokens: Tokens) -> Any:
        if function == "echo":
            return payload
        with self._lock:
            entries = self._entries[function]
            entry = entries.pop(0) if len(entries) > 1 else entries[0]
        if isinstance(entry, Raise):
            raise Scripted(entry)
        if isinstance(entry, Answer):
            if entry.failure:
                tokens.failure(payload["token"], *entry.failure)
            else:
                tokens.success(payload["token"], entry.output)
            return None
        return entry


class OurRunner:
    """Our interpreter, with a clock that skips."""

    def __init__(self) -> None:
        clock = SkippingClock()
        self._scripts: dict[str, Script] = {}
        self._engine = Engine(self._invoke, clock=clock, timers=clock, workers=8)

    def _invoke(self, function: str, payload: Any) -> Any:
        case, name = function.split(":", 1)
        return self._scripts[case].call(name, payload, self)

    def success(self, token: str, output: Any) -> None:
        self._engine.send_task_success(token, output)

    def failure(self, token: str, error: str, cause: str) -> None:
        self._engine.send_task_failure(token, error, cause)

    def run(self, case: Case) -> Outcome:
        name = uuid.uuid4().hex
        self._scripts[name] = Script(case)
        self._engine.start(_addressed(case.machine, name), name, case.input)
        status = self._engine.wait(name, PATIENCE)
        return Outcome(status.status.value, _plain(status.output), status.error, status.cause)

    def close(self) -> None:
        self._engine.close(timeout=5)


class MotoRunner:
    """moto with its fixes."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}

    def connect(self) -> None:
        """Make the client, inside moto's mock."""
        self._client = boto3.client("stepfunctions", region_name="us-east-1")

    def invoke(self, function: str, payload: Any) -> Any:
        case, name = function.split(":", 1)
        return self._scripts[case].call(name, payload, self)

    def success(self, token: str, output: Any) -> None:
        self._client.send_task_success(taskToken=token, output=json.dumps(output))

    def failure(self, token: str, error: str, cause: str) -> None:
        self._client.send_task_failure(taskToken=token, error=error, cause=cause)

    def run(self, case: Case) -> Outcome:
        name = uuid.uuid4().hex
        self._scripts[name] = Script(case)
        definition = json.dumps(_addressed(case.machine, name))
        machine = self._client.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        started = self._client.start_execution(
            stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps(case.input)
        )
        described = self._wait(started["executionArn"])
        output = _plain(json.loads(described["output"])) if "output" in described else None
        return Outcome(described["status"], output, described.get("error"), described.get("cause"))

    def _wait(self, arn: str) -> dict[str, Any]:
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            described: dict[str, Any] = self._client.describe_execution(executionArn=arn)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.003)
        raise TimeoutError(f"moto does not end {arn}")


@contextmanager
def our_runner() -> Iterator[OurRunner]:
    runner = OurRunner()
    try:
        yield runner
    finally:
        runner.close()


@contextmanager
def moto_runner() -> Iterator[MotoRunner]:
    runner = MotoRunner()
    with fixed_moto(runner.invoke):
        runner.connect()
        yield runner


def _addressed(value: Any, case: str) -> Any:
    """The machine with the case's name before each function's, so that one invoker can tell the cases apart."""
    if isinstance(value, dict):
        return {
            key: f"{case}:{child}" if key == "FunctionName" else _addressed(child, case) for key, child in value.items()
        }
    return [_addressed(child, case) for child in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Without what an SDK's answer carries beside the function's result."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items() if not key.startswith("Sdk")}
    return [_plain(child) for child in value] if isinstance(value, list) else value


RUNNERS: dict[str, Callable[[], Any]] = {"ours": our_runner, "moto": moto_runner}
