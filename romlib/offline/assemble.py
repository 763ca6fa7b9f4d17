"""Put a ROM together from one basis or several: what online needs at their points, and what was achieved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from hashlib import sha256
from typing import Any

import numpy as np

from romlib.archive.manifest import Manifest, Pace
from romlib.archive.rom import (
    ControlPoints,
    GappyOperator,
    LiftingData,
    LocalBasis,
    Rom,
)
from romlib.errors import InputError
from romlib.laws.symbols import parameters_of
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import force_terms
from romlib.model import Case, Times
from romlib.offline import gappy
from romlib.offline.collect import Collection
from romlib.offline.displacement import prescribed_names
from romlib.offline.drawn import draw
from romlib.offline.point_data import selected_points, snapshots_at, strains_at, temperature_at_points
from romlib.offline.points import PointList, complete, modes_at
from romlib.offline.reduce import Reduction
from romlib.offline.reduce_cubature import generalised_forces
from romlib.offline.reduce_dual import DualBases, DualField
from romlib.offline.rows import Rows
from romlib.offline.sentinels import SENTINELS, sentinels
from romlib.offline.thermal import trained_temperatures
from romlib.offline.training import Span, TrainingSet
from romlib.online.pace import pace_of
from romlib.parallel.pieces import Pieces
from romlib.words import plural

TRAINING_RUN = "training run"  # the description of a case that is one


@dataclass(frozen=True)
class Provenance:
    """Where a ROM comes from: the study's text, the version of romlib, fingerprints of the inputs by file name.

    checks : of the training runs, as `romlib.archive.manifest.Manifest` has them; they do not identify the ROM.
    """

    study: str = ""
    version: str = ""
    inputs: Mapping[str, str] = dataclass_field(default_factory=dict)
    checks: Mapping[str, dict[str, Any]] = dataclass_field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Identifies the ROM: the same study on the same inputs has the same one."""
        text = "\n".join([self.study, self.version, *(f"{k}={v}" for k, v in sorted(self.inputs.items()))])
        return sha256(text.encode()).hexdigest()[:32]


def assemble(
    collection: Collection, reductions: Sequence[Reduction], cases: Mapping[str, Case] | None = None,
    provenance: Provenance | None = None,
) -> Rom:
    """The ROM of these bases, one cluster each, on the union of their points. Collective.

    Its manifest has the relative errors of each approximation on the snapshots of its basis, the largest of all bases.

    Parameters
    ----------
    reductions : where there are several, they share the liftings and dual fields of one (`reduce` with `common`).
    cases : to store with the ROM, besides the runs that it was trained with, by their names.
    """
    training, pieces, duals = collection.training, collection.pieces, reductions[0].duals
    if any(one.duals is not duals for one in reductions):
        raise ValueError("the bases of one ROM share liftings and dual fields: reduce(..., local=...)")
    spans = training.spans(Rows(np.max([one.rows.weights for one in reductions], axis=0)))
    with collection.stages.stage("gappy POD"):
        chosen = PointList.union([PointList(one.selection.pieces, one.selection.ips) for one in reductions])
        points = complete(chosen, duals, pieces)
        said = f"{plural(len(points) - len(chosen), 'point')} added for reconstruction"
        operators = _gappy_operators(training, duals, pieces, points)
        points, control = _control(collection, duals, points)
        collection.stages.say("gappy POD", f"{said}, {len(control.points)} for control" if control else said)
        selected = selected_points(training, pieces, points)
        temperature = temperature_at_points(training, pieces, points)
    with collection.stages.stage("assembly"):
        strains = [strains_at(training, one.basis, pieces, points) for one in reductions]
        first, n_mode = reductions[0], reductions[0].basis.n_mode
        terms = force_terms(training.model)
        rom = Rom(
            _manifest(collection, spans, provenance or Provenance()), training.model,
            _cases(spans, cases or {}), selected, tuple(term.label for term in terms),
            [LocalBasis(strain[:one.basis.n_mode], points.place(one.selection), one.loads[:, :one.basis.n_mode])
             for one, strain in zip(reductions, strains)],
            LiftingData(first.basis.lifting_names, strains[0][n_mode:], first.loads[:, n_mode:]), operators,
            replace(temperature, trained=trained_temperatures(training.runs, temperature)),
            density_terms={term.label: (term.load, term.material) for term in terms if term.material}, control=control)
        rom.manifest.errors = _errors(collection, reductions, rom, points)
    return rom


