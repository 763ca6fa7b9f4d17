"""The identity of a model on a mesh whose pieces several ranks have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from romlib.identity.contents import contribution, identity_from
from romlib.loads.forces import presence
from romlib.mesh.mesh import Mesh
from romlib.model import Identity, Model
from romlib.parallel.comm import Comm


def distributed_identity(
    model: Model, pieces: Iterable[int], mesh_of: Callable[[int], Mesh], n_shared: int, comm: Comm
) -> Identity:
    """The identity of a model on a mesh whose pieces the ranks share. Collective.

    mesh_of : reads a piece of this rank; called twice for each. n_shared : nodes that several pieces have.
    """
    pieces = list(pieces)
    with comm.agreement():
        present = {piece: presence(mesh_of(piece), n_shared) if n_shared else np.zeros(0) for piece in pieces}
    multiplicity = comm.sum_pieces(present)
    with comm.agreement():
        rows = {piece: contribution(mesh_of(piece), model, multiplicity) for piece in pieces}
    return identity_from(model, comm.sum_pieces(rows))
