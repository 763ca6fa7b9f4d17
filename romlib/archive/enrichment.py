"""What a ROM was enriched with after its training: one entry a full-order step or elastic answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from romlib.model.base import Description

Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Enrichment(Description):
    """One addition to the training set.

    number : of the record in the ROM's folder of records. kind : a full-order step, or an elastic answer. case : its
    name. digest : of the case's content, by which a case of the same name that was changed is another one. step, time :
    of the output time. what : why, in words. load : that an elastic answer is to; "" for a temperature. before, after :
    largest bound of the run, by quantity, of the ROM before and after; found : the error that the step found, by
    quantity, relative to the largest of the field so far; a quantity is absent where it has none. modes, points : of
    the ROM afterwards. seconds : that it took to solve.
    """

    number: Annotated[int, Field(ge=1)]
    kind: Literal["step", "elastic"]
    case: str
    digest: str
    step: Annotated[int, Field(ge=0)]
    time: Annotated[float, Field(allow_inf_nan=False)]
    what: str = ""
    load: str = ""
    before: dict[str, Number] = Field(default_factory=dict)
    found: dict[str, Number] = Field(default_factory=dict)
    after: dict[str, Number] = Field(default_factory=dict)
    modes: Annotated[int, Field(ge=0)] = 0
    points: Annotated[int, Field(ge=0)] = 0
    seconds: Number = 0.0
