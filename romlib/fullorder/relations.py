"""Homogeneous relations between dofs, inclined planes and cyclic symmetry, as a transformation of the unknowns.

    u = T q,  T^T K T dq = T^T (f_ext - f_int)

The unknowns q of a node are its displacement in a frame of its own, of which the constraints hold some directions; a
node of the slave face of a sector has no unknowns, and moves as its master does, turned by the angle of the sector.
Frames are the axes of coordinates wherever the held directions are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.errors import InputError
from romlib.fullorder import petsc
from romlib.fullorder.constraints import Constraints
from romlib.fullorder.cyclic import Pairs, match, rotation
from romlib.fullorder.numbering import Numbering
from romlib.loads.constraints import tagged_nodes
from romlib.mesh.mesh import Mesh
from romlib.model import Constraint, Model

_HELD = 1e-10  # squares of the sine between directions, above which they are two
_ALIKE = 1e-9  # prescribed values that differ by less, relative, are one


def relations_of(
    meshes: Mapping[int, Mesh], model: Model, constraints: Constraints, numbering: Numbering
) -> Relations | None:
    """The relations of a model, which take the mask and patterns of `constraints` into their frames. Collective.

    None where the model has none.

    Raises
    ------
    InputError : faces of a sector that do not match, a node of two sectors, or a prescribed displacement that a
        relation does not let happen.
    """
    wanted = {name: one for name, one in model.constraints.items() if one.kind in ("plane", "cyclic")}
    return Relations(meshes, wanted, constraints, numbering) if wanted else None


class Relations:
    """T over the nodes of this rank; d is the dimension of the mesh. Collective.

    Attributes
    ----------
    slave : (n_local,) bool. target : (n_local,), the global node whose unknowns move a node, its own or its master's.
    turn : (n_local, d, d), the block of T of a node. frame : (n_local, d, d), the frame of a node's own unknowns by
        columns. tied : (n_local,) bool, nodes that are of a relation. held : (n_local, d), unknowns that are not free,
        all of a slave's. target_held : (n_local, d), those of the node's target.
    masters : (n_local, d), coordinates of the node's target. rotated : (n_local, d, d), R of a slave, else one.
    """

    def __init__(
        self, meshes: Mapping[int, Mesh], wanted: Mapping[str, Constraint], constraints: Constraints,
        numbering: Numbering,
    ) -> None:
        self.numbering, n, d = numbering, len(numbering.ids), numbering.dimension
        self.slave, self.target = np.zeros(n, dtype=bool), numbering.number.copy()
        self.rotated = np.broadcast_to(np.eye(d), (n, d, d)).copy()
        gram = np.zeros((n, d, d))
        tied = np.zeros(n, dtype=bool)
        for name, one in wanted.items():
            if one.kind == "plane":
                at = self._tagged(name, one.nodes, meshes)
                normal = np.array(one.normal)[:d] / np.linalg.norm(np.array(one.normal))
                gram[at] += np.outer(normal, normal)
                tied |= at
            else:
                at, on_axis, axis = self._tie(name, one, meshes)
                gram[on_axis] += np.eye(3) - np.outer(axis, axis)
                tied |= at | on_axis
        self._refuse_chains()
        self._exchange()
        self._take_frames(gram, tied, constraints)
        constraints.mask = self.held

    def _tagged(self, name: str, tag: str, meshes: Mapping[int, Mesh]) -> np.ndarray:
        """Whether each node of this rank is of a tag in some piece, (n_local,). Collective."""
        numbering = self.numbering
        found = np.zeros((len(numbering.ids), numbering.dimension))
        with numbering.comm.agreement():
            for p, mesh in meshes.items():
                found[numbering.positions[p][tagged_nodes(name, tag, mesh)]] = 1.0
        return numbering.spread(numbering.add(found))[:, 0] > 0.0

    def _tie(
        self, name: str, one: Constraint, meshes: Mapping[int, Mesh]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Match the faces of a sector. Returns the slave nodes and the nodes on the axis (n_local,), and the axis.

        The nodes of both faces are on all ranks for it, those of the model's surface and not of its volume.
        """
        numbering, turn = self.numbering, rotation(one)
        mine = [self._tagged(name, tag, meshes) for tag in one.tags]
        faces = []
        for at in mine:
            owned = at & numbering.owned
            parts = numbering.comm.allgather(
                (numbering.ids[owned], numbering.points[owned], numbering.number[owned]))
            ids, points, number = (np.concatenate(columns) for columns in zip(*parts))
            order = np.argsort(ids, kind="stable")
            faces.append((ids[order], points[order], number[order]))
        with numbering.comm.agreement():
            pairs: Pairs = match(name, one, faces[0][:2], faces[1][:2])
        slaves = np.flatnonzero(mine[0])
        row = np.searchsorted(faces[0][0], numbering.ids[slaves])
        alone = pairs.on_axis[row]
        slaves, row, on_axis = slaves[~alone], row[~alone], slaves[alone]
        with numbering.comm.agreement():
            if self.slave[slaves].any():
                raise InputError("a node is of the slave faces of two cyclic symmetries", place=f"constraint {name!r}",
                                 found=f"node {numbering.ids[slaves[np.argmax(self.slave[slaves])]]}",
                                 expected="each node in the tag `nodes` of one of them")
        self.slave[slaves], self.target[slaves] = True, faces[1][2][pairs.master[row]]
        self.rotated[slaves] = turn
        axis = np.array(one.axis) / np.linalg.norm(np.array(one.axis))
        there = np.zeros(len(numbering.ids), dtype=bool)
        there[slaves] = True
        center = np.zeros_like(there)
        center[on_axis] = True
        return there, center, axis

    def _refuse_chains(self) -> None:
        """A master that is a slave itself has no unknowns to move by. Collective."""
        numbering = self.numbering
        lost = numbering.comm.allgather(numbering.number[self.slave & numbering.owned])
        of = np.isin(self.target, np.concatenate(lost)) & self.slave
        with numbering.comm.agreement():
            if of.any():
                raise InputError("a node is of the faces of two cyclic symmetries, as slave and as master",
                                 place=f"node {numbering.ids[np.argmax(of)]}",
                                 expected="faces that meet on the axis alone",
                                 remedy="take the nodes of the common edge out of the tags of one of them")

    def _exchange(self) -> None:
        PETSc, numbering, d = petsc.load(), self.numbering, self.numbering.dimension
        self._owned, n = numbering.vector(), len(numbering.ids)
        self._local = PETSc.Vec().createSeq(d * n, bsize=d)
        source = PETSc.IS().createBlock(d, self.target.astype(PETSc.IntType), comm=PETSc.COMM_SELF)
        self._scatter = PETSc.Scatter().create(
            self._owned, source, self._local, PETSc.IS().createStride(d * n, step=1, comm=PETSc.COMM_SELF))
        self._add, self._insert = PETSc.InsertMode.ADD_VALUES, PETSc.InsertMode.INSERT_VALUES
        self._reverse = PETSc.ScatterMode.REVERSE

    def of_target(self, owned: np.ndarray) -> np.ndarray:
        """Values of the owners at each node's target: (n_owned, d) -> (n_local, d). Collective."""
        self._owned.array[:] = np.ascontiguousarray(owned, dtype=float).ravel()
        self._scatter.scatter(self._owned, self._local, addv=self._insert)
        return np.array(self._local.array).reshape(-1, self.numbering.dimension)

    def _to_target(self, local: np.ndarray) -> np.ndarray:
        """The sum over all owned nodes of their values (n_local, d) at their targets, (n_owned, d). Collective."""
        self._local.array[:] = np.where(self.numbering.owned[:, None], local, 0.0).ravel()
        self._owned.set(0.0)
        self._scatter.scatter(self._local, self._owned, addv=self._add, mode=self._reverse)
        return np.array(self._owned.array).reshape(-1, self.numbering.dimension)

    def reduce(self, owned: np.ndarray) -> np.ndarray:
        """T^T f: nodal forces (n_owned, d) as forces of the unknowns (n_owned, d). Collective."""
        return self._reduced(owned, self.turn)

    def _reduced(self, owned: np.ndarray, turn: np.ndarray) -> np.ndarray:
        local = np.zeros((len(self.numbering.ids), self.numbering.dimension))
        local[self.numbering.owned] = owned
        return self._to_target(_apply(turn.transpose(0, 2, 1), local))

    def expand(self, unknowns: np.ndarray) -> np.ndarray:
        """T q: unknowns (n_owned, d) as the displacement (n_local, d). Collective."""
        return _apply(self.turn, self.of_target(unknowns))

    def unknowns(self, displacement: np.ndarray) -> np.ndarray:
        """q (n_owned, d) of a displacement (n_local, d); a slave's are zero."""
        owned = self.numbering.owned
        found = _apply(self.frame[owned].transpose(0, 2, 1), displacement[owned])
        return np.where(self.slave[owned, None], 0.0, found)

    def nodal(self, forces: np.ndarray) -> np.ndarray:
        """Forces of the unknowns (n_owned, d) along the axes of coordinates; those of a slave at its master."""
        return _apply(self.frame[self.numbering.owned], forces)

    def _take_frames(self, gram: np.ndarray, tied: np.ndarray, constraints: Constraints) -> None:
        """Frames, held unknowns, and the patterns of prescribed displacements as T makes them. Collective.

        Held directions d of a node with values v are added up as G = sum d d^T, b = sum v d; those of a slave are
        turned to its master: the range of G is held, at G^+ b.
        """
        numbering, owned, d = self.numbering, self.numbering.owned, self.numbering.dimension
        mask, patterns = constraints.mask, constraints.patterns
        gram = gram + np.einsum("na,ab->nab", mask.astype(float), np.eye(d))
        total = np.stack([self._reduced((gram @ self.rotated)[owned][:, :, k], self.rotated) for k in range(d)], axis=2)
        ends = self._to_target(np.repeat((tied | self.slave)[:, None], d, axis=1).astype(float)) > 0.0
        at = np.flatnonzero(ends[:, 0])
        values, vectors = np.linalg.eigh(total[at])
        beside = np.abs(total[at] * (1.0 - np.eye(d))).max(axis=(1, 2), initial=0.0)
        plain = beside <= 1e-12 * np.maximum(values[:, -1], 1e-300)
        values = np.where(plain[:, None], np.einsum("naa->na", total[at]), values)
        vectors = np.where(plain[:, None, None], np.eye(d), vectors)
        held_here = values > _HELD * np.maximum(values.max(axis=1, initial=0.0, keepdims=True), 1e-300)
        frames, held = np.broadcast_to(np.eye(d), (numbering.n_owned, d, d)).copy(), mask[owned].copy()
        frames[at], held[at] = vectors, held_here
        inverse = np.zeros((numbering.n_owned, d, d))
        inverse[at] = np.einsum("nak,nk,nbk->nab", vectors, held_here / np.where(held_here, values, 1.0), vectors)
        for k in range(len(patterns)):
            self._take_pattern(patterns[k], inverse, ends[:, 0], constraints.names[k])
        self.frame = np.stack([numbering.spread(frames[:, :, k]) for k in range(d)], axis=2)
        self.turn = self.rotated @ np.stack([self.of_target(frames[:, :, k]) for k in range(d)], axis=2)
        self.target_held = self.of_target(held.astype(float)) > 0.5
        self.held = (numbering.spread(held.astype(float)) > 0.5) | self.slave[:, None]
        self.tied = self.of_target(ends.astype(float))[:, 0] > 0.5
        self.masters = self.of_target(numbering.points[owned])

    def _take_pattern(self, pattern: np.ndarray, inverse: np.ndarray, ends: np.ndarray, name: str) -> None:
        """A pattern (n_local, d) of a prescribed displacement as T lets it be, in place."""
        owned, d = self.numbering.owned, self.numbering.dimension
        wanted = self._reduced(pattern[owned], self.rotated)
        moved = np.where(ends[:, None], _apply(inverse, wanted), pattern[owned])
        found = _apply(self.rotated, self.of_target(moved))
        with self.numbering.comm.agreement():
            wrong = np.abs(np.where(pattern != 0.0, found - pattern, 0.0)).max(axis=1, initial=0.0)
            size = float(np.abs(pattern).max(initial=0.0))
            if (wrong > _ALIKE * size).any():
                node = int(np.argmax(wrong))
                wanted_by, left = (", ".join(f"{x:.4g}" for x in one[node]) for one in (pattern, found))
                raise InputError(
                    "a prescribed displacement and a relation contradict each other", place=f"constraint {name!r}",
                    found=f"node {self.numbering.ids[node]} is to move by ({wanted_by}), and its other constraints "
                          f"let it by ({left})",
                    expected="a displacement in the plane; on both faces of a sector the same, turned by its angle",
                    remedy="take the node out of one of the tags, or correct the values")
        tied = self.of_target(np.repeat(ends[:, None], d, axis=1).astype(float))[:, 0] > 0.5
        pattern[tied] = found[tied]


def _apply(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(n, d, d) times (n, d)."""
    return np.matmul(matrices, vectors[:, :, None])[:, :, 0]
