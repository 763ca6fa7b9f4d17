"""One basis from the snapshots, or from some of them: modes, cubature, bases of the dual fields. In memory.

A local basis, one that leaves a snapshot out, and one of all snapshots are the same thing with other rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from romlib.offline.collect import Collection
from romlib.offline.displacement import DisplacementBasis, reduce_displacement, reduce_loads
from romlib.offline.energy import elastic_stiffness, with_energy
from romlib.offline.full_rom import add_rom_stresses, full_problem
from romlib.offline.reduce_cubature import CubatureStress, Reference, select_points
from romlib.offline.reduce_dual import DualBases, project_fields, reduce_fields
from romlib.offline.room import Modes
from romlib.offline.rows import Rows
from romlib.offline.selection import Selection
from romlib.words import plural


@dataclass(frozen=True, eq=False)
class Reduction:
    """One basis, and how well it does; the same on every rank but for what `duals` keeps of the rank's pieces.

    rows : the snapshots that it was made of, each for what its role allows (`romlib.offline.roles`).
    loads : (n_force, n_mode + n_lift). selection : points and weights. reference : what errors of the cubature are
    relative to.
    """

    rows: Rows
    basis: DisplacementBasis
    loads: np.ndarray
    duals: DualBases
    selection: Selection
    reference: Reference


def reduce(
    collection: Collection, rows: Sequence[float] | np.ndarray | None = None, common: Reduction | None = None
) -> Reduction:
    """The basis of some snapshots. Collective.

    Parameters
    ----------
    rows : mask or weights (n_snapshot,) of the snapshots, which count through the runs in order; by default all.
    common : the reduction whose liftings and bases of dual fields this one shares, as the local bases of one ROM do.

    Raises
    ------
    InputError : zero snapshots, dependent amplitudes, a boundary that does not move by them, no elastic energy.
    """
    training, options, pieces = collection.training, collection.options, collection.pieces
    chosen = Rows.of(training.n_snapshot, rows)
    shapes = training.rows_for("displacement", chosen)
    number, stages = collection.next_number(), collection.stages
    with stages.stage("POD"):
        basis = reduce_displacement(
            training, pieces, collection.displacement, shapes, tolerance=options.pod_tolerance, n_mode=options.modes,
            liftings=None if common is None else common.basis.liftings)
        basis, stiffness = with_energy(basis, *elastic_stiffness(training, basis, pieces))
        pod = basis.decomposition
        stages.say("POD", f"{plural(basis.n_mode, 'mode')} of {plural(len(shapes.kept), 'snapshot')}, "
                          f"error {pod.truncation_error:.1e}, {plural(pod.n_dropped, 'eigenvalue')} below rounding")
    with stages.stage("loads"):
        loads = reduce_loads(training, basis, pieces)
        stages.say("loads", f"{len(loads)} reduced onto the modes")
    stresses = _stresses(collection, chosen, basis, loads, number)
    with stages.stage("dual modes"):
        fields = reduce_fields(collection, chosen) if common is None else common.duals.fields
        modes = stresses.pod(collection)
        need = collection.room.need(Modes(basis.n_mode + basis.n_lift, modes.n_mode,
                                          {field.name: field.decomposition.n_mode for field in fields}))
        collection.room.claim(need, need, stages.tell)
        duals = project_fields(collection, fields, number) if common is None else common.duals
        stresses.project(collection, modes)
        stages.say("dual modes", ", ".join(f"{field.decomposition.n_mode} of {field.name}" for field in fields))
    with stages.stage("cubature"):
        selection, reference = select_points(collection, basis, stiffness, stresses)
        stages.say("cubature", f"{len(selection.weights)} of {collection.dual.n_ip} points, error "
                               f"{selection.error:.1e}{reference.in_words()}")
    return Reduction(chosen, basis, loads, duals, selection, reference)


def _stresses(
    collection: Collection, rows: Rows, basis: DisplacementBasis, loads: np.ndarray, number: int
) -> CubatureStress:
    """The stresses that the cubature is trained with."""
    _ = collection.dual  # the replay comes first
    options = collection.options
    stresses = CubatureStress(collection.history, collection.training.rows_for("cubature", rows), number)
    if options.cubature_training != "snapshots":
        with collection.stages.stage("full-integration ROM"):
            problem = full_problem(collection.training, basis, loads, collection.pieces)
            evaluations = add_rom_stresses(
                collection.training, problem, stresses, rows, iterates=options.cubature_training == "iterates")
            said = f"{plural(int(evaluations.sum()), 'evaluation')} over {plural(len(evaluations), 'run')}"
            collection.stages.say("full-integration ROM", said)
    return stresses
