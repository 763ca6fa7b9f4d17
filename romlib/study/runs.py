"""The training runs of a study, opened, with what the study states over their models."""

from __future__ import annotations

from contextlib import ExitStack

from romlib.offline.agreement import agree
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm
from romlib.parallel.pieces import Pieces
from romlib.snapshots.reader import Snapshots
from romlib.study.study import Study


def training_set(study: Study, stack: ExitStack) -> TrainingSet:
    """The training runs, open until the stack ends."""
    return TrainingSet([study.prepare(stack.enter_context(Snapshots(run.snapshots)), run) for run in study.training])


def compare_runs(study: Study, comm: Comm) -> None:
    """Refuse training runs that are not runs of one model. It reads meshes only, and calls no law. Collective.

    Raises
    ------
    InputError : what differs, with both files and what either has.
    """
    with ExitStack() as stack:
        with comm.agreement():
            training = training_set(study, stack)
        agree(training, Pieces(comm, training.n_piece), call_libraries=False)
