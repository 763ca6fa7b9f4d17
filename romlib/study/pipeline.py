"""From a study to a ROM: open the snapshots, complete the model, check, train."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

import romlib
from romlib.errors import StudyError
from romlib.model import Case
from romlib.offline.report import TrainingReport
from romlib.offline.train import Provenance, train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.study.study import Study

Progress = Callable[[str], None]


def _cases(study: Study, runs: list[PreparedSnapshots]) -> dict[str, Case]:
    """The study's cases without those that `romlib solve` made a training run of the same name from."""
    def is_run(name: str, case: Case) -> bool:
        return any(run.name == name and run.amplitudes == {**run.amplitudes, **case.amplitudes}
                   and run.parameters == {**run.parameters, **case.parameters}
                   and np.array_equal(run.times, case.times.instants()) for run in runs)

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
        runs = [study.prepare(stack.enter_context(Snapshots(run.snapshots)), run) for run in study.training]
        provenance = Provenance(study.text, romlib.__version__, {
            **{run.path.name: run.snapshots.fingerprint for run in runs},
            **{file.name: str(fingerprint([file])) for run in runs for file in run.files}})
        return train(TrainingSet(runs), study.offline, output, comm,
                     cases=_cases(study, runs), provenance=provenance, accept=study.study.accept,
                     accept_errors=accept_errors, progress=progress, scratch_folder=scratch_folder)
