"""Scalar functions of time: what multiplies the pattern of a load. Evaluated by `romlib.loads.amplitudes`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from romlib.model.base import Description
from romlib.words import plural


class ExpressionAmplitude(Description):
    """A formula in the time t, such as ``95*sin(2*pi*t)``; parsed, never executed as code."""

    kind: Literal["expression"] = Field(default="expression", description=(
        '"expression" or "table"; found from the other keys, never needed'))
    expression: str = Field(description="a formula in the time t")


class TableAmplitude(Description):
    """Values at times, linear between them and constant outside.

    With a period P the table (whose times then lie in [start, start + P]) repeats: at t = start + k P, k >= 1, the
    value is the one at the end of cycle k, as the solvers that have cycles take it. `end` is the time after which the
    repetition stops and the last value holds.
    """

    kind: Literal["table"] = Field(default="table", description=(
        '"expression" or "table"; found from the other keys, never needed'))
    time: tuple[float, ...] = Field(description="times of the table, not decreasing; the same time twice is a jump")
    value: tuple[float, ...] = Field(description="the amplitude at each of them; linear in between, constant outside")
    period: float | None = Field(default=None, description=(
        "the table repeats with this period (time), from `start`; by default it does not"))
    start: float = Field(default=0.0, description="time where the first cycle begins")
    end: float | None = Field(default=None, description="time after which the last value holds; by default none")

    @model_validator(mode="after")
    def _times_increase(self) -> TableAmplitude:
        if len(self.time) != len(self.value) or not self.time:
            raise ValueError(
                f"a table needs as many values as times, found "
                f"{plural(len(self.time), 'time')} and {plural(len(self.value), 'value')}")
        if any(b < a for a, b in zip(self.time, self.time[1:])):
            raise ValueError("the times of a table must not decrease")
        if self.period is not None and self.period <= 0:
            raise ValueError(f"a period must be positive, found {self.period}")
        return self


def _from_shorthand(value: Any) -> Any:
    """A number is a constant, a string a formula, a mapping without `kind` a table."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return {"kind": "table", "time": (0.0,), "value": (float(value),)}
    if isinstance(value, str):
        return {"kind": "expression", "expression": value}
    if isinstance(value, dict) and "kind" not in value:
        return {"kind": "expression" if "expression" in value else "table", **value}
    return value


Amplitude = Annotated[ExpressionAmplitude | TableAmplitude, BeforeValidator(_from_shorthand)]
