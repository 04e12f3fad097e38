"""What the three functions share: the deployed stack's table, bucket and state machines behind Thermik's ports."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from thermik.clock import Clock, SystemClock
from thermik.executions.life import Life
from thermik.executions.plans import KeptPlans
from thermik.executions.repository import Executions
from thermik.flows.encryption import Encryption, LaterAesGcm
from thermik.flows.flow import Flow
from thermik.flows.global_defaults import global_defaults
from thermik.flows.repository import Flows
from thermik.machines.step_functions import StepFunctionsMachines
from thermik.settings import AwsSettings, Settings, read_settings, require_aws
from thermik.storage.aws import LaterClient
from thermik.storage.blobs import Blobs
from thermik.storage.dynamodb import DynamoTable
from thermik.storage.s3 import READ_SECONDS, S3Blobs
from thermik.storage.secrets_manager import SecretsManager
from thermik.tasks.registry import Registry
from thermik.triggers.hub import TriggerHub
from thermik.triggers.registry import TriggerRegistry
from thermik.worker.deadline_leases import DeadlineLeases
from thermik.worker.ports import Ports

if TYPE_CHECKING:
    from thermik.triggers.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Stack:
    """Thermik on AWS.

    Attributes:
        s3: the client behind `blobs`.
        machines: those of `life`, with what only Step Functions can tell.
    """

    settings: Settings
    types: Registry
    triggers: TriggerRegistry
    flows: Flows
    s3: Any
    blobs: Blobs
    machines: StepFunctionsMachines
    life: Life
    ports: Ports
    hub: TriggerHub


def _no_secrets(_namespace: str, key: str) -> str:
    raise KeyError(key)


def _secrets(aws: AwsSettings, clock: Clock) -> tuple[Callable[[str, str], str], Encryption | None]:
    """The values of `secret()` and the encryption of SECRET inputs, as far as the stack has them."""
    manager = SecretsManager(LaterClient("secretsmanager"), clock, aws.secret_prefix or "")
    key = aws.encryption_secret
    encryption = LaterAesGcm(lambda: manager.text(key)) if key else None
    return manager if aws.secret_prefix else _no_secrets, encryption


def _timetable(aws: AwsSettings, clock: Clock) -> Timetable:
    from handlers.timetables import timetable

    return timetable(aws, clock)


def connect() -> Stack:
    """Put everything together, without a call to AWS; only what every function needs is imported and made at once.

    Raises:
        SettingsError: the function's environment is not what the template sets.
    """
    settings = read_settings(os.environ)
    aws = require_aws(settings)
    clock = SystemClock()
    s3 = LaterClient("s3", read_seconds=READ_SECONDS)  # most invocations of the worker need none: see `LaterClient`
    table = DynamoTable(aws.table, clock=clock)
    blobs = S3Blobs(aws.bucket, client=s3)
    types = Registry()
    triggers = TriggerRegistry()
    defaults = global_defaults(settings.plugin_defaults, types, triggers)
    # who listens is asked each time: a flow that another function has just saved must hear the next end
    # hub and ports need each other: what is asked for later is given as a function
    hub = TriggerHub(table, clock, lambda: ports, lambda: _timetable(aws, clock), tends=True)
    flows = Flows(table, blobs, types, clock, triggers=triggers, global_defaults=defaults, on_changed=hub.flow_changed)

    def load(namespace: str, flow_id: str, revision: int) -> Flow:
        return flows.load(namespace, flow_id, revision).flow

    plans = KeptPlans(load, flows.latest_revision)
    machines = StepFunctionsMachines(LaterClient("stepfunctions"), aws)
    secret, encryption = _secrets(aws, clock)
    leases = DeadlineLeases(clock)
    life = Life(Executions(table, hub), machines, plans, clock, leases.is_held)
    ports = Ports(life, blobs, leases, zone=UTC, secret=secret, encryption=encryption, switch=hub.switch)
    return Stack(settings, types, triggers, flows, s3, blobs, machines, life, ports, hub)
