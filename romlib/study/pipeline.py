"""From a study to a ROM: open the snapshots, complete the model, check, train."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

import romlib
from romlib.errors import StudyError
from romlib.mesh.mesh import Mesh
from romlib.mesh.tags import add_tags
from romlib.model import Case, Model
from romlib.offline.report import TrainingReport
from romlib.offline.train import Provenance, train
from romlib.offline.training import TrainingRun, TrainingSet
from romlib.online.rom import output_times
from romlib.parallel.comm import Comm
from romlib.snapshots.reader import Snapshots
from romlib.study.study import Study

Progress = Callable[[str], None]


def mesh_with_tags(study: Study | None) -> Callable[[Snapshots, int], Mesh]:
    """The function that reads a piece and adds the study's tags to it."""
    def mesh(snapshots: Snapshots, piece: int) -> Mesh:
        found = snapshots.mesh(piece)
        if study is None:
            return found
        return add_tags(found, study.node_tags, study.face_tags, study.cell_tags)
    return mesh


def training_models(study: Study, snapshots: list[Snapshots]) -> list[Model]:
    """The model of each training run: the deck's, with what the study states put over it."""
    return [study.complete(file.model, run) for file, run in zip(snapshots, study.training)]


def _cases(study: Study, runs: list[TrainingRun]) -> dict[str, Case]:
    """The study's cases without those that `romlib solve` made a training run of the same name from."""
    def is_run(name: str, case: Case) -> bool:
        return any(run.name == name and run.amplitudes == {**run.amplitudes, **case.amplitudes}
                   and np.array_equal(run.snapshots.times, output_times(case.times)) for run in runs)

    return {name: _portable(case) for name, case in study.cases.items() if not is_run(name, case)}


def _portable(case: Case) -> Case:
    """The case as a ROM has it: without the folder of its temperature, which is then looked for beside the ROM."""
    if case.temperature is None:
        return case
    stored = case.temperature.model_copy(update={"file": Path(case.temperature.file.name)})
    return case.model_copy(update={"temperature": stored})


def run_offline(
    study: Study, output: str | Path, comm: Comm, progress: Progress | None = None, *, accept_errors: bool = False,
    scratch_folder: str | Path | None = None,
) -> TrainingReport:
    """Train the ROM that a study describes; the check comes before, in `romlib.cli`. Collective.

    accept_errors, scratch_folder : see `romlib.offline.train.train`.

    Raises
    ------
    StudyError : the study has no training run. And what `romlib.offline.train.train` raises.
    """
    if not study.training:
        raise StudyError("the study has no training run", file=study.path, place="[[training]]",
                         remedy="add at least one [[training]] with snapshots = \"...\"")
    with ExitStack() as stack:
        files = [stack.enter_context(Snapshots(run.snapshots)) for run in study.training]
        models = training_models(study, files)
        runs = [TrainingRun(run.name, file, model.amplitudes, model)
                for run, file, model in zip(study.training, files, models)]
        provenance = Provenance(study.text, romlib.__version__, {
            run.snapshots.name: file.fingerprint for run, file in zip(study.training, files)})
        return train(TrainingSet(runs, models[0], mesh_with_tags(study)), study.offline, output, comm,
                     cases=_cases(study, runs), provenance=provenance, accept=study.study.accept,
                     accept_errors=accept_errors, progress=progress, scratch_folder=scratch_folder)
