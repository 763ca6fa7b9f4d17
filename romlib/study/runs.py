"""The training runs of a study, opened, with what the study states over their models."""

from __future__ import annotations

from contextlib import ExitStack

from romlib.offline.agreement import agree
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm
from romlib.parallel.pieces import Pieces
from romlib.snapshots.recut import RecutSnapshots
from romlib.study.study import Study


def training_set(study: Study, stack: ExitStack, n_piece: int) -> TrainingSet:
    """The training runs, open until the stack ends.

    n_piece : files with fewer pieces are cut into so many, or into as many as another run has.
    """
    files = [stack.enter_context(RecutSnapshots(run.snapshots, n_piece)) for run in study.training]
    most = max(file.n_piece for file in files)
    files = [file if file.n_piece == most else stack.enter_context(RecutSnapshots(file.path, most)) for file in files]
    return TrainingSet([study.prepare(file, run) for file, run in zip(files, study.training)])


def compare_runs(study: Study, comm: Comm) -> None:
    """Refuse training runs that are not runs of one model. It reads meshes only, and calls no law. Collective.

    Raises
    ------
    InputError : what differs, with both files and what either has.
    """
    with ExitStack() as stack:
        with comm.agreement():
            training = training_set(study, stack, comm.size)
        agree(training, Pieces(comm, training.n_piece), call_libraries=False)
