"""What each kind of training file is good for: which basis its snapshots make, and what is measured on them.

Single steps at full order, elastic answers and replayed runs of a ROM enrich a training set; they are no cases that a
ROM could be run over. Fields of a ROM's runs never make modes: in them the misfit, which tells the error, would be
small where the error is not. They train the cubature. Nor do single steps widen the trained range: the calibration of
the bounds knows runs alone, and what is outside of these keeps its larger factors.
"""

from __future__ import annotations

from typing import Literal

from romlib.snapshots.prepared import Role

Purpose = Literal["displacement", "stress", "variables", "cubature", "cases"]

# displacement, stress, variables : modes of the displacement, of the stress, of internal variables. cubature : its
# training stresses. cases : what the finished ROM is run over, and the range of amplitudes, parameters, temperatures.
_ROLES: dict[Purpose, tuple[Role, ...]] = {
    "displacement": ("run", "record", "elastic"),
    "stress": ("run", "record", "elastic"),
    "variables": ("run", "record"),
    "cubature": ("run", "record", "elastic", "replayed"),
    "cases": ("run",),
}


def serves(role: Role, purpose: Purpose) -> bool:
    """Whether files of this role are used for this."""
    return role in _ROLES[purpose]


def purpose_of(field: str) -> Purpose:
    """Of the modes of a dual field."""
    return "stress" if field == "stress" else "variables"


def is_read(role: Role) -> bool:
    """Whether the dual fields are those of the file: there is no history that a law could be replayed along."""
    return role in ("record", "elastic")
