"""The discrete problem: forces, tangent and constraints over all ranks, at a trial displacement of its nodes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from romlib.fullorder.assembly import Assembly
from romlib.fullorder.axis import warn_of_a_free_axis
from romlib.fullorder.constraints import Constraints
from romlib.fullorder.hourglass import has_reduced_rules, unseen_motion
from romlib.fullorder.linear import LinearSolver
from romlib.fullorder.loose import loose_nodes, refuse_loads_on
from romlib.fullorder.mechanisms import refuse_mechanisms
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.piece import SolvedPiece
from romlib.fullorder.relations import relations_of
from romlib.fullorder.rigid import refuse_free_motions
from romlib.fullorder.state import State
from romlib.laws.points import PointsResult
from romlib.loads.amplitudes import amplitude_of, evaluate
from romlib.loads.forces import force_factor, force_names, node_share, presence
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.pieces import Pieces

Temperatures = dict[int, np.ndarray | None]


@dataclass(eq=False)
class Evaluation:
    """Trials of this rank's pieces; internal force (n_owned, d), d the dimension of the mesh; over all ranks:
    points that failed, factor of dt.
    """

    trials: dict[int, PointsResult]
    force: np.ndarray
    n_failed: int
    dt_factor: float


class Problem:
    """All pieces of all ranks. Every method that says so is collective.

    held : (n_owned, d), unknowns that are not free. relations : between dofs, or None: then the unknowns are the
    displacement. reduced : whether there are cells with reduced rules. unseen : a motion that these do not see, in
    words, or "".
    """

    def __init__(
        self, meshes: Mapping[int, Mesh], model: Model, time: float, pieces: Pieces, options: SolverOptions,
        start: State | None,
    ) -> None:
        self.model, self.comm, self.seconds = model, pieces.comm, dict.fromkeys(("law", "assembly", "solve"), 0.0)
        self.numbering = Numbering(meshes, pieces)
        counts = pieces.sum(lambda p: presence(meshes[p], self.numbering.n_shared))
        shares = pieces.each(lambda p: node_share(meshes[p], counts))
        self.pieces = pieces.each(lambda p: SolvedPiece(
            p, meshes[p], model, shares[p], time, None if start is None else start.pieces[p]))
        self.constraints = Constraints(meshes, model, self.numbering)
        self.relations = relations_of(meshes, model, self.constraints, self.numbering)
        loose = loose_nodes(meshes, self.numbering)
        refuse_free_motions(meshes, shares, self.constraints.mask, self.numbering, self.relations)
        refuse_mechanisms(meshes, self.constraints.mask, self.numbering, self.relations)
        self.constraints.mask |= loose[:, None]
        warn_of_a_free_axis(self.numbering, self.constraints.mask)
        self.held = self.constraints.mask[self.numbering.owned]
        self.force_names = force_names(model)
        self._patterns = np.stack([np.zeros((self.numbering.n_owned, self.numbering.dimension)), *(
            self.numbering.add(self.gather({p: piece.patterns[k] for p, piece in self.pieces.items()}))
            for k in range(len(self.force_names)))])[1:]
        refuse_loads_on(loose, self._patterns, self.force_names, self.numbering)
        with self.timed("assembly"):
            self.assembly = Assembly(
                meshes, {p: piece.operator for p, piece in self.pieces.items()}, self.numbering, self.constraints.mask,
                self.relations)
        self.linear = LinearSolver(self.assembly.matrix, self.numbering, options)
        self.reduced, self.unseen = has_reduced_rules(meshes, pieces), ""
        self._looked = not self.reduced

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Wall time of what is inside, added to `seconds`."""
        clock = perf_counter()
        yield
        self.seconds[stage] += perf_counter() - clock

    def gather(self, values: Mapping[int, np.ndarray]) -> np.ndarray:
        """Sum of nodal values of the pieces (n_node, ...) over this rank's nodes (n_local, d)."""
        total = np.zeros((len(self.numbering.ids), self.numbering.dimension))
        for p, array in values.items():
            total[self.numbering.positions[p]] += array.reshape(len(array), -1)
        return total

    def total(self, *values: float) -> np.ndarray:
        """Sums over the ranks, in rank order. Collective."""
        return np.sum(self.comm.allgather(np.array(values, dtype=float)), axis=0)

    def on_free(self, force: np.ndarray) -> np.ndarray:
        """Nodal forces (n_owned, d) as those on the unknowns that are free, zero for the others. Collective."""
        return np.where(self.held, 0.0, force if self.relations is None else self.relations.reduce(force))

    def of_constraints(self, force: np.ndarray) -> np.ndarray:
        """The part of unbalanced nodal forces (n_owned, d) that constraints and relations take, zero elsewhere."""
        held = self.held if self.relations is None else self.held | self.relations.tied[self.numbering.owned, None]
        return np.where(held, force, 0.0)

    def nodal(self, force: np.ndarray) -> np.ndarray:
        """Forces on the unknowns (n_owned, d) as nodal ones (n_local, d). Collective."""
        return self.numbering.spread(force if self.relations is None else self.relations.nodal(force))

    def motion(self, unknowns: np.ndarray) -> np.ndarray:
        """The displacement (n_local, d) of unknowns (n_owned, d), of which those that are held count zero. Collective.

        A Krylov method leaves the constrained dofs at zero only to its tolerance, which would add up in u.
        """
        free = np.where(self.held, 0.0, unknowns)
        return self.numbering.spread(free) if self.relations is None else self.relations.expand(free)

    def missing(self, u: np.ndarray, time: float) -> np.ndarray:
        """What u (n_local, d) lacks of the prescribed values, and of satisfying the relations. Collective."""
        mask, values = self.constraints.mask, self.constraints.values(time)
        if self.relations is None:
            return np.where(mask, values - u, 0.0)
        unknowns, wanted = self.relations.unknowns(u), self.relations.unknowns(values)
        found = self.relations.expand(np.where(self.held, wanted, unknowns)) - u
        size = max(self.comm.allgather(float(max(np.abs(u).max(initial=0.0), np.abs(values).max(initial=0.0)))))
        return np.where(np.abs(found) > 1e-14 * size, found, 0.0)

    def drive(self, time: float) -> np.ndarray:
        """Amplitudes of all loads and prescribed constraints at a time: what drives the history."""
        names = [*self.model.loads, *self.constraints.names]
        at = np.array([time])
        return np.array([evaluate(amplitude_of(self.model, name), at)[0] for name in names])

    def external(self, time: float) -> np.ndarray:
        """External force (n_owned, d)."""
        at = np.array([time])
        factors = [force_factor(self.model.loads[name], evaluate(amplitude_of(self.model, name), at))[0]
                   for name in self.force_names]
        return np.tensordot(np.array(factors), self._patterns, 1)

    def internal(self) -> np.ndarray:
        """Internal force (n_owned, d) of the committed stress. Collective."""
        forces = self.numbering.pieces.each(
            lambda p: self.pieces[p].operator.internal_force(self.pieces[p].state.stress[None])[0])
        return self.numbering.add(self.gather(forces))

    def temperatures(self, time: float) -> Temperatures:
        """Temperature at the points of each piece."""
        return {p: piece.temperature_at(time) for p, piece in self.pieces.items()}

    def thermal_size(self, temperatures: Temperatures) -> float:
        """Euclidean norm of the nodal forces of thermal strains, without cancellation. Collective."""
        d = self.numbering.dimension
        parts = self.numbering.pieces.each(lambda p: np.repeat(
            self.pieces[p].thermal_force(temperatures[p])[:, None], d, axis=1) / np.sqrt(float(d)))
        owned = self.numbering.add(self.gather(parts))
        return float(np.sqrt(self.total(float((owned * owned).sum()))[0]))

    def evaluate(
        self, u: np.ndarray, temperatures: Temperatures, time: float, held: np.ndarray | None
    ) -> Evaluation:
        """Laws and internal force at u (n_local, d); `held` as in `SolvedPiece.force`. Collective."""
        positions = self.numbering.positions
        with self.comm.agreement(), self.timed("law"):
            trials = {p: piece.points.integrate(
                piece.state, time, piece.operator.strain(u[positions[p]][None])[0], temperatures[p])
                for p, piece in self.pieces.items()}
        with self.comm.agreement(), self.timed("assembly"):
            local = self.gather({p: piece.force(trials[p], None if held is None else held[positions[p]])
                                 for p, piece in self.pieces.items()})
        force = self.numbering.add(local)
        facts = self.comm.allgather((
            sum(len(t.failed_points) for t in trials.values()),
            min((t.dt_factor for t in trials.values()), default=1.0)))
        return Evaluation(trials, force, sum(n for n, _ in facts), min(factor for _, factor in facts))

    def newton_step(self, evaluation: Evaluation, residual: np.ndarray) -> np.ndarray | None:
        """K^-1 r (n_local, d) of r on the unknowns, zero at constrained dofs; None: a singular tangent. Collective."""
        return self.linear_step(
            {p: trial.tangent for p, trial in evaluation.trials.items()}, residual)  # type: ignore[misc]

    def linear_step(self, tangents: Mapping[int, np.ndarray], residual: np.ndarray) -> np.ndarray | None:
        """The same with given tangents (n_ip, 6, 6) of the pieces. Collective."""
        with self.timed("assembly"):
            symmetric = self.assembly.update(dict(tangents))
        with self.timed("solve"):
            solution = self.linear.solve(residual, symmetric)
            if not self._looked:
                self._looked = True
                self.unseen = unseen_motion(self.linear, self.pieces, self.motion, self.numbering)
                if self.unseen and self.comm.rank == 0:
                    warnings.warn(f"{self.unseen}: the displacement may have any amount of it; choose a rule with more "
                                  "points, or hold the motion by a constraint", stacklevel=2)
        return None if solution is None else self.motion(solution)