def _control(
    collection: Collection, duals: DualBases, points: PointList
) -> tuple[PointList, ControlPoints | None]:
    """The points, followed by those of control; drawn ones that are among the points already are left out."""
    training, pieces, n = collection.training, collection.pieces, collection.options.control_points
    fields = [dual for dual in duals.fields if dual.name != "stress"]
    if not n or not fields:
        return points, None
    watched, own = sentinels(collection, [dual.name for dual in fields], n // SENTINELS)
    drawn, rule = draw(training, duals, pieces, n - len(watched), fields)
    everything = points.add(watched).add(drawn)
    weights = np.maximum(everything.place_values(drawn, rule), everything.place_values(watched, own))[len(points):]
    control = PointList(everything.pieces[len(points):], everything.ips[len(points):])
    bases = {dual.name: np.ascontiguousarray(modes_at(duals, dual.name, control, pieces).transpose(1, 0, 2))
             for dual in fields}
    return everything, ControlPoints(np.arange(len(points), len(everything)), weights, bases)


def _gappy_operators(
    training: TrainingSet, duals: DualBases, pieces: Pieces, points: PointList
) -> dict[str, GappyOperator]:
    """Least squares of each dual field at the selected points that have it."""
    tensors = {"stress"} | training.piece(pieces.mine[0]).points.tensor_variables() | {
        name for run in training.runs for name, spec in run.snapshots.fields.items() if spec.tensor}
    return {dual.name: gappy.operator_at(dual.name, modes_at(duals, dual.name, points, pieces).transpose(1, 0, 2),
                                         dual.name in tensors) for dual in duals.fields}


def _manifest(collection: Collection, spans: list[Span], provenance: Provenance) -> Manifest:
    first, options = collection.training.runs[0].snapshots, collection.options
    tolerances = {"cubature": options.cubature_tolerance, "dual fields": options.dual_tolerance}
    if options.pod_tolerance is not None:
        tolerances["pod"] = options.pod_tolerance
    return Manifest(
        provenance.fingerprint, provenance.study, provenance.version, str(collection.training.model.units),
        dict(provenance.inputs), tolerances, {}, [], collection.dual.volume, first.n_node_total, first.n_cell_total,
        collection.dual.n_ip, _trained_ranges(collection.training, spans),
        _trained_parameters(collection.training, spans), _pace(collection.training, spans),
        checks=dict(provenance.checks))


def _pace(training: TrainingSet, spans: list[Span]) -> Pace:
    """How long steps and runs of the training are, and how much of each amplitude a step applies."""
    names = [*training.model.loads, *prescribed_names(training.model)]
    return pace_of((span.times, {name: evaluate(span.run.amplitudes[name], span.times) for name in names})
                   for span in spans)


def _trained_ranges(training: TrainingSet, spans: list[Span]) -> dict[str, tuple[float, float]]:
    """Lowest and highest amplitude of each load and prescribed constraint over the training cases.

    At the times of the cases, which begin with the initial one: some solvers do not write it.
    """
    found = {name: np.concatenate([evaluate(span.run.amplitudes[name], span.times) for span in spans])
             for name in [*training.model.loads, *prescribed_names(training.model)]}
    return {name: (float(values.min()), float(values.max())) for name, values in found.items()}


def _trained_parameters(training: TrainingSet, spans: list[Span]) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each parameter over the training cases."""
    return {name: (min(values), max(values)) for name in parameters_of(training.model.materials)
            if (values := [span.run.parameters[name] for span in spans])}


def _cases(spans: list[Span], cases: Mapping[str, Case]) -> dict[str, Case]:
    """The study's cases, and each training run as a case of its name."""
    result = {span.run.name: Case(times=Times(values=tuple(span.times.tolist())), amplitudes=dict(span.run.amplitudes),
                                  parameters=span.run.parameters, description=TRAINING_RUN) for span in spans}
    clash = sorted(set(result) & set(cases))
    if clash:
        raise InputError("a case has the name of a training run", place=f"[cases.{clash[0]}]",
                         remedy="give the case, or the training run, another name")
    return result | dict(cases)


def _errors(
    collection: Collection, reductions: Sequence[Reduction], rom: Rom, points: PointList
) -> dict[str, float]:
    # Never a set: each entry is a collective, and the order of a set differs between processes.
    names = list(dict.fromkeys(["stress", *rom.gappy]))
    snapshots = {name: snapshots_at(collection, name, points) for name in names}
    errors: dict[str, float] = {}
    for reduction, cluster in zip(reductions, rom.clusters):
        for quantity, error in _errors_of(collection, reduction, cluster, rom, snapshots).items():
            errors[quantity] = max(error, errors.get(quantity, 0.0))
    return errors


def _errors_of(
    collection: Collection, reduction: Reduction, cluster: LocalBasis, rom: Rom, snapshots: dict[str, np.ndarray]
) -> dict[str, float]:
    """Of one basis. snapshots : by field, (n_point, n_snapshot, n_comp)."""
    basis, selection, reference, rows = reduction.basis, reduction.selection, reduction.reference, reduction.rows.kept
    errors = {"POD of displacement": basis.decomposition.truncation_error,
              "cubature on its training set": selection.error}
    if basis.n_lift:
        errors["liftings at the prescribed dofs"] = basis.lifting_error
    strains = np.concatenate([cluster.strain_modes, rom.lifting.strains])
    forces = np.einsum("p,psi,kpi->sk", cluster.weights, snapshots["stress"], strains, optimize=True)[rows]
    exact = generalised_forces(collection, basis)[rows] @ reference.scaling.T
    errors["cubature on the snapshots"] = _ratio(np.linalg.norm(forces @ reference.scaling.T - exact),
                                                 reference.of(float(np.linalg.norm(exact))))
    errors["volume"] = abs(cluster.weights.sum() - rom.manifest.volume) / rom.manifest.volume
    for dual in reduction.duals.fields:
        operator = rom.gappy[dual.name]
        values = snapshots[dual.name][operator.points].transpose(1, 0, 2)
        fitted = values.reshape(len(values), -1) @ operator.operator.T
        errors[f"POD of {dual.name}"] = dual.decomposition.truncation_error
        errors[f"gappy POD of {dual.name}"] = _error_of(dual, fitted)
    return errors


def _error_of(dual: DualField, fitted: np.ndarray) -> float:
    """On the snapshots that its modes are made of. fitted : (n_snapshot, n_dual)."""
    rows = dual.rows.kept
    return field_error(fitted[rows], dual.coordinates[rows], dual.norms[rows])


def field_error(found: np.ndarray, coordinates: np.ndarray, norms: np.ndarray) -> float:
    """max_t ||Psi found - field||_L2 / max_t ||field||_L2 from coordinates (n_snapshot, n_mode) in orthonormal modes.

    Pythagoras: the distance within the modes, and what the modes leave out of the field, whose norms are given.
    """
    outside = np.maximum(norms**2 - np.einsum("sk,sk->s", coordinates, coordinates), 0.0)
    inside = np.einsum("sk,sk->s", found - coordinates, found - coordinates)
    return _ratio(float(np.sqrt((inside + outside).max())), float(norms.max()))


def _ratio(a: float | np.floating, b: float | np.floating) -> float:
    return float(a / b) if b > 0 else 0.0
