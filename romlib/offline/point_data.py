"""What the snapshots, the modes and the temperatures are at points that were selected. Collective."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from romlib.archive.rom import SelectedPoints, TemperatureAtPoints
from romlib.mesh.kinematics import padded
from romlib.offline.collect import Collection
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.points import PointList, at_points
from romlib.offline.training import TrainingSet, blocks
from romlib.parallel.pieces import Pieces


def strains_at(training: TrainingSet, basis: DisplacementBasis, pieces: Pieces, points: PointList) -> np.ndarray:
    """(n_mode + n_lift, n_point, 6)."""
    values = at_points(points, pieces, lambda piece, ips: basis.strains(training, piece)[:, ips].transpose(
        1, 0, 2))
    return np.ascontiguousarray(values.transpose(1, 0, 2))


def selected_points(training: TrainingSet, pieces: Pieces, points: PointList) -> SelectedPoints:
    """Which points of the solver's they are."""
    def identity(piece: int, ips: np.ndarray) -> np.ndarray:
        operators = training.piece(piece)
        operator = operators.operator
        return np.stack([operator.cell_ids[ips], operator.point_numbers[ips],
                         operators.points.material_index[ips]], axis=1)

    numbers = at_points(points, pieces, identity)
    coordinates = at_points(
        points, pieces, lambda piece, ips: padded(training.piece(piece).operator.coordinates[ips]))
    orientation = None
    if any(material.orientation is not None for material in training.model.materials.values()):
        orientation = at_points(points, pieces, lambda piece, ips: _axes(training, piece, ips))
    return SelectedPoints(numbers[:, 0], numbers[:, 1], coordinates, points.pieces.astype(np.int64),
                          points.ips.astype(np.int64), numbers[:, 2], orientation)


def _axes(training: TrainingSet, piece: int, ips: np.ndarray) -> np.ndarray:
    """Material axes (n, 3, 3); those of the coordinates in a piece without."""
    axes = training.piece(piece).points.orientation
    return np.tile(np.eye(3), (len(ips), 1, 1)) if axes is None else axes[ips]


def temperature_at_points(training: TrainingSet, pieces: Pieces, points: PointList) -> TemperatureAtPoints:
    """The temperature loads there, and what interpolates nodal temperatures."""
    names = [name for name, load in training.model.loads.items() if load.kind == "temperature"]

    def terms(piece: int, ips: np.ndarray) -> np.ndarray:
        terms = training.piece(piece).temperature_terms
        return np.stack([terms[name][ips] for name in names], axis=1)

    def initial(piece: int, ips: np.ndarray) -> np.ndarray:
        free = training.piece(piece).initial_temperature
        return np.full(len(ips), np.nan) if free is None else free[ips]

    def interpolation(piece: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        operators, here = training.piece(piece), np.flatnonzero(points.pieces == piece)
        rows = operators.operator.interpolation_matrix(points.ips[here]).tocoo()
        return here[rows.row], operators.mesh.node_ids[rows.col], rows.data

    parts = pieces.collect(interpolation, points.pieces).values()
    row, node, value = (np.concatenate(column) for column in zip(*parts))
    node_ids, column = np.unique(node, return_inverse=True)
    matrix = sparse.csr_matrix((value, (row, column)), shape=(len(points), len(node_ids)))
    start = at_points(points, pieces, initial)
    values = at_points(points, pieces, terms) if names else np.zeros((len(points), 0))
    return TemperatureAtPoints(
        dict(zip(names, np.ascontiguousarray(values.T))), None if np.isnan(start).any() else start, node_ids, matrix)


def snapshots_at(collection: Collection, field: str, points: PointList) -> np.ndarray:
    """A dual field of all snapshots at points, (n_point, n_snapshot, n_comp)."""
    history = collection.history

    def at(piece: int, ips: np.ndarray) -> np.ndarray:
        bytes_each = history.read(field, piece, slice(0, 1)).nbytes
        return np.concatenate([history.read(field, piece, rows)[:, ips]
                               for rows in blocks(collection.training.n_snapshot, bytes_each)]).transpose(1, 0, 2)
    return at_points(points, collection.pieces, at)
