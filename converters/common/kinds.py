"""Result sets that are no history in time, by name: what they are, and what would be needed in their place."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from romlib.errors import UnsupportedError

_WHY = {
    "modal": "mode shapes have a frequency and no size: no structure moved so",
    "buckling": "buckling modes have a load factor and no size: no structure moved so",
    "harmonic": "amplitudes at a frequency are no displacements at times",
    "complex": "real and imaginary parts are amplitudes of an oscillation, not displacements at times",
    "cyclic-symmetric": "a harmonic index stands for displacements that differ from sector to sector; this file "
                        "has the base sector, and its duplicate, alone",
    "spectrum": "combined maxima of modes have no signs and belong to no common time",
    "random vibration": "standard deviations are no displacements at times",
    "load combination": "a combination of load cases belongs to no time",
    "substructure": "displacements of a superelement's own nodes are not in this file",
    "finite strain": "stress and strain of large deflections are of another configuration: romlib's kinematics are "
                     "those of small strain",
    "explicit dynamics": "inertia takes part in the balance of forces, and stored states are not in equilibrium",
}
KINDS = tuple(_WHY)
NEEDED = "a quasi-static analysis, linear or with increments in time, that writes the displacement of every increment"


def refuse_no_history(kind: str, file: Path, *, place: str | None = None, found: str | None = None) -> NoReturn:
    """Refuse a result set that is no history.

    Parameters
    ----------
    kind : one of `KINDS`, or another name, which then has no explanation. place : in the file. found : the solver's own
        words for it.

    Raises
    ------
    UnsupportedError : always.
    """
    why = _WHY.get(kind)
    raise UnsupportedError(f"{kind} results are no history of displacements" + (f": {why}" if why else ""), file=file,
                           place=place, found=found, expected=NEEDED,
                           remedy="write the results of such an analysis, and convert those")
