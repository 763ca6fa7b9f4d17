"""One full-order step from the state that a ROM's run has, its errors, and its file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from romlib.enrichment.case import SolvedCase
from romlib.errors import InputError
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.record import field_specs, values_of
from romlib.fullorder.solver import solve
from romlib.fullorder.state import PieceResult, State, StepResult
from romlib.laws.points import MaterialPoints
from romlib.laws.portable import portable_model
from romlib.laws.symbols import evaluated_model
from romlib.loads.amplitudes import evaluate
from romlib.model import Model
from romlib.snapshots.writer import SnapshotsWriter

Values = dict[str, np.ndarray]  # by field: (n_node, dimension) of the displacement, (n_ip, n_comp) of the others


def full_order_step(case: SolvedCase, step: int, options: SolverOptions | None = None) -> dict[int, Values]:
    """The full-order solution at an output time, from the replayed state at the one before. Collective.

    Returns
    -------
    By piece of this rank, displacement, stress and all internal variables.

    Raises
    ------
    InputError : the first output time, before which there is no state. And what `solve` raises.
    """
    times = case.times
    if not 1 <= step < len(times):
        raise InputError("there is no step to this output time", found=step, expected=f"1 to {len(times) - 1}")
    states = case.pieces.each(lambda piece: case.replayed(piece, step - 1))
    found: dict[int, PieceResult] = {}

    def keep(number: int, time: float, result: StepResult) -> None:
        found.update(result.pieces)

    solve(case.mine, case.model, times[step - 1:step + 1], case.pieces, options=options,
          start=State(float(times[step - 1]), states), on_step=keep)
    names = ["displacement", "stress", *variables(case.model)]
    return {piece: {name: values_of(result, name) for name in names} for piece, result in found.items()}


def variables(model: Model) -> list[str]:
    """Names of the internal variables of all laws of a model."""
    none = np.empty(0, dtype=np.int64)
    return list(MaterialPoints.from_arrays(
        evaluated_model(model).materials, none, none, none, np.empty((0, 3))).variables())


def write_step(path: Path, case: SolvedCase, model: Model, time: float, values: dict[int, Values], what: str) -> None:
    """One record as a snapshots file; it appears when it is whole. Collective.

    model : with the amplitudes of the record; of its temperature loads the file has those that are not zero then.
    values : by piece of this rank. what : made it, in words.
    """
    comm, model = case.pieces.comm, at_one_time(model, time)
    names = comm.allgather(list(next(iter(values.values()), {})))[0]
    with comm.agreement():
        specs = field_specs(model, names, next(iter(case.mine.values())).dimension)
    writer = None
    with comm.agreement():
        if comm.rank == 0:
            assert case.everything is not None
            writer = SnapshotsWriter(path, case.everything, portable_model(model), [time], specs, solver=what)
            writer.__enter__()
    try:
        for name in specs:
            case.pieces.stream(partial(_value, values, name), partial(_write, writer, name))
    except BaseException as error:
        if writer is not None:
            writer.__exit__(type(error), error, error.__traceback__)
        raise
    with comm.agreement():
        if writer is not None:
            writer.__exit__(None, None, None)


def at_one_time(model: Model, time: float) -> Model:
    """The model without the temperature loads that are zero at a time and at the beginning.

    A history that is given at many instants is so many loads, of which one time needs two.
    """
    times = np.array([model.initial_time, time])
    heat = [name for name, load in model.loads.items() if load.kind == "temperature"]
    idle = [name for name in heat if not evaluate(model.amplitudes[name], times).any()]
    if len(idle) == len(heat):
        idle = idle[1:]  # one has to say that the temperature is zero, and not unknown
    return model.model_copy(update={
        key: {name: one for name, one in getattr(model, key).items() if name not in idle}
        for key in ("loads", "amplitudes")})


def _value(values: dict[int, Values], name: str, piece: int) -> np.ndarray:
    return values[piece][name]


def _write(writer: SnapshotsWriter | None, name: str, piece: int, values: np.ndarray) -> None:
    assert writer is not None
    writer.write(name, 0, piece, values)


def errors_of_rom(case: SolvedCase, step: int, values: dict[int, Values]) -> dict[str, float]:
    """How far the ROM is from the full-order step, relative to the largest that the field has been so far. Collective.

    The L2 norm in space, over the largest of the ROM's until then and the step's own; of the displacement and of the
    fields that the ROM reconstructs.
    """
    solution = case.solution
    names = ["displacement", *solution.rom.gappy]
    measured = dict(zip(names[1:], _sizes(case, step)))

    def squares(piece: int) -> np.ndarray:
        here, found = case.piece(piece), []
        for name in names:
            rom, full = solution.field(name, step - case.first, piece=piece), values[piece][name]
            if name == "displacement":
                both = np.stack([rom - full, full])
                found.append((both * here.apply_mass(both)).sum(axis=(1, 2)))
            else:
                weights = here.operator.positive_weights[:, None]
                found.append(np.array([np.nansum(weights * one**2) for one in (rom - full, full)]))
        return np.array(found)

    sums = case.pieces.sum(squares)
    largest = case.pieces.sum(lambda piece: _displacement_squares(case, piece, step)).max()
    measured["displacement"] = float(np.sqrt(largest))
    return {name: float(np.sqrt(error) / size) if (size := max(np.sqrt(own), measured[name])) > 0.0 else 0.0
            for name, (error, own) in zip(names, sums)}


def _sizes(case: SolvedCase, step: int) -> list[float]:
    """Largest L2 norm of each dual field until a step: the modes are orthonormal."""
    solution, found = case.solution, []
    for name, gappy in solution.rom.gappy.items():
        at = solution.at_points(name)[:step + 1 - case.first, gappy.points]
        found.append(float(np.linalg.norm(at.reshape(len(at), -1) @ gappy.operator.T, axis=1).max()))
    return found


def _displacement_squares(case: SolvedCase, piece: int, step: int) -> np.ndarray:
    """One for each output time until the step, of the ROM's displacement on a piece."""
    here, solution = case.piece(piece), case.solution
    return np.array([float((u * here.apply_mass(u[None])[0]).sum()) for u in (
        solution.displacement(k, piece=piece) for k in range(step + 1 - case.first))])
