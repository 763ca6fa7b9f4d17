"""A ROM of some of the snapshots on the points of a sample: what the whole offline stage would give, but cheap.

Its modes are those of the chosen snapshots, its cubature and its points of reconstruction are chosen among the sample,
against integrals over the whole model. In memory, without any pass over the pieces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from romlib.archive.indicator import Indicator
from romlib.archive.manifest import Manifest
from romlib.archive.rom import (
    ControlPoints,
    GappyOperator,
    LiftingData,
    LocalBasis,
    Rom,
    SelectedPoints,
    TemperatureAtPoints,
)
from romlib.loads.forces import force_terms
from romlib.offline import gappy
from romlib.offline.collect import Collection
from romlib.offline.cubature import FINER, Cubature, compression, select
from romlib.offline.energy import energy_scaling
from romlib.offline.options import OfflineOptions
from romlib.offline.pod import Pod, pod
from romlib.offline.reduce import Reduction
from romlib.offline.roles import purpose_of
from romlib.offline.rows import Rows
from romlib.offline.sample import Sample
from romlib.offline.selection import PieceIntegrands, Wanted
from romlib.offline.sketch import LARGE, most_points, sketched
from romlib.offline.thermal import trained_temperatures


@dataclass(frozen=True, eq=False)
class Judged:
    """What errors of a ROM in one field are measured by, without building the field.

    coordinates : (n_snapshot, n) of all snapshots in the orthonormal modes. norms : (n_snapshot,) in L2, of what the
    modes stand for. sizes : (n_snapshot,), of the whole field, which errors are relative to. kept : of its training.
    """

    coordinates: np.ndarray
    norms: np.ndarray
    sizes: np.ndarray
    kept: np.ndarray

    def errors(self, found: np.ndarray, rows: slice) -> tuple[np.ndarray, np.ndarray, float]:
        """L2 norms of the error and of the exact field at `rows`, and the largest of the ROM's training.

        found : (n, n_mode), the ROM's coordinates.
        """
        exact, norms = self.coordinates[rows], self.norms[rows]
        outside = np.maximum(norms**2 - np.einsum("sk,sk->s", exact, exact), 0.0)
        inside = np.einsum("sk,sk->s", found - exact, found - exact)
        return np.sqrt(inside + outside), self.sizes[rows], float(self.sizes[self.kept].max())

    def left(self, rows: slice) -> float:
        """The largest L2 norm of what the modes leave out of the snapshots at `rows`."""
        exact = self.coordinates[rows]
        return float(np.sqrt(np.maximum(self.norms[rows]**2 - np.einsum("sk,sk->s", exact, exact), 0.0).max()))


@dataclass(frozen=True, eq=False)
class SampledRom:
    """A ROM of some snapshots, with sizes and without factors. judged : by "displacement" and dual field."""

    rom: Rom
    indicator: Indicator
    judged: dict[str, Judged]


def sampled_rom(
    collection: Collection, reduction: Reduction, sample: Sample, rows: Rows, control: ControlPoints | None = None,
    options: OfflineOptions | None = None,
) -> SampledRom:
    """The ROM of some of the snapshots, on one rank alone.

    reduction : of the ROM of all snapshots, whose liftings this one shares. control : its points of control, which this
    one has too. options : with the tolerances of this one; by default those of the collection.

    Raises
    ------
    InputError : the snapshots are zero.
    """
    options = collection.options if options is None else options
    basis, stiffness, judged = displacement_modes(collection, reduction, sample, rows, options)
    n_mode = basis.shape[1] - reduction.basis.n_lift
    strains = np.tensordot(basis.T, sample.strains, axes=1)
    free = sample.sampling > 0.0  # points of the ROM that were not drawn are better than what chance gives
    if control is not None:
        free[control.points] = False
    cubature = _cubature(collection, reduction, sample, rows, basis, strains, energy_scaling(stiffness, n_mode), free,
                         options)
    duals = {name: found for name in options.dual_fields
             if (found := _dual(collection, sample, rows, name, options.dual_tolerance)) is not None}
    held = np.zeros(0, dtype=np.int64) if control is None else control.points
    fitted = _complete(collection, cubature.points, {name: modes for name, (modes, _) in duals.items()}, free)
    operators = {name: gappy.operator_at(name, modes[:, fitted]) for name, (modes, _) in duals.items()}
    chosen = np.concatenate([fitted, held])
    weights = np.zeros(len(chosen))
    weights[:len(cubature.points)] = cubature.weights
    own = None if control is None else ControlPoints(
        np.arange(len(fitted), len(chosen)), control.weights,
        {name: modes[:, held] for name, (modes, _) in duals.items() if name in control.bases})
    loads = sample.loads @ basis
    terms = force_terms(collection.training.model)
    temperature = _at(sample.temperature, chosen)
    runs = [run for run, start, stop in zip(collection.training.runs, collection.training.offsets,
                                            collection.training.offsets[1:]) if rows.weights[start:stop].any()]
    points = SelectedPoints(**{name: getattr(sample.points, name)[chosen] for name in (
        "cell_ids", "numbers", "coordinates", "pieces", "ips", "material_index")},
        orientation=None if sample.points.orientation is None else sample.points.orientation[chosen])
    at = strains[:, chosen]
    rom = Rom(Manifest(""), collection.training.model, {}, points, tuple(term.label for term in terms),
              [LocalBasis(at[:n_mode], weights, loads[:, :n_mode])],
              LiftingData(reduction.basis.lifting_names, at[n_mode:], loads[:, n_mode:]), operators,
              replace(temperature, trained=trained_temperatures(runs, temperature)),
              density_terms={term.label: (term.load, term.material) for term in terms if term.material}, control=own)
    largest: dict[str, tuple[float, ...]] = {
        name: (largest_size(operator, sample.fields[name][:, chosen][rows.kept], weights),)
        for name, operator in operators.items()}
    norms = {name: float(one.sizes[rows.kept].max()) for name, (_, one) in duals.items()}
    return SampledRom(rom, Indicator(largest=largest, norms=norms, factors={}),
                      {"displacement": judged, **{name: one for name, (_, one) in duals.items()}})


def largest_size(operator: GappyOperator, values: np.ndarray, weights: np.ndarray) -> float:
    """The largest |x|_w of snapshots (n_snapshot, n_point, n_comp)."""
    here = values[:, operator.points]
    return float(np.sqrt((here**2 * weights[operator.points][None, :, None]).sum(axis=(1, 2)).max()))


def displacement_modes(
    collection: Collection, reduction: Reduction, sample: Sample, rows: Rows, options: OfflineOptions
) -> tuple[np.ndarray, np.ndarray, Judged]:
    """Modes and liftings as combinations of the sample's, (n, n_mode + n_lift); their stiffness; the coordinates."""
    fine = sample.basis
    tolerance = options.pod_tolerance or max(reduction.basis.decomposition.truncation_error, 1e-12)
    shapes = collection.training.rows_for("displacement", rows)
    weighed = fine.coordinates
    if options.pod_norm == "energy":
        weighed = fine.coordinates @ sample.stiffness[:fine.n_mode, :fine.n_mode]
    found = pod(shapes.gram(weighed @ fine.coordinates.T), tolerance=tolerance)
    modes = np.linalg.qr(fine.coordinates.T @ shapes.spread(found.combination))[0]
    basis = linalg.block_diag(modes, np.eye(fine.n_lift))
    coordinates = fine.coordinates @ modes
    return basis, basis.T @ sample.stiffness @ basis, Judged(coordinates, fine.remainders, fine.norms, shapes.kept)


