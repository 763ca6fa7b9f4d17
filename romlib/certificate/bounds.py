"""From estimates to bounds: what calibration adds to them, and where they are withheld.

Calibrated on 41 histories of two structures (a plate under cyclic traction, a viscoplastic blade), inside and outside
of what their ROMs were trained on; docs/algorithms.md has what came out on others.
"""

from __future__ import annotations

import numpy as np

DISPLACEMENT_FACTOR, LAST_CORRECTION_FACTOR = 1.25, 3.0
STRESS_FACTOR, STATE_FACTOR = 1.5, 2.0
# Below the limit load the second correction was at most 0.85 of the first one, beyond it at least 1.09.
MOST_CONTRACTION = 0.95


def contraction(corrections: np.ndarray) -> np.ndarray:
    """The largest last correction so far over the largest one of the pass before, (n_step,); NaN for a single pass.

    corrections : (n_pass, n_step), L2 norms.
    """
    if len(corrections) < 2:
        return np.full(corrections.shape[1], np.nan)
    before, last = np.maximum.accumulate(corrections[-2:], axis=1)
    return np.divide(last, before, out=np.zeros_like(last), where=before > 0.0)


def withheld(corrections: np.ndarray) -> np.ndarray:
    """Where there is no bound, (n_step,) bool: from when on corrections do not get smaller; everywhere for one pass."""
    return np.logical_or.accumulate(~(contraction(corrections) <= MOST_CONTRACTION))


def bound(name: str, error: np.ndarray, reference: np.ndarray, corrections: np.ndarray) -> np.ndarray:
    """Bound (n_step,) of max_{tau <= t} ||error||_L2 over max_t ||reference||_L2; NaN where it is withheld.

    Parameters
    ----------
    name : "displacement", "stress", or a state variable. error, reference : (n_step,), L2 norms of the estimates.
    corrections : (n_pass, n_step), L2 norms.
    """
    if name == "displacement":
        absolute = DISPLACEMENT_FACTOR * error + LAST_CORRECTION_FACTOR * corrections[-1]
    else:
        absolute = (STRESS_FACTOR if name == "stress" else STATE_FACTOR) * error
    scale = float(reference.max(initial=0.0))
    found = np.maximum.accumulate(absolute)
    relative = found / scale if scale > 0.0 else np.where(found > 0.0, np.inf, 0.0)
    return np.where(withheld(corrections), np.nan, relative)
