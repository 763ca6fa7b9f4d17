"""From a ROM archive to the reduced problem, with the selected points or all, its histories, and values at points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.laws.points import MaterialPoints
from romlib.loads.nodal_temperature import NodalHistory, NodalTemperature
from romlib.model import Amplitude, Model
from romlib.online.histories import Histories, histories_of
from romlib.online.history import ReducedHistory
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.online.switching import Switcher
from romlib.online.variables import Variables

__all__ = ["NodalTemperature", "case_histories", "full_integration_problem", "heated", "point_values", "reactions",
           "reduced_problem"]


def case_histories(
    rom: Rom, model: Model, amplitudes: Mapping[str, Amplitude], times: np.ndarray,
    temperature: NodalHistory | None = None,
) -> Histories:
    """Histories of all loads of the ROM; the model's amplitude where none is given. model : the ROM's, with numbers.

    Without temperature loads the initial temperature, where the model states one, holds: a table of one instant.
    """
    instants = None
    unknown = [name for name in rom.temperature.terms if name not in amplitudes and name not in model.amplitudes]
    if temperature is None and unknown:  # of a later training run: which of all these is meant is for the case to say
        raise InputError(
            "the training runs had temperatures of their own, and the case does not say its own", place="temperature",
            expected=f"a nodal temperature, or an amplitude of each of {', '.join(rom.temperature.terms)}",
            found=f"none of {unknown[0]!r}", remedy="give a file: temperature = ... in the case, or --temperature FILE")
    if temperature is not None:
        instants = temperature.times
    elif not rom.temperature.terms and rom.temperature.initial is not None:
        instants = np.zeros(1)
    return histories_of(model, amplitudes, times, force_terms=rom.force_terms, lifting_names=rom.lifting.names,
                        temperature_names=tuple(rom.temperature.terms), temperature_times=instants)


def reduced_problem(rom: Rom, model: Model) -> ReducedProblem:
    """The hyper-reduced problem: one block with the selected points. model : the ROM's, with numbers."""
    stored = rom.temperature
    points = MaterialPoints.from_arrays(
        model.materials, rom.points.material_index, rom.points.cell_ids, rom.points.numbers,
        rom.points.coordinates, stored.initial, rom.points.orientation)
    bases = [BlockBasis(basis.strain_modes, basis.weights) for basis in rom.clusters]
    terms = np.stack(list(stored.terms.values())) if stored.terms else None
    if terms is None and stored.initial is not None:
        terms = stored.initial[None]
    return _problem(rom, [PointBlock(bases, points, rom.lifting.strains, terms)], tuple(stored.terms), _switcher(rom))


def heated(problem: ReducedProblem, rom: Rom, temperature: NodalHistory) -> ReducedProblem:
    """The hyper-reduced problem with the temperature of a nodal history; all else is shared with the one given."""
    values = temperature.at(rom.temperature.node_ids)
    terms = np.ascontiguousarray((rom.temperature.matrix @ values.T).T)
    return _problem(rom, [replace(problem.blocks[0], temperature_terms=terms)], (), problem.switcher)


def full_integration_problem(
    rom: Rom, model: Model, fields: FieldsFile, temperature: NodalHistory | None = None
) -> ReducedProblem:
    """The problem with all integration points: a block a piece, strains of the modes from the fields file."""
    blocks = []
    for piece in range(fields.n_piece):
        whole = Piece(fields.mesh(piece), model)
        operator, initial = whole.operator, whole.initial_temperature
        terms: np.ndarray | None
        if temperature is not None:
            terms = operator.interpolate(temperature.at(whole.mesh.node_ids, whole.mesh.points))
        elif rom.temperature.terms:
            terms = np.stack([whole.temperature_terms[name] for name in rom.temperature.terms])
        else:
            terms = None if initial is None else initial[None]
        bases = [BlockBasis(operator.strain(fields.modes(piece, k)), operator.weights)
                 for k in range(len(rom.clusters))]
        blocks.append(PointBlock(
            bases, whole.points, operator.strain(fields.liftings(piece)), terms, piece))
    return _problem(rom, blocks, () if temperature is not None else tuple(rom.temperature.terms), _switcher(rom))


def _problem(
    rom: Rom, blocks: list[PointBlock], names: tuple[str, ...], switcher: Switcher | None
) -> ReducedProblem:
    return ReducedProblem(blocks, [basis.loads for basis in rom.clusters], rom.force_names, rom.lifting.names, names,
                          n_piece=len(blocks), switcher=switcher)


def _switcher(rom: Rom) -> Switcher | None:
    if rom.switching is None or len(rom.clusters) == 1:
        return None
    return Switcher(rom.switching, [basis.n_mode for basis in rom.clusters])


def point_values(problem: ReducedProblem, history: ReducedHistory, field: str, block: int = 0) -> np.ndarray:
    """Stress or an internal variable at the points of a block, (n_step, n_point, n_comp); NaN where it does not exist.

    Raises
    ------
    InputError : no law of the block has a variable of this name.
    """
    if field == "stress":
        return history.stresses[block]
    return Variables.of(problem.blocks[block].points).values(history.states[block], field)


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
