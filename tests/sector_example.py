"""A ring whose thickness and radii vary N times around it, whole or one sector of it; and a bar turned in space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.merge import merge_points
from romlib.mesh.mesh import Mesh
from romlib.model import Centrifugal, Constraint, Material, Model, Pressure

SECTORS = 5
STEEL = {"steel": Material(law="mises", density=8e-9, parameters={
    "young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 5000.0})}


def ring(
    n_sector: int, divisions: tuple[int, int, int] = (2, 3, 1), cell_type: str = "hex8", first: float = 0.0
) -> Mesh:
    """So many of the sectors of the ring; tags inner, outer, bottom, begin, end.

    The z axis is that of the ring; `first` is the angle at which it begins, in radians.
    """
    n_r, n_t, n_z = divisions
    angle = 2 * np.pi * n_sector / SECTORS
    mesh = box_mesh(cell_type, (n_r, n_t * n_sector, n_z), size=(1.0, angle, 1.0))
    x, t, z = mesh.points.T
    wave = 1.0 + 0.1 * np.sin(SECTORS * t) + 0.05 * np.cos(2 * SECTORS * t)
    r, z = 20.0 + 20.0 * x * wave, 8.0 * z * wave
    names = {"inner": "xmin", "outer": "xmax", "begin": "ymin", "end": "ymax", "bottom": "zmin", "top": "zmax"}
    mesh = replace(
        mesh, points=np.column_stack([r * np.cos(t + first), r * np.sin(t + first), z]),
        node_arrays={"around": 0.05 * np.column_stack([-np.sin(t + first), np.cos(t + first), 0 * t])},
        node_tags={new: mesh.node_tags[old] for new, old in names.items()},
        face_tags={new: mesh.face_tags[old] for new, old in names.items()} | {"skin": mesh.face_tags["skin"]})
    return merge_points(mesh, 1e-9) if n_sector == SECTORS else mesh


def spinning(sector: bool) -> Model:
    """The ring held at its bore, spun and pressed until it yields, and turned by its rim (node array "around")."""
    held = {"bottom": Constraint(nodes="bottom", components=("z",)),
            "bore": Constraint(nodes="inner", components=("x", "y")),
            "twist": Constraint(nodes="outer", components=("x", "y"), kind="prescribed", value={"array": "around"})}
    if sector:
        held["sides"] = Constraint(nodes="end", master="begin", axis=(0, 0, 2.0), angle=360 / SECTORS)
    return Model(
        materials=STEEL, constraints=held, amplitudes={"spin": "t", "push": "t", "twist": "t"},
        loads={"spin": Centrifugal(center=(0, 0, 0), axis=(0, 0, 1), speed=6000.0),
               "push": Pressure(faces="top", value=100.0)})


def turned(mesh: Mesh, turn: np.ndarray) -> Mesh:
    """The mesh turned in space by R (3, 3)."""
    return replace(mesh, points=mesh.points @ turn.T)
