"""A small result of two materials and several elements, in pieces, that the tests of this room read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.partition import partition
from romlib.model import Material, Model
from romlib.snapshots import FieldSpec, SnapshotsWriter

TIMES = np.array([0.0, 0.5, 2.0])
FIELDS = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip"), "p": FieldSpec("ip", 1)}
ELASTIC = {"young": 2e5, "poisson": 0.3}
MODEL = Model(materials={"steel": Material(law="elastic", parameters=ELASTIC, cells="left"),
                         "copper": Material(law="elastic", parameters=ELASTIC, cells="right")})


def two_bodies(left: str, right: str) -> Mesh:
    """A box of one element for x < 1, one of another for 1 < x < 2, the nodes between them shared."""
    parts = [box_mesh(left, (2, 2, 1)), box_mesh(right, (2, 2, 1), origin=(1.0, 0.0, 0.0))]
    points, inverse = np.unique(np.round(np.concatenate([part.points for part in parts]), 9), axis=0,
                                return_inverse=True)
    first, blocks = 0, []
    n = parts[0].n_cell
    for part, offset in zip(parts, (0, n)):
        block = part.blocks[0]
        blocks.append(CellBlock(block.cell_type, inverse.ravel()[first + block.connectivity], block.cell_ids + offset,
                                block.quadrature))
        first += part.n_node
    faces = {name: replace(parts[0].face_tags[name], blocks=tuple(
        replace(face, connectivity=inverse.ravel()[face.connectivity]) for face in parts[0].face_tags[name].blocks))
        for name in ("xmin", "zmax")}
    return Mesh(points, tuple(blocks), 10 * np.arange(1, len(points) + 1), face_tags=faces,
                node_tags={"far": np.flatnonzero(points[:, 0] == 2.0), "none": np.empty(0, dtype=np.int64)},
                cell_tags={"left": np.arange(n), "right": np.arange(n, n + parts[1].n_cell)})


def write_result(path: Path, left: str = "hex8", right: str = "wedge6", n_piece: int = 2) -> Path:
    """Write a result: displacement x (1 + t), random stress, random p in the left body only."""
    whole = two_bodies(left, right)
    pieces = partition(whole, n_piece) if n_piece > 1 else [whole]
    rng = np.random.default_rng(0)
    with SnapshotsWriter(path, pieces, MODEL, TIMES, FIELDS) as writer:
        for piece, mesh in enumerate(pieces):
            n_ip, material = int(mesh.points_of_cells.sum()), np.zeros(mesh.n_cell)
            material[mesh.cell_tags["right"]] = np.nan
            of_point = np.repeat(material, mesh.points_of_cells)
            for step, time in enumerate(TIMES):
                writer.write("displacement", step, piece, mesh.points * (1.0 + time))
                writer.write("stress", step, piece, rng.normal(size=(n_ip, 6)) + time)
                writer.write("p", step, piece, rng.random(n_ip) + of_point)
    return path
