"""What is measured on one piece, in blocks of steps: memory is bounded by a piece times a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from romlib.blocks import blocks
from romlib.check.deviation import Deviation
from romlib.check.items import (
    NOT_CALLED,
    OF_REPLAYED_STRESS,
    OF_STORED_STRESS,
    REPLAYED_FORCE,
    STATE,
    STORED_FORCE,
    Findings,
)
from romlib.check.residual import PieceResidual, ResidualFile
from romlib.check.resolution import Resolution, precision_of
from romlib.check.solver_state import STATEV, names_of_statev, points_of_statev, split_statev
from romlib.errors import InputError, LawNotCalledError, RomlibError
from romlib.fem.piece import Piece
from romlib.fem.replay import PieceReplay
from romlib.laws.points import MaterialPoints
from romlib.loads.amplitudes import amplitude_of, evaluate
from romlib.loads.constraints import constrained_dofs, prescribed_displacement
from romlib.loads.temperature import temperature_at, temperature_terms
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.snapshots.reader import Snapshots
from romlib.words import plural

BLOCK_BYTES = 32 * 2**20  # of one field of one piece; a handful of them are in memory at a time


@dataclass
class PieceMeasures:
    """Deviations by measurement, why a measurement failed, and what else is measured on a piece."""

    deviations: dict[str, Deviation] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    volume: float = 0.0
    n_cell: int = 0
    internal_force_source: str | None = None
    residual: PieceResidual | None = None
    moved: float = 0.0
    resolution: Resolution = field(default_factory=Resolution)

    def of(self, name: str) -> Deviation:
        """The deviation of that name, made when first asked for."""
        return self.deviations.setdefault(name, Deviation())

    def worst(self) -> dict[str, float]:
        """The largest differences inside the piece, by the kinds of `romlib.check.causes.Sample`; NaN counts none."""
        left = 0.0 if self.residual is None else float(self.residual.norms.residual_max.max(initial=0.0))
        found = {kind: self.deviations[name].difference for kind, name in (
            ("stress", "stress"), ("force", "internal_force")) if name in self.deviations}
        return {kind: float(np.nan_to_num(size)) for kind, size in {
            **found, "equilibrium": left, "loads": left}.items()}

    def findings(self) -> Findings:
        """What the other ranks need to know."""
        return Findings(
            self.deviations, self.failures, self.volume, self.n_cell, self.internal_force_source,
            None if self.residual is None else self.residual.norms, self.moved, self.resolution)


class PieceCheck:
    """One piece of a snapshots file against a model.

    Parameters
    ----------
    snapshots, piece, mesh : the file, the number of the piece, and its mesh with the tags of the study.
    model : the model, completed by the study.
    """

    def __init__(self, snapshots: Snapshots, piece: int, mesh: Mesh, model: Model) -> None:
        self.snapshots, self.piece, self.mesh, self.model = snapshots, piece, mesh, model
        self.times = np.asarray(snapshots.times, dtype=float)
        self.measures = PieceMeasures(n_cell=mesh.n_cell)
        self.points: MaterialPoints | None = None
        self._fem = Piece(mesh, model)
        self._temperature_terms: dict[str, np.ndarray] = {}
        self._history: PieceReplay | None = None
        self._in_statev: list[str] = []

    def run(self, node_share: np.ndarray, scratch: ResidualFile, compared: ResidualFile) -> PieceMeasures:
        """Measure everything; what cannot be measured is in `failures` by name of the measurement.

        Parameters
        ----------
        node_share : (n_node,), see `romlib.loads.forces.node_share`.
        scratch : where the forces of shared nodes go. compared : where the internal ones that are compared go.
        """
        try:
            self.operator = self._fem.operator
        except InputError as error:  # what it cannot build on is a finding of the check, not a crash
            self.measures.failures["elements"] = f"piece {self.piece}: {error}"
            return self.measures
        self.measures.volume = float(self.operator.weights.sum())
        self._compared = compared
        index = np.full(self.mesh.n_node, -1) if self.mesh.shared_index is None else self.mesh.shared_index
        self._own, self._shared = np.flatnonzero(index < 0), np.flatnonzero(index >= 0)
        compared.open_piece(self.piece, index[self._shared], len(self.times))
        self._attempt("temperature", self._find_temperature)
        self._attempt("replay", self._start_replay)
        self.measures.internal_force_source = self._source_of_internal_force()
        if self.measures.internal_force_source is not None:
            self._attempt("equilibrium", self._start_residual, node_share, scratch)
        for steps in self.blocks():
            self._block(steps)
        return self.measures

    def blocks(self) -> Iterator[slice]:
        """Slices of steps, each of at most `BLOCK_BYTES` of the largest field."""
        width = max([6, *(self.points.variables().values() if self.points else ())])
        return blocks(len(self.times), 8 * width * max(self.operator.n_ip, self.mesh.n_node, 1), BLOCK_BYTES)

    def _attempt(self, measurement: str, function: Callable[..., None], *arguments: Any) -> None:
        """Do something that what the study or the file states can make impossible: then the measurement has failed."""
        try:
            function(*arguments)
        except LawNotCalledError as error:  # that says nothing of the computation
            self.measures.failures[NOT_CALLED] = str(error)
        except InputError as error:
            self.measures.failures[measurement] = str(error)

    def _find_temperature(self) -> None:
        self._temperature_terms = temperature_terms(self.model, self.mesh)

    def _start_replay(self) -> None:
        if self.model.materials:
            self._find_temperature()  # without it there is no replay
            self.points = self._fem.points
            if STATEV in self.snapshots.fields:
                self._in_statev = names_of_statev(self.points, self.snapshots.fields[STATEV].n_comp)
            self._history = self._fem.replay(self.model.amplitudes, ["stress", *(
                name for name in self.points.variables() if name in self.snapshots.fields or name in self._in_statev)])

    def _start_residual(self, node_share: np.ndarray, scratch: ResidualFile) -> None:
        self.measures.residual = PieceResidual(
            self.piece, self.mesh, self.model, self.operator, self.times, node_share, scratch)

    def _source_of_internal_force(self) -> str | None:
        if "internal_force" in self.snapshots.fields:
            return STORED_FORCE
        if "stress" in self.snapshots.fields:
            return OF_STORED_STRESS
        return None if self.points is None else OF_REPLAYED_STRESS

    def _block(self, steps: slice) -> None:
        measures, operator, stored = self.measures, self.operator, self.snapshots.fields
        displacement = self._read("displacement", steps)
        at_ip = partial(self._ip_place, steps)
        measures.moved = max(measures.moved, float(np.abs(displacement).max(initial=0.0)))
        self._resolve("displacement", displacement)
        strain = operator.strain(displacement)
        measures.of("strain size").add_size(strain, at_ip)
        if "strain" in stored:
            measures.of("strain").add(strain, self._read("strain", steps), at_ip)
        replayed = self._replay(strain, steps)
        for name, values in replayed.items():
            if name in stored and not (name == STATEV and self._in_statev):
                self._compare_replayed(name, values, steps)
        if replayed and self._in_statev:
            self._compare_statev(replayed, steps)
        self._attempt("constraints", self._compare_constraints, displacement, steps)
        self._attempt("temperature", self._compare_temperature, steps)
        stress = self._read("stress", steps) if "stress" in stored else replayed.get("stress")
        if stress is not None and "stress" in stored:
            self._resolve("stress", stress)
        force = None if stress is None else operator.internal_force(stress)
        if "internal_force" in stored:
            stored_force = self._read("internal_force", steps)
            if force is not None:
                again = operator.internal_force(replayed["stress"]) if "stress" in stored and "stress" in replayed \
                    else None
                self._compare_forces(stored_force, force, again, steps)
            force = stored_force
        if measures.residual is not None:
            if force is None:  # the replay failed on the way
                measures.residual = measures.internal_force_source = None
            else:
                measures.residual.add(steps, force)

    def _compare_forces(
        self, stored: np.ndarray, computed: np.ndarray, replayed: np.ndarray | None, steps: slice
    ) -> None:
        """Internal forces (n_step, n_node, d) at the nodes of this piece alone; the others are kept to be added up.

        replayed : of the replayed stress, where `computed` is of a stored one.
        """
        own, shared = self._own, self._shared
        for name, force in (("internal_force", computed), (REPLAYED_FORCE, replayed)):
            if force is not None:
                self.measures.of(name).add(force[:, own], stored[:, own], lambda step, k: self._node_place(
                    steps, step, own[k]))
        kinds = (stored, computed, computed if replayed is None else replayed)
        self._compared.write(self.piece, steps.start, np.stack([one[:, shared] for one in kinds], axis=2))

    def _resolve(self, name: str, values: np.ndarray) -> None:
        """What the digits of a stored field (n_step, n, n_comp) resolve, at the time at which it is largest."""
        size = np.abs(np.nan_to_num(values)).max(axis=(1, 2), initial=0.0)
        largest = values[int(size.argmax())]
        precision = precision_of(largest, self.snapshots.fields[name].dtype)
        if precision is None:
            return
        if name == "stress":
            self.measures.resolution.add_stress(precision, largest, self.operator)
            return
        self.measures.resolution.add_displacement(precision, largest, self.operator, self._tangent)

    @cached_property
    def _tangent(self) -> np.ndarray | None:
        """Tangent of the virgin state; None without a law, or where one cannot give it, which the replay will say."""
        if self.points is None or "replay" in self.measures.failures:
            return None
        try:
            return self._fem.virgin_tangent()
        except RomlibError:
            return None

    def _read(self, name: str, steps: slice) -> np.ndarray:
        values = np.asarray(self.snapshots.read(name, self.piece, steps), dtype=float)
        return values.reshape(*values.shape[:2], -1)

    def _compare_replayed(self, name: str, values: np.ndarray, steps: slice) -> None:
        assert self.points is not None
        stored = self._read(name, steps)
        if stored.shape != values.shape:
            self.measures.failures[STATE + name] = (
                f"the law's variable has {plural(values.shape[2], 'component')}, the stored field {stored.shape[2]}")
            return
        if name == "stress":
            self.measures.of("stress").add(values, stored, partial(self._ip_place, steps))
            return
        ips = np.flatnonzero(self.points.mask(name))
        self.measures.of(STATE + name).add(
            values[:, ips], stored[:, ips], lambda step, k: self._ip_place(steps, step, ips[k]))

    def _compare_statev(self, replayed: dict[str, np.ndarray], steps: slice) -> None:
        """State variables against those in the solver's own list."""
        assert self.points is not None
        found, wrong = split_statev(self.points, self._read(STATEV, steps))
        if wrong is not None:
            self.measures.failures[STATE + STATEV] = wrong
        for name, stored in found.items():
            ips = points_of_statev(self.points, name)
            self.measures.of(STATE + name).add(
                replayed[name][:, ips], stored[:, ips],
                lambda step, k, ips=ips: self._ip_place(steps, step, ips[k]))  # type: ignore[misc]

    def _replay(self, strain: np.ndarray, steps: slice) -> dict[str, np.ndarray]:
        """Stress and state variables (n_step, n_ip, n_comp) of the next block; empty once the replay has failed."""
        if self._history is None or "replay" in self.measures.failures:
            return {}
        try:
            return self._history.block(self.times[steps], strain)
        except RomlibError as error:
            self.measures.failures["replay"] = str(error)
            return {}

    def _compare_constraints(self, displacement: np.ndarray, steps: slice) -> None:
        """Displacement of fixed and prescribed dofs against their values."""
        for name, constraint in self.model.constraints.items():
            if constraint.kind in ("linear", "cyclic"):
                continue
            nodes, axes = constrained_dofs(name, constraint, self.mesh)
            found = displacement[:, nodes][:, :, axes]
            if constraint.normal is not None:
                normal = np.array(constraint.normal)[axes] / np.linalg.norm(constraint.normal)
                found = found @ normal[:, None]
            wanted = np.zeros_like(found)
            if constraint.kind == "prescribed":
                factor = evaluate(amplitude_of(self.model, name), self.times[steps])
                wanted = factor[:, None, None] * prescribed_displacement(name, constraint, self.mesh)
            self.measures.of("constraints").add(
                wanted, found, lambda step, k, nodes=nodes, name=name:  # type: ignore[misc]
                f"constraint {name!r}, " + self._node_place(steps, step, nodes[k]))
        if "constraints" in self.measures.deviations and displacement.size:
            self.measures.of("constraints").refer(float(np.linalg.norm(displacement, axis=-1).max()))

    def _compare_temperature(self, steps: slice) -> None:
        if "temperature" not in self.snapshots.fields:
            return
        nodal = temperature_at(self._temperature_terms, self.model.amplitudes, self.times[steps])
        if nodal is not None:
            self.measures.of("temperature").add(
                nodal[..., None], self._read("temperature", steps), partial(self._node_place, steps))

    def _ip_place(self, steps: slice, step: int, ip: int) -> str:
        cell = self.operator.cell_ids[ip]
        return (f"cell {int(cell)}, integration point {int(self.operator.point_numbers[ip])}, "
                f"t = {self.times[steps][step]:.6g}")

    def _node_place(self, steps: slice, step: int, node: int) -> str:
        return f"node {int(self.mesh.node_ids[node])}, t = {self.times[steps][step]:.6g}"
