"""Writing a task run that others may be writing, too: another delivery, a kill, a takeover."""

from __future__ import annotations

from thermik.executions.model import TaskRun
from thermik.executions.repository import Versioned
from thermik.storage.errors import Conflict
from thermik.worker.call import Busy
from thermik.worker.iterations import unchanged_iterations
from thermik.worker.scene import TaskScene


def record(scene: TaskScene, run: Versioned[TaskRun]) -> Versioned[TaskRun]:
    """Write a task run over the version that was read; whoever changed it meanwhile has the say.

    Raises:
        Busy: somebody did. The machine asks again, and the next call decides from what is there by then: that the
            execution may not go on, that the run has ended, or that it is still to be done. (To end the machine here
            would leave the execution without one, if it was this very operation that came a second time.)
    """
    try:
        scene.ports.executions.write(run, checks=() if run.version else unchanged_iterations(scene))
    except Conflict as conflict:
        raise Busy(f"task run {run.value.id} was changed by somebody else") from conflict
    scene.journal.note(run.written())
    return run.written()
