"""Nodes on the axis of an axisymmetric body, which cannot leave it: to be held, and warned of where they are not."""

from __future__ import annotations

import warnings

import numpy as np

from romlib.fullorder.numbering import Numbering
from romlib.words import plural

_ON_AXIS = 1e-9  # of the largest radius


def warn_of_a_free_axis(numbering: Numbering, mask: np.ndarray) -> None:
    """Warn, on rank 0, of nodes on the axis whose radial displacement nothing holds. Collective.

    The hoop strain u_r / r keeps it small there, but not zero, as it is in a body that stays whole.

    Parameters
    ----------
    mask : (n_local, 2), the constrained dofs of this rank's nodes.
    """
    if not numbering.motion.axisymmetric:
        return
    radii = numbering.points[:, 0]
    largest = max(numbering.comm.allgather(float(np.abs(radii).max(initial=0.0))))
    free = numbering.owned & (radii <= _ON_AXIS * largest) & ~mask[:, 0]
    found = np.concatenate(numbering.comm.allgather(numbering.ids[free]))
    if len(found) and numbering.comm.rank == 0:
        warnings.warn(f"{plural(len(found), 'node')} on the axis, such as node {found.min()}, may move away from it: "
                      'hold x of the nodes on the axis (components = ["x"])', stacklevel=2)
