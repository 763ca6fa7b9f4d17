"""The pieces of a mesh put together: interface nodes merged, and one order of nodes, cells and integration points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh


@dataclass(frozen=True, eq=False)
class Numbering:
    """Nodes of the whole: each once, by ascending id of the solver.

    node_ids : (n_node,). numbers : by piece, (nodes of the piece,), positions in `node_ids`.
    """

    node_ids: np.ndarray
    numbers: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, node_ids: Sequence[np.ndarray]) -> Numbering:
        """node_ids : by piece, (nodes of the piece,)."""
        ids, inverse = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *node_ids]), return_inverse=True)
        return cls(ids, tuple(np.split(inverse, np.cumsum([len(of_piece) for of_piece in node_ids])[:-1])))

    @property
    def n_node(self) -> int:
        """Nodes of the whole, every one once."""
        return len(self.node_ids)

    def gathered(self, values: Sequence[np.ndarray], axis: int = 0) -> np.ndarray:
        """Values at the nodes of each piece along an axis, put together: (..., n_node, ...).

        A node of several pieces gets the value of the last of them: they agree in fields that are continuous.
        """
        first = np.moveaxis(values[0], axis, 0)
        out = np.empty((self.n_node, *first.shape[1:]), dtype=np.result_type(*values))
        for numbers, of_piece in zip(self.numbers, values, strict=True):
            out[numbers] = np.moveaxis(of_piece, axis, 0)
        return np.moveaxis(out, 0, axis)


def whole_mesh(meshes: Sequence[Mesh], numbering: Numbering | None = None) -> Mesh:
    """One mesh of all pieces.

    Nodes are in the order of `Numbering`; cells and integration points are those of the first piece in its order, then
    those of the second, and so on. Tags, face sets and arrays are put together; one that a piece lacks has nothing
    there (NaN in an array). `shared_index` is gone: there is nothing to share.

    numbering : of these pieces, where it is known.
    """
    numbering = numbering or Numbering.of([mesh.node_ids for mesh in meshes])
    first_cell = np.cumsum([0, *(mesh.n_cell for mesh in meshes)])
    node_tags: dict[str, list[np.ndarray]] = {}
    cell_tags: dict[str, list[np.ndarray]] = {}
    faces: dict[str, list[FaceSet]] = {}
    for mesh, numbers, start in zip(meshes, numbering.numbers, first_cell):
        for name, nodes in mesh.node_tags.items():
            node_tags.setdefault(name, []).append(numbers[nodes])
        for name, cells in mesh.cell_tags.items():
            cell_tags.setdefault(name, []).append(start + np.asarray(cells, dtype=np.int64))
        for name, face_set in mesh.face_tags.items():
            faces.setdefault(name, []).append(_renumbered(face_set, numbers))
    return Mesh(
        points=numbering.gathered([mesh.points for mesh in meshes]), blocks=_blocks(meshes, numbering),
        node_ids=numbering.node_ids,
        node_tags={name: np.unique(np.concatenate(parts)) for name, parts in node_tags.items()},
        cell_tags={name: np.concatenate(parts) for name, parts in cell_tags.items()},
        face_tags={name: _joined_faces(parts) for name, parts in faces.items()},
        node_arrays=_node_arrays(meshes, numbering), cell_arrays=_cell_arrays(meshes), kinematics=meshes[0].kinematics,
        thickness=meshes[0].thickness)


def _blocks(meshes: Sequence[Mesh], numbering: Numbering) -> tuple[CellBlock, ...]:
    """Those of all pieces in order; neighbours of one kind become one block, which leaves the order as it is."""
    runs: list[list[CellBlock]] = []
    for mesh, numbers in zip(meshes, numbering.numbers):
        for block in mesh.blocks:
            moved = replace(block, connectivity=numbers[block.connectivity])
            if runs and _kind(runs[-1][0]) == _kind(moved):
                runs[-1].append(moved)
            else:
                runs.append([moved])
    return tuple(replace(run[0], connectivity=np.concatenate([block.connectivity for block in run]),
                         cell_ids=np.concatenate([block.cell_ids for block in run])) for run in runs)


def _kind(block: CellBlock) -> tuple[str, str, str, str]:
    return block.cell_type, block.quadrature, block.formulation, block.temperature_interpolation


def _renumbered(face_set: FaceSet, numbers: np.ndarray) -> FaceSet:
    return replace(face_set, blocks=tuple(
        FaceBlock(block.face_type, numbers[block.connectivity]) for block in face_set.blocks))


def _joined_faces(parts: list[FaceSet]) -> FaceSet:
    names = dict.fromkeys(name for part in parts for name in part.arrays)
    arrays = {name: np.concatenate([
        part.arrays[name] if name in part.arrays else np.full(part.n_face, np.nan) for part in parts])
        for name in names}
    return FaceSet(tuple(block for part in parts for block in part.blocks), arrays)


def _node_arrays(meshes: Sequence[Mesh], numbering: Numbering) -> dict[str, np.ndarray]:
    found = {}
    for name in dict.fromkeys(name for mesh in meshes for name in mesh.node_arrays):
        having = [(mesh.node_arrays[name], numbers) for mesh, numbers in zip(meshes, numbering.numbers)
                  if name in mesh.node_arrays]
        out = _empty((numbering.n_node, *having[0][0].shape[1:]), [values for values, _ in having],
                     len(having) == len(meshes))
        for values, numbers in having:
            out[numbers] = values
        found[name] = out
    return found


def _cell_arrays(meshes: Sequence[Mesh]) -> dict[str, np.ndarray]:
    found = {}
    for name in dict.fromkeys(name for mesh in meshes for name in mesh.cell_arrays):
        having = [mesh.cell_arrays[name] for mesh in meshes if name in mesh.cell_arrays]
        found[name] = np.concatenate([
            mesh.cell_arrays[name] if name in mesh.cell_arrays else
            _empty((mesh.n_cell, *having[0].shape[1:]), having, False) for mesh in meshes])
    return found


def _empty(shape: tuple[int, ...], values: Sequence[np.ndarray], complete: bool) -> np.ndarray:
    """Room for values of these kinds; NaN where not everything will be filled, for which they become floats."""
    kind = np.result_type(*values)
    return np.empty(shape, kind) if complete else np.full(shape, np.nan, np.result_type(kind, np.float64))
