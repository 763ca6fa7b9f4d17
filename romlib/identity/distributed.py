"""The identity of a model on a mesh whose pieces several ranks have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from romlib.identity.contents import contribution, identity_from
from romlib.loads.forces import presence
from romlib.mesh.mesh import Mesh
from romlib.model import Identity, Model
from romlib.parallel.pieces import Pieces


def distributed_identity(
    model: Model, pieces: Pieces, mesh_of: Callable[[int], Mesh], n_shared: int
) -> Identity:
    """The identity of a model on a mesh whose pieces the ranks share. Collective.

    mesh_of : reads a piece of this rank; called twice for each. n_shared : nodes that several pieces have.
    """
    multiplicity = pieces.sum(lambda piece: presence(mesh_of(piece), n_shared) if n_shared else np.zeros(0))
    return identity_from(model, pieces.sum(lambda piece: contribution(mesh_of(piece), model, multiplicity)))
