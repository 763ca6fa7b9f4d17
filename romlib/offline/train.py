"""The offline stage: training snapshots in, ROM archive out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from romlib.archive.pair import PairWriter
from romlib.archive.rom import Manifest
from romlib.errors import InputError, UnsupportedError
from romlib.laws.portable import portable_model
from romlib.laws.symbols import parameters_of, refuse_missing, refuse_unused
from romlib.loads.amplitudes import evaluate
from romlib.model import Case, Times
from romlib.offline.agreement import agree
from romlib.offline.assemble import Collected, assemble, collect_at_points, modes_at, offline_errors
from romlib.offline.displacement import DisplacementBasis, prescribed_names, reduce_displacement, reduce_loads
from romlib.offline.dual import DualHistory
from romlib.offline.energy import elastic_stiffness, with_energy
from romlib.offline.full_rom import add_rom_stresses, full_problem
from romlib.offline.options import OfflineOptions
from romlib.offline.outputs import check_rom_output
from romlib.offline.points import complete
from romlib.offline.quadrature import Selection
from romlib.offline.reduce_dual import (
    DualField,
    DualStatistics,
    Reference,
    gather_statistics,
    project_fields,
    quadrature_pod,
    reduce_field,
    select_points,
)
from romlib.offline.report import TrainingReport, stage_rows
from romlib.offline.room import Modes, Room
from romlib.offline.scratch import Scratch
from romlib.offline.training import TrainingSet
from romlib.offline.verify import beyond_limits, causes, refuse_errors, verify
from romlib.parallel.comm import Comm, share
from romlib.parallel.usage import StageTimer

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Provenance:
    """Where a ROM comes from: the study's text, the version of romlib, fingerprints of the inputs by file name."""

    study: str = ""
    version: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Identifies the ROM: the same study on the same inputs has the same one."""
        text = "\n".join([self.study, self.version, *(f"{k}={v}" for k, v in sorted(self.inputs.items()))])
        return sha256(text.encode()).hexdigest()[:32]


@dataclass
class _Work:
    """What the stages share."""

    training: TrainingSet
    options: OfflineOptions
    pieces: range
    comm: Comm
    timer: StageTimer
    progress: Progress
    details: dict[str, str] = field(default_factory=dict)
    room: Room = field(init=False)

    def say(self, stage: str, detail: str) -> None:
        self.details[stage] = detail
        if self.comm.rank == 0:
            self.progress(f"{stage}: {detail}")


def train(
    training: TrainingSet, options: OfflineOptions, output: str | Path, comm: Comm, *,
    cases: Mapping[str, Case] | None = None, provenance: Provenance | None = None, accept: tuple[str, ...] = (),
    accept_errors: bool = False, progress: Progress | None = None, scratch_folder: str | Path | None = None,
) -> TrainingReport:
    """Build a ROM from training snapshots; writes `output` and its fields file, both or none.

    Collective: every rank calls it, with snapshots that it opened itself. Pieces are shared out over the ranks; on one
    file, any number of ranks gives the same selected points, and results that agree to rounding.

    Parameters
    ----------
    cases : to store with the ROM, besides the training runs themselves, which are always there by their names.
    accept : names of the omissions of the deck that the user accepts although they do virtual work.
    accept_errors : write the ROM although its verification is beyond the limits; its manifest says so.
    progress : called on rank 0 with one line a stage. scratch_folder : where the scratch files go; by default the
        folder of `output`. How much they take is estimated, said, and refused where the disk has less.

    Raises
    ------
    VerificationError : the ROM does not reproduce its own training cases within `options.error_limits`.
    UnsupportedError : the deck has something that does virtual work and that the ROM lacks.
    InputError : more ranks than pieces, runs of different models or meshes, zero or non-finite fields, unknown names;
        an output that cannot be written. DiskFullError : there is not enough room for scratch files or output.
    """
    comm.on_root(lambda: check_rom_output(output, [run.snapshots.path for run in training.runs]))
    _refuse_omissions(training, accept)
    for run in training.runs:
        refuse_missing(run.parameters, training.model.materials, f"parameters of the training run {run.name!r}")
    work = _Work(training, options, share(training.n_piece, comm), comm, StageTimer(comm), progress or (lambda _: None))
    trained = agree(training, work.pieces, comm, accept)
    portable = comm.on_root(lambda: portable_model(training.model))  # when loads have their names, before all else
    portable = portable.model_copy(update={"parameters": training.common_parameters})
    all_cases = _cases(training, cases or {})
    provenance = provenance or Provenance()
    names = list(dict.fromkeys(["stress", *options.dual_fields]))
    with ExitStack() as stack:
        with comm.agreement():
            scratch = stack.enter_context(Scratch(Path(scratch_folder or Path(output).resolve().parent)))
            history = DualHistory(training, names, options.stress, scratch)
            work.room = Room(training, history, options, work.pieces, scratch, Path(output).resolve())
        work.room.claim(*work.room.least_and_most(), comm, work.progress)
        basis, stiffness, loads = _displacement(work)
        statistics = _stress(work, history, basis, loads)
        duals, selection, reference, collected = _quadrature(work, history, basis, stiffness, statistics)
        with work.timer.stage("assembly"):
            manifest = _manifest(work, basis, selection, duals, statistics, provenance)
            rom = assemble(training, basis, loads, selection, collected, duals, all_cases, manifest)
            errors = offline_errors(basis, selection, reference, collected, duals, rom, statistics)
        with work.timer.stage("verification"):
            found, failure = comm.on_root(lambda: verify(training, rom, basis, duals))
            errors |= found
            beyond = beyond_limits(errors, failure, options)
            if beyond and not accept_errors:
                refuse_errors(Path(output), beyond, errors, failure, options)
            manifest.errors, manifest.accepted = errors, beyond
            work.say("verification", "the ROM over its own training cases")
        sizes = {"pieces": training.n_piece, "snapshots": training.n_snapshot, "nodes": manifest.n_node,
                 "integration points": manifest.n_ip, "modes": basis.n_mode, "liftings": basis.n_lift,
                 "cubature points": len(selection.weights),
                 "points for reconstruction only": collected.points.n_point - len(selection.weights),
                 **{f"modes of {dual.name}": dual.decomposition.n_mode for dual in duals}}
        with ExitStack() as files:
            with work.timer.stage("archive"), comm.agreement():
                pair = _write_fields(work, history, basis, duals, Path(output), manifest.fingerprint, files)
            report = TrainingReport(work.timer.rows(), work.details, sizes, errors,
                                    _notes(basis, selection, options, beyond, errors))
            manifest.stages = stage_rows(report.stages, report.details)
            finished = replace(rom, model=portable, trained=trained)
            comm.on_root(lambda: pair.finish(finished))  # type: ignore[union-attr]
    return report


def _refuse_omissions(training: TrainingSet, accept: tuple[str, ...]) -> None:
    for run in training.runs:
        for omission in run.snapshots.model.omissions:
            if omission.works and omission.name not in accept:
                raise UnsupportedError(
                    f"the deck has something that does virtual work and that the ROM lacks: {omission.name}",
                    file=run.snapshots.path, found=omission.description,
                    remedy=f'remove it from the solver\'s model, or accept it: [study] accept = ["{omission.name}"]')


def _displacement(work: _Work) -> tuple[DisplacementBasis, np.ndarray, np.ndarray]:
    training, options, comm = work.training, work.options, work.comm
    with work.timer.stage("POD"):
        basis = reduce_displacement(
            training, work.pieces, comm, tolerance=options.pod_tolerance, n_mode=options.modes)
        basis, stiffness = with_energy(basis, *elastic_stiffness(training, basis, work.pieces, comm))
        pod = basis.decomposition
        work.say("POD", f"{basis.n_mode} modes of {training.n_snapshot} snapshots, error {pod.truncation_error:.1e}, "
                        f"{pod.n_dropped} eigenvalues below rounding")
    with work.timer.stage("loads"):
        loads = reduce_loads(training, basis, work.pieces, training.runs[0].snapshots.n_shared, comm)
        work.say("loads", f"{len(loads)} reduced onto the modes")
    return basis, stiffness, loads


def _stress(work: _Work, history: DualHistory, basis: DisplacementBasis, loads: np.ndarray) -> DualStatistics:
    training, options, comm = work.training, work.options, work.comm
    with work.timer.stage("stress"):
        with comm.agreement():
            for piece in work.pieces:
                history.prepare(piece, training.piece(piece))
        work.say("stress", {"read": "read from the snapshots", "replay": "replayed by the law"}[history.source])
    if options.cubature_training != "snapshots":
        with work.timer.stage("full-integration ROM"):
            problem = full_problem(training, basis, loads, work.pieces, comm)
            evaluations = add_rom_stresses(
                training, problem, history, iterates=options.cubature_training == "iterates")
            work.say("full-integration ROM", f"{evaluations.sum()} evaluations over {len(evaluations)} runs")
    with work.timer.stage("Gram matrices"):
        statistics = gather_statistics(training, history, basis, work.pieces, comm)
        work.say("Gram matrices", f"of {', '.join(history.fields)}; volume {statistics.volume:.6g}")
    return statistics


def _quadrature(
    work: _Work, history: DualHistory, basis: DisplacementBasis, stiffness: np.ndarray, statistics: DualStatistics
) -> tuple[list[DualField], Selection, Reference, Collected]:
    training, options, comm, pieces = work.training, work.options, work.comm, work.pieces
    with work.timer.stage("dual modes"):
        widths = training.piece(pieces[0]).points.variables() | {"stress": 6}
        duals = [reduce_field(statistics, name, widths.get(name, 1) if name not in training.runs[0].snapshots.fields
                              else training.runs[0].snapshots.fields[name].n_comp, options.dual_tolerance)
                 for name in options.dual_fields]
        stress = quadrature_pod(statistics, options.cubature_tolerance)
        need = work.room.need(Modes(basis.n_mode + basis.n_lift, stress.n_mode,
                                    {dual.name: dual.decomposition.n_mode for dual in duals}))
        work.room.claim(need, need, comm, work.progress)
        candidates = project_fields(training, history, duals, stress, pieces, comm)
        work.say("dual modes", ", ".join(f"{dual.decomposition.n_mode} of {dual.name}" for dual in duals))
    with work.timer.stage("cubature"):
        selection, reference = select_points(
            training, history, basis, stiffness, statistics, pieces, options, comm,
            work.progress if comm.rank == 0 else None)
        work.say("cubature", f"{len(selection.weights)} of {statistics.n_ip} points, error {selection.error:.1e}"
                             f"{_of_what(reference)}")
    with work.timer.stage("gappy POD"):
        points = complete(selection, duals, candidates,
                          lambda field, where: modes_at(history, field, where, pieces, comm), comm)
        collected = collect_at_points(training, history, basis, duals, points, pieces, comm)
        work.say("gappy POD", f"{len(points) - len(selection.weights)} points added for reconstruction")
    return duals, selection, reference, collected


def _of_what(reference: Reference) -> str:
    if reference.work == reference.size:
        return ""
    return (f" of a tenth of the stresses' energy norm, of which {reference.work / reference.stress:.1e} does work on "
            "the modes: they are in equilibrium with themselves")


def _manifest(
    work: _Work, basis: DisplacementBasis, selection: Selection, duals: list[DualField], statistics: DualStatistics,
    provenance: Provenance,
) -> Manifest:
    first, options = work.training.runs[0].snapshots, work.options
    tolerances = {"cubature": options.cubature_tolerance, "dual fields": options.dual_tolerance}
    if options.pod_tolerance is not None:
        tolerances["pod"] = options.pod_tolerance
    return Manifest(
        provenance.fingerprint, provenance.study, provenance.version, str(work.training.model.units),
        dict(provenance.inputs), tolerances, {}, [], statistics.volume, first.n_node_total, first.n_cell_total,
        statistics.n_ip, _trained_ranges(work.training), _trained_parameters(work.training))


def _trained_ranges(training: TrainingSet) -> dict[str, tuple[float, float]]:
    """Lowest and highest amplitude of each load and prescribed constraint over the training cases.

    At the times of the cases, which begin with the initial one: some solvers do not write it.
    """
    names = [*training.model.loads, *prescribed_names(training.model)]
    histories = [(run.amplitudes, run.case_times) for run in training.runs]
    found = {name: np.concatenate([evaluate(amplitudes[name], times) for amplitudes, times in histories])
             for name in names}
    return {name: (float(values.min()), float(values.max())) for name, values in found.items()}


def _trained_parameters(training: TrainingSet) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each parameter over the training runs."""
    return {name: (min(values), max(values)) for name in parameters_of(training.model.materials)
            if (values := [run.parameters[name] for run in training.runs])}


