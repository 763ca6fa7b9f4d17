"""States that a ROM's run begins with: kept from a run, or found in a state of any kind."""

from __future__ import annotations

import numpy as np

from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.identity.contents import material_content
from romlib.laws.state import PointState
from romlib.online.evaluate import Committed
from romlib.online.histories import Histories, Level
from romlib.online.history import ReducedHistory
from romlib.online.newton import NewtonOptions
from romlib.online.predictor import Drive, Factors, Memory
from romlib.online.problem import ReducedProblem
from romlib.online.run import ReducedRun
from romlib.online.run_state import RunState
from romlib.states.state import PointValues, SavedState, StateBlock, refuse_other_materials, select

_OTHER = "the state to start from is of another reduced problem"


def rom_name(rom: Rom) -> str:
    """What a state knows its ROM by."""
    return rom.manifest.fingerprint if rom.fields is None else f"{rom.fields.id} {rom.fields.digest}"


def state_of(
    rom: Rom, problem: ReducedProblem, histories: Histories, options: NewtonOptions, history: ReducedHistory,
    initial_time: float, step: int,
) -> SavedState:
    """The state at an output time of a run; with it a run goes on as if it had not stopped.

    That of a time in between is not kept: the run is made again up to there, which takes milliseconds.

    Raises
    ------
    InputError : no such step.
    """
    n_step = len(history.times)
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or not -n_step <= step < n_step:
        raise InputError("there is no such step", place="step", expected=f"-{n_step} to {n_step - 1}", found=step)
    number = int(step) % n_step
    of = history.began if number == 0 else history.ended
    if 0 < number < n_step - 1:
        run = ReducedRun(problem, histories, options, history.began, cluster=history.held_in)
        for _ in range(number):
            run.advance()
        of = run.state
    assert of is not None  # a run that was solved has both
    state, blocks = of.committed, []
    for k, block in enumerate(problem.blocks):
        points, at = block.points, state.points[k]
        blocks.append(StateBlock(
            block.piece, points.cells, points.numbers, points.coordinates, points.material_index, points.material_names,
            at.strain, at.stress, at.states, at.temperature,
            None if of.origin is None else of.origin[k], points.strain_free_temperature,
            orientation=points.orientation))
    materials = {name: material_content(material) for name, material in problem.blocks[0].points.materials.items()}
    clusters = {} if len(problem.loads) == 1 else {"cluster": np.array([state.cluster])}
    if of.barred is not None:
        clusters["barred"] = np.array([of.barred])
    return SavedState(state.time, initial_time, "a solution", materials, blocks, rom_name(rom), {
        "gamma": state.gamma, "lifting": state.lifting, **clusters, **_arrays_of(of.memory or Memory())},
        of.reference_force, of.increment)


def _arrays_of(memory: Memory) -> dict[str, np.ndarray]:
    found = {"dt": np.array([memory.dt])}
    for name, pair in (("elastic_factors elastic_pivots", memory.elastic), ("factors factors_pivots", memory.factors),
                       ("drive_force drive_lifting", memory.drive), ("last_force last_lifting", memory.last)):
        if pair is not None:
            found.update(zip(name.split(), pair))
    if memory.remainder is not None:
        found["remainder"] = memory.remainder
    return found


def start_of(
    rom: Rom, problem: ReducedProblem, saved: SavedState | None, level: Level, held: int | None = None
) -> tuple[RunState | None, tuple[str, ...]]:
    """The state of a run of this problem, and what its user should know of it; nothing without a state.

    A state of the same ROM is taken as it is. Of any other, and of another cluster than the run is held in, the points
    are taken; the coordinates are those whose strain is nearest to that of the state at the points, and the liftings
    have the amplitudes of the case.

    Parameters
    ----------
    level : of the case at its first time. held : the cluster of the whole run, where it does not change.

    Raises
    ------
    InputError : a state of another time, mesh, material or ROM.
    """
    if saved is None:
        return None, ()
    if abs(saved.time - level.time) > 1e-9 * max(1.0, abs(saved.time)):
        raise InputError(
            "the run does not begin at the time of the state that it starts from", file=saved.what, place="times",
            expected=f"{saved.time:.12g}, the time of the state, as the first time", found=f"{level.time:.12g}",
            remedy="begin the times of the case with that of the state")
    if saved.rom is not None and saved.rom != rom_name(rom):
        raise InputError("the state is of another ROM", file=saved.what, expected=rom_name(rom), found=saved.rom,
                         remedy="start from a state of the same .rom file, or from one of a full-order run")
    refuse_other_materials(saved, problem.blocks[0].points.materials)
    values = [select(saved, block.points) for block in problem.blocks]
    said = f"the run starts at time {level.time:.6g} with the state of {saved.what}"
    gamma: np.ndarray | None
    lifting: np.ndarray | None
    barred: int | None
    cluster = 0 if saved.rom is None else _cluster_of(saved, problem, "cluster") or 0
    if saved.rom is None or held not in (None, cluster):
        lifting = level.lifting
        cluster, gamma, misfit = _nearest(problem, values, lifting, held)
        said += f", whose strain at the points the modes represent to {misfit:.1e}"
        memory, barred = Memory(), None
    else:
        barred = _cluster_of(saved, problem, "barred")
        gamma, lifting = saved.run.get("gamma"), saved.run.get("lifting")
        memory = _memory_of(saved, problem, cluster)
    committed = Committed(
        level.time, cluster, np.asarray(gamma, dtype=float), np.asarray(lifting, dtype=float), [
            PointState(level.time, value.strain, value.stress, value.states,
                       block.temperature(level.temperature) if value.temperature is None else value.temperature)
            for block, value in zip(problem.blocks, values)])
    origin = None if any(value.origin is None for value in values) else tuple(value.origin for value in values)
    return RunState(committed, saved.reference_force, saved.increment, memory, origin, barred), (said,)


