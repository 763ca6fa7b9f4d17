"""Whether a case goes in coarser steps, or on for longer, than the training runs did.

Staying inside the trained range of every load says nothing of how the case gets there: laws are integrated by one
implicit step per output time, and what accumulates over a run was seen as far as training went. These are cautions: the
bounds of errors, which measure a run where it is, are not withheld for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from romlib.archive.manifest import Manifest, Pace
from romlib.loads.amplitudes import evaluate
from romlib.model import Amplitude, Material, UnitSystem

# The error of implicit Euler grows with the step: three times the step, three times the error that the training had.
COARSER = 3.0
# Twenty cycles of the turbine blade, seventeen times as long as its training, are still right to a per cent in p.
LONGER = 20.0
_RATE_INDEPENDENT = ("elastic", "mises")  # laws in which only the changes of loads count, and not the time they take
_SLACK = 1e-6


def pace_of(runs: Iterable[tuple[np.ndarray, Mapping[str, np.ndarray]]]) -> Pace:
    """The largest steps of some runs.

    Parameters
    ----------
    runs : times (n_step,), the initial one first, and amplitudes (n_step,) by load or prescribed constraint, of each.
    """
    step = length = 0.0
    changes: dict[str, float] = {}
    for times, amplitudes in runs:
        step = max(step, float(np.diff(times).max(initial=0.0)))
        length = max(length, float(times[-1] - times[0]))
        for name, values in amplitudes.items():
            changes[name] = max(changes.get(name, 0.0), float(np.abs(np.diff(values)).max(initial=0.0)))
    return Pace(step, length, changes)


def beyond_the_pace(
    manifest: Manifest, amplitudes: Mapping[str, Amplitude], times: np.ndarray, materials: Mapping[str, Material],
    units: UnitSystem,
) -> list[str]:
    """One sentence for each load whose steps are far coarser than in training, for the steps of time, for the length.

    Parameters
    ----------
    amplitudes : by load or prescribed constraint. times : (n_step,), the output times, the initial one first.
    """
    trained = manifest.pace
    if trained is None:
        return []
    own = pace_of([(times, {
        name: evaluate(amplitudes[name], times) for name in trained.changes if name in amplitudes})])
    found = [f"a step changes {name} by up to {change:.4g}; in the training runs a step changed it by at most "
             f"{trained.changes[name]:.4g}: the laws are integrated over each step, and the error of that grows with "
             "it. Give more output times"
             for name, change in own.changes.items()
             if 0.0 < trained.changes[name] * COARSER * (1.0 + _SLACK) < change]
    viscous = any(material.law not in _RATE_INDEPENDENT for material in materials.values())
    if viscous and not found and 0.0 < trained.step * COARSER * (1.0 + _SLACK) < own.step:
        found.append(f"a step takes up to {own.step:.4g} {units.time}; in the training runs at most "
                     f"{trained.step:.4g}: the laws are integrated over each step, and the error of that grows with "
                     "it. Give more output times")
    if 0.0 < trained.length * LONGER * (1.0 + _SLACK) < own.length:
        found.append(f"the run takes {own.length:.4g} {units.time}, and the longest training run took "
                     f"{trained.length:.4g}: what accumulates over a run (plastic strain, relaxation) was trained no "
                     "farther")
    return found
