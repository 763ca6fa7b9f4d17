"""A bar solved at full order, and files of it with what a worse method would have made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from romlib.fem.piece import Piece
from romlib.fullorder.arrays import Arrays, solve_to_arrays
from romlib.fullorder.options import SolverOptions
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

TIMES = np.linspace(0.0, 1.0, 9)
STEEL = {"law": "mises", "parameters": {"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 2e4}}
RUBBER = {"law": "elastic", "parameters": {"young": 5e4, "poisson": 0.4}}
EXPANSION = {"thermal_expansion": {"coefficient": 1e-5, "reference_temperature": 20.0}}


def bar() -> Mesh:
    """4 x 1 x 1 along x."""
    return box_mesh("hex8", (6, 2, 2), size=(4.0, 1.0, 1.0))


def model(material: dict[str, Any] = STEEL, pull: str = "0.0035*t", push: str = "15*t", **changes: Any) -> Model:
    """Clamped at one end, moved at the other, under pressure and heat."""
    return Model.model_validate({
        "units": "mm, N, MPa, s, degC",
        "materials": {"steel": {**material, **EXPANSION}},
        "constraints": {
            "clamp": {"nodes": "xmin", "components": ["x", "y", "z"]},
            "pull": {"nodes": "xmax", "components": ["x"], "kind": "prescribed", "value": 1.0}},
        "loads": {"push": {"kind": "pressure", "faces": "ymax"}, "heat": {"kind": "temperature", "field": 1.0}},
        "amplitudes": {"pull": pull, "push": push, "heat": "20 + 80*t"}, "initial_temperature": 20.0, **changes})


def solved(mesh: Mesh, of: Model, times: np.ndarray = TIMES) -> Arrays:
    """To rounding."""
    return solve_to_arrays(mesh, of, times, options=SolverOptions(tolerance=1e-11))


def noise(run: Arrays, size: float) -> np.ndarray:
    """Wrong displacements (n_step, n_node, 3) of this part of the largest, zero at the first step; at all dofs."""
    found = np.random.default_rng(3).standard_normal(run.displacement.shape)
    found *= size * np.abs(run.displacement).max() * np.linspace(0.0, 1.0, len(found))[:, None, None]
    return found


def held_dofs(mesh: Mesh) -> np.ndarray:
    """(n_node, 3) bool, of `model`."""
    mask = np.zeros((mesh.n_node, 3), dtype=bool)
    mask[mesh.node_tags["xmin"]] = True
    mask[mesh.node_tags["xmax"], 0] = True
    return mask


def write(
    path: Path, mesh: Mesh, of: Model, times: np.ndarray, n_piece: int = 1, **fields: np.ndarray
) -> Path:
    """Fields of the whole mesh: displacement (n_step, n_node, 3), others (n_step, n_ip, n_comp)."""
    pieces = [mesh] if n_piece == 1 else number_shared_nodes(partition(mesh, n_piece))
    specs = {name: FieldSpec("node", 3) if name == "displacement" else
             FieldSpec("ip", values.shape[2], values.shape[2] == 6) for name, values in fields.items()}
    n_q = Piece(mesh, of).operator.n_ip // mesh.n_cell
    cell_of = {int(cell): k for k, cell in enumerate(mesh.cell_ids)}
    node_of = {int(node): k for k, node in enumerate(mesh.node_ids)}
    with SnapshotsWriter(path, pieces, of, times, specs, solver="test") as writer:
        for piece, part in enumerate(pieces):
            cells = np.array([cell_of[int(cell)] for cell in part.cell_ids])
            where = {"ip": (cells[:, None] * n_q + np.arange(n_q)).ravel(),
                     "node": np.array([node_of[int(node)] for node in part.node_ids])}
            for name, values in fields.items():
                for step in range(len(times)):
                    writer.write(name, step, piece, values[step][where[specs[name].place]])
    return path


def norm(piece: Piece, values: np.ndarray) -> np.ndarray:
    """L2 norm (n_step,) of nodal values or of values at points."""
    if values.shape[1] == piece.mesh.n_node:
        return np.sqrt(np.einsum("tnc,tnc->t", values, piece.apply_mass(values)))
    return np.sqrt(np.einsum("tnc,tnc,n->t", values, values, piece.operator.positive_weights))
