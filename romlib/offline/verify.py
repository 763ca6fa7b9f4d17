"""The finished ROM, run over its own training cases and compared with the snapshots, without building any field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from romlib.archive.accuracy import RunErrors
from romlib.archive.rom import Rom
from romlib.errors import ConvergenceError, VerificationError
from romlib.laws.symbols import evaluated_model
from romlib.offline.options import OfflineOptions
from romlib.offline.reduce import Reduction
from romlib.offline.rows import Rows
from romlib.offline.training import Span, TrainingSet
from romlib.online.history import ReducedHistory
from romlib.online.reduced import case_histories, point_values, reduced_problem
from romlib.online.run import solve
from romlib.snapshots.error_bounds import FLOOR

ONLINE = "online "  # an error of the finished ROM: "online displacement", "online stress", ...


@dataclass(frozen=True, eq=False)
class SpanErrors:
    """The ROM over one run: by quantity, the largest L2 norms of its error and of the run's field."""

    run: str
    differences: dict[str, float]
    sizes: dict[str, float]

    def relative(self, norms: Mapping[str, float]) -> dict[str, float]:
        """As of `romlib.archive.accuracy.RunErrors`. norms : by quantity, the largest of all training runs."""
        return {name: _ratio(difference, max(self.sizes[name], FLOOR * norms[name]))
                for name, difference in self.differences.items()}


@dataclass(frozen=True, eq=False)
class Verified:
    """errors : of `online_errors`; none, and `failure` why, where the ROM cannot solve one of its training cases.

    runs : the errors over each training run and each validation run.
    """

    errors: dict[str, float]
    runs: list[RunErrors]
    failure: str = ""


def verify(training: TrainingSet, rom: Rom, reductions: Sequence[Reduction]) -> Verified:
    """The ROM over its training runs, and over validation runs, which it was not trained with."""
    chosen = Rows(np.max([one.rows.weights for one in reductions], axis=0))
    solver = _Solver(training, rom, reductions)
    try:
        spans = [solver.errors(span) for span in training.spans(chosen)]
    except ConvergenceError as error:
        return Verified({}, [], str(error))
    norms = largest_of(spans)
    runs = [RunErrors(one.run, "trained", one.relative(norms)) for one in spans]
    for span in training.validation_spans():
        try:
            runs.append(RunErrors(span.run.name, "validation", solver.errors(span).relative(norms)))
        except ConvergenceError as error:
            runs.append(RunErrors(span.run.name, "validation", failure=error.what))
    return Verified(_over_all(spans, norms), runs)


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
    chosen = Rows(np.max([one.rows.weights for one in reductions], axis=0))
    solver = _Solver(training, rom, reductions)
    spans = [solver.errors(span) for span in training.spans(chosen)]
    return _over_all(spans, largest_of(spans))


def largest_of(spans: Sequence[SpanErrors]) -> dict[str, float]:
    """By quantity, the largest norm of all runs."""
    return {name: max(one.sizes[name] for one in spans) for name in spans[0].sizes}


def _over_all(spans: Sequence[SpanErrors], norms: Mapping[str, float]) -> dict[str, float]:
    return {f"{ONLINE}{name}": _ratio(max(one.differences[name] for one in spans), norm)
            for name, norm in norms.items()}


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0.0 else 0.0


class _Solver:
    """A ROM that is run over runs of which the coordinates are known."""

    def __init__(self, training: TrainingSet, rom: Rom, reductions: Sequence[Reduction]) -> None:
        self._rom, self._reductions = rom, reductions
        self._problem = reduced_problem(rom, evaluated_model(training.model))

    def errors(self, span: Span) -> SpanErrors:
        rom, rows = self._rom, span.rows
        model = evaluated_model(rom.model.model_copy(update={"parameters": span.run.parameters}))
        own = None if rom.dictionary is None or span.run.role != "run" else rom.dictionary.of_case(span.run.name)
        history = solve(self._problem.with_materials(model.materials),
                        case_histories(rom, model, span.run.amplitudes, span.times), cluster=own)
        squares = _displacement_squares(history, span, self._reductions)
        differences = {"displacement": float(np.sqrt(squares.max()))}
        sizes = {"displacement": float(self._reductions[0].basis.norms[rows].max())}
        for dual in self._reductions[0].duals.fields:
            operator = rom.gappy[dual.name]
            values = point_values(self._problem, history, dual.name)[span.first:, operator.points]
            found = values.reshape(len(values), -1) @ operator.operator.T
            exact, norms = dual.coordinates[rows], dual.norms[rows]
            outside = np.maximum(norms**2 - np.einsum("sk,sk->s", exact, exact), 0.0)
            inside = np.einsum("sk,sk->s", found - exact, found - exact)
            differences[dual.name] = float(np.sqrt((inside + outside).max()))
            sizes[dual.name] = float(norms.max())
        return SpanErrors(span.run.name, differences, sizes)


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
