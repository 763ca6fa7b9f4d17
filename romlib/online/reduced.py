"""From a ROM archive to the reduced problem, with the selected points or all, its histories, and values at points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.laws.points import MaterialPoints
from romlib.model import Amplitude
from romlib.online.histories import Histories, histories_of
from romlib.online.history import ReducedHistory
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.words import plural, shortlist, unknown


@dataclass(eq=False)
class NodalTemperature:
    """A temperature history given at nodes, linear between its times and constant outside.

    times : (n_time,), increasing. values : (n_time, k). node_ids : (k,), the solver's ids; None: those that the ROM
    needs, in its order (`Rom.temperature.node_ids`).
    """

    times: np.ndarray
    values: np.ndarray
    node_ids: np.ndarray | None = None

    def __post_init__(self) -> None:
        try:
            self.times = np.asarray(self.times, dtype=float)
            self.values = np.asarray(self.values, dtype=float)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError("a nodal temperature is made of numbers", found=error) from None
        rows = self.times.ndim == 1 and self.values.ndim == 2 and len(self.values) == len(self.times) > 0
        if not (rows and (np.diff(self.times) > 0).all()):
            raise InputError("a nodal temperature needs increasing times and one row of values for each",
                             expected="times of shape (n_time,), values of shape (n_time, n_node)",
                             found=f"{self.times.shape} and {self.values.shape}")
        if not (np.isfinite(self.values).all() and np.isfinite(self.times).all()):
            raise InputError("a nodal temperature is not finite", remedy="correct the values")

    def at(self, node_ids: np.ndarray, stored: np.ndarray) -> np.ndarray:
        """Values (n_time, n) at the nodes with these ids.

        Raises
        ------
        InputError : nodes whose temperature is not given; or, without ids, a number of columns other than the stored.
        """
        given = stored if self.node_ids is None else np.asarray(self.node_ids)
        if self.values.shape[1] != len(given):
            raise InputError("a nodal temperature has the wrong number of nodes", expected=plural(len(given), "column"),
                             found=self.values.shape[1], remedy="give node_ids, or one column a stored node id")
        order = np.argsort(given)
        position = np.searchsorted(given, node_ids, sorter=order)
        position = order[np.minimum(position, len(given) - 1)] if len(given) else np.zeros(len(node_ids), dtype=int)
        missing = node_ids[given[position] != node_ids] if len(given) else node_ids
        if len(missing):
            raise InputError(f"the temperature of {plural(len(missing), 'node')} is not given",
                             place=shortlist("node", missing),
                             remedy="give the temperature of every node of the mesh")
        return self.values[:, position]


def case_histories(
    rom: Rom, amplitudes: Mapping[str, Amplitude], times: np.ndarray, temperature: NodalTemperature | None = None
) -> Histories:
    """Histories of all loads of the ROM; the model's amplitude where none is given.

    Without temperature loads the initial temperature, where the model states one, holds: a table of one instant.
    """
    instants = None
    if temperature is not None:
        instants = temperature.times
    elif not rom.temperature.terms and rom.temperature.initial is not None:
        instants = np.zeros(1)
    return histories_of(rom.model, amplitudes, times, force_names=rom.force_names, lifting_names=rom.lifting.names,
                        temperature_names=tuple(rom.temperature.terms), temperature_times=instants)


def reduced_problem(rom: Rom, temperature: NodalTemperature | None = None) -> ReducedProblem:
    """The hyper-reduced problem: one block with the selected points."""
    stored = rom.temperature
    terms: np.ndarray | None
    if temperature is not None:
        values = temperature.at(stored.node_ids, stored.node_ids)
        terms = np.ascontiguousarray((stored.matrix @ values.T).T)
    elif stored.terms:
        terms = np.stack(list(stored.terms.values()))
    else:
        terms = None if stored.initial is None else stored.initial[None]
    points = MaterialPoints.from_arrays(
        rom.model.materials, rom.points.material_index, rom.points.cell_ids, rom.points.numbers,
        rom.points.coordinates, stored.initial)
    bases = [BlockBasis(basis.strain_modes, basis.weights) for basis in rom.clusters]
    return _problem(rom, [PointBlock(bases, points, rom.lifting.strains, terms)], temperature)


def full_integration_problem(
    rom: Rom, fields: FieldsFile, temperature: NodalTemperature | None = None
) -> ReducedProblem:
    """The problem with all integration points: a block a piece, strains of the modes from the fields file."""
    blocks = []
    for piece in range(fields.n_piece):
        whole = Piece(fields.mesh(piece), rom.model)
        operator, initial = whole.operator, whole.initial_temperature
        terms: np.ndarray | None
        if temperature is not None:
            terms = operator.interpolate(temperature.at(whole.mesh.node_ids, rom.temperature.node_ids))
        elif rom.temperature.terms:
            terms = np.stack([whole.temperature_terms[name] for name in rom.temperature.terms])
        else:
            terms = None if initial is None else initial[None]
        bases = [BlockBasis(operator.strain(fields.modes(piece, k)), operator.weights)
                 for k in range(len(rom.clusters))]
        blocks.append(PointBlock(
            bases, whole.points, operator.strain(fields.liftings(piece)), terms, piece))
    return _problem(rom, blocks, temperature)


def _problem(rom: Rom, blocks: list[PointBlock], temperature: NodalTemperature | None) -> ReducedProblem:
    names = () if temperature is not None else tuple(rom.temperature.terms)
    return ReducedProblem(blocks, [basis.loads for basis in rom.clusters], rom.force_names, rom.lifting.names, names,
                          n_piece=len(blocks))


def point_values(problem: ReducedProblem, history: ReducedHistory, field: str, block: int = 0) -> np.ndarray:
    """Stress or an internal variable at the points of a block, (n_step, n_point, n_comp); NaN where it does not exist.

    Raises
    ------
    InputError : no law of the block has a variable of this name.
    """
    if field == "stress":
        return history.stresses[block]
    points = problem.blocks[block].points
    known = points.variables()
    if field not in known:
        raise InputError(f"no law has a state variable {field!r}", **unknown(field, ["stress", *known]))
    values = np.full((len(history.times), problem.blocks[block].n_point, known[field]), np.nan)
    for group, states in zip(points.groups, history.states[block]):
        if field in group.law.state_variables:
            values[:, group.selection] = states[:, :, group.law.state_variables[field]]
    return values


def reactions(
    problem: ReducedProblem, history: ReducedHistory, lifting_loads: np.ndarray
) -> dict[str, np.ndarray]:
    """The force conjugate to each lifting's amplitude, (n_step,): sum_l w_l sigma_l : eps(L_k) - f_ext . L_k.

    lifting_loads : (n_force, n_lift), L_k . f of the unit loads.
    """
    if not problem.lifting_names:
        return {}
    total = -history.force @ lifting_loads
    for block, stress in zip(problem.blocks, history.stresses):
        for cluster in np.unique(history.clusters):
            here, weights = history.clusters == cluster, block.bases[cluster].weights
            total[here] += np.tensordot(stress[here], block.lifting_strains * weights[:, None], axes=((1, 2), (1, 2)))
    return {name: total[:, k] for k, name in enumerate(problem.lifting_names)}
