"""Linear elasticity of a cubic crystal along its axes, such as a single-crystal turbine blade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from romlib.laws.law import Increment, LawResult, check_shapes
from romlib.laws.parameters import ParameterSet, PoissonRatio, Positive, TemperatureDependent, read_parameters
from romlib.laws.stiffness import integrate_orthotropic
from romlib.model.base import Description
from romlib.model.material import ParameterTable

_ENGINEERING, _STIFFNESS = ("E", "nu", "G"), ("C11", "C12", "C44")


class CubicParameters(Description):
    """C11, C12, C44, or E, nu, G: along the edges of the cube, which are the material axes."""

    C11: Positive | None = Field(default=None, description="stiffness 1111 (stress)")
    C12: TemperatureDependent | None = Field(default=None, description="stiffness 1122 (stress)")
    C44: Positive | None = Field(default=None, description="shear modulus 12, 13, 23 (stress)")
    E: Positive | None = Field(default=None, description=(
        "Young's modulus along <001> (stress), with nu and G in place of C11, C12, C44"))
    nu: PoissonRatio | None = Field(default=None, description="Poisson's ratio under a stress along <001>")
    G: Positive | None = Field(default=None, description="shear modulus 12, 13, 23 (stress), the same as C44")

    @model_validator(mode="after")
    def _one_set(self) -> CubicParameters:
        given = [[name for name in names if getattr(self, name) is not None] for names in (_ENGINEERING, _STIFFNESS)]
        if all(given) or not any(given):
            raise ValueError("give either C11, C12, C44 or E, nu, G")
        names, found = (_ENGINEERING, given[0]) if given[0] else (_STIFFNESS, given[1])
        if len(found) < 3:
            raise ValueError(f"{', '.join(name for name in names if name not in found)} is missing")
        if self.C11 is not None and self.C12 is not None:
            _refuse_indefinite(self.C11, self.C12)
        return self

    @property
    def tables(self) -> dict[str, ParameterTable]:
        """The three that are given, in order."""
        return {name: getattr(self, name) for name in (_ENGINEERING if self.E is not None else _STIFFNESS)}


def _refuse_indefinite(c11: ParameterTable, c12: ParameterTable) -> None:
    """The strain energy has to be positive; both conditions are linear, so that the rows of the tables decide."""
    knots = np.unique(np.concatenate([c11.temperature, c12.temperature]))
    first, second = (np.interp(knots, table.temperature, table.value) for table in (c11, c12))
    for condition, value in (("C11 > C12", first - second), ("C11 > -2 C12", first + 2.0 * second)):
        if not (value > 0.0).all():
            at = f" at temperature {knots[np.argmin(value)]:g}" if len(knots) > 1 else ""
            raise ValueError(f"{condition} does not hold{at}: the strain energy must be positive for every strain")


class CubicLaw:
    """sigma = C eps along the axes of the crystal, with the constants at the temperature of the end of the increment.

    What is given (C11, C12, C44 or E, nu, G) is linear in temperature between the rows of its tables.
    """

    name = "cubic"
    isotropic = False
    text_parameters: tuple[str, ...] = ()
    n_state = 0
    tensor_variables: tuple[str, ...] = ()

    def __init__(self, parameters: CubicParameters) -> None:
        self.state_variables: Mapping[str, slice] = {}
        self.parameters = ParameterSet(parameters.tables)
        self._engineering = parameters.E is not None

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> CubicLaw:
        """The law with the keys of `CubicParameters`; a wrong one is a LawError."""
        return cls(read_parameters(CubicParameters, parameters, cls.name))

    def initial_state(self, n_ip: int) -> np.ndarray:
        """No state: (n_ip, 0)."""
        return np.zeros((n_ip, 0))

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """Stress at the end of the increment; see `romlib.laws.law.Law.integrate`."""
        rows = self.parameters.at(increment.temperature1)
        check_shapes(increment.strain1, state0, 0, rows)
        first, second, shear = rows.T
        if self._engineering:
            scale = first / ((1.0 + second) * (1.0 - 2.0 * second))
            first, second = scale * (1.0 - second), scale * second
        nine = np.ascontiguousarray(np.stack([first] * 3 + [second] * 3 + [shear] * 3, axis=1))
        return integrate_orthotropic(increment.strain1, nine, state0, tangent)