def _cubature(
    collection: Collection, reduction: Reduction, sample: Sample, rows: Rows, basis: np.ndarray, strains: np.ndarray,
    scaling: np.ndarray, free: np.ndarray, options: OfflineOptions,
) -> Cubature:
    """Among the points of the sample that are free, against the integrals over the whole model."""
    gram = collection.dual.grams["stress"]
    finer = options.cubature_tolerance * FINER
    stress = pod(rows.gram(gram), tolerance=finer, field="stress")
    combination = rows.spread(stress.combination) * stress.singular_values
    integrands = PieceIntegrands(np.tensordot(combination.T, sample.fields["stress"], axes=1),
                                 np.tensordot(scaling, strains, axes=1), sample.sampling, sample.sampling)
    n, exact = integrands.n_integrand, (combination.T @ sample.forces @ basis @ scaling.T).ravel()
    part, there = np.trace(rows.gram(gram)) / np.trace(gram), np.flatnonzero(free)

    def choose(columns: np.ndarray) -> tuple[Cubature, int]:
        target = exact @ columns
        scale = max(float(np.linalg.norm(target)), 0.1 * reduction.reference.stress * float(np.sqrt(part)))
        found = select(integrands.compressed(columns)[there], target, collection.dual.volume,
                       options.cubature_tolerance, scale=scale, combined=n > LARGE,
                       n_max=Wanted(options.cubature_points).at_most(most_points(columns) if n > LARGE else None).n_max)
        return replace(found, points=there[found.points]), len(found.points)

    if n > LARGE:
        return sketched(choose, n, len(reduction.selection.weights))
    return choose(_columns(integrands, finer))[0]


