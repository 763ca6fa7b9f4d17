"""Materials: a law by name, its parameters, density and thermal expansion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, model_validator

from romlib.formula import LONGEST
from romlib.model.base import Description
from romlib.model.orientation import Orientation

MOST_ROWS = 10_000  # of a table


class ParameterTable(Description):
    """A parameter against temperature: linear between the rows, constant outside."""

    temperature: Annotated[tuple[float, ...], Field(max_length=MOST_ROWS)] = Field(description=(
        "temperatures of the rows, increasing"))
    value: Annotated[tuple[float, ...], Field(max_length=MOST_ROWS)] = Field(description=(
        "the value at each of them; linear in between, constant outside"))

    @model_validator(mode="after")
    def _temperatures_increase(self) -> ParameterTable:
        if len(self.temperature) != len(self.value) or not self.temperature:
            raise ValueError(
                f"a table needs as many values as temperatures, found {len(self.temperature)} and {len(self.value)}")
        if any(b <= a for a, b in zip(self.temperature, self.temperature[1:])):
            raise ValueError("the temperatures of a table must increase")
        return self


Formula = Annotated[str, Field(max_length=LONGEST)]  # of the parameters of a run: see `romlib.model.parameters`
Parameter = float | Formula | ParameterTable


class ThermalExpansion(Description):
    """Expansion alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref), with the secant coefficient alpha; isotropic, or with a
    coefficient along each of the material axes.

    T_0, the temperature at which the strain is zero, is the model's initial temperature unless given here.
    """

    coefficient: Parameter | tuple[Parameter, Parameter, Parameter] = Field(description=(
        "secant coefficient of expansion alpha (1 / temperature), from the reference temperature; or three of them, "
        "along the axes 1, 2, 3 of the material"))
    reference_temperature: float = Field(description="T_ref in alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref)")
    strain_free_temperature: float | None = Field(default=None, description=(
        "T_0, where the strain is zero; by default the initial temperature"))

    @property
    def coefficients(self) -> tuple[Parameter, ...]:
        """One coefficient where the expansion is isotropic, else three."""
        return self.coefficient if isinstance(self.coefficient, tuple) else (self.coefficient,)

    @property
    def is_isotropic(self) -> bool:
        """Whether it is the same in all directions."""
        return len(self.coefficients) == 1


class Material(Description):
    """One constitutive law on the cells of one tag.

    `parameters` are validated by the law that `law` names (an entry point of `romlib.laws`): numbers, tables in
    temperature, strings, or lists of such mappings (the kinematic terms of a Chaboche law). The key `library` is for
    code that the law loads: see `romlib.model.library`. Numbers of a law, density and the coefficient of expansion may
    be formulas of the parameters of a run: see `romlib.laws.symbols`.

    file : of the snapshots file or ROM that states it; None where it is the user's own (a study, or Python). It is no
        part of the description: not compared, not written, kept by `model_copy` and by pickling.
    """

    law: str = Field(description=(
        "a law of `romlib plugins`: `elastic`, `cubic`, `orthotropic`, `mises`, `chaboche`, `umat`, or one of another "
        "package"))
    cells: str = Field(default="all", description="cell tag where the material is. Every cell needs exactly one")
    parameters: dict[str, Any] = Field(default_factory=dict, description="parameters of the law, below")
    density: Annotated[float, Field(ge=0)] | Formula | None = Field(default=None, description=(
        "mass per volume (with mm, N, MPa, s: tonne/mm^3); needed by centrifugal loads and body forces per mass"))
    thermal_expansion: ThermalExpansion | None = Field(default=None, description=(
        "thermal expansion, isotropic or along the material axes; needs a temperature"))
    orientation: Orientation | None = Field(default=None, description=(
        "material axes; by default those of the coordinates. A law that is isotropic does not need them"))
    _file: str | None = PrivateAttr(default=None)

    @property
    def file(self) -> str | None:
        """Where it was read from; None: the user's own."""
        return self._file

    def of_file(self, file: str | Path) -> Self:
        """The same material as a file's: what it names is somebody else's choice."""
        copy = self.model_copy()
        copy._file = str(file)
        return copy

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # its parameters are a dictionary
