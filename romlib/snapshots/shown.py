"""What VTK is shown of the fields at integration points, for which it has no place: values at nodes and of cells.

They are made from the values at the points when the file has all of these, and romlib never reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import h5py
import numpy as np

from romlib.blocks import blocks
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.nodal.average import norm
from romlib.nodal.cells import cell_maxima, cell_means
from romlib.nodal.pieces import PieceValues, averaged_pieces
from romlib.snapshots.schema import VTK_GROUP, FieldSpec, key, piece_path
from romlib.snapshots.vtkhdf import Layout
from romlib.storage.checksums import crc_of
from romlib.tensors import mandel_from_vtk, von_mises_from_vtk

STRESS, VON_MISES = "stress", "von_mises"
NODES, CELLS = "PointData", "CellData"
DTYPE = np.dtype(np.float32)  # to look at: the values at the points keep their own
_BLOCK_BYTES = 64 * 2**20
_wanted: ContextVar[bool] = ContextVar("_wanted", default=False)


@contextmanager
def nodal_data(wanted: bool = True) -> Iterator[None]:
    """Whether snapshots files written inside, by whatever converter, have values at nodes and of cells for VTK."""
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


def nodal_data_wanted() -> bool:
    """What the innermost `nodal_data` says; false outside."""
    return _wanted.get()


@dataclass(frozen=True)
class Shown:
    """One array for VTK. data : "PointData" or "CellData". field : at the integration points, which it is made of.

    largest : of the points of a cell, instead of the mean. equivalent : of the stress, its von Mises stress.
    """

    data: str
    name: str
    field: str
    n_comp: int
    largest: bool = False
    equivalent: bool = False

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/{VTK_GROUP}/{self.data}/{key(self.name)}"

    def shape(self, n_step: int, layout: Layout) -> tuple[int, ...]:
        """Of the whole array."""
        rows = n_step * int((layout.points if self.data == NODES else layout.cells)[-1])
        return (rows,) if self.n_comp == 1 else (rows, self.n_comp)


def shown_arrays(fields: Mapping[str, FieldSpec]) -> tuple[Shown, ...]:
    """The arrays that VTK is shown of these fields: of each at the integration points, as its name.

    The average at the nodes, the mean of each cell; of a scalar also "NAME_max", the largest of each cell. Of "stress"
    its von Mises stress too: at the nodes that of the average, as post-processors have it. A name that would be there
    twice stands for the first: what the file has as a node field, a field's own mean before the largest of another.
    """
    at_points = {name: spec for name, spec in fields.items() if spec.place == "ip"}
    stress = STRESS in at_points and at_points[STRESS].tensor
    plain = [name for name in at_points if not (stress and name == VON_MISES)]
    found = [Shown(NODES, name, name, at_points[name].n_comp) for name in plain]
    found += [Shown(NODES, VON_MISES, STRESS, 1, equivalent=True)] if stress else []
    found += [Shown(CELLS, name, name, at_points[name].n_comp) for name in plain]
    found += [Shown(CELLS, VON_MISES, STRESS, 1, equivalent=True)] if stress else []
    found += [Shown(CELLS, f"{name}_max", name, 1, largest=True) for name in plain if at_points[name].n_comp == 1]
    found += [Shown(CELLS, f"{VON_MISES}_max", STRESS, 1, largest=True, equivalent=True)] if stress else []
    nodal = {name for name, spec in fields.items() if spec.place == "node"}
    first: dict[tuple[str, str], Shown] = {}
    for shown in found:
        if shown.data != NODES or shown.name not in nodal:
            first.setdefault((shown.data, shown.name), shown)
    return tuple(first.values())


def create_shown(file: h5py.File, layout: Layout, fields: Mapping[str, FieldSpec], n_step: int) -> None:
    """Create the arrays, empty."""
    vtk = file[VTK_GROUP]
    for shown in shown_arrays(fields):
        vtk[shown.data].create_dataset(key(shown.name), shown.shape(n_step, layout), dtype=DTYPE)
        rows = shown.shape(1, layout)[0]
        vtk[f"Steps/{shown.data}Offsets"].create_dataset(key(shown.name), data=np.arange(n_step, dtype=np.int64) * rows)


def write_shown(
    file: h5py.File, layout: Layout, meshes: Sequence[Mesh], model: Model, fields: Mapping[str, FieldSpec], n_step: int,
    check: Callable[[], None] = lambda: None,
) -> dict[str, np.ndarray]:
    """Fill the arrays from the values at the integration points, which the file has; blocks of steps, piece by piece.

    check : called after every portion; raises where the disk is full.

    Returns
    -------
    CRC-32 by array, (n_step, n_piece).
    """
    arrays = shown_arrays(fields)
    checksums = {shown.path: np.zeros((n_step, layout.n_piece), dtype=np.uint32) for shown in arrays}
    wanted = {shown.field: fields[shown.field] for shown in arrays}
    sizes = {name: _size_of(name, spec) for name, spec in wanted.items()}
    tags = [material.cells for material in model.materials.values()]
    each = 8 * max((file[_ip_path(piece, name)][0].size for piece in range(layout.n_piece) for name in wanted),
                   default=1)
    for steps in blocks(n_step, each, _BLOCK_BYTES):
        def read(name: str, piece: int, ips: np.ndarray | None, steps: slice = steps) -> np.ndarray:
            values = file[_ip_path(piece, name)][steps].astype(float, copy=False)
            return values if ips is None else values[:, ips]

        for values in averaged_pieces(meshes, tags, sizes, read):
            wanted_here = [shown for shown in arrays if shown.field == values.field]
            for shown, made in zip(wanted_here, _made(wanted_here, values)):
                _write(file, layout, shown, made, values.piece, steps.start, checksums[shown.path])
                check()
    return checksums


def _write(
    file: h5py.File, layout: Layout, shown: Shown, values: np.ndarray, piece: int, step: int, checksums: np.ndarray
) -> None:
    """One array (n_step, n, n_comp) of a piece, at consecutive steps from one on."""
    starts = layout.points if shown.data == NODES else layout.cells
    values = np.ascontiguousarray(values, dtype=DTYPE)
    n_step, n, n_comp = values.shape
    for k, block in enumerate(values, step):
        checksums[k, piece] = crc_of(block)
    if not values.size:
        return
    dataset, total = file[shown.path], int(starts[-1])
    rank, space = dataset.ndim, dataset.id.get_space()  # one hyperslab: h5py's own indexing would need a write a step
    space.select_hyperslab((step * total + int(starts[piece]), 0)[:rank], (n_step, 1)[:rank], (total, n_comp)[:rank],
                           (n, n_comp)[:rank])
    dataset.id.write(h5py.h5s.create_simple((values.size,)), space, values)


def _made(arrays: Sequence[Shown], values: PieceValues) -> Iterator[np.ndarray]:
    """The arrays of one field, (n_step, n_node or n_cell, n_comp) each; tensors in VTK order, as in the file."""
    at_points, at_nodes = {False: values.at_points}, {False: values.at_nodes}
    if any(shown.equivalent for shown in arrays):
        at_points[True] = von_mises_from_vtk(values.at_points)[..., None]
        at_nodes[True] = von_mises_from_vtk(values.at_nodes)[..., None]
    for shown in arrays:
        if shown.data == NODES:
            yield at_nodes[shown.equivalent]
        else:
            yield (cell_maxima if shown.largest else cell_means)(values.mesh, at_points[shown.equivalent])


def _size_of(name: str, spec: FieldSpec) -> Callable[[np.ndarray], np.ndarray]:
    """What is compared at a node between materials: of the stress what is shown of it, else the norm."""
    if not spec.tensor:
        return norm
    return von_mises_from_vtk if name == STRESS else lambda values: norm(mandel_from_vtk(values))


def _ip_path(piece: int, name: str) -> str:
    return f"/{piece_path(piece)}/ip_fields/{key(name)}"
