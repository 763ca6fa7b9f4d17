"""The certification of a history of displacement: residual at all integration points, and the errors behind it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from romlib.blocks import blocks
from romlib.certificate.balance import Block
from romlib.certificate.certificate import Certificate, ErrorEstimate
from romlib.certificate.correction import Corrected, Corrector, on_pieces
from romlib.certificate.places import NOWHERE, Places
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.fem.replay import STRESS
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.problem import Problem
from romlib.laws.points import MaterialPoints
from romlib.laws.symbols import evaluated_model
from romlib.model import Model
from romlib.parallel.comm import Comm, serial
from romlib.parallel.pieces import Pieces
from romlib.parallel.usage import peak_memory
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

BLOCK_BYTES = 64 * 2**20  # of a rank: displacement, strains and stresses of a block of steps, in all passes
LINEAR_TOLERANCE = 1e-8  # of multigrid; factors solve to rounding
PASSES = 2
_ROUNDING = 1e-10  # relative to force and stress: a residual or an error below it is nowhere
DISPLACEMENT = "displacement"

OnBlock = Callable[[slice, dict[str, Block]], None]


def certify(
    source: Snapshots | PreparedSnapshots, model: Model | None = None, comm: Comm | None = None, *,
    passes: int = PASSES, options: SolverOptions | None = None, on_block: OnBlock | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Certificate:
    """Residual of equilibrium of a file at all integration points, and estimates of its errors. Collective.

    The laws are replayed along the stored displacement u. The solution is estimated by `romlib.certificate.correction`:
    u + e_1 + ... + e_N, with the stress and the state variables along u + ... + e_{N-1}; the error of the file is what
    it differs from that by. Every rank gets the same certificate; it depends on the number of ranks by rounding, and by
    LINEAR_TOLERANCE where multigrid solves.

    Parameters
    ----------
    source : the file, open on every rank, as it is or prepared by a study. model : in place of its own.
    passes : N; each replays the laws once. One sees no more than an elastic structure would do, and no state variable.
    options : of the linear solver. on_block : called on every rank with each block of steps and its fields by name and
        piece: residual, and NAME_error (solution less file) of each estimate; it may call collectives.
    on_progress : called on every rank with a sentence.

    Raises
    ------
    InputError, UnsupportedError : no displacement, a run that began with a state, no materials, a body that may move,
        linear constraints, a load without amplitude, more ranks than pieces. LawError : a law cannot be integrated.
    """
    clock, say = perf_counter(), on_progress or (lambda _: None)
    comm = serial() if comm is None else comm
    prepared = PreparedSnapshots.of(source, model)
    snapshots, model = prepared.snapshots, evaluated_model(prepared.model)
    if passes < 1:
        raise InputError("a certification needs a pass", place="passes", expected="at least 1", found=passes)
    with comm.agreement():
        prepared.refuse_without_history("certify")
        _refuse_without_materials(prepared, model)
        names = compared_fields(snapshots, model, passes)
    pieces = Pieces(comm, snapshots.n_piece)
    problem = Problem(pieces.each(prepared.mesh), model, model.initial_time, pieces,
                      options or SolverOptions(linear_tolerance=LINEAR_TOLERANCE), None)
    corrector, places = Corrector(snapshots, problem, passes, names), Places(problem)
    n_dof, n_ip = (int(n) for n in problem.total(
        int((~problem.held).sum()), sum(piece.operator.n_ip for piece in problem.pieces.values())))
    say(f"{n_dof} free degrees of freedom, {n_ip} integration points")
    parts = []
    for steps in blocks(snapshots.n_step, corrector.step_bytes, BLOCK_BYTES):
        block = corrector.advance(steps)
        errors = _errors(snapshots, steps, block, names, problem)
        parts.append(_measures(block, errors, problem, places))
        if on_block is not None:
            residual = np.stack([problem.nodal(of_step) for of_step in block.residual])
            on_block(steps, {"residual": on_pieces(problem, residual),
                             **{f"{name}_error": values for name, values in errors.items()}})
        say(f"{steps.stop} of {snapshots.n_step} records, up to t = {block.motion.times[-1]:.6g}")
    joined = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    total = perf_counter() - clock
    seconds = {**problem.seconds, "other": total - sum(problem.seconds.values()), "total": total}
    return _certificate(snapshots, model, names, problem, places, joined, (n_dof, n_ip), seconds)


def _certificate(
    snapshots: Snapshots, model: Model, names: list[str], problem: Problem, places: Places,
    joined: dict[str, np.ndarray], sizes: tuple[int, int], seconds: dict[str, float],
) -> Certificate:
    """All blocks together; sizes : free degrees of freedom, integration points. Collective."""
    return Certificate(
        str(snapshots.path), str(model.units), snapshots.n_piece, problem.comm.size, *sizes,
        np.asarray(snapshots.times, dtype=float), joined["at_rest"], joined["residual"], joined["force"],
        joined["largest"], joined["node"], places.cells_of(joined["node"]), joined["stress_cell"],
        joined["corrections"], joined["inelastic"], joined["elastic"],
        {name: ErrorEstimate(name, joined[name][0], joined[name][1], model.units.of(name),
                             name == STRESS and not _has(snapshots, name)) for name in (DISPLACEMENT, *names)},
        tuple(f"{one.name} ({one.description})" for one in model.omissions if one.does_work),
        problem.linear.name, seconds, tuple(problem.comm.allgather(peak_memory())))


def _refuse_without_materials(prepared: PreparedSnapshots, model: Model) -> None:
    if not model.materials:
        raise InputError("there are no materials to recompute the stress by", file=prepared.snapshots.path,
                         place="materials", remedy="give the study that has them: --study study.toml")


def compared_fields(snapshots: Snapshots, model: Model, passes: int) -> list[str]:
    """Dual fields whose error is estimated: the stress, and the state variables that the file has."""
    none = np.empty(0, dtype=np.int64)
    points = MaterialPoints.from_arrays(model.materials, none, none, none, np.empty((0, 3)))
    known = points.variables() if passes > 1 else {}
    return [STRESS, *(name for name in snapshots.fields if name in known and _has(snapshots, name))]


def _has(snapshots: Snapshots, name: str) -> bool:
    """Whether the file has this field at integration points."""
    return name in snapshots.fields and snapshots.fields[name].place == "ip"


def _errors(
    snapshots: Snapshots, steps: slice, block: Corrected, names: list[str], problem: Problem
) -> dict[str, Block]:
    """Solution less file, (n_step, n, n_comp) by name and piece; NaN where a material lacks the field."""
    errors = {DISPLACEMENT: on_pieces(problem, block.error)}
    with problem.comm.agreement():
        for name in names:
            errors[name] = {}
            for p, solution in block.solution[name].items():
                stored = snapshots.read(name, p, steps) if _has(snapshots, name) else block.replayed[p]
                if stored.shape != solution.shape:
                    raise InputError(
                        "a field of the file has another number of components than the law's variable",
                        file=snapshots.path, place=f"field {name!r}", expected=solution.shape[2],
                        found=stored.shape[2])
                error = errors[name][p] = solution - stored
                error[block.motion.at_rest] = 0.0
    return errors


def _measures(
    block: Corrected, errors: dict[str, Block], problem: Problem, places: Places
) -> dict[str, np.ndarray]:
    """What the certificate has of a block of steps, by name, (..., n_step); the same on every rank. Collective."""
    comm, squares, cells = problem.comm, {}, {}
    corrections = [on_pieces(problem, of_pass) for of_pass in block.corrections]
    inelastic = on_pieces(problem, block.inelastic)
    with comm.agreement():
        for p, piece in problem.pieces.items():
            weights = piece.operator.positive_weights
            rows = []
            for name, of_name in errors.items():
                error = of_name[p]
                if name == DISPLACEMENT:
                    rows += [_mass(piece, error), _mass(piece, block.motion.displacement[p] + error)]
                else:
                    rows += [_square(error, weights), _square(block.solution[name][p], weights)]
            elastic = block.motion.displacement[p] - inelastic[p]
            rows += [_mass(piece, values) for values in (
                inelastic[p], elastic, *(of_pass[p] for of_pass in corrections))]
            squares[p] = np.stack(rows)
            cells[p] = places.worst_cell(p, errors[STRESS][p])
    norms = np.sqrt(np.maximum(comm.sum_pieces(squares), 0.0))
    own = np.einsum("tni,tni->t", block.residual, block.residual)
    residual = np.sqrt(np.sum(comm.allgather(own), axis=0))
    node, largest = places.worst_node(block.residual)
    of_stress = 2 * list(errors).index(STRESS)
    has_error = norms[of_stress] > _ROUNDING * norms[of_stress + 1]
    return {"residual": residual, "force": block.force, "at_rest": block.motion.at_rest,
            "node": np.where(residual > _ROUNDING * block.force, node, NOWHERE), "largest": largest,
            "stress_cell": np.where(has_error, places.worst_of_cells(cells), NOWHERE),
            "inelastic": norms[2 * len(errors)], "elastic": norms[2 * len(errors) + 1],
            "corrections": norms[2 * len(errors) + 2:],
            **{name: norms[2 * k:2 * k + 2] for k, name in enumerate(errors)}}


def _mass(piece: Piece, values: np.ndarray) -> np.ndarray:
    """Squared L2 norm (n_step,) of nodal values (n_step, n_node, d)."""
    return np.einsum("tnc,tnc->t", values, piece.apply_mass(values))


def _square(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Squared L2 norm (n_step,) of values at points (n_step, n_ip, n_comp), over the points that have some."""
    square = np.einsum("tnc,tnc->tn", values, values)
    return np.where(np.isnan(square), 0.0, square) @ weights
