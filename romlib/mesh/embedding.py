"""Geometry of cells at quadrature points: embedded gradients, Jacobians, and the volume that an area stands for."""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError
from romlib.mesh import kernels, plane_kernels
from romlib.mesh.elements import Element
from romlib.mesh.kinematics import Kinematics, refuse_wrong_thickness
from romlib.mesh.mesh import Mesh

_ROUNDING = 1e-9  # of the largest radius: how far beyond the axis a node may be that is meant to be on it


def embedded_gradient(kind: Element, xi: np.ndarray) -> np.ndarray:
    """Reference gradients (n_q, n_a, 3): of a solid dN/dxi; in two dimensions dN/dxi, dN/deta, and N itself."""
    gradient = kind.gradient(xi)
    if kind.dimension == 2:
        gradient = np.concatenate([gradient, kind.shape(xi)[:, :, None]], axis=2)
    return np.ascontiguousarray(gradient)


def fill_jacobians(
    motion: Kinematics, points: np.ndarray, connectivity: np.ndarray, gradient: np.ndarray, determinant: np.ndarray,
    inverse: np.ndarray, first: int,
) -> None:
    """Fill det J (n_ip,) and the embedded inverse of J (n_ip, 3, 3) of cells, whose first point is `first`.

    points : (n_node, dimension) float64, contiguous. gradient : of `embedded_gradient`. The embedded gradient of the
    shape functions is gradient @ inverse: dN/dx, dN/dy and dN/dz, or dN/dx, dN/dy and N / r (zero in plane strain).
    """
    if motion.dimension == 3:
        kernels.inverse_jacobians(points, connectivity, gradient, determinant, inverse, first)
    else:
        plane_kernels.inverse_jacobians(
            points, connectivity, gradient, determinant, inverse, first, motion.axisymmetric)


def extent(mesh: Mesh, radii: np.ndarray) -> np.ndarray:
    """What makes a volume of an area, or an area of a length, at points of these radii (first coordinates) (...,).

    One in a solid, the thickness in plane strain, the circumference of an axisymmetric body.
    """
    if mesh.motion.axisymmetric:
        return 2.0 * np.pi * radii
    return np.full_like(radii, mesh.thickness)


def checked_points(mesh: Mesh) -> np.ndarray:
    """The points (n_node, dimension), contiguous float64.

    Raises
    ------
    InputError : another number of coordinates; a node beyond the axis of an axisymmetric body; a thickness that is not
        positive. UnsupportedError : unknown kinematics, or a thickness of what is not plane.
    """
    motion, points = mesh.motion, np.ascontiguousarray(mesh.points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != motion.dimension:
        raise InputError("the points have another number of coordinates than the kinematics of the mesh",
                         place=f"kinematics {motion.name!r}", expected=f"(n_node, {motion.dimension})",
                         found=points.shape)
    refuse_wrong_thickness(motion, mesh.thickness)
    if motion.axisymmetric and len(points):
        radii = points[:, 0]
        worst = int(np.argmin(radii))
        if radii[worst] < -_ROUNDING * np.abs(radii).max():
            raise InputError(
                "a node of an axisymmetric body is beyond its axis", place=f"node {mesh.node_ids[worst]}",
                expected="x, the radius, not negative: the axis is x = 0, along y", found=f"x = {radii[worst]:.6g}",
                remedy="move or turn the mesh, so that the axis is the line x = 0 and the body is where x is positive")
    return points
