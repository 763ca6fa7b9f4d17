"""Material axes at the integration points of a piece, from what the materials say of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.kinematics import padded
from romlib.mesh.material_axes import axes_at
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Material

_IN_PLANE = 1e-6  # of a component of the axis that is out of the plane of a model of two dimensions


def material_axes(
    materials: Mapping[str, Material], material_index: np.ndarray, mesh: Mesh, operator: StrainOperator
) -> np.ndarray | None:
    """Axes at all integration points, (n_ip, 3, 3), rows; those of the coordinates where a material says none.

    Parameters
    ----------
    material_index : (n_ip,), position in `materials`.

    Returns
    -------
    None where no material of the piece has axes.

    Raises
    ------
    InputError : a cell array that is not there, or with vectors that span no plane; a point on the axis of a cylinder.
    UnsupportedError : in two dimensions, axes none of which is normal to the plane.
    """
    axes: np.ndarray | None = None
    for m, (name, material) in enumerate(materials.items()):
        ips = np.flatnonzero(material_index == m)
        if material.orientation is None or not len(ips):
            continue
        if axes is None:
            axes = np.tile(np.eye(3), (len(material_index), 1, 1))
        place = f"materials.{name}.orientation"
        found = axes_at(material.orientation, mesh, operator.cell[ips], padded(operator.coordinates[ips]), place)
        if mesh.dimension == 2:
            _refuse_out_of_plane(found, place)
        axes[ips] = found
    return axes


def _refuse_out_of_plane(axes: np.ndarray, place: str) -> None:
    """In a plane or axisymmetric model the third coordinate has to be one of the axes: else it would leave the plane.
    """
    along = np.abs(axes[:, :, 2])
    apart = np.minimum(1.0 - along.max(axis=1), 1.0)
    if (apart > _IN_PLANE).any():
        raise UnsupportedError(
            "material axes of a model in two dimensions are out of its plane, so that it would not stay plane",
            place=place, expected="one of the axes normal to the plane",
            found=f"axes that are {np.degrees(np.arccos(min(1.0, 1.0 - apart.max()))):.3g} degrees off",
            remedy="compute this model in three dimensions")

