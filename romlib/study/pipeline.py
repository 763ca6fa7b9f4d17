"""From a study to a ROM: open the snapshots, complete the model, check, train."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

import numpy as np

import romlib
from romlib.check import CheckReport
from romlib.errors import StudyError
from romlib.model import Case
from romlib.offline import train as offline
from romlib.offline.assemble import Provenance
from romlib.offline.dictionary import refuse_what_cannot_be_learnt
from romlib.offline.outputs import check_rom_output
from romlib.offline.report import Progress
from romlib.offline.train import Trained
from romlib.parallel.comm import Comm, world
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.study.checking import check_training
from romlib.study.inputs import files_of
from romlib.study.runs import training_set
from romlib.study.study import Study


def portable_cases(study: Study, runs: list[PreparedSnapshots]) -> dict[str, Case]:
    """The study's cases without those that `romlib solve` made a training run of the same name from."""
    def is_run(name: str, case: Case) -> bool:
        return any(run.role == "run" and run.name == name and run.amplitudes == {**run.amplitudes, **case.amplitudes}
                   and run.parameters == {**run.parameters, **case.parameters}
                   and np.array_equal(run.times, case.times.instants()) for run in runs)

    return {name: _portable(case) for name, case in study.cases.items() if not is_run(name, case)}


def _portable(case: Case) -> Case:
    """The case as a ROM has it: without the folder of its temperature, which is then looked for beside the ROM."""
    if case.temperature is None:
        return case
    stored = case.temperature.model_copy(update={"file": Path(case.temperature.file.name)})
    return case.model_copy(update={"temperature": stored})


def provenance_of(
    study: Study, runs: Sequence[PreparedSnapshots], checks: Mapping[str, CheckReport] = MappingProxyType({})
) -> Provenance:
    """What a ROM of these runs says of where it comes from. checks : of the runs that were checked, by name."""
    return Provenance(study.text, romlib.__version__, {
        **{run.path.name: run.snapshots.fingerprint for run in runs},
        **{file.name: str(fingerprint([file])) for run in runs for file in run.files}},
        {name: {"verdict": report.verdict, "items": [
            {"name": item.name, "status": item.status, "value": _finite(item.value), "tolerance": item.tolerance}
            for item in report.items]} for name, report in checks.items()})


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None  # JSON has no other numbers


def train(
    study: Study | str | Path, comm: Comm | None = None, *, output: str | Path | None = None, skip_check: bool = False,
    accept_errors: bool = False, scratch: str | Path | None = None, progress: Progress | None = None,
    checked: Collection[str] = (),
) -> Trained:
    """Train the ROM that a study describes, after the nonintrusivity check of its training runs. Collective.

        with romlib.train("plate.toml") as trained:
            trained.write("plate.rom")

    Parameters
    ----------
    study : read already, or its file. comm : the ranks; by default all that an MPI launcher has started, else one.
    skip_check : train without the check, as `[offline] skip_check` of the study does. checked : the names of runs that
        have passed it before.
    output, accept_errors, scratch, progress : see `romlib.offline.train.train`; by default nothing is said.

    Raises
    ------
    StudyError : the study has no training run. CheckError : a training run fails the check, or cannot be checked. And
    what `romlib.offline.train.train` raises.
    """
    comm = comm or world()
    progress = progress if progress is not None and comm.rank == 0 else lambda _: None
    with comm.agreement():
        declared = Study.of(study)
        if not declared.training:
            raise StudyError("the study has no training run", file=declared.path, place="[[training]]",
                             remedy="add at least one [[training]] with snapshots = \"...\"")
        inputs = files_of(declared.path) if declared.path is not None else []
    if output is not None:
        comm.on_root(lambda: check_rom_output(output, inputs))
    with comm.agreement():
        refuse_what_cannot_be_learnt([run.role for run in declared.training], declared.clusters)
    names_only = skip_check or declared.offline.skip_check
    if names_only:
        progress("check: skipped, as asked for")
    reports = check_training(declared, comm, progress, names_only=names_only, checked=checked)
    with ExitStack() as stack:
        with comm.agreement():
            training = training_set(declared, stack, comm.size, validation=True)
        for run in training.runs:
            kind = "validation" if run.role == "validation" else "training"
            for note in run.notes:
                progress(f"{kind} run {run.name}: {note}")
        return offline.train(
            training, declared.training_options, comm, output=output, cases=portable_cases(declared, training.runs),
            provenance=provenance_of(declared, training.runs, reports), accept=declared.study.accept,
            accept_errors=accept_errors, progress=progress, scratch_folder=scratch, inputs=inputs,
            files=stack.pop_all())
