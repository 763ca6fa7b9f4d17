"""The training runs of a study, opened, with what the study states over their models."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from romlib.errors import StudyError
from romlib.offline.agreement import agree
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm
from romlib.parallel.pieces import Pieces
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.recut import RecutSnapshots
from romlib.study.study import Study, Training, Validation


def training_set(study: Study, stack: ExitStack, n_piece: int, validation: bool = False) -> TrainingSet:
    """The training runs, open until the stack ends.

    n_piece : files with fewer pieces are cut into so many, or into as many as another run has. validation : with the
    validation runs after them.

    Raises
    ------
    StudyError : a validation run is one of the training runs.
    """
    runs: tuple[Training | Validation, ...] = (*study.training, *(study.validation if validation else ()))
    files = [stack.enter_context(RecutSnapshots(run.snapshots, n_piece)) for run in runs]
    most = max(file.n_piece for file in files)
    files = [file if file.n_piece == most else stack.enter_context(RecutSnapshots(file.path, most)) for file in files]
    opened = [study.prepare(file, run) for file, run in zip(files, runs)]
    _refuse_trained(study, opened)
    return TrainingSet(opened)


def _refuse_trained(study: Study, opened: Sequence[PreparedSnapshots]) -> None:
    n_training = len(study.training)
    for number, run in enumerate(opened[n_training:], 1):
        for trained in opened[:n_training]:
            if is_same_run(run.snapshots, trained.snapshots):
                raise StudyError(
                    "a validation run is a training run: it would say nothing of what was not trained",
                    file=study.path, place=f"validation #{number}", expected="a run that the ROM is not made of",
                    found=f"{run.path}, which has the times and displacements of {trained.path}",
                    remedy="take it out of either, or validate with another run")


def is_same_run(one: Snapshots, other: Snapshots) -> bool:
    """Whether two files have the same times, and the same displacement of their first piece, midway and at the end."""
    if one.path.resolve() == other.path.resolve():
        return True
    if one.n_step != other.n_step or one.n_piece != other.n_piece or not np.array_equal(one.times, other.times):
        return False
    if "displacement" not in one.fields or "displacement" not in other.fields:
        return False
    steps = (slice(one.n_step - 1, one.n_step), slice(one.n_step // 2, one.n_step // 2 + 1))
    return all(np.array_equal(one.read("displacement", 0, step), other.read("displacement", 0, step))
               for step in steps)


def compare_runs(study: Study, comm: Comm) -> None:
    """Refuse training and validation runs that are not runs of one model. Collective.

    It reads meshes only, and calls no law.

    Raises
    ------
    InputError : what differs, with both files and what either has.
    """
    with ExitStack() as stack:
        with comm.agreement():
            training = training_set(study, stack, comm.size, validation=True)
        agree(training, Pieces(comm, training.n_piece), call_libraries=False)
