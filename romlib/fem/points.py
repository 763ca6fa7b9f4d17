"""The integration points of a piece with the laws of its materials."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.errors import InputError
from romlib.fem.axes import material_axes
from romlib.laws.points import MaterialPoints, cells_error
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Material
from romlib.words import unknown


def material_points(
    materials: Mapping[str, Material], mesh: Mesh, operator: StrainOperator, strain_free: np.ndarray | None = None
) -> MaterialPoints:
    """All integration points of a piece; laws see three coordinates, of which the last is zero in two dimensions.

    Parameters
    ----------
    strain_free : (n_ip,), temperature free of strain, where the model has one.

    Raises
    ------
    InputError : a tag is missing, or cells have no material or more than one; and what `material_axes` raises.
    LawError : a law cannot be built.
    """
    material_index = _material_of_cells(materials, mesh)[operator.cell]
    return MaterialPoints.from_arrays(
        materials, material_index, operator.cell_ids, operator.point_numbers, padded(operator.coordinates), strain_free,
        material_axes(materials, material_index, mesh, operator))


def _material_of_cells(materials: Mapping[str, Material], mesh: Mesh) -> np.ndarray:
    """Position in `materials` for each cell, -1 where there is none."""
    out = np.full(mesh.n_cell, -1, dtype=np.int64)
    for m, (name, material) in enumerate(materials.items()):
        if material.cells in mesh.cell_tags:
            cells = np.asarray(mesh.cell_tags[material.cells])
        elif material.cells == "all":
            cells = np.arange(mesh.n_cell)
        else:
            raise InputError(
                f"the material '{name}' is on cells that the mesh does not know", place=f"materials.{name}.cells",
                **unknown(material.cells, ["all", *mesh.cell_tags]))
        twice = cells[(out[cells] >= 0)]
        if len(twice):
            other = list(materials)[out[twice[0]]]
            raise cells_error(f"some cells have two materials, '{other}' and '{name}'", mesh.cell_ids[twice])
        out[cells] = m
    return out
