"""What each kind of training file is good for: which basis its snapshots make, and what is measured on them.

Single steps at full order, elastic answers, runs of a ROM that were brought towards equilibrium, and replayed ones
enrich a training set; they are no cases that a ROM could be run over. Stresses and internal variables of a ROM's runs
never make modes: in them the misfit, which tells the error, would be small where the error is not. A stress that was
brought into equilibrium at all points does, because the misfit is the distance from such stresses. Nor do single steps
widen the trained range: the calibration of the bounds knows runs alone, and what is outside of these keeps its larger
factors.
"""

from __future__ import annotations

from typing import Literal

from romlib.snapshots.prepared import Role

Purpose = Literal["displacement", "stress", "variables", "cubature", "cases", "validation"]

# displacement, stress, variables : modes of the displacement, of the stress, of internal variables. cubature : its
# training stresses. cases : what the finished ROM is run over, and the range of amplitudes, parameters, temperatures.
# validation : what it is run over besides, and trains nothing.
_ROLES: dict[Purpose, tuple[Role, ...]] = {
    "displacement": ("run", "record", "elastic", "equilibrated"),
    "stress": ("run", "record", "elastic", "equilibrated"),
    "variables": ("run", "record"),
    "cubature": ("run", "record", "elastic", "equilibrated", "replayed"),
    "cases": ("run",),
    "validation": ("validation",),
}


def serves(role: Role, purpose: Purpose) -> bool:
    """Whether files of this role are used for this."""
    return role in _ROLES[purpose]


def is_whole(role: Role) -> bool:
    """Whether the file is a run of the solver from its beginning, along which laws can be replayed and checked."""
    return role in ("run", "validation")


def purpose_of(field: str) -> Purpose:
    """Of the modes of a dual field."""
    return "stress" if field == "stress" else "variables"


def is_read(role: Role) -> bool:
    """Whether the dual fields are those of the file: there is no history that a law could be replayed along."""
    return role in ("record", "elastic", "equilibrated")
