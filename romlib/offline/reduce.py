"""One basis from the snapshots, or from some of them: modes, cubature, bases of the dual fields. In memory.

A local basis, one that leaves a snapshot out, and one of all snapshots are the same thing with other rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import partial

import numpy as np

from romlib.offline.collect import Collection
from romlib.offline.displacement import DisplacementBasis, reduce_displacement, reduce_loads
from romlib.offline.energy import elastic_stiffness, energy_scaling, with_energy
from romlib.offline.full_rom import add_rom_stresses, full_problem
from romlib.offline.options import OfflineOptions
from romlib.offline.points import PointList
from romlib.offline.reduce_cubature import CubatureStress, Reference, select_points, stress_energy
from romlib.offline.reduce_dual import DualBases, project_fields, reduce_fields
from romlib.offline.room import Modes
from romlib.offline.rows import Rows
from romlib.offline.selection import Selection, Wanted
from romlib.words import plural


@dataclass(frozen=True, eq=False)
class Common:
    """What the bases of one ROM share. liftings : (n_lift, n_snapshot), as combinations of the snapshots."""

    liftings: np.ndarray
    duals: DualBases


@dataclass(frozen=True, eq=False)
class Local:
    """What one of several bases of a ROM is made with.

    common : the liftings and dual fields of all. n_mode, points_per_mode : it has at least so many modes, and points
    for each of them, as far as its snapshots have them. points : those that the ROM has already; they are preferred.
    """

    common: Common
    n_mode: int = 1
    points_per_mode: int = 0
    points: PointList = dataclass_field(default_factory=PointList.none)


@dataclass(frozen=True, eq=False)
class Reduction:
    """One basis, and how well it does; the same on every rank but for what `duals` keeps of the rank's pieces.

    rows : the snapshots that it was made of, each for what its role allows (`romlib.offline.roles`).
    loads : (n_force, n_mode + n_lift). selection : points and weights; none after `reduce_modes`. reference : what
    errors of the cubature are relative to.
    """

    rows: Rows
    basis: DisplacementBasis
    loads: np.ndarray
    duals: DualBases
    selection: Selection
    reference: Reference

    @property
    def common(self) -> Common:
        """What other bases of the same ROM have in common with this one."""
        return Common(self.basis.liftings, self.duals)


def reduce(
    collection: Collection, rows: Sequence[float] | np.ndarray | None = None, local: Local | None = None
) -> Reduction:
    """The basis of some snapshots. Collective.

    Parameters
    ----------
    rows : mask or weights (n_snapshot,) of the snapshots, which count through the runs in order; by default all.
    local : where it is one of several bases of a ROM, which share liftings and bases of dual fields.

    Raises
    ------
    InputError : zero snapshots, dependent amplitudes, a boundary that does not move by them, no elastic energy.
    """
    training, options, pieces = collection.training, collection.options, collection.pieces
    chosen = Rows.of(training.n_snapshot, rows)
    shapes = training.rows_for("displacement", chosen)
    number, stages = collection.next_number(), collection.stages
    say = partial(stages.say, kept=local is None)
    with stages.stage("POD"):
        basis = reduce_displacement(
            training, pieces, collection.displacement, shapes, tolerance=options.pod_tolerance, n_mode=options.modes,
            norm=collection.pod_norm,
            liftings=None if local is None else local.common.liftings, least=None if local is None else local.n_mode)
        basis, stiffness = with_energy(basis, *elastic_stiffness(training, basis, pieces))
        pod = basis.decomposition
        say("POD", f"{plural(basis.n_mode, 'mode')} of {plural(len(shapes.kept), 'snapshot')}, "
                   f"error {pod.truncation_error:.1e}, {plural(pod.n_dropped, 'eigenvalue')} below rounding")
    with stages.stage("loads"):
        loads = reduce_loads(training, basis, pieces)
        say("loads", f"{len(loads)} reduced onto the modes")
    stresses = _stresses(collection, chosen, basis, loads, number)
    with stages.stage("dual modes"):
        fields = reduce_fields(collection, chosen) if local is None else local.common.duals.fields
        modes = stresses.pod(collection)
        need = collection.room.need(Modes(basis.n_mode + basis.n_lift, modes.n_mode,
                                          {field.name: field.decomposition.n_mode for field in fields}))
        collection.room.claim(need, need, stages.tell if local is None else lambda _: None)
        duals = project_fields(collection, fields, number) if local is None else local.common.duals
        stresses.project(collection, modes)
        say("dual modes", ", ".join(f"{field.decomposition.n_mode} of {field.name}" for field in fields))
    with stages.stage("cubature"):
        selection, reference = select_points(collection, basis, stiffness, stresses, _wanted(options, basis, local))
        say("cubature", f"{len(selection.weights)} of {collection.dual.n_ip} points, error "
                        f"{selection.error:.1e}{reference.in_words()}")
    if local is not None:
        stresses.forget()
    return Reduction(chosen, basis, loads, duals, selection, reference)


def reduce_modes(collection: Collection, rows: Sequence[float] | np.ndarray | None = None) -> Reduction:
    """The same without a cubature: what local bases share, where a basis of all snapshots is none of the ROM."""
    training, pieces, options, stages = (
        collection.training, collection.pieces, collection.options, collection.stages)
    chosen, number = Rows.of(training.n_snapshot, rows), collection.next_number()
    with stages.stage("POD"):
        basis = reduce_displacement(
            training, pieces, collection.displacement, training.rows_for("displacement", chosen),
            tolerance=options.pod_tolerance, n_mode=options.modes, norm=collection.pod_norm)
        basis, stiffness = with_energy(basis, *elastic_stiffness(training, basis, pieces))
    with stages.stage("loads"):
        loads = reduce_loads(training, basis, pieces)
    _ = collection.dual  # the replay comes first
    with stages.stage("dual modes"):
        fields = reduce_fields(collection, chosen)
        duals = project_fields(collection, fields, number)
        stages.say("dual modes", ", ".join(f"{field.decomposition.n_mode} of {field.name}" for field in fields))
    stress = stress_energy(collection, training.rows_for("cubature", chosen))
    return Reduction(chosen, basis, loads, duals, Selection.none(),
                     Reference(energy_scaling(stiffness, basis.n_mode), 0.0, stress))


def _wanted(options: OfflineOptions, basis: DisplacementBasis, local: Local | None) -> Wanted:
    if local is None:
        return Wanted(options.cubature_points)
    return Wanted(options.cubature_points, local.points_per_mode * basis.n_mode, local.points.pieces, local.points.ips)


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
