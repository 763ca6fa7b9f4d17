"""Linear orthotropic elasticity along the material axes, by engineering constants or by stiffness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from romlib.laws.law import Increment, LawResult, check_shapes
from romlib.laws.parameters import ParameterSet, Positive, TemperatureDependent, read_parameters
from romlib.laws.stiffness import compliance_stiffness, integrate_orthotropic, refuse_indefinite
from romlib.model.base import Description
from romlib.model.material import ParameterTable

_ENGINEERING = ("E1", "E2", "E3", "nu12", "nu13", "nu23", "G12", "G13", "G23")
_STIFFNESS = ("C11", "C22", "C33", "C12", "C13", "C23", "C44", "C55", "C66")


class OrthotropicParameters(Description):
    """Nine engineering constants, or nine stiffnesses, along the material axes.

    nu_ij = -strain j / strain i under a stress along i alone. C44, C55, C66 are the shear moduli 23, 13, 12.
    """

    E1: Positive | None = Field(default=None, description="Young's modulus along axis 1 (stress)")
    E2: Positive | None = Field(default=None, description="Young's modulus along axis 2 (stress)")
    E3: Positive | None = Field(default=None, description="Young's modulus along axis 3 (stress)")
    nu12: TemperatureDependent | None = Field(default=None, description=(
        "Poisson's ratio: contraction along 2 under a stress along 1; nu12 / E1 = nu21 / E2"))
    nu13: TemperatureDependent | None = Field(default=None, description=(
        "Poisson's ratio: contraction along 3 under a stress along 1"))
    nu23: TemperatureDependent | None = Field(default=None, description=(
        "Poisson's ratio: contraction along 3 under a stress along 2"))
    G12: Positive | None = Field(default=None, description="shear modulus 12 (stress)")
    G13: Positive | None = Field(default=None, description="shear modulus 13 (stress)")
    G23: Positive | None = Field(default=None, description="shear modulus 23 (stress)")
    C11: Positive | None = Field(default=None, description="stiffness 1111 (stress), in place of the constants above")
    C22: Positive | None = Field(default=None, description="stiffness 2222")
    C33: Positive | None = Field(default=None, description="stiffness 3333")
    C12: TemperatureDependent | None = Field(default=None, description="stiffness 1122")
    C13: TemperatureDependent | None = Field(default=None, description="stiffness 1133")
    C23: TemperatureDependent | None = Field(default=None, description="stiffness 2233")
    C44: Positive | None = Field(default=None, description="stiffness 2323, the shear modulus 23")
    C55: Positive | None = Field(default=None, description="stiffness 1313, the shear modulus 13")
    C66: Positive | None = Field(default=None, description="stiffness 1212, the shear modulus 12")

    @model_validator(mode="after")
    def _one_set(self) -> OrthotropicParameters:
        given = [[name for name in names if getattr(self, name) is not None] for names in (_ENGINEERING, _STIFFNESS)]
        if all(given) or not any(given):
            raise ValueError(f"give either {', '.join(_ENGINEERING)} or {', '.join(_STIFFNESS)}")
        names, found = (_ENGINEERING, given[0]) if given[0] else (_STIFFNESS, given[1])
        if len(found) < 9:
            raise ValueError(f"{', '.join(name for name in names if name not in found)} is missing")
        refuse_indefinite(self.tables, bool(given[0]))
        return self

    @property
    def tables(self) -> dict[str, ParameterTable]:
        """The nine that are given, in order."""
        names = _ENGINEERING if self.E1 is not None else _STIFFNESS
        return {name: getattr(self, name) for name in names}


class OrthotropicLaw:
    """sigma = C eps along the material axes, with the constants at the temperature of the end of the increment.

    What is given (engineering constants, or stiffnesses) is linear in temperature between the rows of its tables.
    """

    name = "orthotropic"
    isotropic = False
    text_parameters: tuple[str, ...] = ()
    n_state = 0
    tensor_variables: tuple[str, ...] = ()

    def __init__(self, parameters: OrthotropicParameters) -> None:
        self.state_variables: Mapping[str, slice] = {}
        self.parameters = ParameterSet(parameters.tables)
        self._engineering = parameters.E1 is not None

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> OrthotropicLaw:
        """The law with the keys of `OrthotropicParameters`; a wrong one is a LawError."""
        return cls(read_parameters(OrthotropicParameters, parameters, cls.name))

    def initial_state(self, n_ip: int) -> np.ndarray:
        """No state: (n_ip, 0)."""
        return np.zeros((n_ip, 0))

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """Stress at the end of the increment; see `romlib.laws.law.Law.integrate`."""
        rows = self.parameters.at(increment.temperature1)
        check_shapes(increment.strain1, state0, 0, rows)
        return integrate_orthotropic(
            increment.strain1, compliance_stiffness(rows) if self._engineering else rows, state0, tangent)
