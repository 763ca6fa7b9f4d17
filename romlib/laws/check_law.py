"""One call for the author of a law: shapes, purity, tangent, isotropy, independence of the batch, failure as data."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from romlib.errors import LawError
from romlib.laws.law import Increment, Law, LawResult
from romlib.tensors import rotate
from romlib.words import plural


@dataclass(frozen=True)
class LawReport:
    """Figures of a law that passed: largest relative differences, and how many points they rest on.

    tangent_error : consistent tangent against finite differences of the stress, over |tangent| a point.
    n_tangent_points, n_skipped : points and steps compared, and those at a kink, where differences say nothing.
    isotropy_error : stress and state of a rotated increment against the rotated ones; None where not claimed.
    batch_error : one point at a time (in another order) against all at once.
    """

    law: str
    tangent_error: float
    n_tangent_points: int
    n_skipped: int
    isotropy_error: float | None
    batch_error: float


@dataclass(frozen=True)
class _Trial:
    """The random histories that a law is put through."""

    law: Law
    strain: np.ndarray  # (n_step + 1, n_ip, 6)
    temperature: np.ndarray | None  # (n_step + 1, n_ip)
    dt: float
    orientation: np.ndarray | None

    @property
    def n_ip(self) -> int:
        return self.strain.shape[1]

    def increment(self, step: int, stress0: np.ndarray) -> Increment:
        n = self.n_ip
        zero = np.zeros(n)
        temperatures = (None, None) if self.temperature is None else self.temperature[step:step + 2].copy()
        return Increment(
            self.strain[step].copy(), self.strain[step + 1].copy(), stress0, temperatures[0], temperatures[1],
            step * self.dt, self.dt, np.arange(n), np.zeros(n, dtype=np.int64),
            np.stack([np.arange(n), zero, zero], axis=1), None if self.orientation is None else self.orientation.copy())


def check_law(
    law: Law, *, strain: float = 0.01, dt: float = 1.0, temperature: tuple[float, float] | None = None,
    orientation: np.ndarray | None = None, n_ip: int = 16, n_step: int = 4, tolerance: float = 1e-5, seed: int = 0,
) -> LawReport:
    """Verify an implementation of `Law` on random strain histories, and tell its author everything that is wrong.

    Parameters
    ----------
    strain : size of the strains; large enough to make the law leave its elastic domain, small enough to converge.
    dt : length of each increment. temperature : range from which temperatures are drawn, None for none.
    orientation : (3, 3) material axes given to every point, None for none.
    n_ip, n_step : points and increments. tolerance : relative, for the tangent; isotropy and batch use 1e-9.
    seed : of the random histories.

    Raises
    ------
    LawError : listing each property that does not hold, with the difference found.
    """
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(n_step, n_ip, 6)) * np.logspace(-1.5, 0.0, n_ip)[:, None] * strain / np.sqrt(6.0)
    history = np.concatenate([np.zeros((1, n_ip, 6)), np.cumsum(directions, axis=0)])
    temperatures = None if temperature is None else rng.uniform(*temperature, size=(n_step + 1, n_ip))
    axes = None if orientation is None else np.tile(np.asarray(orientation, dtype=float), (n_ip, 1, 1))
    trial = _Trial(law, history, temperatures, dt, axes)
    problems = _declaration(law, n_ip)
    report = None
    if not problems:
        report = _run(trial, tolerance, problems)
    if problems or report is None:
        raise LawError(
            f"the law '{getattr(law, 'name', type(law).__name__)}' does not do what romlib needs:\n  - "
            + "\n  - ".join(problems), remedy="see romlib.laws.law.Law for what each method must do")
    return report


def _declaration(law: Law, n_ip: int) -> list[str]:
    """What is wrong with the attributes and the initial state."""
    missing = [name for name in ("name", "isotropic", "state_variables", "tensor_variables", "n_state", "initial_state",
                                 "integrate", "from_parameters") if not hasattr(law, name)]
    if missing:
        return [f"it lacks {', '.join(missing)}"]
    problems = []
    columns: list[int] = []
    for name, place in law.state_variables.items():
        columns += range(*place.indices(law.n_state))
        if name in law.tensor_variables and place.stop - place.start != 6:
            problems.append(f"tensor_variables: '{name}' has {place.stop - place.start} components, expected 6")
    if sorted(columns) != list(range(law.n_state)):
        problems.append(
            f"state_variables do not cover each column of {law.n_state} once: {dict(law.state_variables)}")
    problems += [f"tensor_variables: '{name}' is not in state_variables"
                 for name in law.tensor_variables if name not in law.state_variables]
    state = np.asarray(law.initial_state(n_ip))
    if state.shape != (n_ip, law.n_state) or state.dtype != np.float64:
        problems.append(f"initial_state: expected float64 of shape {(n_ip, law.n_state)}, found {state.dtype} of shape "
                        f"{state.shape}")
    return problems


def _run(trial: _Trial, tolerance: float, problems: list[str]) -> LawReport | None:
    """Step through the histories; stop at the first step whose results cannot be used further."""
    law = trial.law
    stress, state = np.zeros((trial.n_ip, 6)), law.initial_state(trial.n_ip)
    tangent_error, isotropy_error, batch_error, compared, skipped = 0.0, 0.0, 0.0, 0, 0
    for step in range(len(trial.strain) - 1):
        increment = trial.increment(step, stress)
        result = _integrate_purely(law, increment, state, problems)
        if result is None or problems:
            return None
        error, usable = _tangent_error(law, increment, state, result)
        tangent_error = max(tangent_error, float(error[usable].max(initial=0.0)))
        compared, skipped = compared + int(usable.sum()), skipped + int((~usable).sum())
        batch_error = max(batch_error, _batch_error(law, increment, state, result))
        if law.isotropic and trial.orientation is None:
            isotropy_error = max(isotropy_error, _isotropy_error(law, increment, state, result))
        stress, state = result.stress, result.state
    if tangent_error > tolerance:
        problems.append(
            f"tangent: differs from finite differences by {tangent_error:.2e} of its norm, allowed {tolerance:.0e}")
    if skipped > compared:
        problems.append(f"tangent: the stress is not differentiable at {skipped} of {compared + skipped} points")
    if batch_error > 1e-9:
        problems.append(f"batch: one point at a time differs from all at once by {batch_error:.2e}")
    if isotropy_error > 1e-9:
        problems.append(f"isotropy: a rotated increment differs from the rotated result by {isotropy_error:.2e}")
    problems += _failure_is_data(law, trial.increment(0, np.zeros((trial.n_ip, 6))))
    checked = law.isotropic and trial.orientation is None
    return LawReport(law.name, tangent_error, compared, skipped, isotropy_error if checked else None, batch_error)


def _arrays(increment: Increment, state: np.ndarray) -> dict[str, np.ndarray]:
    arrays = {name: getattr(increment, name) for name in Increment.__slots__}
    return {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)} | {"state0": state}


def _at_points(increment: Increment, state: np.ndarray, indices: np.ndarray) -> tuple[Increment, np.ndarray]:
    """Copies of the increment and the state at these points."""
    arrays: dict[str, Any] = {name: value[indices] for name, value in _arrays(increment, state).items()}
    state0 = arrays.pop("state0")
    return replace(increment, **arrays), state0


def _integrate_purely(
    law: Law, increment: Increment, state: np.ndarray, problems: list[str]
) -> LawResult | None:
    """The result, once shapes, values, purity, repeatability and the run without tangent have been looked at."""
    before = copy.deepcopy(_arrays(increment, state))
    result = law.integrate(increment, state, tangent=True)
    given = _arrays(increment, state)
    changed = [name for name, value in given.items() if not np.array_equal(value, before[name], equal_nan=True)]
    if changed:
        problems.append(f"purity: integrate modifies its input {', '.join(changed)}")
    n_ip = len(state)
    shapes = {"stress": (n_ip, 6), "tangent": (n_ip, 6, 6), "state": (n_ip, law.n_state)}
    for name, expected in shapes.items():
        value = getattr(result, name)
        if np.shape(value) != expected or np.asarray(value).dtype != np.float64:
            problems.append(f"shape: {name} should be float64 of shape {expected}, found {np.shape(value)}")
        elif any(np.shares_memory(value, other) for other in given.values()):
            problems.append(f"purity: {name} shares memory with an input")
    if not result.ok:
        problems.append(f"convergence: failure at {plural(len(result.failed_points), 'point')} ({result.message}); if "
                        "the strains are too large for the law, give check_law a smaller `strain`")
    if problems:
        return None
    if not all(np.isfinite(getattr(result, name)).all() for name in shapes):
        problems.append("values: the result is not finite, yet no point is reported as failed")
    again = law.integrate(increment, state, tangent=True)
    if not (np.array_equal(again.stress, result.stress) and np.array_equal(again.state, result.state)):
        problems.append("purity: the same increment a second time gives another result")
    plain = law.integrate(increment, state, tangent=False)
    if plain.tangent is not None:
        problems.append("tangent: it is computed although tangent=False")
    if _difference(plain.stress, result.stress) > 1e-12 or _difference(plain.state, result.state) > 1e-12:
        problems.append("tangent: stress or state differ when the tangent is not asked for")
    return result


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference relative to the largest value of b."""
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300)) if np.any(a != b) else 0.0