def _columns(integrands: PieceIntegrands, tolerance: float) -> np.ndarray:
    """V of `compression`, from the smaller of the two Gram matrices of the integrands."""
    n_point, n_integrand = len(integrands.positive), integrands.n_integrand
    values = integrands.values(slice(None)) * np.sqrt(integrands.positive)[:, None]
    if n_integrand <= n_point:
        return compression(values.T @ values, tolerance)
    left = compression(values @ values.T, tolerance)
    right = values.T @ left
    return np.asarray(linalg.qr(right, mode="economic")[0])


def dual_modes(
    collection: Collection, rows: Rows, name: str, tolerance: float
) -> tuple[np.ndarray, Judged] | None:
    """Modes of a dual field as combinations (n_snapshot, n_dual), and the coordinates; None where it is zero."""
    gram, rows = collection.dual.grams[name], collection.training.rows_for(purpose_of(name), rows)
    own = rows.gram(gram)
    if not np.trace(own) > 0.0:
        return None
    found: Pod = pod(own, tolerance=tolerance, field=name)
    combination = rows.spread(found.combination)
    norms = np.sqrt(np.maximum(np.diag(gram), 0.0))
    return combination, Judged(gram @ combination, norms, norms, rows.kept)


def _dual(
    collection: Collection, sample: Sample, rows: Rows, name: str, tolerance: float
) -> tuple[np.ndarray, Judged] | None:
    """Modes of a dual field at the sample, (n_dual, n_point, n_comp), and the coordinates; None where it is zero."""
    found = dual_modes(collection, rows, name, tolerance)
    return None if found is None else (np.tensordot(found[0].T, sample.fields[name], axes=1), found[1])


def _complete(
    collection: Collection, points: np.ndarray, duals: dict[str, np.ndarray], free: np.ndarray
) -> np.ndarray:
    """The points of the cubature, and those that gappy POD needs besides; positions in the sample.

    free : mask of those that may be taken.
    """
    for name, modes in duals.items():
        has = np.isfinite(modes[0, :, 0])
        there = np.flatnonzero(has & free)
        more = there[gappy.interpolation_points(modes[:, there])]
        everything = np.concatenate([points, more[~np.isin(more, points)]])
        with_field = everything[has[everything]]
        n_given = int(has[points].sum())
        n = gappy.complete_points(modes[:, with_field], n_given, collection.dual.volumes[name])
        points = everything[:len(points) + n]
    return points


def _at(temperature: TemperatureAtPoints, chosen: np.ndarray) -> TemperatureAtPoints:
    """The temperature at some of the points."""
    return TemperatureAtPoints(
        {name: term[chosen] for name, term in temperature.terms.items()},
        None if temperature.initial is None else temperature.initial[chosen], temperature.node_ids,
        temperature.matrix[chosen])