def _nearest(
    problem: ReducedProblem, values: list[PointValues], lifting: np.ndarray, held: int | None
) -> tuple[int, np.ndarray, float]:
    """Cluster (held: that one) and coordinates whose strain is the nearest, by the weights of the points; and the part
    that they miss.

    The weights are the mean of all clusters', so that one is compared with another at the same points.
    """
    weights = [np.mean([np.abs(basis.weights) for basis in block.bases], axis=0) for block in problem.blocks]
    found = [(cluster, *_nearest_in(problem, cluster, values, lifting, weights))
             for cluster in (range(len(problem.loads)) if held is None else (held,))]
    return min(found, key=lambda one: one[2])


def _nearest_in(
    problem: ReducedProblem, cluster: int, values: list[PointValues], lifting: np.ndarray, of_points: list[np.ndarray]
) -> tuple[np.ndarray, float]:
    """The coordinates in one cluster."""
    n_mode = problem.n_mode(cluster)
    matrix, gamma = np.zeros((n_mode, n_mode)), np.zeros(n_mode)
    size = missed = 0.0
    for last in (False, True):  # twice: what the normal equations lose in the first round
        right = np.zeros(n_mode)
        for block, value, weights in zip(problem.blocks, values, of_points):
            rest = value.strain - block.strain(cluster, gamma, lifting)
            modes = block.bases[cluster].modes
            right += np.tensordot(modes * weights[:, None], rest, 2)
            if not last:
                matrix += np.tensordot(modes * weights[:, None], modes, ([1, 2], [1, 2]))
        gamma = gamma + np.linalg.lstsq(matrix, right, rcond=None)[0]
    for block, value, weights in zip(problem.blocks, values, of_points):
        rest = value.strain - block.strain(cluster, gamma, lifting)
        size += float((weights[:, None] * value.strain**2).sum())
        missed += float((weights[:, None] * rest**2).sum())
    return gamma, float(np.sqrt(missed / size)) if size > 0.0 else 0.0


def _cluster_of(saved: SavedState, problem: ReducedProblem, name: str) -> int | None:
    """A cluster that the state names; None where it names none."""
    if name not in saved.run:
        return None
    values, n = saved.run[name], len(problem.loads)
    if values.shape != (1,) or values[0] not in range(n):
        raise InputError(_OTHER, file=saved.what, place=name, expected=f"a cluster, 0 to {n - 1}", found=values)
    return int(values[0])


def _memory_of(saved: SavedState, problem: ReducedProblem, cluster: int) -> Memory:
    """The predictor's memory, its sizes and pivots checked: LAPACK looks at none of them."""
    n_mode, n_lift, run = problem.n_mode(cluster), len(problem.lifting_names), saved.run

    def array(name: str, *shape: int) -> np.ndarray | None:
        if name not in run:
            return None
        if run[name].shape != shape:
            raise InputError(_OTHER, file=saved.what, place=name, expected=shape, found=run[name].shape)
        return run[name]

    def factors(name: str, pivots_name: str) -> Factors | None:
        lu, pivots = array(name, n_mode, n_mode), array(pivots_name, n_mode)
        if lu is None or pivots is None:
            return None
        if (pivots < 0).any() or (pivots >= n_mode).any() or (pivots != np.floor(pivots)).any():
            raise InputError(_OTHER, file=saved.what, place=pivots_name, expected=f"numbers below {n_mode}",
                             found=pivots)
        return np.asfortranarray(lu, dtype=float), pivots.astype(np.int32)

    def drive(force_name: str, lifting_name: str) -> Drive | None:
        force, lifting = array(force_name, n_mode), array(lifting_name, n_lift)
        return None if force is None or lifting is None else (force, lifting)

    dt = array("dt", 1)
    return Memory(factors("elastic_factors", "elastic_pivots"), factors("factors", "factors_pivots"),
                  drive("drive_force", "drive_lifting"), drive("last_force", "last_lifting"),
                  array("remainder", n_mode), float(dt[0]) if dt is not None and dt[0] > 0.0 else 1.0)
