"""Parameters: numbers with names that a run is given, and the formulas of them that a material has in place of numbers.

A material may say `young = "E"` or `yield = "0.9*Y"`; a run says E = 210000 and Y = 250. Which texts of a law are
formulas is for `romlib.laws.symbols`, which knows the law.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from romlib.errors import InputError
from romlib.formula import NAMES, Formula, parse

TIME = "t"  # of amplitudes: a parameter does not change in a run
MOST = 1000
_LONG = "give the value itself"


def _names(values: dict[str, float]) -> dict[str, float]:
    for name in values:
        if not (name.isidentifier() and name.isascii()) or name in NAMES or name == TIME:
            raise ValueError(f"{name!r} cannot be the name of a parameter: it is a word of ASCII letters, digits and _ "
                             f"that formulas do not know as something else ({', '.join(sorted(NAMES | {TIME}))})")
    return values


ParameterValues = Annotated[dict[str, float], Field(max_length=MOST), AfterValidator(_names)]


def formula_of(text: str) -> Formula:
    """The formula of parameters that a text is; InputError where it is none."""
    return parse(text, None, "names of parameters", _LONG)


def evaluated_where_known(value: Any, parameters: Mapping[str, float]) -> Any:
    """A value with numbers for the formulas in it whose parameters all have values; other texts stay."""
    if isinstance(value, Mapping):
        return {name: evaluated_where_known(entry, parameters) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [evaluated_where_known(entry, parameters) for entry in value]
    if not isinstance(value, str) or not parameters:
        return value
    try:
        formula = formula_of(value)
    except InputError:
        return value
    return float(formula(parameters)) if formula.names and formula.names <= set(parameters) else value
