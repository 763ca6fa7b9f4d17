"""The training set at a sample of the integration points, and sums over the whole model, in a fine basis.

Whoever has these makes ROMs of any of the snapshots (`romlib.offline.sampled_rom`) without another pass over the
pieces: modes, loads and exact integrals of such a ROM are combinations of what is here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.archive.rom import SelectedPoints, TemperatureAtPoints
from romlib.offline.collect import Collection
from romlib.offline.displacement import DisplacementBasis, reduce_displacement, reduce_loads
from romlib.offline.drawn import draw
from romlib.offline.energy import elastic_stiffness, with_energy
from romlib.offline.point_data import selected_points, snapshots_at, strains_at, temperature_at_points
from romlib.offline.points import PointList
from romlib.offline.reduce import Reduction
from romlib.offline.reduce_cubature import generalised_forces
from romlib.offline.rows import Rows

SIZE = 10000  # points besides those of the ROM
_FINER = 0.1  # of what the modes of the ROM leave out
_SMALLEST = 1e-10


@dataclass(frozen=True, eq=False)
class Sample:
    """The same on every rank.

    basis : displacement modes of all snapshots, finer than the ROM's. stiffness : between them and the liftings.
    loads : (n_force, n_mode + n_lift). forces : (n_snapshot, n_mode + n_lift), exact, of the stresses.
    points, temperature : the ROM's points, then the sample. strains : (n_mode + n_lift, n_point, 6).
    fields : by dual field, (n_snapshot, n_point, n_comp), NaN where no material has it. sampling : (n_point,), the
    weights of the sample as a rule for the model, zero at points of the ROM that were not drawn.
    """

    basis: DisplacementBasis
    stiffness: np.ndarray
    loads: np.ndarray
    forces: np.ndarray
    points: SelectedPoints
    temperature: TemperatureAtPoints
    strains: np.ndarray
    fields: dict[str, np.ndarray]
    sampling: np.ndarray


def take_sample(
    collection: Collection, reduction: Reduction, own: PointList, size: int = SIZE, finest: float | None = None
) -> Sample:
    """The points of a ROM, and at random others of all pieces, half evenly and half where the fields are. Collective.

    reduction : of the ROM. own : its points. finest : the smallest pod_tolerance of ROMs that are to be made of the
    sample; by default that of the reduction.
    """
    training, pieces, options = collection.training, collection.pieces, collection.options
    tolerance = max(_FINER * (finest or reduction.basis.decomposition.truncation_error), _SMALLEST)
    rows = training.rows_for("displacement", Rows.of(training.n_snapshot, None))
    basis = reduce_displacement(training, pieces, collection.displacement, rows, tolerance=tolerance,
                                norm=collection.pod_norm, liftings=reduction.basis.liftings)
    basis, stiffness = with_energy(basis, *elastic_stiffness(training, basis, pieces))
    others, rule = draw(training, reduction.duals, pieces, size)
    points = own.add(others)
    names = list(dict.fromkeys(["stress", *options.dual_fields]))
    return Sample(
        basis, stiffness, reduce_loads(training, basis, pieces), generalised_forces(collection, basis),
        selected_points(training, pieces, points), temperature_at_points(training, pieces, points),
        strains_at(training, basis, pieces, points),
        {name: np.ascontiguousarray(snapshots_at(collection, name, points).transpose(1, 0, 2)) for name in names},
        points.place_values(others, rule))
