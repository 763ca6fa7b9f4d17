"""Damage of counted cycles: Basquin, Manson-Coffin, both together, Smith-Watson-Topper; summed by Miner's rule.

Each curve gives the number of cycles to failure N of a cycle; its damage is count / N, and failure is a sum of 1.
Sources: O. H. Basquin, Proc. ASTM 10 (1910); S. S. Manson, NACA TN 2933 (1953) and L. F. Coffin, Trans. ASME 76 (1954);
J. Morrow, ASTM STP 378 (1965) and SAE AE-4 (1968); J. Goodman, Mechanics Applied to Engineering (1899); K. N. Smith,
P. Watson, T. H. Topper, J. Mater. 5 (1970); M. A. Miner, J. Appl. Mech. 12 (1945).
"""

from __future__ import annotations

import numpy as np

from romlib.life.table import Basquin, CoffinManson, Curve, SmithWatsonTopper, StrainLife

_MOST_NEWTON = 100
_CLOSE = 1e-12


def cycles_to_failure(
    curve: Curve, young: float, strain: np.ndarray, plastic: np.ndarray, stress: np.ndarray, lowest: np.ndarray,
    highest: np.ndarray,
) -> np.ndarray:
    """N of each cycle, (n,); inf: it does no damage; 0: the mean stress alone breaks the material.

    Parameters
    ----------
    strain, plastic, stress : (n,), ranges of total strain, plastic strain and stress. lowest, highest : (n,), extremes
    of the stress in the cycle. young : of the curves that use it.
    """
    mean = np.maximum(0.5 * (lowest + highest), 0.0)  # a mean compression is given no credit
    if isinstance(curve, Basquin):
        return _basquin(curve, 0.5 * stress, mean)
    if isinstance(curve, CoffinManson):
        c = curve.fatigue_ductility_exponent
        return 0.5 * _power(0.5 * plastic / curve.fatigue_ductility_coefficient, 1.0 / c)
    strength, b = curve.fatigue_strength_coefficient, curve.fatigue_strength_exponent
    ductility, c = curve.fatigue_ductility_coefficient, curve.fatigue_ductility_exponent
    if isinstance(curve, StrainLife):
        left = np.maximum(strength - mean * (curve.mean_stress == "morrow"), 0.0)
        n = 0.5 * _reversals(0.5 * strain, left / young, b, np.full(len(strain), ductility), c)
        return np.where(left > 0.0, n, 0.0)
    assert isinstance(curve, SmithWatsonTopper)
    ones = np.ones(len(strain))
    return 0.5 * _reversals(0.5 * strain * np.maximum(highest, 0.0), ones * strength**2 / young, 2.0 * b,
                            ones * strength * ductility, b + c)


def _basquin(curve: Basquin, amplitude: np.ndarray, mean: np.ndarray) -> np.ndarray:
    strength = curve.fatigue_strength_coefficient
    limit = {"none": np.inf, "morrow": strength, "goodman": curve.ultimate_strength}[curve.mean_stress]
    assert limit is not None
    left = 1.0 - mean / limit
    equivalent = np.divide(amplitude, left, out=np.full(len(amplitude), np.inf), where=left > 0.0)
    return 0.5 * _power(equivalent / strength, 1.0 / curve.fatigue_strength_exponent)


def _power(base: np.ndarray, exponent: float) -> np.ndarray:
    """base^exponent with a negative exponent: inf for nothing."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(base, dtype=float) ** exponent


def _reversals(
    wanted: np.ndarray, first: np.ndarray, first_exponent: float, second: np.ndarray, second_exponent: float
) -> np.ndarray:
    """2 N of wanted = first (2N)^a + second (2N)^b, (n,), inf where nothing is wanted.

    Newton's method for log(2N) on the logarithm of the sum, which is convex and falls: from the left it does not
    overshoot.
    """
    out = np.full(len(wanted), np.inf)
    some = np.flatnonzero((wanted > 0.0) & (first > 0.0))
    if not len(some):
        return out
    with np.errstate(divide="ignore"):
        y, one, two = np.log(wanted[some]), np.log(first[some]), np.log(second[some])
    x = np.maximum((y - one) / first_exponent, (y - two) / second_exponent)
    for _ in range(_MOST_NEWTON):
        a, b = one + first_exponent * x, two + second_exponent * x
        total = np.logaddexp(a, b)
        slope = first_exponent * np.exp(a - total) + second_exponent * np.exp(b - total)
        step = (y - total) / slope
        x = x + step
        if (abs(step) <= _CLOSE * np.maximum(abs(x), 1.0)).all():
            break
    with np.errstate(over="ignore"):
        out[some] = np.exp(x)
    return out


def damage_of(cycles: np.ndarray, count: np.ndarray) -> np.ndarray:
    """count / N, (n,): inf where the first of such cycles breaks."""
    return np.divide(count, cycles, out=np.full(len(cycles), np.inf), where=cycles > 0.0)