def _cases(training: TrainingSet, cases: Mapping[str, Case]) -> dict[str, Case]:
    """The study's cases, and each training run as a case of its name."""
    result = {
        run.name: Case(times=Times(values=tuple(run.case_times.tolist())),
                       amplitudes=dict(run.amplitudes), parameters=run.parameters, description="training run")
        for run in training.runs if len(run.case_times) > 1}
    clash = sorted(set(result) & set(cases))
    if clash:
        raise InputError("a case has the name of a training run", place=f"[cases.{clash[0]}]",
                         remedy="give the case, or the training run, another name")
    for name, case in cases.items():
        refuse_unused(case.parameters, training.model.materials, f"[cases.{name}.parameters]")
        refuse_missing({**training.common_parameters, **case.parameters}, training.model.materials,
                       f"[cases.{name}.parameters]")
    return result | dict(cases)


def _write_fields(
    work: _Work, history: DualHistory, basis: DisplacementBasis, duals: list[DualField], output: Path, fingerprint: str,
    files: ExitStack,
) -> PairWriter | None:
    """Stream the full fields to rank 0, piece by piece, into the fields file; rank 0 returns what is to be finished."""
    training, comm = work.training, work.comm

    def produce(piece: int) -> tuple:
        mesh = training.piece(piece).mesh
        fields = basis.fields(training, piece, mesh.n_node)
        dual_modes = {dual.name: history.scratch.read(f"{piece}/modes/{dual.name}", slice(None)) for dual in duals}
        return mesh, [fields[: basis.n_mode]], fields[basis.n_mode:], dual_modes

    if comm.rank != 0:
        comm.stream_pieces(work.pieces, produce, lambda piece, value: None)
        return None
    singular = {"displacement": basis.decomposition.singular_values,
                **{dual.name: dual.decomposition.singular_values for dual in duals}}
    pair = files.enter_context(PairWriter(output, fingerprint, training.n_piece, singular, work.room.output_bytes))
    comm.stream_pieces(work.pieces, produce, lambda piece, value: pair.write_piece(piece, *value))
    return pair


def _notes(
    basis: DisplacementBasis, selection: Selection, options: OfflineOptions, beyond: list[str],
    errors: dict[str, float],
) -> list[str]:
    notes = []
    if basis.without_energy:
        several = len(basis.without_energy) > 1
        notes.append(
            f"displacement mode{'s' if several else ''} {', '.join(map(str, basis.without_energy))} "
            f"({basis.lost:.1e} of the displacement in L2) {'have' if several else 'has'} no elastic energy and "
            f"{'were' if several else 'was'} dropped: hourglass motions that a reduced rule does not see, or rigid "
            "motions")
    if basis.decomposition.n_dropped:
        notes.append(f"{basis.decomposition.n_dropped} eigenvalues of the displacement are rounding and were dropped")
    if selection.error > options.cubature_tolerance:
        why = "it has all the points of cubature_points" if len(selection.weights) == options.cubature_points else (
            "its candidates cannot do better with non-negative weights")
        notes.append(
            f"the cubature stopped at {selection.error:.1e}, short of {options.cubature_tolerance:.1e}: {why}")
    if beyond:
        notes.append(f"accepted with errors beyond the limits: {'; '.join(beyond)}. "
                     f"{' '.join(causes(beyond, errors, options))}")
    return notes
