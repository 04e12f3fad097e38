"""Thermik in one process, on a data directory: the same worker, machines and operations as on AWS.

The directory holds everything that is to survive: the table (`thermik.db`), the blobs, and a lock a process that
lives. Processes share it; each runs the executions that it started, and takes over those of processes that died.
"""

from __future__ import annotations

import logging
import os
import threading
from datetime import UTC
from pathlib import Path

from thermik.clock import Clock, SystemClock
from thermik.executions.ended_machines import settle_ended_machine
from thermik.executions.life import Life
from thermik.executions.plans import KeptPlans
from thermik.executions.repository import Executions
from thermik.flows.flow import Flow
from thermik.flows.global_defaults import global_defaults
from thermik.flows.repository import Flows
from thermik.local.changes import WatchedTable
from thermik.local.interpreter import ExecutionStatus, Status, Timers
from thermik.local.leases import ProcessLeases
from thermik.local.machines import EmbeddedMachines
from thermik.local.processes import Process
from thermik.local.scheduler import Bell, Scheduler
from thermik.local.secrets import EnvironmentSecrets, encryption, environment_variables
from thermik.local.takeover import take_over
from thermik.storage.files import FileBlobs
from thermik.storage.sqlite import SqliteTable
from thermik.tasks.registry import Registry
from thermik.triggers.hub import TriggerHub
from thermik.triggers.registry import TriggerRegistry
from thermik.worker.ports import Ports
from thermik.worker.worker import Worker

WORKERS = 64
"""Task runs at work at a time: most wait for a process or the network, which takes a thread and no processor."""

TAKEOVER_SECONDS = 1.0
"""How often a server looks for executions whose process has died."""

_operator = logging.getLogger(__name__)


class Runtime:
    """Everything that runs executions in this process; `close` ends it, a crash of it loses nothing.

    Args:
        clock: tells the time. timers: run what waits; by default in real time, by that clock.
        trace: keep the states that machines enter, for `machines.engine.history`.
        plugin_defaults: those of the installation, as the setting gives them.

    Raises:
        SettingsError: the plugin defaults are wrong.
    """

    def __init__(
        self,
        data: Path,
        *,
        clock: Clock | None = None,
        timers: Timers | None = None,
        trace: bool = False,
        plugin_defaults: str | None = None,
    ) -> None:
        self.types = Registry()
        self.triggers = TriggerRegistry()
        defaults = global_defaults(plugin_defaults, self.types, self.triggers)
        data.mkdir(parents=True, exist_ok=True)
        self.clock = clock or SystemClock()
        self.table = WatchedTable(SqliteTable(data / "thermik.db", clock=self.clock))
        self.blobs = FileBlobs(data / "storage")
        self.process = Process(data / "processes")
        self.flows = Flows(
            self.table,
            self.blobs,
            self.types,
            self.clock,
            triggers=self.triggers,
            global_defaults=defaults,
            on_changed=self._flow_changed,
        )
        plans = KeptPlans(self._load, self.flows.latest_revision)
        self.machines = EmbeddedMachines(
            lambda payload: self.worker.handle(payload),  # noqa: PLW0108 - the worker is made after the machines
            self.clock,
            owner=self.process.token,
            workers=WORKERS,
            on_ended=self._machine_ended,
            timers=timers,
            trace=trace,
        )
        self.bell = Bell()
        self.hub = TriggerHub(self.table, self.clock, lambda: self.ports, lambda: self.bell)
        self.life = Life(Executions(self.table, self.hub), self.machines, plans, self.clock)
        self.encryption = encryption(data)
        self.variables = {"envs": environment_variables(os.environ), "globals": {}}
        self.ports = Ports(
            self.life,
            self.blobs,
            ProcessLeases(self.process),
            zone=UTC,
            secret=EnvironmentSecrets(os.environ),
            encryption=self.encryption,
            variables=self.variables,
        )
        self.worker = Worker(self.ports)
        self._ending = threading.Event()
        self._watcher: threading.Thread | None = None
        self._scheduler: Scheduler | None = None

    def watch_others(self) -> None:
        """Take over what dead processes left, and start what is due, from now on: a server does, a command does not."""
        self._watcher = threading.Thread(target=self._watch, name="thermik-takeover", daemon=True)
        self._watcher.start()
        self._scheduler = Scheduler(self.hub.schedules, self.hub.upkeep, self.bell, self.clock)
        self._scheduler.start()

    def close(self, seconds: float = 10.0) -> None:
        """End: what is at work may end for so long; the rest is taken over by whoever comes next."""
        self._ending.set()
        if self._scheduler is not None:
            self._scheduler.close()
        if self._watcher is not None:
            self._watcher.join()
        self.machines.close(seconds)
        self.process.close()
        self.table.close()

    def _flow_changed(self, namespace: str, flow_id: str) -> None:
        self.hub.flow_changed(namespace, flow_id)

    def _load(self, namespace: str, flow_id: str, revision: int) -> Flow:
        return self.flows.load(namespace, flow_id, revision).flow

    def _watch(self) -> None:
        while True:
            try:
                take_over(self.life, self.process.lives)
            except Exception:  # noqa: BLE001 - the next round tries again; the server goes on serving
                _operator.exception("executions of dead processes could not be taken over")
            if self._ending.wait(TAKEOVER_SECONDS):
                return

    def _machine_ended(self, status: ExecutionStatus) -> None:
        if status.status in (Status.FAILED, Status.TIMED_OUT):
            settle_ended_machine(self.life, status.name, f"{status.error}: {status.cause}")
