"""Rate-independent J2 plasticity with linear, Voce, tabulated and linear kinematic (Prager) hardening, implicit Euler.

Radial return: J. C. Simo, T. J. R. Hughes, Computational Inelasticity, Springer 1998, sections 3.3 and 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numba
import numpy as np
from pydantic import Field, model_validator

from romlib.laws.elastic import add_isotropic
from romlib.laws.law import NOT_CONVERGED, NOT_FINITE, Increment, LawResult, check_shapes, result_of
from romlib.laws.parameters import (
    ZERO,
    NonNegative,
    ParameterSet,
    PoissonRatio,
    Positive,
    TemperatureDependent,
    lowest_sum,
    read_parameters,
)
from romlib.model.base import Description
from romlib.model.material import MOST_ROWS
from romlib.words import listed


class VoceHardening(Description):
    """Q (1 - exp(-b p)): Q a stress (negative: softening), b without unit."""

    Q: TemperatureDependent = Field(description=(
        "size of the saturating hardening (stress); negative softens, but the radius of the yield surface must stay "
        "positive"))
    b: NonNegative = Field(description="rate of the saturation, per cumulated plastic strain")


NO_VOCE = VoceHardening(Q=ZERO, b=ZERO)


class HardeningCurve(Description):
    """The yield stress over cumulated plastic strain: linear between the values of p, constant after the last.

    p : increasing from 0. stress : one value a p, numbers or tables in temperature.
    """

    p: Annotated[tuple[float, ...], Field(max_length=MOST_ROWS)] = Field(description=(
        "cumulated plastic strain, increasing from 0"))
    stress: Annotated[tuple[Positive, ...], Field(max_length=MOST_ROWS)] = Field(description=(
        "yield stress there; linear in between, constant after the last; each a number or a table in temperature"))

    @model_validator(mode="after")
    def _is_a_curve(self) -> HardeningCurve:
        if len(self.p) != len(self.stress) or not self.p:
            raise ValueError(f"a curve has as many stresses as values of p, found {len(self.stress)} and {len(self.p)}")
        if self.p[0] != 0.0 or any(b <= a for a, b in zip(self.p, self.p[1:])):
            raise ValueError(f"p of a curve must begin with 0 and increase, found {listed(self.p[:20])}")
        return self


class MisesParameters(Description):
    """young, poisson, kinematic (Prager's C); and yield with linear_hardening (stress per cumulated plastic strain) and
    voce, or curve.
    """

    young: Positive = Field(description="Young's modulus (stress), also as a table in temperature")
    poisson: PoissonRatio = Field(description="Poisson's ratio, also as a table in temperature")
    yield_stress: Positive | None = Field(default=None, alias="yield", description=(
        "initial yield stress; either this or `curve`"))
    linear_hardening: NonNegative = Field(default=ZERO, description=(
        "slope of stress against cumulated plastic strain (stress)"))
    voce: VoceHardening = Field(default=NO_VOCE, description="saturating isotropic hardening; by default none")
    curve: HardeningCurve | None = Field(default=None, description=(
        "all of the isotropic hardening as a table, `{ p = [0, 0.01], stress = [200, 260] }`"))
    kinematic: NonNegative = Field(default=ZERO, description=(
        "linear (Prager) kinematic hardening, slope in a uniaxial test (stress)"))

    @model_validator(mode="after")
    def _one_isotropic_hardening(self) -> MisesParameters:
        if (self.yield_stress is None) == (self.curve is None):
            raise ValueError("give either yield (with linear_hardening and voce, where there is hardening), or curve")
        if self.curve is not None and not {"linear_hardening", "voce"}.isdisjoint(self.model_fields_set):
            raise ValueError("a curve has all of the isotropic hardening: leave out linear_hardening and voce")
        return self

    @model_validator(mode="after")
    def _radius_stays_positive(self) -> MisesParameters:
        if self.yield_stress is None:
            return self
        if lowest_sum(self.yield_stress, self.voce.Q) <= 0:
            raise ValueError("yield + voce.Q must stay > 0 at every temperature")
        return self


class MisesLaw:
    """J(s - X) <= R(p), R = yield + H p + Q (1 - exp(-b p)), or R a curve of p; X = 2/3 C plastic strain.

    H is the slope of stress against cumulated plastic strain in a uniaxial test, C that of the kinematic part. The
    moduli are those at the temperature of the end of the increment.
    """

    name = "mises"
    isotropic = True
    text_parameters: tuple[str, ...] = ()
    n_state = 7
    tensor_variables: tuple[str, ...] = ("plastic_strain",)

    def __init__(self, parameters: MisesParameters) -> None:
        self.state_variables: Mapping[str, slice] = {"p": slice(0, 1), "plastic_strain": slice(1, 7)}
        curve = parameters.curve or HardeningCurve(p=(0.0,), stress=(parameters.yield_stress,))  # type: ignore[arg-type]
        self._knots = np.array(curve.p)
        self.parameters = ParameterSet({
            "young": parameters.young, "poisson": parameters.poisson, "linear_hardening": parameters.linear_hardening,
            "voce.Q": parameters.voce.Q, "voce.b": parameters.voce.b, "kinematic": parameters.kinematic,
            **{f"curve.stress[{k}]" if parameters.curve else "yield": table for k, table in enumerate(curve.stress)}})

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> MisesLaw:
        """The law with the keys of `MisesParameters`; a wrong one is a LawError."""
        return cls(read_parameters(MisesParameters, parameters, cls.name))

    def initial_state(self, n_ip: int) -> np.ndarray:
        """Zero: (n_ip, 7)."""
        return np.zeros((n_ip, self.n_state))

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """Stress, tangent and state at the end of the increment; see `romlib.laws.law.Law.integrate`."""
        strain = np.ascontiguousarray(increment.strain1, dtype=float)
        n_ip = len(strain)
        stress, state = np.empty((n_ip, 6)), np.empty((n_ip, 7))
        stiffness = np.empty((n_ip if tangent else 0, 6, 6))
        failure = np.zeros(n_ip, dtype=np.uint8)
        parameters = self.parameters.at(increment.temperature1)
        check_shapes(strain, state0, self.n_state, parameters)
        n_failed = _integrate(strain, np.ascontiguousarray(state0, dtype=float), parameters, self._knots, stress,
                              stiffness, state, failure)
        return result_of(stress, stiffness if tangent else None, state, failure, n_failed)


@numba.njit(cache=True, error_model="numpy")
def _plastic_multiplier(overstress, modulus, p, linear, Q, b):
    """dp > 0 with overstress - modulus dp - (R(p + dp) - R(p)) = 0; Newton kept inside a bracket. NaN: no convergence.

    The increase of R is at least min(0, its Voce part at infinity), which bounds dp from above.
    """
    decay = Q * np.exp(-b * p)
    if decay == 0.0 or b == 0.0:
        return overstress / (modulus + linear)
    low, high = 0.0, (overstress + max(0.0, -decay)) / (modulus + linear)
    dp = min(high, overstress / (modulus + linear + max(0.0, decay * b)))
    for _ in range(100):
        residual = overstress - (modulus + linear) * dp + decay * np.expm1(-b * dp)
        if abs(residual) <= 1e-15 * overstress:
            return dp
        if residual > 0.0:
            low = dp
        else:
            high = dp
        trial = dp + residual / (modulus + linear + decay * b * np.exp(-b * dp))
        if not low <= trial <= high:
            trial = 0.5 * (low + high)
        if abs(trial - dp) <= 1e-14 * trial:
            return trial
        dp = trial
    return np.nan


@numba.njit(cache=True, error_model="numpy")
def _slope(k, knots, values):
    """dR/dp of a curve after its knot k: zero after the last."""
    return (values[k + 1] - values[k]) / (knots[k + 1] - knots[k]) if k + 1 < len(knots) else 0.0


@numba.njit(cache=True, error_model="numpy")
def _on_curve(overstress, modulus, p, k, knots, values):
    """dp > 0 as above with R a curve, p after its knot k, and the slope of R at p + dp. NaN: R falls too steeply."""
    at = p
    while True:
        slope = _slope(k, knots, values)
        stiffness = modulus + slope
        if not stiffness > 0.0:
            return np.nan, slope
        step = overstress / stiffness
        if k + 1 == len(knots) or at + step <= knots[k + 1]:
            return at - p + step, slope
        overstress -= stiffness * (knots[k + 1] - at)
        k, at = k + 1, knots[k + 1]


@numba.njit(cache=True, error_model="numpy")
def _integrate(strain, state0, parameters, knots, stress, tangent, state, failure):
    """The columns of `parameters` (1 or n, 6 + n_knot): E, nu, H, Q, b, C, then the yield stress at the knots of p."""
    stride = 0 if len(parameters) == 1 else 1
    flow, n_failed = np.empty(6), 0  # flow: the relative stress of the trial, then the direction n = 3/2 xi / J
    for i in range(len(strain)):
        row = parameters[i * stride]
        curve = row[6:]
        shear = row[0] / (2.0 * (1.0 + row[1]))
        bulk = row[0] / (3.0 * (1.0 - 2.0 * row[1]))
        mean = (strain[i, 0] + strain[i, 1] + strain[i, 2]) / 3.0
        square = 0.0
        for a in range(6):
            state[i, a + 1] = state0[i, a + 1]
            stress[i, a] = 2.0 * shear * (strain[i, a] - (mean if a < 3 else 0.0) - state0[i, a + 1])
            flow[a] = stress[i, a] - 2.0 / 3.0 * row[5] * state0[i, a + 1]
            square += flow[a] * flow[a]
        p, equivalent, dp, slope = state0[i, 0], np.sqrt(1.5 * square), 0.0, 0.0
        k = np.searchsorted(knots, p, side="right") - 1 if len(knots) > 1 else 0
        radius = curve[k] + _slope(k, knots, curve) * (p - knots[k])
        overstress = equivalent - (radius + row[2] * p - row[3] * np.expm1(-row[4] * p))
        if overstress > 0.0:
            if len(knots) > 1:
                dp, slope = _on_curve(overstress, 3.0 * shear + row[5], p, k, knots, curve)
            else:
                dp = _plastic_multiplier(overstress, 3.0 * shear + row[5], p, row[2], row[3], row[4])
                slope = row[2] + row[3] * row[4] * np.exp(-row[4] * (p + dp))
            for a in range(6):
                flow[a] *= 1.5 / equivalent
                state[i, a + 1] += dp * flow[a]
                stress[i, a] -= 2.0 * shear * dp * flow[a]
        for a in range(3):
            stress[i, a] += 3.0 * bulk * mean
        state[i, 0] = p + dp
        if not (np.isfinite(overstress) and np.isfinite(mean)):
            failure[i] = NOT_FINITE
        elif not np.isfinite(dp):
            failure[i] = NOT_CONVERGED
        n_failed += failure[i] != 0
        if len(tangent) > 0:
            ratio = dp / equivalent if dp > 0.0 else 0.0
            add_isotropic(tangent[i], bulk, shear * (1.0 - 3.0 * shear * ratio))
            if dp > 0.0:
                factor = 4.0 * shear * shear * (ratio - 1.0 / (3.0 * shear + row[5] + slope))
                for a in range(6):
                    for b in range(6):
                        tangent[i, a, b] += factor * flow[a] * flow[b]
    return n_failed
