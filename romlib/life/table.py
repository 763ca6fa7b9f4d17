"""The table [life] of a study: how cycles are counted, and the fatigue curve of each material."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from romlib.life.measures import EQUIVALENT, MEASURES, SIGNED
from romlib.model.base import Description

_Positive = Annotated[float, Field(gt=0.0)]
_Exponent = Annotated[float, Field(ge=-5.0, le=-1e-3)]  # of curves of materials: beyond, lives are no numbers
Measure = Literal["equivalent", "signed_von_mises", "max_principal", "xx", "yy", "zz", "xy", "yz", "xz"]
assert set(Measure.__args__) == set(MEASURES)  # type: ignore[attr-defined]


class _Curve(Description):
    """What every fatigue curve may state besides its parameters."""

    valid: tuple[_Positive, _Positive] | None = Field(default=None, description=(
        "Cycles to failure between which the curve was measured, lowest and highest; a life outside of them is told as "
        "an extrapolation. By default it is not known, and nothing is told."))

    @model_validator(mode="after")
    def _ordered(self) -> _Curve:
        if self.valid is not None and self.valid[0] >= self.valid[1]:
            raise ValueError("the range of validity is [lowest, highest] number of cycles to failure")
        return self


class Basquin(_Curve):
    """Stress amplitude against life: sigma_a = fatigue_strength_coefficient (2 N)^fatigue_strength_exponent."""

    kind: Literal["basquin"] = Field(description="Basquin's curve.")
    fatigue_strength_coefficient: _Positive = Field(
        description="sigma_f', in the unit of stress: the amplitude that breaks in one reversal.")
    fatigue_strength_exponent: _Exponent = Field(description="b, without unit; about -0.05 to -0.12 for metals.")
    mean_stress: Literal["none", "morrow", "goodman"] = Field(default="none", description=(
        "Correction of the mean stress sigma_m of a cycle, where it is a tension: the amplitude is divided by "
        "1 - sigma_m / sigma_f' (morrow) or 1 - sigma_m / ultimate_strength (goodman). By default none."))
    ultimate_strength: _Positive | None = Field(default=None, description=(
        "sigma_u of Goodman's correction, in the unit of stress; needed with goodman only."))

    @model_validator(mode="after")
    def _has_strength(self) -> Basquin:
        if (self.mean_stress == "goodman") != (self.ultimate_strength is not None):
            raise ValueError("ultimate_strength is for mean_stress = \"goodman\", and needed there")
        return self


class CoffinManson(_Curve):
    """Amplitude of the plastic strain against life: eps_pa = fatigue_ductility_coefficient (2 N)^exponent."""

    kind: Literal["coffin_manson"] = Field(description="The curve of Manson and Coffin, of the plastic strain.")
    fatigue_ductility_coefficient: _Positive = Field(
        description="eps_f', without unit: the plastic amplitude that breaks in one reversal.")
    fatigue_ductility_exponent: _Exponent = Field(description="c, without unit; about -0.5 to -0.7 for metals.")
    young: _Positive | None = Field(default=None, description=(
        "Modulus of elasticity, in the unit of stress; by default the material's, where that is a number. The "
        "plastic strain is the deviator of the strain less that of the elastic strain, stress (1 + poisson) / young."))
    poisson: Annotated[float, Field(gt=-1.0, lt=0.5)] | None = Field(default=None, description=(
        "Ratio of Poisson, without unit; by default the material's, where that is a number."))


class _ElasticPlastic(_Curve):
    """An elastic and a plastic part: the constants of both, and Young's modulus."""

    fatigue_strength_coefficient: _Positive = Field(description="sigma_f', in the unit of stress.")
    fatigue_strength_exponent: _Exponent = Field(description="b, without unit.")
    fatigue_ductility_coefficient: _Positive = Field(description="eps_f', without unit.")
    fatigue_ductility_exponent: _Exponent = Field(description="c, without unit.")
    young: _Positive | None = Field(default=None, description=(
        "Modulus of elasticity, in the unit of stress; by default the material's, where that is a number."))


class StrainLife(_ElasticPlastic):
    """Amplitude of the total strain against life: sigma_f' / E (2 N)^b + eps_f' (2 N)^c."""

    kind: Literal["strain_life"] = Field(description="Basquin's and Manson and Coffin's curves together.")
    mean_stress: Literal["none", "morrow"] = Field(default="none", description=(
        "Correction of the mean stress sigma_m of a cycle, where it is a tension: sigma_f' - sigma_m in place of "
        "sigma_f' in the elastic part (morrow). By default none."))


class SmithWatsonTopper(_ElasticPlastic):
    """sigma_max eps_a = sigma_f'^2 / E (2 N)^(2 b) + sigma_f' eps_f' (2 N)^(b + c); no damage without tension."""

    kind: Literal["smith_watson_topper"] = Field(description="The parameter of Smith, Watson and Topper.")


Curve = Annotated[Basquin | CoffinManson | StrainLife | SmithWatsonTopper, Field(discriminator="kind")]


class LifeTable(Description):
    """[life]: what `romlib life` counts, and [life.materials.NAME], the fatigue curve of a material."""

    counting: Literal["rainflow", "period"] = Field(default="rainflow", description=(
        "How damaging cycles are found: rainflow counting of the measure (ASTM E1049), or one cycle for each period."))
    residue: Literal["half", "repeating"] = Field(default="half", description=(
        "What rainflow counting makes of cycles that the run never closes: half cycles (ASTM E1049, 5.4.4), or, where "
        "the run is one repetition of many, cycles closed by the next one (5.4.5)."))
    measure: Measure | None = Field(default=None, description=(
        "The scalar of strain and stress: equivalent (ranges over all pairs of times; for counting = \"period\" only), "
        "signed_von_mises, max_principal, or a component xx, yy, zz, xy, yz, xz. By default equivalent for periods, "
        "signed_von_mises for rainflow counting."))
    period: _Positive | None = Field(default=None, description=(
        "Length of a cycle, in the unit of time, from the beginning of the run on. By default found from the loads, "
        "where they repeat; else the run is one cycle."))
    effective_poisson: Annotated[float, Field(gt=-1.0, le=0.5)] = Field(default=0.5, description=(
        "Effective Poisson's ratio of the equivalent strain, without unit: strains are multiplied by 1.5 / (1 + it). "
        "By default 0.5, of plastic strain; the elastic one for cycles that stay elastic."))
    materials: dict[str, Curve] = Field(default_factory=dict, description=(
        "By name of the material, its fatigue curve; a material without one has no damage."))

    @property
    def used_measure(self) -> str:
        """The measure with its default."""
        return self.measure or (EQUIVALENT if self.counting == "period" else SIGNED)

    @property
    def strain_scale(self) -> float:
        """What equivalent strains are multiplied by."""
        return 1.5 / (1.0 + self.effective_poisson) if self.used_measure in (EQUIVALENT, SIGNED) else 1.0

    @model_validator(mode="after")
    def _measure_can_be_counted(self) -> LifeTable:
        if self.counting == "rainflow" and self.measure == EQUIVALENT:
            raise ValueError("rainflow counting needs a measure with a sign: signed_von_mises, max_principal or a "
                             "component; equivalent is for counting = \"period\"")
        return self
