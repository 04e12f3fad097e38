"""Thermik in one process, on a data directory: the same worker, machines and operations as on AWS.

The directory holds everything that is to survive: the table (`thermik.db`), the blobs, and a lock a process that
lives. Processes share it; each runs the executions that it started, and takes over those of processes that died.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, timedelta
from pathlib import Path

from thermik.clock import Clock, SystemClock
from thermik.executions.ended_machines import settle_ended_machine
from thermik.executions.left_behind import go_on
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.plans import KeptPlans
from thermik.executions.repository import ExecutionNotFound, Executions
from thermik.executions.retention import forget_old
from thermik.executions.sweep import sweep
from thermik.flows.flow import Flow
from thermik.flows.global_defaults import global_defaults
from thermik.flows.repository import Flows
from thermik.local.changes import WatchedTable
from thermik.local.interpreter import ExecutionStatus, Status, Timers
from thermik.local.leases import ProcessLeases
from thermik.local.machines import EmbeddedMachines, Processes
from thermik.local.mail import Letter, Mail
from thermik.local.processes import Process
from thermik.local.scheduler import Bell, Scheduler
from thermik.local.secrets import EnvironmentSecrets, encryption, environment_variables
from thermik.local.takeover import take_over
from thermik.storage.files import FileBlobs
from thermik.storage.sqlite import SqliteTable
from thermik.tasks.registry import Registry
from thermik.tasks.scripts.marks import belong_to
from thermik.triggers.hub import TriggerHub
from thermik.triggers.registry import TriggerRegistry
from thermik.turns import in_turn
from thermik.worker.ports import Ports
from thermik.worker.worker import Worker

WORKERS = 64
"""Task runs at work at a time: most wait for a process or the network, which takes a thread and no processor."""

TAKEOVER_SECONDS = 1.0
"""How often a server looks whether a process has died, and left executions."""

LOOK_SECONDS = 60.0
"""How often it looks for executions that nobody has although no process is known to have died."""

SWEEP_SECONDS = 60.0
"""How often a server looks for executions of its own that stand still."""

FORGET_SECONDS = 60.0
"""How often a server deletes executions that ended longer ago than data is to be kept."""

FORGET_FOR = timedelta(seconds=2)
"""How long it does so at the most: the rest is for the next time, and an end is not held up."""

MAIL_SECONDS = 0.5
"""How often a process looks for letters from others; `thermik run` of a short flow ends before the first look."""

LISTENERS_KEPT = timedelta(seconds=0.25)
"""How long a flow that another process saves may go without hearing of this one's executions. What is saved here
counts at once; to ask for each new state of each execution would be two queries of the three that a short one makes."""

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
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clock = clock or SystemClock()
        self.table = WatchedTable(SqliteTable(data / "thermik.db", clock=self.clock))
        self.blobs = FileBlobs(data / "storage")
        self.process = Process(data / "processes")
        belong_to(self.process.token)
        self.flows = Flows(
            self.table,
            self.blobs,
            self.types,
            self.clock,
            triggers=self.triggers,
            global_defaults=defaults,
            on_changed=self._flow_changed,
        )
        self.mail = Mail(self.table, self.clock)
        plans = KeptPlans(self._load, self.flows.latest_revision)
        self.machines = EmbeddedMachines(
            lambda payload: in_turn(self.worker.handle, payload),  # the worker is made after the machines
            self.clock,
            processes=Processes(self.process.token, self.process.lives, self.mail.send),
            workers=WORKERS,
            on_ended=self._machine_ended,
            timers=timers,
            trace=trace,
        )
        self.bell = Bell()
        self.hub = TriggerHub(self.table, self.clock, lambda: self.ports, lambda: self.bell, keep=LISTENERS_KEPT)
        leases = ProcessLeases(self.process)
        self.life = Life(Executions(self.table, self.hub), self.machines, plans, self.clock, leases.is_held)
        self.encryption = encryption(data)
        self.variables = {"envs": environment_variables(os.environ), "globals": {}}
        self.ports = Ports(
            self.life,
            self.blobs,
            leases,
            zone=UTC,
            secret=EnvironmentSecrets(os.environ),
            encryption=self.encryption,
            switch=self.hub.switch,
            variables=self.variables,
        )
        self.worker = Worker(self.ports)
        self._ending = threading.Event()
        self._looks_at = 0.0
        self._threads: dict[str, threading.Thread] = {}
        self._scheduler: Scheduler | None = None

    def watch_others(self, *, retention_days: int | None = None) -> None:
        """Take over what dead processes left, and start what is due, from now on: a server does, a command does not.

        Args:
            retention_days: after how many days executions that ended are deleted; None keeps them.
        """
        if retention_days is not None:
            keep = timedelta(days=retention_days)
            self._every(FORGET_SECONDS, lambda: self._forget(keep), "thermik-forget", at_once=True)
        self.read_mail()
        self._every(TAKEOVER_SECONDS, self._take_over, "thermik-takeover", at_once=True)
        self._every(SWEEP_SECONDS, self._sweep, "thermik-sweep")
        self._scheduler = Scheduler(self.hub.schedules, self.hub.upkeep, self.bell, self.clock)
        self._scheduler.start()

    def read_mail(self) -> None:
        """Do what other processes ask of the executions that run here, from now on; again, it changes nothing."""
        self._every(MAIL_SECONDS, self._read_mail, "thermik-mail")

    def close(self, seconds: float = 10.0) -> None:
        """End: what is at work may end for so long; the rest is taken over by whoever comes next."""
        self._ending.set()
        if self._scheduler is not None:
            self._scheduler.close()
        for thread in self._threads.values():
            thread.join()
        self.machines.close(seconds)
        # What is queued or paused by hand has no machine, and somebody is to have it all the same.
        leaves = self.machines.engine.runs_any() or self.table.changes.has_open(self.process.token)
        self.process.close(leaves=leaves)
        self.table.close()

    def _flow_changed(self, namespace: str, flow_id: str) -> None:
        self.hub.flow_changed(namespace, flow_id)

    def _load(self, namespace: str, flow_id: str, revision: int) -> Flow:
        return self.flows.load(namespace, flow_id, revision).flow

    def _every(self, seconds: float, act: Callable[[], object], name: str, *, at_once: bool = False) -> None:
        """A thread that does something at intervals, until the end."""

        def serve() -> None:
            if at_once:
                _attempted(act, name)
            while not self._ending.wait(seconds):
                _attempted(act, name)

        if name not in self._threads:
            self._threads[name] = threading.Thread(target=serve, name=name, daemon=True)
            self._threads[name].start()

    def _take_over(self) -> None:
        """Look at the open executions when a process has died, and at intervals: ten thousand take a while to read."""
        dead = self.process.dead()
        now = time.monotonic()
        if dead or now >= self._looks_at:
            take_over(self.life, self.process.lives)
            self.process.forget(dead)
            self._looks_at = now + LOOK_SECONDS

    def _sweep(self) -> None:
        sweep(self.life, self.machines.has_ended, self._stands_still)

    def _forget(self, keep: timedelta) -> None:
        forget_old(self.life, self.blobs, keep, self.clock.now() + FORGET_FOR)

    def _stands_still(self, execution: Execution) -> bool:
        return execution.progress.owner == self.process.token and not self.machines.runs(execution)

    def _read_mail(self) -> None:
        self.mail.read(self.process.token, self._act)

    def _act(self, letter: Letter) -> None:
        """Carry out a letter. Raises: whatever keeps an execution from going on."""
        self.machines.act(letter)
        if "run" in letter:
            with suppress(ExecutionNotFound):  # deleted meanwhile
                execution = self.life.executions.execution(letter["run"]).value
                if execution.progress.owner == self.process.token:
                    go_on(self.life, execution)

    def _machine_ended(self, status: ExecutionStatus) -> None:
        if status.status in (Status.FAILED, Status.TIMED_OUT):
            settle_ended_machine(self.life, status.name, f"{status.error}: {status.cause}")


def _attempted(act: Callable[[], object], name: str) -> None:
    try:
        act()
    except Exception:  # noqa: BLE001 - the next round tries again; the process goes on
        _operator.exception("a round of %s failed", name)