def _tangent_error(
    law: Law, increment: Increment, state: np.ndarray, result: LawResult
) -> tuple[np.ndarray, np.ndarray]:
    """Relative error of the tangent a point (n_ip,), and where finite differences can be trusted (n_ip,) bool."""
    size = np.maximum(np.linalg.norm(increment.strain1 - increment.strain0, axis=1), 1e-12)
    assert result.tangent is not None
    norm = np.linalg.norm(result.tangent, axis=(1, 2))
    coarse, fine = (_differences(law, increment, state, factor * size) for factor in (2e-4, 1e-4))
    spread = np.linalg.norm(coarse - fine, axis=(1, 2)) / norm
    extrapolated = fine + (fine - coarse) / 3.0
    error = np.linalg.norm(result.tangent - extrapolated, axis=(1, 2)) / norm
    return error, spread < 1e-3


def _differences(law: Law, increment: Increment, state: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Central differences d stress / d strain1 with a step a point, all twelve perturbations in one batch."""
    n_ip = len(state)
    steps = np.concatenate([np.eye(6), -np.eye(6)])
    twelve, state0 = _at_points(increment, state, np.tile(np.arange(n_ip), 12))
    twelve.strain1 += (steps[:, None, :] * size[None, :, None]).reshape(-1, 6)
    stress = law.integrate(twelve, state0, tangent=False).stress.reshape(2, 6, n_ip, 6)
    return np.moveaxis((stress[0] - stress[1]) / (2.0 * size[None, :, None]), 0, 2)


def _batch_error(law: Law, increment: Increment, state: np.ndarray, result: LawResult) -> float:
    """One point at a time, last point first, against the whole batch."""
    error = 0.0
    for i in reversed(range(len(state))):
        alone = law.integrate(*_at_points(increment, state, np.array([i])), tangent=True)
        pairs = ((alone.stress, result.stress), (alone.state, result.state), (alone.tangent, result.tangent))
        for found, expected in pairs:
            if found is not None and expected is not None and found.size:
                scale = max(float(np.abs(expected).max()), 1e-300)
                error = max(error, float(np.abs(found[0] - expected[i]).max()) / scale)
    return error


def _rotated_state(law: Law, state: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    out = state.copy()
    for name in law.tensor_variables:
        out[:, law.state_variables[name]] = rotate(state[:, law.state_variables[name]], rotation)
    return out


def _isotropy_error(law: Law, increment: Increment, state: np.ndarray, result: LawResult) -> float:
    """A rotated increment from a rotated state, against the rotated result."""
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    turned = replace(
        increment, strain0=rotate(increment.strain0, q), strain1=rotate(increment.strain1, q),
        stress0=rotate(increment.stress0, q))
    found = law.integrate(turned, _rotated_state(law, state, q), tangent=False)
    return max(_difference(found.stress, rotate(result.stress, q)),
               _difference(found.state, _rotated_state(law, result.state, q)))


def _failure_is_data(law: Law, increment: Increment) -> list[str]:
    """A strain that is not a number at one point must be reported there, and leave the others alone."""
    state = law.initial_state(len(increment.strain1))
    good = law.integrate(increment, state, tangent=False)
    strain1 = increment.strain1.copy()
    strain1[1, 0] = np.nan
    try:
        bad = law.integrate(replace(increment, strain1=strain1), state, tangent=False)
    except Exception as error:  # whatever a plug-in raises, its author is to be told
        return [f"failure: a strain that is not a number raises {type(error).__name__}; report it in failed_points"]
    problems = []
    failed = list(bad.failed_points)
    if failed != [1]:
        problems.append(f"failure: a strain that is not a number at point 1 gives failed_points {failed}")
    elif not (0.0 < bad.dt_factor < 1.0 and bad.message):
        problems.append(f"failure: expected 0 < dt_factor < 1 and a message, found {bad.dt_factor} and {bad.message!r}")
    if not np.array_equal(np.delete(bad.stress, 1, axis=0), np.delete(good.stress, 1, axis=0)):
        problems.append("failure: one point that fails changes the stress of the others")
    return problems
