"""Snapshots files whose fields are formulas, so that every error in them is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Material, Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.tensors import IDENTITY

TIMES = np.linspace(0.0, 1.0, 6)
YOUNG, POISSON = 200.0, 0.3
ELASTIC = Model(materials={"bar": Material(law="elastic", parameters={"young": YOUNG, "poisson": POISSON})})
SPECS = {"displacement": FieldSpec("node", 3), "p": FieldSpec("ip", 1), "stress": FieldSpec.symmetric("ip"),
         "internal_force": FieldSpec("node", 3), "temperature": FieldSpec("node", 1)}

Formula = Callable[[np.ndarray, float], np.ndarray]


def cut(mesh: Mesh, n_piece: int) -> list[Mesh]:
    """The mesh in pieces."""
    return list(number_shared_nodes(partition(mesh, n_piece))) if n_piece > 1 else [mesh]


def bar(cell_type: str = "hex8") -> Mesh:
    """A bar of volume 6."""
    return box_mesh(cell_type, (4, 2, 2), (3.0, 2.0, 1.0))


def displacement(x: np.ndarray, t: float) -> np.ndarray:
    """Grows in time, and curved in space."""
    return 1e-3 * t * np.column_stack([x[:, 0] ** 2, x[:, 0] * x[:, 1], -x[:, 2]])


def plastic_strain(x: np.ndarray, t: float) -> np.ndarray:
    """Grows in time, from one end."""
    return (1e-2 * t**2 * (1 + x[:, 0]))[:, None]


def elastic_stress(strain: np.ndarray) -> np.ndarray:
    """Kelvin-Mandel."""
    lame = YOUNG * POISSON / ((1 + POISSON) * (1 - 2 * POISSON))
    return YOUNG / (1 + POISSON) * strain + lame * strain[..., :3].sum(axis=-1, keepdims=True) * IDENTITY


def write(
    path: Path, pieces: list[Mesh], fields: dict[str, Formula], *, times: np.ndarray = TIMES, model: Model = ELASTIC,
    stress_factor: float | None = None,
) -> Path:
    """Write formulas of (coordinates, time); with `stress_factor` also the elastic stress times that factor."""
    specs = {name: SPECS[name] for name in fields} | ({"stress": SPECS["stress"]} if stress_factor is not None else {})
    with SnapshotsWriter(path, pieces, model, times, specs, solver="formulas") as writer:
        for piece, mesh in enumerate(pieces):
            operator = StrainOperator(mesh)
            places = {"node": mesh.points, "ip": operator.coordinates}
            for step, time in enumerate(times):
                for name, formula in fields.items():
                    writer.write(name, step, piece, formula(places[specs[name].place], float(time)))
                if stress_factor is not None:
                    strain = operator.strain(displacement(mesh.points, float(time))[None])[0]
                    writer.write("stress", step, piece, stress_factor * elastic_stress(strain))
    return path


def scaled(formula: Formula, factor: float) -> Formula:
    """The formula times a factor."""
    return lambda x, t: factor * formula(x, t)
