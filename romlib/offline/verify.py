"""The finished ROM, run over its own training cases and compared with the snapshots, without building any field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from romlib.archive.rom import Rom
from romlib.errors import ConvergenceError, VerificationError
from romlib.laws.symbols import evaluated_model
from romlib.offline.assemble import field_error
from romlib.offline.options import OfflineOptions
from romlib.offline.reduce import Reduction
from romlib.offline.rows import Rows
from romlib.offline.training import Span, TrainingSet
from romlib.online.history import ReducedHistory
from romlib.online.reduced import case_histories, point_values, reduced_problem
from romlib.online.run import solve

ONLINE = "online "  # an error of the finished ROM: "online displacement", "online stress", ...


def verify(training: TrainingSet, rom: Rom, reductions: Sequence[Reduction]) -> tuple[dict[str, float], str]:
    """The errors of `online_errors`; or none of them, and why the ROM cannot solve one of its training cases."""
    try:
        return online_errors(training, rom, reductions), ""
    except ConvergenceError as error:
        return {}, str(error)


def beyond_limits(errors: Mapping[str, float], failure: str, options: OfflineOptions) -> list[str]:
    """A sentence on each online error beyond its limit (or not a number), or on the failure to solve.

    errors : by quantity, those that are not "online ..." are left aside. failure : of `verify`.
    """
    if failure:
        return ["online: the ROM cannot solve one of its own training cases"]
    found = []
    for quantity, value in errors.items():
        limit = options.error_limit(quantity.removeprefix(ONLINE))
        if quantity.startswith(ONLINE) and not value <= limit:  # not a number is beyond every limit
            found.append(f"{quantity}: {value:.3g} (at most {limit:.3g})")
    return found


def refuse_errors(
    beyond: list[str], errors: Mapping[str, float], failure: str, options: OfflineOptions
) -> None:
    """Refuse a ROM whose errors are beyond the limits, with what they most likely come from.

    Raises
    ------
    VerificationError : always; names quantity, value and limit.
    """
    raise VerificationError(
        "the ROM does not reproduce its own training cases, and is not written",
        place="verification: the finished ROM over the training cases",
        expected="errors within [offline] error_limits (by default 5 %, or ten times the tolerances)",
        found="; ".join([*beyond, *([failure.replace("\n", "; ")] if failure else [])]),
        remedy=f"{' '.join(causes(beyond, errors, options))} To write the ROM all the same, and have its manifest say "
               "so: --accept-errors; to allow more of a field: [offline] error_limits = { FIELD = ... }")


def causes(beyond: list[str], errors: Mapping[str, float], options: OfflineOptions) -> list[str]:
    """Sentences on what errors beyond their limits most likely come from, and what helps."""
    fields = [line.split(":")[0].removeprefix(ONLINE) for line in beyond]
    limit = min((options.error_limit(field) for field in fields), default=0.0)
    said = []
    cubature = errors.get("cubature on its training set", 0.0)
    if cubature > options.cubature_tolerance:
        said.append(f"The cubature stopped at {cubature:.3g}, short of cubature_tolerance = "
                    f"{options.cubature_tolerance:.3g}: allow more points (cubature_points), or a looser tolerance.")
    pod = errors.get("POD of displacement", 0.0)
    if pod > limit / 3.0:
        said.append(f"The modes leave out {pod:.1e} of the displacement: a smaller pod_tolerance, or more modes.")
    for field in fields:
        gappy, modes = errors.get(f"gappy POD of {field}", 0.0), errors.get(f"POD of {field}", 0.0)
        own = options.error_limit(field) / 3.0
        if modes > own or gappy > own:
            said.append(f"{field} itself is reconstructed to {max(gappy, modes):.1e} only: a smaller dual_tolerance.")
    if not said:
        said.append("Neither modes, cubature nor reconstruction are this far off on the snapshots. Either these are "
                    "not in equilibrium with the loads by this law (`romlib check` says; do not skip it), or the law "
                    "goes another way along the ROM's own displacement: a smaller cubature_tolerance, "
                    'cubature_training = "full_rom", or more modes.')
    if options.clusters.number != 1:
        said.append("With local bases, more points for each mode ([clusters] points_per_mode), more neighbours "
                    "(overlap), fewer clusters or another dissimilarity may help; the report says what each "
                    "basis has.")
    return said


def online_errors(training: TrainingSet, rom: Rom, reductions: Sequence[Reduction]) -> dict[str, float]:
    """Relative errors, max_t ||a - b||_L2 / max_t ||b||_L2, of displacement and dual fields over the training runs.

    reductions : one a cluster.

    Raises
    ------
    ConvergenceError : the ROM cannot even reproduce a training case.
    """
    problem = reduced_problem(rom, evaluated_model(training.model))
    chosen = Rows(np.max([one.rows.weights for one in reductions], axis=0))
    rows, duals = training.rows_for("cases", chosen).kept, reductions[0].duals.fields
    squares = np.zeros(training.n_snapshot)
    found = {dual.name: np.zeros_like(dual.coordinates) for dual in duals}
    for span in training.spans(chosen):
        model = evaluated_model(rom.model.model_copy(update={"parameters": span.run.parameters}))
        history = solve(problem.with_materials(model.materials),
                        case_histories(rom, model, span.run.amplitudes, span.times),
                        cluster=None if rom.dictionary is None else rom.dictionary.of_case(span.run.name))
        squares[span.rows] = _displacement_squares(history, span, reductions)
        for dual in duals:
            operator = rom.gappy[dual.name]
            values = point_values(problem, history, dual.name)[span.first:, operator.points]
            found[dual.name][span.rows] = values.reshape(len(values), -1) @ operator.operator.T
    sizes = reductions[0].basis.norms[rows]
    errors = {"online displacement": float(np.sqrt(squares[rows].max()) / sizes.max())}
    return errors | {f"online {dual.name}": field_error(found[dual.name][rows], dual.coordinates[rows],
                                                        dual.norms[rows]) for dual in duals}


def _displacement_squares(history: ReducedHistory, span: Span, reductions: Sequence[Reduction]) -> np.ndarray:
    """Squares of the L2 norm of the error of the displacement, (n,), at the snapshots of a span.

    The liftings are the same in both, so that the difference of the remainders is that of the displacements. Every
    basis has coordinates of all snapshots, of which each time takes those of its own cluster.
    """
    squares, clusters = np.zeros(len(history.times) - span.first), history.clusters[span.first:]
    for number in np.unique(clusters):
        basis, here = reductions[number].basis, clusters == number
        found = history.coordinates[span.first:][here, :basis.n_mode]
        exact, remainders = basis.coordinates[span.rows][here], basis.remainders[span.rows][here]
        outside = np.maximum(remainders**2 - np.einsum("sk,sk->s", exact, exact), 0.0)
        squares[here] = outside + np.einsum("sk,sk->s", found - exact, found - exact)
    return squares
