"""Temperature fields and load patterns of a case that training never had, and what the initial stiffness answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.archive.rom import Rom
from romlib.enrichment.case import SolvedCase
from romlib.enrichment.step import Values
from romlib.fullorder.elastic import ElasticAnswer, elastic_answer
from romlib.loads.amplitudes import evaluate
from romlib.loads.temperature import temperature_at, temperature_terms
from romlib.model import Model, TableAmplitude

NEW = 1e-3  # of the largest rise of the temperature: what is nearer to the trained fields needs no answer of its own
_MOST = 12
_NEVER = TableAmplitude(time=(0.0,), value=(0.0,))


@dataclass(frozen=True)
class NewField:
    """Something of a case that training did not have. name : in words. step : of the case where it is the largest.

    load : the load, where it is a pattern of forces; None: the temperature.
    """

    name: str
    step: int
    load: str | None = None


def new_fields(case: SolvedCase, tolerance: float = NEW) -> list[NewField]:
    """What the initial stiffness shall be asked about, the farthest first. Collective."""
    rom, times = case.solution.rom, case.times
    found = [NewField(f"the temperature at time {times[step]:.6g}", step)
             for step in new_temperatures(rom, temperature_at_points(case), tolerance)]
    for name, (lowest, highest) in rom.manifest.trained.items():
        load = case.model.loads.get(name)
        if load is None or load.kind == "temperature" or lowest or highest:
            continue
        values = np.abs(evaluate(case.model.amplitudes[name], times))
        if values.any():
            found.append(NewField(f"the load {name}", int(values.argmax()), name))
    return found


def new_temperatures(rom: Rom, temperature: np.ndarray | None, tolerance: float = NEW) -> list[int]:
    """Steps whose temperature fields, with the trained ones, span all that the case has.

    Each is the one that is farthest from those before it. temperature : (n_step, n_point) at the selected points.
    """
    stored = rom.temperature
    if temperature is None:
        return []
    rest = temperature - (temperature[0] if stored.initial is None else stored.initial)
    size = float(np.linalg.norm(rest, axis=1).max())
    if stored.trained is not None:
        modes = stored.trained.modes
        rest = rest - (rest @ modes.T) @ modes
    steps: list[int] = []
    while len(steps) < _MOST:
        norms = np.linalg.norm(rest, axis=1)
        step = int(norms.argmax())
        if not norms[step] > tolerance * size:
            break
        steps.append(step)
        direction = rest[step] / norms[step]
        rest = rest - np.outer(rest @ direction, direction)
    return steps


def temperature_at_points(case: SolvedCase) -> np.ndarray | None:
    """Of the case, at the selected points of the ROM, (n_step, n_point); None without temperature loads. Collective."""
    stored, model, times = case.solution.rom.temperature, case.model, case.times

    def of_piece(piece: int) -> tuple[np.ndarray, np.ndarray] | None:
        mesh = case.mine[piece]
        at = np.flatnonzero(np.isin(mesh.node_ids, stored.node_ids))
        terms = {name: field[at] for name, field in temperature_terms(model, mesh).items()}
        values = temperature_at(terms, model.amplitudes, times)
        return None if values is None else (np.asarray(mesh.node_ids)[at], values)

    parts = [part for part in case.pieces.collect(of_piece).values() if part is not None]
    if not parts:
        return None
    order = np.argsort(stored.node_ids)
    nodal = np.zeros((len(times), len(stored.node_ids)))
    for ids, values in parts:
        nodal[:, order[np.searchsorted(stored.node_ids[order], ids)]] = values
    return (stored.matrix @ nodal.T).T


def answer(case: SolvedCase, new: NewField, largest_stress: float) -> tuple[Model, dict[int, Values]]:
    """The elastic answer to a new field alone, of the size that it has in the case; collective.

    It is made smaller where its stress is larger than any of the training: a mode has no size, and what the law never
    bears would count most among the snapshots.

    Parameters
    ----------
    largest_stress : L2 norm of the training stresses.

    Returns
    -------
    The model with the amplitudes that it belongs to, and displacement, stress and virgin internal variables by piece.
    """
    heat = [name for name, load in case.model.loads.items() if load.kind == "temperature"]
    if new.load is None:
        model = case.model.model_copy(update={"amplitudes": {
            name: one if name in heat else _NEVER for name, one in case.model.amplitudes.items()}})
    else:
        model = case.model.model_copy(update={
            "loads": {new.load: case.model.loads[new.load]}, "amplitudes": {
                name: one if name == new.load else _NEVER for name, one in case.model.amplitudes.items()
                if name not in case.model.loads or name == new.load}})
    found = elastic_answer(case.mine, model, float(case.times[new.step]), case.pieces)
    own = float(np.sqrt(case.pieces.sum(lambda piece: _square(case, piece, found[piece]))[0]))
    scale = min(1.0, largest_stress / own) if own > 0.0 and largest_stress > 0.0 else 1.0

    def values(piece: int) -> Values:
        points = case.piece(piece).points
        virgin, one = points.virgin(case.model.initial_time), found[piece]
        return {"displacement": scale * one.displacement, "stress": scale * one.stress,
                **{name: points.variable(virgin.states, name) for name in points.variables()}}

    return model, case.pieces.each(values)


def _square(case: SolvedCase, piece: int, found: ElasticAnswer) -> np.ndarray:
    weights = case.piece(piece).operator.positive_weights
    return np.array([float((weights[:, None] * found.stress**2).sum())])
