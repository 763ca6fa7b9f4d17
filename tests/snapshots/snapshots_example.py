"""The example that the tests of this room share: a mesh, descriptions of fields, values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.model import Material, Model, Omission
from romlib.snapshots import FieldSpec

TIMES = np.array([0.0, 0.25, 0.5, 2.0])
FIELDS = {
    "displacement": FieldSpec("node", 3, dtype="float32", original_name="U"),
    "temperature": FieldSpec("node", 1),
    "stress": FieldSpec.symmetric("ip", original_name="sig"),
    "p": FieldSpec("ip", 1, dtype="float32"),
}
MODEL = Model(materials={"steel": Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3}, density=7.8e-9)},
              omissions=(Omission(name="springs", description="3 springs", does_work=True),))


def mixed_mesh() -> Mesh:
    """A box of hexahedra, the last in a block of their own with a reduced rule, with every kind of tag and array."""
    mesh = box_mesh("hex8", (3, 2, 2))
    block = mesh.blocks[0]
    blocks = (CellBlock("hex8", block.connectivity[:8], block.cell_ids[:8], "hex_gauss_8"),
              CellBlock("hex8", block.connectivity[8:], block.cell_ids[8:] + 100, "hex_gauss_1", "reduced", "mean"))
    rng = np.random.default_rng(1)
    return replace(
        mesh, blocks=blocks, node_ids=mesh.node_ids * 10,
        cell_tags={"hard": np.array([0, 3, 11])},
        node_arrays={"symx": (mesh.points[:, 0] == 0).astype(np.int32), "normal/x.y": rng.random((mesh.n_node, 3))},
        cell_arrays={"group": rng.integers(0, 4, mesh.n_cell), "active": np.ones(mesh.n_cell, dtype=bool)},
        face_tags={**mesh.face_tags, "skin": replace(
            mesh.face_tags["skin"], arrays={"value": rng.random(mesh.face_tags["skin"].n_face)})},
    )


def random_fields(pieces: list[Mesh], n_ip: list[int]) -> dict[str, list[np.ndarray]]:
    """By field name, one array (n_step, n, n_comp) a piece, the same at the nodes that pieces share."""
    rng = np.random.default_rng(0)
    n_id = max(int(mesh.node_ids.max()) for mesh in pieces) + 1
    values: dict[str, list[np.ndarray]] = {}
    for name, spec in FIELDS.items():
        if spec.place == "node":
            whole = rng.standard_normal((len(TIMES), n_id, spec.n_comp)).astype(spec.dtype)
            values[name] = [whole[:, mesh.node_ids] for mesh in pieces]
        else:
            values[name] = [rng.standard_normal((len(TIMES), n, spec.n_comp)).astype(spec.dtype) for n in n_ip]
    for array in values["p"]:
        array[:, ::3] = np.nan  # a material without the variable
    return values
