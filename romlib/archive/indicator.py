"""What a ROM needs to bound its own errors: sizes that misfits are relative to, and factors from calibration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from romlib.model.base import Description

Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CalibrationPair(Description):
    """One ROM of some training runs, over a run that it was not trained with.

    left_out : what the ROM was not trained with, in words. run : the case that was solved. temperature_is_new : the
    run's temperature fields are no combinations of those of the ROM's own training.
    errors : by quantity, the true error. misfits : by dual field, E. unweighted : by dual field, the misfit without
    weights and floor, as in the literature. All at the end of the run.
    """

    left_out: str
    run: str
    temperature_is_new: bool = False
    errors: dict[str, Positive]
    misfits: dict[str, Positive]
    unweighted: dict[str, Positive] = Field(default_factory=dict)


class Indicator(Description):
    """What bounds the errors of a ROM's runs; see `romlib.online.indicator`.

    largest : by dual field, of each cluster, the largest |x|_w of the training snapshots at the points. norms : by
    quantity, their largest L2 norm. factors : q by quantity; a quantity without a factor has no bound. pairs : what
    the factors come from. failed : what could not be solved, in words. source : how the pairs were made, in words.
    """

    largest: dict[str, tuple[Positive, ...]]
    factors: dict[str, Positive]
    norms: dict[str, Positive] = Field(default_factory=dict)
    pairs: tuple[CalibrationPair, ...] = ()
    failed: tuple[str, ...] = ()
    source: str = ""

    @model_validator(mode="after")
    def _largest_of_stress(self) -> Indicator:
        lacking = [name for name in self.factors if name != "displacement" and name not in self.largest]
        if lacking or ("displacement" in self.factors and "stress" not in self.largest):
            raise ValueError(f"there is a factor of {(lacking or ['displacement'])[0]}, and no size of its misfit")
        return self
