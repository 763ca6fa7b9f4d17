"""A ROM against runs of the solver that it was not trained with: solved for each, compared at all points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from romlib.archive.accuracy import RunErrors
from romlib.errors import ConvergenceError, InputError
from romlib.identity.distributed import distributed_identity
from romlib.laws.portable import portable_model
from romlib.loads.amplitudes import evaluate
from romlib.model import Case, Model, TemperatureFile, Times
from romlib.offline.assemble import TRAINING_RUN
from romlib.online.rom import ReducedOrderModel, load
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces
from romlib.report.compare import FieldComparison, compare
from romlib.snapshots.error_bounds import FLOOR
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.study.references import validate_against
from romlib.study.study import Study
from romlib.words import unknown

_STUDY = "name the study of the run (--study, study=): one with this file and"


@dataclass(frozen=True)
class Validated:
    """The errors of a ROM over runs of the solver.

    rom : its file. asked : by quantity, what they may be; empty where nothing was asked for. runs : one a file, by the
    path of the file. not_met : a sentence on each that is above. notes : by file, what the ROM says of the case.
    """

    rom: str
    asked: dict[str, float]
    runs: list[RunErrors]
    not_met: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether all errors are within what was asked for."""
        return not self.not_met

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "met": self.met}


def validate(
    rom: ReducedOrderModel | str | Path, files: Sequence[str | Path] | str | Path, *,
    study: Study | str | Path | None = None,
    accuracy: Mapping[str, float] | None = None, scratch: str | Path | None = None,
) -> Validated:
    """Solve the runs of snapshots files with a ROM, and compare with them at all points and times.

    Parameters
    ----------
    rom : with its fields file beside it. files : one or several, of the mesh and model of the ROM, none of them a
        training file. study : of the files, where they do not say tags, materials, loads or amplitudes themselves.
    accuracy : by quantity, what the errors may be; by default what the ROM was asked for. scratch : folder for the
        fields of one run at a time; by default that of the system.

    Raises
    ------
    InputError : a file is a training file, or of another mesh or model; the ROM has no such quantity.
    """
    model = rom if isinstance(rom, ReducedOrderModel) else load(rom)
    declared = None if study is None else Study.of(study)
    asked = _asked(model, accuracy)
    paths = [Path(one) for one in ([files] if isinstance(files, (str, Path)) else files)]
    if not paths:
        raise InputError("there is no file to validate with", expected="one or several snapshots files")
    runs, notes = [], {}
    for path in paths:
        with Snapshots(path) as snapshots:
            if declared is not None:
                validate_against(declared, snapshots)
            prepared = PreparedSnapshots.of(snapshots) if declared is None else declared.prepare(snapshots)
            found, notes[str(path)] = _errors(model, prepared, scratch)
            runs.append(found)
    return Validated(str(model.path), asked, runs, _not_met(asked, runs), notes)


def _asked(model: ReducedOrderModel, accuracy: Mapping[str, float] | None) -> dict[str, float]:
    quantities = ["displacement", *model.archive.gappy]
    for name in accuracy or {}:
        if name not in quantities:
            raise InputError(f"the ROM has no quantity {name!r}", file=model.path, place="accuracy",
                             **unknown(name, quantities))
    if accuracy:
        return {name: accuracy[name] for name in quantities if name in accuracy}
    stored = model.archive.manifest.accuracy
    return {} if stored is None else dict(stored.asked)


def _errors(
    model: ReducedOrderModel, prepared: PreparedSnapshots, scratch: str | Path | None
) -> tuple[RunErrors, list[str]]:
    """Of one file, and what the ROM says of its case."""
    prepared.refuse_without_history("validate with")
    name, case = str(prepared.path), case_of(prepared)
    try:
        solution = model.solve(case)  # first: it says where the file is of another mesh or model
    except ConvergenceError as error:
        refuse_trained(model, prepared)
        return RunErrors(name, "validation", failure=f"{error.what}, at time {error.time:.6g}"), []
    except InputError as error:
        lost = [] if case.identity is None else [one for one in case.identity.driven if one not in case.amplitudes]
        if lost and error.place == f"amplitudes.{lost[0]}":
            raise InputError(f"the amplitude of {lost[0]!r} in this run is not known", file=prepared.path,
                             place=error.place, remedy=f"{_STUDY} its amplitudes in [[validation]]") from None
        raise InputError(error.what, file=error.file or prepared.path, place=error.place, expected=error.expected,
                         found=error.found, remedy=error.remedy) from None
    _refuse_without_loads(model, prepared)
    refuse_trained(model, prepared)
    quantities = ["displacement", *model.archive.gappy]
    with TemporaryDirectory(dir=scratch, prefix="romlib-validate-") as folder:
        written = Path(folder) / "result.vtkhdf"
        solution.write(written)
        with Snapshots(written) as result:
            compared = compare(result, prepared, fields=quantities)
    norms = {} if model.archive.indicator is None else model.archive.indicator.norms
    return RunErrors(name, "validation", {
        quantity: error_of(compared.fields[quantity], norms.get(quantity, 0.0)) for quantity in quantities
        if quantity in compared.fields}), list(solution.notes)


