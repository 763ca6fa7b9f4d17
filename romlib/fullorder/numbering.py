"""Global numbers of nodes, and the exchange of nodal values between ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.fullorder import petsc
from romlib.mesh.kinematics import kinematics
from romlib.mesh.mesh import Mesh
from romlib.parallel.pieces import Pieces


class Numbering:
    """The nodes of this rank, each once, and their numbers among all nodes of the model. Collective.

    A node belongs to the lowest rank that has it; numbers run through the ranks in order, and on a rank in the order of
    the nodes' ids, so that they depend on the pieces and the number of ranks only.

    Attributes
    ----------
    ids : (n_local,), the solver's ids, sorted. points : (n_local, d). positions : piece -> (n_node,), where the nodes
        of a piece are among those of the rank.
    dimension : components of a displacement, the d of what follows. motion : the kinematics of the meshes.
    number : (n_local,), global. owned : (n_local,) bool. n_owned, n_total : int; first : first global number here.
    pieces : which rank has which, with comm.
    """

    def __init__(self, meshes: Mapping[int, Mesh], pieces: Pieces) -> None:
        self.pieces, self.comm = pieces, pieces.comm
        with self.comm.agreement():
            every = np.concatenate([np.empty(0, dtype=np.int64), *(mesh.node_ids for mesh in meshes.values())])
            self.ids, where = np.unique(every, return_index=True)
            self._take_motion(meshes)
            self.points = np.concatenate([
                np.empty((0, self.dimension)), *(mesh.points for mesh in meshes.values())])[where]
            self.positions = {p: np.searchsorted(self.ids, mesh.node_ids) for p, mesh in meshes.items()}
            shared = np.full(len(self.ids), -1, dtype=np.int64)
            for p, mesh in meshes.items():
                if mesh.shared_index is not None:
                    shared[self.positions[p]] = mesh.shared_index
        self.shared = shared
        self._number()
        self._exchange()

    def _take_motion(self, meshes: Mapping[int, Mesh]) -> None:
        """The kinematics that all pieces have; a rank has one piece at least."""
        found = sorted({mesh.kinematics for mesh in meshes.values()})
        if len(found) != 1:
            raise InputError("the pieces of a mesh have different kinematics", expected="the same of all",
                             found=", ".join(found))
        self.motion = kinematics(found[0])
        self.dimension = self.motion.dimension

    def _number(self) -> None:
        comm = self.comm
        here = np.flatnonzero(self.shared >= 0)
        present = comm.allgather(self.shared[here])
        self.n_shared = n_shared = 1 + max((int(index.max(initial=-1)) for index in present), default=-1)
        owner = np.full(n_shared, comm.size, dtype=np.int64)
        for rank in reversed(range(comm.size)):
            owner[present[rank]] = rank
        self.owned = np.ones(len(self.ids), dtype=bool)
        self.owned[here] = owner[self.shared[here]] == comm.rank
        self.n_owned = int(self.owned.sum())
        counts = comm.allgather(self.n_owned)
        self.first, self.n_total = sum(counts[:comm.rank]), sum(counts)
        self.number = np.full(len(self.ids), -1, dtype=np.int64)
        self.number[self.owned] = self.first + np.arange(self.n_owned)
        mine = here[self.owned[here]]
        number_of_shared = np.full(n_shared, -1, dtype=np.int64)
        for index, number in comm.allgather((self.shared[mine], self.number[mine])):
            number_of_shared[index] = number
        self.number[here] = number_of_shared[self.shared[here]]

    def _exchange(self) -> None:
        PETSc, comm, d = petsc.load(), petsc.communicator(self.comm), self.dimension
        self._owned = PETSc.Vec().createMPI((d * self.n_owned, d * self.n_total), bsize=d, comm=comm)
        self._local = PETSc.Vec().createSeq(d * len(self.ids), bsize=d)
        source = PETSc.IS().createBlock(d, self.number.astype(PETSc.IntType), comm=PETSc.COMM_SELF)
        target = PETSc.IS().createStride(d * len(self.ids), step=1, comm=PETSc.COMM_SELF)
        self._scatter = PETSc.Scatter().create(self._owned, source, self._local, target)
        self._add, self._insert = PETSc.InsertMode.ADD_VALUES, PETSc.InsertMode.INSERT_VALUES
        self._reverse = PETSc.ScatterMode.REVERSE

    def vector(self) -> Any:
        """A new PETSc vector over the dofs that this rank owns."""
        return self._owned.duplicate()

    def add(self, local: np.ndarray) -> np.ndarray:
        """Sum over the ranks, at the owners: parts (n_local, d) -> totals (n_owned, d). Collective."""
        self._local.array[:] = np.ascontiguousarray(local, dtype=float).ravel()
        self._owned.set(0.0)
        self._scatter.scatter(self._local, self._owned, addv=self._add, mode=self._reverse)
        return np.array(self._owned.array).reshape(-1, self.dimension)

    def spread(self, owned: np.ndarray) -> np.ndarray:
        """Values of the owners on every rank that has the node: (n_owned, d) -> (n_local, d). Collective."""
        self._owned.array[:] = np.ascontiguousarray(owned, dtype=float).ravel()
        self._scatter.scatter(self._owned, self._local, addv=self._insert)
        return np.array(self._local.array).reshape(-1, self.dimension)
