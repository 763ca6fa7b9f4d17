"""Temperatures of a deck: TEMP and TEMPD of the sets that TEMPERATURE(INITIAL) and TEMPERATURE(LOAD) name.

In nonlinear statics the temperature goes in a straight line from the initial one to that of the first subcase, and on
to that of each following one. The thermal strain of MAT1 is A (T - TREF) less that of the initial temperature, which
is romlib's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from romlib_converters.common.solver_mesh import IdValues
from romlib_converters.nastran.case_control import Phase

from romlib.mesh.ids import IdIndex
from romlib.model import Omission, TableAmplitude, Temperature
from romlib.model.amplitude import Amplitude
from romlib.model.load import ArrayReference

_LOAD = ("TEMPERATURE(LOAD)", "TEMPERATURE(BOTH)")
_INITIAL = ("TEMPERATURE(INITIAL)", "TEMPERATURE(INIT)", "TEMPERATURE(BOTH)")


@dataclass
class Thermal:
    """Temperature loads, their amplitudes and node arrays, by name; the initial temperature; what could not be said."""

    loads: dict[str, Temperature] = field(default_factory=dict)
    amplitudes: dict[str, Amplitude] = field(default_factory=dict)
    node_arrays: dict[str, IdValues] = field(default_factory=dict)
    initial: ArrayReference | None = None
    notes: list[Omission] = field(default_factory=list)


def temperatures_of(
    data: Mapping[str, Any], phases: Sequence[Phase], ends: np.ndarray, nonlinear: bool, solid: np.ndarray,
    midpoints: np.ndarray,
) -> Thermal:
    """The temperature of a history.

    Parameters
    ----------
    ends : (1 + phases,), times at which phases end, the initial time first. nonlinear : of nonlinear statics; of others
        temperatures are not read. solid : ids of the grid points of solids. midpoints : invented nodes, as
        `SolverMesh.midpoints` has them, whose temperature is the mean of their corners'.
    """
    done = Thermal()
    sets = [_set(phase, _LOAD) for phase in phases]
    if not any(sets):
        return done
    initial = next((number for number in (_set(phase, _INITIAL) for phase in phases) if number), None)
    why = None
    if not nonlinear:
        why = "of this kind of analysis they are not read"
    elif initial is None:
        why = "there is no TEMPERATURE(INITIAL)"
    elif not all(sets):
        why = "a subcase has no TEMPERATURE(LOAD)"
    else:
        why = _fields(done, data, [initial, *(number for number in sets if number)], solid, midpoints)
    if why is not None:
        return Thermal(notes=[Omission(name="temperature_not_read", does_work=True, description=(
            f"TEMPERATURE(LOAD) acts, and its temperatures and the thermal expansion are left out: {why}; state both "
            "in the study"))])
    order = [initial, *sets]
    for number in dict.fromkeys(order):
        name = f"temperature_{number}"
        done.loads[name] = Temperature(field=ArrayReference(array=name))
        done.amplitudes[name] = TableAmplitude(time=tuple(ends.tolist()),
                                               value=tuple(float(one == number) for one in order))
    done.initial = ArrayReference(array=f"temperature_{initial}")
    return done


def _set(phase: Phase, names: Sequence[str]) -> int | None:
    return next((number for number in (phase.number_of(name) for name in names) if number is not None), None)


def _fields(done: Thermal, data: Mapping[str, Any], numbers: Sequence[int], solid: np.ndarray,
            midpoints: np.ndarray) -> str | None:
    """Node arrays of the sets; why there are none, where a grid point has no temperature."""
    own = np.setdiff1d(solid, midpoints[:, 0])
    for number in dict.fromkeys(numbers):
        rows = data["temperature"][data["temperature"][:, 0] == number]
        default = data["temperature_default"][data["temperature_default"][:, 0] == number]
        at = IdIndex(rows[:, 1].astype(np.int64)).find(own)
        if (at < 0).any() and not len(default):
            return f"set {number} has no temperature of grid point {own[at < 0][0]}, and no TEMPD"
        values = np.where(at >= 0, rows[at, 2] if len(rows) else 0.0, default[0, 1] if len(default) else 0.0)
        middle = values[IdIndex(own).find(midpoints[:, 1:])].mean(axis=1) if len(midpoints) else np.empty(0)
        done.node_arrays[f"temperature_{number}"] = IdValues(
            np.concatenate([own, midpoints[:, 0]]), np.concatenate([values, middle]))
    return None
