"""Put a ROM together: what the online stage needs at the selected points, and what was achieved."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from romlib.archive.rom import (
    GappyOperator,
    LiftingData,
    LocalBasis,
    Manifest,
    Rom,
    SelectedPoints,
    TemperatureAtPoints,
)
from romlib.loads.forces import force_terms
from romlib.model import Case
from romlib.offline import gappy
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.dual import DualHistory
from romlib.offline.points import PointList, collect
from romlib.offline.quadrature import Selection
from romlib.offline.reduce_dual import DualField, DualStatistics, Reference, strain_modes
from romlib.offline.thermal import trained_temperatures
from romlib.offline.training import TrainingSet, blocks
from romlib.parallel.comm import Comm


@dataclass(frozen=True)
class Collected:
    """The pieces' data at the selected points, the same on every rank.

    strains : (n_point, n_mode + n_lift, 6). modes : by dual field, (n_point, n_dual, n_comp).
    snapshots : by dual field (and "stress"), (n_point, n_snapshot, n_comp).
    """

    points: SelectedPoints
    strains: np.ndarray
    modes: dict[str, np.ndarray]
    snapshots: dict[str, np.ndarray]
    temperature: TemperatureAtPoints


def collect_at_points(
    training: TrainingSet, history: DualHistory, basis: DisplacementBasis, duals: list[DualField],
    points: PointList, pieces: range, comm: Comm,
) -> Collected:
    """Gather everything that the ROM stores of its points. Collective."""
    def strains(piece: int, ips: np.ndarray) -> np.ndarray:
        return strain_modes(training, basis, piece)[:, ips].transpose(1, 0, 2)

    def identity(piece: int, ips: np.ndarray) -> np.ndarray:
        operators = training.piece(piece)
        operator = operators.operator
        return np.stack([operator.cell_ids[ips], operator.point_numbers[ips],
                         operators.points.material_index[ips]], axis=1)

    def snapshots(field: str) -> np.ndarray:
        def at(piece: int, ips: np.ndarray) -> np.ndarray:
            bytes_each = history.read(field, piece, slice(0, 1)).nbytes
            return np.concatenate([history.read(field, piece, rows)[:, ips]
                                   for rows in blocks(training.n_snapshot, bytes_each)]).transpose(1, 0, 2)
        return collect(points, pieces, comm, at)

    numbers = collect(points, pieces, comm, identity)
    coordinates = collect(points, pieces, comm, lambda p, ips: training.piece(p).operator.coordinates[ips])
    selected = SelectedPoints(numbers[:, 0], numbers[:, 1], coordinates, points.pieces.astype(np.int64),
                              points.ips.astype(np.int64), numbers[:, 2])
    return Collected(
        selected, collect(points, pieces, comm, strains),
        {dual.name: modes_at(history, dual.name, points, pieces, comm) for dual in duals},
        # Never a set: each entry is a collective, and the order of a set differs between processes.
        {name: snapshots(name) for name in dict.fromkeys(["stress", *(dual.name for dual in duals)])},
        _temperature(training, points, pieces, comm))


def modes_at(history: DualHistory, field: str, points: PointList, pieces: range, comm: Comm) -> np.ndarray:
    """Modes of a dual field at points, (n_point, n_dual, n_comp). Collective."""
    return collect(points, pieces, comm, lambda piece, ips: history.scratch.read(
        f"{piece}/modes/{field}", slice(None))[:, ips].transpose(1, 0, 2))


def _temperature(training: TrainingSet, points: PointList, pieces: range, comm: Comm) -> TemperatureAtPoints:
    names = [name for name, load in training.model.loads.items() if load.kind == "temperature"]

    def terms(piece: int, ips: np.ndarray) -> np.ndarray:
        terms = training.piece(piece).temperature_terms
        return np.stack([terms[name][ips] for name in names], axis=1)

    def initial(piece: int, ips: np.ndarray) -> np.ndarray:
        free = training.piece(piece).initial_temperature
        return np.full(len(ips), np.nan) if free is None else free[ips]

    own = {}
    with comm.agreement():
        for piece in pieces:
            here = np.flatnonzero(points.pieces == piece)
            if len(here):
                operators = training.piece(piece)
                rows = operators.operator.interpolation_matrix(points.ips[here]).tocoo()
                own[piece] = here[rows.row], operators.mesh.node_ids[rows.col], rows.data
    parts = [part for rank in comm.allgather(own) for part in rank.values()]
    row, node, value = (np.concatenate([part[k] for part in parts]) for k in range(3))
    node_ids, column = np.unique(node, return_inverse=True)
    matrix = sparse.csr_matrix((value, (row, column)), shape=(len(points), len(node_ids)))
    start = collect(points, pieces, comm, initial)
    values = collect(points, pieces, comm, terms) if names else np.zeros((len(points), 0))
    return TemperatureAtPoints(
        dict(zip(names, np.ascontiguousarray(values.T))), None if np.isnan(start).any() else start, node_ids, matrix)


def gappy_operators(collected: Collected, duals: list[DualField], tensors: set[str]) -> dict[str, GappyOperator]:
    """Least squares of each dual field at the selected points that have it."""
    result = {}
    for dual in duals:
        there = np.flatnonzero(np.isfinite(collected.modes[dual.name][:, 0, 0]))
        modes = collected.modes[dual.name][there].transpose(1, 0, 2)
        result[dual.name] = GappyOperator(
            dual.name, dual.n_comp, there, gappy.operator(modes), modes.reshape(len(modes), -1), dual.name in tensors)
    return result


def assemble(
    training: TrainingSet, basis: DisplacementBasis, loads: np.ndarray, selection: Selection, collected: Collected,
    duals: list[DualField], cases: dict[str, Case], manifest: Manifest,
) -> Rom:
    """The ROM, with one cluster. loads : (n_force, n_mode + n_lift)."""
    model, n_mode = training.model, basis.n_mode
    terms = force_terms(model)
    weights = np.zeros(collected.points.n_point)
    weights[: len(selection.weights)] = selection.weights
    strains = np.ascontiguousarray(collected.strains.transpose(1, 0, 2))
    tensors = {"stress"} | {
        name for run in training.runs for name, spec in run.snapshots.fields.items() if spec.tensor}
    tensors |= training.piece(0).points.tensor_variables()
    return Rom(
        manifest, model, cases, collected.points, tuple(term.label for term in terms),
        [LocalBasis(strains[:n_mode], weights, loads[:, :n_mode])],
        LiftingData(basis.lifting_names, strains[n_mode:], loads[:, n_mode:]),
        gappy_operators(collected, duals, tensors),
        replace(collected.temperature, trained=trained_temperatures(training, collected.temperature)),
        density_terms={term.label: (term.load, term.material) for term in terms if term.material})


def offline_errors(
    basis: DisplacementBasis, selection: Selection, reference: Reference, collected: Collected,
    duals: list[DualField], rom: Rom, statistics: DualStatistics,
) -> dict[str, float]:
    """Relative errors of each approximation on the training snapshots themselves."""
    errors = {"POD of displacement": basis.decomposition.truncation_error,
              "cubature on its training set": selection.error}
    if basis.n_lift:
        errors["liftings at the prescribed dofs"] = basis.lifting_error
    weights = rom.clusters[0].weights
    stress = collected.snapshots["stress"]
    forces = np.einsum("p,psi,pki->sk", weights, stress, collected.strains, optimize=True)
    exact = statistics.forces @ reference.scaling.T
    errors["cubature on the snapshots"] = _ratio(np.linalg.norm(forces @ reference.scaling.T - exact),
                                                 reference.of(float(np.linalg.norm(exact))))
    errors["volume"] = abs(weights.sum() - statistics.volume) / statistics.volume
    for dual in duals:
        operator = rom.gappy[dual.name]
        values = collected.snapshots[dual.name][operator.points].transpose(1, 0, 2)
        fitted = values.reshape(len(values), -1) @ operator.operator.T
        errors[f"POD of {dual.name}"] = dual.decomposition.truncation_error
        errors[f"gappy POD of {dual.name}"] = field_error(fitted, dual.coordinates, dual.norms)
    return errors


def field_error(found: np.ndarray, coordinates: np.ndarray, norms: np.ndarray) -> float:
    """max_t ||Psi found - field||_L2 / max_t ||field||_L2 from coordinates (n_snapshot, n_mode) in orthonormal modes.

    Pythagoras: the distance within the modes, and what the modes leave out of the field, whose norms are given.
    """
    outside = np.maximum(norms**2 - np.einsum("sk,sk->s", coordinates, coordinates), 0.0)
    inside = np.einsum("sk,sk->s", found - coordinates, found - coordinates)
    return _ratio(float(np.sqrt((inside + outside).max())), float(norms.max()))


def _ratio(a: float | np.floating, b: float | np.floating) -> float:
    return float(a / b) if b > 0 else 0.0
