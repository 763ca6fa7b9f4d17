"""From estimates to bounds: what is added for the passes that were not made, and where that is not known.

The corrections of the passes form a series, whose rest is that of a geometric one. The constants are calibrated;
docs/algorithms.md has on what, and what came out on others.
"""

from __future__ import annotations

import numpy as np

DISPLACEMENT_FACTOR, STRESS_FACTOR, STATE_FACTOR = 1.5, 1.5, 2.0
REST_FACTOR, LEAST_REST = 1.5, 4.0
MOST_CONTRACTION, MOST_INELASTIC = 0.9, 0.5
NEGLIGIBLE = 1e-9  # of the displacement; smaller corrections are those of a solution, and rounding


def contraction(corrections: np.ndarray, scale: float) -> np.ndarray:
    """The largest last correction so far over the largest one of the pass before, (n_step,); NaN for a single pass.

    Zero as long as the last one is rounding. corrections : (n_pass, n_step), L2 norms. scale : that of the largest
    displacement.
    """
    if len(corrections) < 2:
        return np.full(corrections.shape[1], np.nan)
    before, last = np.maximum.accumulate(corrections[-2:], axis=1)
    return np.divide(last, before, out=np.zeros_like(last), where=last > NEGLIGIBLE * scale)


def flow(inelastic: np.ndarray, elastic: np.ndarray) -> np.ndarray:
    """The largest inelastic displacement so far over the largest elastic one, (n_step,); L2 norms (n_step,).

    Small while elastic parts hold those that yield; large where the structure flows as a whole, as beyond a limit load.
    """
    part, whole = np.maximum.accumulate(inelastic), np.maximum.accumulate(elastic)
    return np.divide(part, whole, out=np.where(part > 0.0, np.inf, 0.0), where=whole > 0.0)


def bounds_of(errors: dict[str, np.ndarray], corrections: np.ndarray, rho: np.ndarray) -> dict[str, np.ndarray]:
    """Bounds (n_step,) of max_{tau <= t} ||error||_L2 by quantity.

        displacement: 1.5 |e| + max(4, r) |e_N|,  r = 1.5 rho / (1 - rho)
        others:       max(f, 1 + r |e_N| / |e|) |error|,  f = 1.5 for the stress, 2 for state variables

    with the largest norms so far.

    Parameters
    ----------
    errors : (n_step,), L2 norms of the estimates, that of the displacement among them.
    corrections : (n_pass, n_step), L2 norms of e_1 ... e_N. rho : (n_step,), `contraction`, below one.
    """
    rest = REST_FACTOR * rho / (1.0 - rho)
    largest = {name: np.maximum.accumulate(error) for name, error in errors.items()}
    last, whole = np.maximum.accumulate(corrections[-1]), largest["displacement"]
    longer = 1.0 + np.divide(rest * last, whole, out=np.zeros_like(last), where=whole > 0.0)
    found = {}
    for name, error in largest.items():
        if name == "displacement":
            absolute = DISPLACEMENT_FACTOR * error + np.maximum(LEAST_REST, rest) * last
        else:
            absolute = np.maximum(STRESS_FACTOR if name == "stress" else STATE_FACTOR, longer) * error
        found[name] = np.maximum.accumulate(absolute)
    return found
