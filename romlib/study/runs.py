"""The training runs of a study, opened, with what the study states over their models."""

from __future__ import annotations

from contextlib import ExitStack

from romlib.model import Model
from romlib.offline.agreement import agree
from romlib.offline.training import TrainingRun, TrainingSet
from romlib.parallel.comm import Comm
from romlib.parallel.pieces import Pieces
from romlib.snapshots.reader import Snapshots
from romlib.study.meshes import mesh_with_tags
from romlib.study.study import Study


def training_models(study: Study, snapshots: list[Snapshots]) -> list[Model]:
    """The model of each training run: the deck's, with what the study states put over it."""
    return [study.complete(file.model, run) for file, run in zip(snapshots, study.training)]


def training_set(study: Study, stack: ExitStack) -> TrainingSet:
    """The training runs, open until the stack ends."""
    files = [stack.enter_context(Snapshots(run.snapshots)) for run in study.training]
    models = training_models(study, files)
    runs = [TrainingRun(run.name, file, model.amplitudes, model)
            for run, file, model in zip(study.training, files, models)]
    return TrainingSet(runs, models[0], mesh_with_tags(study))


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
