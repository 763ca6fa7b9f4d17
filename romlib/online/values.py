"""What a user gives for a run, checked: times, amplitudes, parameters."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.laws.symbols import evaluated_model, refuse_missing, refuse_unused
from romlib.loads.nodal_temperature import NodalHistory
from romlib.model import Amplitude, Model
from romlib.model.case import MOST_TIMES
from romlib.words import unknown

_PLACE = "parameters"
_AMPLITUDES: TypeAdapter = TypeAdapter(dict[str, Amplitude])


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


def amplitudes_of(rom: Rom, given: Any, temperature: NodalHistory | None) -> dict[str, Amplitude]:
    """The amplitudes by name, each of which may be a number, a formula, a table, or an amplitude already.

    Raises
    ------
    InputError : what is not one, or belongs to no load of the ROM.
    """
    if not isinstance(given, Mapping):
        raise InputError("the amplitudes cannot be understood", place="amplitudes", found=reprlib.repr(given),
                         expected="a dictionary with the names of loads")
    refuse_unknown(rom, given, temperature)
    try:
        return _AMPLITUDES.validate_python(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError("an amplitude cannot be understood", place=f"amplitudes[{first['loc'][0]!r}]",
                         expected="a number, a formula in t, or {'time': [...], 'value': [...]}",
                         found=f"{first['msg']} ({reprlib.repr(given[str(first['loc'][0])])})") from None


def refuse_unknown(rom: Rom, amplitudes: Mapping[str, Any], temperature: NodalHistory | None) -> None:
    """Refuse amplitudes that belong to no load of the ROM, or to a temperature load where nodes have their own."""
    terms = () if temperature is not None else tuple(rom.temperature.terms)
    known = tuple(dict.fromkeys((*(load for load, _ in rom.force_terms), *rom.lifting.names, *terms)))
    strange = [name for name in amplitudes if name not in known]
    if strange and strange[0] in rom.temperature.terms:
        raise InputError("a case has one temperature: nodal values, or amplitudes of temperature loads",
                         place=f"amplitudes[{strange[0]!r}]", expected="no amplitude of a temperature load",
                         found=f"one for {strange[0]!r}", remedy="leave out either")
    if strange:
        raise InputError(f"the ROM has no load {strange[0]!r}", place="amplitudes",
                         **unknown(strange[0], known, "leave it out, or train on a run that has this load"))


def increasing(times: Any) -> np.ndarray:
    """Times as the user gives them; InputError for what is no list of increasing, finite numbers."""
    try:
        instants = np.array(times, dtype=float)
    except (TypeError, ValueError, OverflowError):
        instants = np.empty(())
    if instants.ndim != 1 or not 2 <= len(instants) <= MOST_TIMES or not np.isfinite(instants).all() or (
            np.diff(instants) <= 0).any():
        raise InputError("the times of a run must increase, be finite, and have at least two entries", place="times",
                         expected=f"a list of 2 to {MOST_TIMES} numbers, the initial time first",
                         found=np.array2string(instants, threshold=6) if instants.shape else reprlib.repr(times))
    return instants
