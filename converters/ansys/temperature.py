"""The temperature of a solution as loads: T(x, t) = TREF + sum of amplitude x field(x), exactly at each result set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from romlib_converters.common.history import IdValues

from romlib.model import Amplitude, ArrayReference, Load, Omission, TableAmplitude, Temperature
from romlib.model.material import Material

UNIFORM = "temperature_uniform"
_ALIKE = 1e-6  # of the largest difference from TREF: the part of a field that others do not make up is rounding
_MOST_FIELDS = 20


@dataclass
class Thermal:
    """Loads and amplitudes by name, node arrays of their fields, and what could not be said."""

    loads: dict[str, Load] = field(default_factory=dict)
    amplitudes: dict[str, Amplitude] = field(default_factory=dict)
    node_arrays: dict[str, IdValues] = field(default_factory=dict)
    notes: list[Omission] = field(default_factory=list)


def is_thermal(materials: Mapping[str, Material]) -> bool:
    """Whether temperature acts on any material."""
    return any(one.thermal_expansion is not None or any(isinstance(value, Mapping) for value in one.parameters.values())
               for one in materials.values())


def temperature_loads(
    read: Callable[[int], np.ndarray], times: Sequence[float], ids: np.ndarray, reference: float
) -> Thermal:
    """The temperature history of all sets as a sum of few fields.

    Parameters
    ----------
    read : number of a set -> temperatures (n,) of the nodes `ids` (n,). reference : TREF, the temperature before the
        first set.
    """
    found, fields, factors = Thermal(), np.zeros((0, len(ids))), []
    for number in range(len(times)):
        difference = read(number) - reference
        own = np.linalg.lstsq(fields.T, difference, rcond=None)[0] if len(fields) else np.zeros(0)
        rest = difference - own @ fields
        size = float(np.abs(rest).max(initial=0.0))
        if size > _ALIKE * max(float(np.abs(difference).max()), 1e-3):
            if len(fields) == _MOST_FIELDS:
                found.notes.append(Omission(name="temperature", does_work=True, description=(
                    f"the temperature of the sets is no sum of {_MOST_FIELDS} fields: give this file as [[training]] "
                    "temperature in the study")))
                return found
            fields, own = np.vstack([fields, rest / size]), np.append(own, size)
        factors.append(own)
    start = [0.0] if times[0] > 0.0 else []
    for k, shape in enumerate(fields):
        name = f"temperature_{k + 1}"
        history = [float(own[k]) if k < len(own) else 0.0 for own in factors]
        found.amplitudes[name] = TableAmplitude(time=(*start, *times), value=(*start, *history))
        if np.ptp(shape) <= _ALIKE:
            found.loads[name] = Temperature(field=float(shape[0]))
        else:
            found.node_arrays[name] = IdValues(ids, shape)
            found.loads[name] = Temperature(field=ArrayReference(array=name))
    if reference != 0.0:
        found.loads[UNIFORM] = Temperature(field=1.0)
        found.amplitudes[UNIFORM] = TableAmplitude(time=(0.0,), value=(reference,))
    return found
