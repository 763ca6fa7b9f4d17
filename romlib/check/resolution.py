"""What the stored digits of a field resolve: no measurement can agree better than its own input is known.

A displacement in single precision, or in text with six digits, is known to half a unit in the last place at its own
magnitude. Strain is a difference of neighbours, so that a large motion with little strain loses digits; stress is that
times the stiffness, and a nodal force its integral. Nothing here is assumed of the numbers: random noise of that size
goes the same way as the field itself, through B, the elastic tangent and B^T, and what comes out is the resolution.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from romlib.mesh.operator import StrainOperator

# The largest of the noise drawn at one time of a block, against the largest rounding at all of its times. Twice was
# short of it in one of some hundred draws on a mesh of 80 nodes, by 3 %.
SAFETY = 3.0
MOST_DIGITS, MOST_OF_SINGLE = 9, 6  # more are not a reason for anything here, or not to be seen in single precision
_FEWEST_DIGITS, _FEWEST_VALUES = 4, 12
_SINGLE = 2.0**-24  # half a unit in the last place of float32, relative
_SHORT = 2.0**12


@dataclass(frozen=True)
class Precision:
    """digits : decimal ones of a field written as text; None for single precision."""

    digits: int | None = None

    @property
    def words(self) -> str:
        """How to name it."""
        return "in single precision" if self.digits is None else f"with {self.digits} digits"

    def half_unit(self, values: np.ndarray) -> np.ndarray:
        """Half a unit in the last place of values (...), the most that rounding has changed each."""
        if self.digits is None:
            return _SINGLE * np.abs(values)
        return 0.5 * _power(values) * 10.0 ** (1 - self.digits)

    def noise(self, values: np.ndarray) -> np.ndarray:
        """What rounding may have added to values: independent, uniform, the same at every call."""
        random = np.random.default_rng(0)
        return self.half_unit(values) * random.uniform(-1.0, 1.0, values.shape)


def precision_of(values: np.ndarray, dtype: str) -> Precision | None:
    """The precision of stored values (...), None for double: as the file states it, or as the values themselves show.

    A converter may have put six digits, or single precision, into float64. Then every value has no more digits than
    these, and most of them use all: numbers that are round by themselves (a patch test) do not.

    Parameters
    ----------
    dtype : of the field, as the file states it.
    """
    some = values[np.isfinite(values) & (values != 0.0)].ravel()
    if len(some) < _FEWEST_VALUES:
        return Precision() if dtype == "float32" else None
    digits = _decimals(some, 1e-14, MOST_DIGITS)
    if digits is not None:
        return Precision(digits)
    with np.errstate(over="ignore"):
        single = dtype == "float32" or bool(np.all(some == some.astype(np.float32)))
    if not single:
        return None
    digits = _decimals(some, 1.01 * _SINGLE, MOST_OF_SINGLE)  # a text that was read into single precision
    mantissa = np.frexp(some)[0] * _SHORT
    round_ = dtype != "float32" and np.mean(mantissa != np.rint(mantissa)) <= 0.5
    return None if digits is None and round_ else Precision(digits)


def _decimals(values: np.ndarray, error: float, most: int) -> int | None:
    """How many decimal digits all of values (n,), not zero, have, where most of them use all; else None.

    error : relative, of the values themselves.
    """
    scaled, shorter = np.abs(values) / _power(values), np.zeros(len(values), dtype=bool)
    for digits in range(_FEWEST_DIGITS - 1, most + 1):
        whole = scaled * 10.0 ** (digits - 1)
        ends = np.abs(whole - np.rint(whole)) <= error * 10.0**digits
        if ends.all():
            return digits if digits >= _FEWEST_DIGITS and np.mean(~shorter) > 0.5 else None
        shorter = ends
    return None


def _power(values: np.ndarray) -> np.ndarray:
    """The power of ten of the first digit; zero for zero."""
    size = np.abs(values)
    with np.errstate(divide="ignore"):
        return np.where(size > 0.0, 10.0 ** np.floor(np.log10(np.where(size > 0.0, size, 1.0))), 0.0)


@dataclass
class Resolution:
    """The largest noise over all points and times seen so far, in the units of each quantity; zero where none counts.

    displacement, stored_stress : the precision of both fields in words, "" for double.
    strain, stress, force : of the strain, the replayed stress and B^T of it, from the displacement.
    stored_force : of B^T of the stored stress.
    """

    displacement: str = ""
    stored_stress: str = ""
    strain: float = 0.0
    stress: float = 0.0
    force: float = 0.0
    stored_force: float = 0.0

    def merge(self, other: Resolution) -> None:
        """Take into account what another has seen."""
        for entry in fields(self):
            mine, others = getattr(self, entry.name), getattr(other, entry.name)
            setattr(self, entry.name, max(mine, others))

    def add_displacement(
        self, precision: Precision, values: np.ndarray, operator: StrainOperator, tangent: np.ndarray | None
    ) -> None:
        """Take a displacement (n_node, d) into account; tangent : (n_ip, 6, 6) of the virgin state, if there is one."""
        strain = operator.strain(precision.noise(values)[None])[0]
        found = Resolution(displacement=precision.words, strain=_largest(strain))
        if tangent is not None:
            stress = np.einsum("pij,pj->pi", tangent, strain)
            found.stress, found.force = _largest(stress), _largest(operator.internal_force(stress[None])[0])
        self.merge(found)

    def add_stress(self, precision: Precision, values: np.ndarray, operator: StrainOperator) -> None:
        """Take a stored stress (n_ip, 6) into account."""
        noise = np.where(np.isfinite(values), precision.noise(np.nan_to_num(values)), 0.0)
        self.merge(Resolution(stored_stress=precision.words,
                              stored_force=_largest(operator.internal_force(noise[None])[0])))


def _largest(values: np.ndarray) -> float:
    return SAFETY * float(np.linalg.norm(values, axis=-1).max(initial=0.0))