def error_of(field_comparison: FieldComparison, norm: float) -> float:
    """As `RunErrors` has it. norm : the largest L2 norm of the field in the training."""
    size = max(field_comparison.scale, FLOOR * norm)
    largest = float(field_comparison.difference.max())
    return largest / size if size > 0.0 else (0.0 if largest == 0.0 else float("inf"))


def case_of(prepared: PreparedSnapshots) -> Case:
    """The run of a snapshots file as a case, with all that a ROM compares with what it was trained with."""
    model, snapshots = portable_model(prepared.model), prepared.snapshots
    identity = distributed_identity(model, Pieces(serial(), snapshots.n_piece), prepared.mesh, snapshots.n_shared)
    has_heat = "temperature" in snapshots.fields and any(load.kind == "temperature" for load in model.loads.values())
    driven = identity.driven
    return Case(
        times=Times(values=tuple(prepared.case_times.tolist())), parameters=prepared.parameters, identity=identity,
        amplitudes={name: one for name, one in prepared.amplitudes.items() if name in driven},
        temperature=TemperatureFile(file=snapshots.path) if has_heat else None,
        omissions=tuple(one for one in model.omissions if one.does_work), accepted=prepared.accepted)


def refuse_trained(model: ReducedOrderModel, prepared: PreparedSnapshots) -> None:
    """InputError for a run that the ROM was trained with: errors there say nothing of other runs.

    By the fingerprint of its file; and by times, amplitudes and parameters where no temperature field is involved.
    """
    archive, snapshots = model.archive, prepared.snapshots
    trained = () if archive.trained is None else archive.trained.files
    same = next((name for name in trained if snapshots.fingerprint
                 and archive.manifest.inputs.get(name) == snapshots.fingerprint), None)
    if same is None and not any(load.kind == "temperature" for load in archive.model.loads.values()):
        same = next((name for name, case in archive.cases.items() if case.description == TRAINING_RUN
                     and _is_run(case, prepared)), None)
    if same is not None:
        raise InputError(
            "the ROM was trained with this run: errors there say nothing of other runs", file=snapshots.path,
            expected="a run that the ROM was not trained with", found=f"the training run {same}",
            remedy="`romlib info` shows the errors over training runs; validate with another run")


def _refuse_without_loads(model: ReducedOrderModel, prepared: PreparedSnapshots) -> None:
    """InputError for a file that says of no load that it acted: such a run would be solved with none, and be all wrong.

    A single load that is missing is none that acts, as in a deck that leaves it out.
    """
    def driven(one: Model) -> bool:
        return bool(one.loads) or any(constraint.kind == "prescribed" for constraint in one.constraints.values())

    if driven(model.archive.model) and not driven(prepared.model):
        raise InputError("neither the file nor a study says which loads acted in this run", file=prepared.path,
                         expected="loads with their amplitudes", found="none",
                         remedy=f"{_STUDY} its amplitudes in [[validation]], and with the loads")


def _is_run(case: Case, prepared: PreparedSnapshots) -> bool:
    times, own = case.times.instants(), prepared.amplitudes
    return (np.array_equal(times, prepared.case_times) and case.parameters == prepared.parameters
            and all(name in own and np.array_equal(evaluate(one, times), evaluate(own[name], times))
                    for name, one in case.amplitudes.items()))


def _not_met(asked: Mapping[str, float], runs: Sequence[RunErrors]) -> list[str]:
    sentences = []
    for run in runs:
        if run.failure:
            sentences.append(f"{run.run} cannot be solved: {run.failure}")
        sentences += [f"{name}: {run.errors[name]:.2g} over {run.run}, more than the {limit:.2g} asked for"
                      for name, limit in asked.items() if name in run.errors and not run.errors[name] <= limit]
    return sentences
