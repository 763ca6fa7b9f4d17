"""A box of two materials with a load of every kind, and ways to write the same model differently."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.model import Model

MODEL = {
    "materials": {
        "left": {"law": "mises", "cells": "left", "density": 2.0, "parameters": {
            "young": 1000.0, "poisson": 0.25, "curve": [{"strain": [0.0, 0.1], "stress": [1.0, 2.0]}]}},
        "right": {"law": "elastic", "cells": "right", "density": 3.0, "parameters": {
            "young": {"temperature": [0.0, 100.0], "value": [500.0, 400.0]}, "poisson": 0.3},
            "thermal_expansion": {"coefficient": 1e-5, "reference_temperature": 0.0}}},
    "constraints": {
        "clamp": {"nodes": "xmin", "components": ["x", "y", "z"]},
        "end": {"nodes": "xmax", "components": ["x", "z"], "kind": "prescribed", "value": {"array": "shape"}},
        "tied": {"nodes": "zmax", "components": ["y"], "kind": "linear"}},
    "loads": {
        "pull": {"kind": "traction", "faces": "ymax", "direction": [0.0, 1.0, 0.5]},
        "push": {"kind": "pressure", "faces": "ymin", "value": {"array": "field"}},
        "point": {"kind": "nodal_force", "nodes": "corner", "direction": [0.0, 0.0, -1.0]},
        "weight": {"kind": "body_force", "cells": "left", "direction": [0.0, 0.0, -9.81], "per": "mass"},
        "spin": {"kind": "centrifugal", "center": [0.0, 1.0, 0.0], "axis": [0.0, 0.0, 2.0], "speed": 3.0},
        "heat": {"kind": "temperature", "field": {"array": "field"}}},
    "initial_temperature": {"array": "initial"},
}


def model(**changes: object) -> Model:
    return Model.model_validate({**MODEL, **changes})


def box() -> Mesh:
    mesh = box_mesh("hex8", (4, 2, 3), (4.0, 1.0, 2.0))
    x, y, z = mesh.points.T
    middle = np.array([mesh.points[cell].mean(axis=0)[0] for cell in mesh.blocks[0].connectivity])
    return replace(
        mesh, cell_tags={"left": np.flatnonzero(middle < 2), "right": np.flatnonzero(middle > 2)},
        node_tags={**mesh.node_tags, "corner": np.flatnonzero((x == 4) & (y == 1) & (z > 0))},
        node_arrays={"field": 20.0 + x + 2 * y * z, "initial": 20.0 + 0.1 * x,
                     "shape": np.stack([1.0 + y, z, z * y], axis=1)})


def reordered(mesh: Mesh, seed: int) -> Mesh:
    """The same mesh with its nodes, cells and faces in another order."""
    random = np.random.default_rng(seed)
    order, (block,) = random.permutation(mesh.n_node), mesh.blocks
    new, cells = np.argsort(order), random.permutation(mesh.n_cell)
    turned = np.argsort(cells)
    faces = {}
    for name, face_set in mesh.face_tags.items():
        blocks = [FaceBlock(b.face_type, new[b.connectivity][random.permutation(len(b.connectivity))])
                  for b in face_set.blocks]
        faces[name] = FaceSet(tuple(blocks))
    return replace(
        mesh, points=mesh.points[order], node_ids=mesh.node_ids[order],
        blocks=(CellBlock(block.cell_type, new[block.connectivity][cells], block.cell_ids[cells], block.quadrature),),
        node_tags={name: new[tag] for name, tag in mesh.node_tags.items()},
        cell_tags={name: turned[tag] for name, tag in mesh.cell_tags.items()}, face_tags=faces,
        node_arrays={name: array[order] for name, array in mesh.node_arrays.items()})
