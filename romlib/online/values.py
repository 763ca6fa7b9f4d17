"""The values of the parameters of a run: of the case, of the user, and those that all training runs had in common."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from typing import Any

from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.laws.symbols import evaluated_model, refuse_missing, refuse_unused
from romlib.model import Model

_PLACE = "parameters"


def model_with(rom: Rom, of_case: Mapping[str, float], given: Any) -> Model:
    """The model of a ROM with numbers in its materials, and with the values of the parameters that give them.

    A parameter that differed between the training runs has no value of its own: the case or the user gives it.

    Parameters
    ----------
    given : by the user, in place of the case's; checked here.

    Raises
    ------
    InputError : a value that is no number, a parameter that no material has, one without a value.
    """
    materials = rom.model.materials
    used = {**rom.model.parameters, **of_case, **_numbers(given)}
    refuse_unused({name: value for name, value in used.items() if name not in rom.model.parameters}, materials, _PLACE)
    refuse_missing(used, materials, _PLACE)
    return evaluated_model(rom.model.model_copy(update={"parameters": used}))


def _numbers(given: Any) -> dict[str, float]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise InputError("the parameters cannot be understood", place=_PLACE, found=reprlib.repr(given),
                         expected="a dictionary with a number for each name")
    numbers = {}
    for name, value in given.items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError, OverflowError):
            numbers[name] = math.nan
        if isinstance(value, (bool, str, bytes)) or not math.isfinite(numbers[name]):
            raise InputError("the value of a parameter is no finite number", place=f"{_PLACE}[{name!r}]",
                             expected="a number", found=reprlib.repr(value))
    return numbers
