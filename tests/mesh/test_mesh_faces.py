from __future__ import annotations

import numpy as np
import pytest

from romlib.mesh.elements import element
from romlib.mesh.faces import FACE_RULES, face_quadrature
from romlib.mesh.mesh import FaceBlock

every_face = pytest.mark.parametrize("face_type", [name for name in FACE_RULES if element(name).dimension == 2])


def warped(face_type: str) -> tuple[np.ndarray, FaceBlock]:
    """A face that is neither plane nor straight."""
    kind = element(face_type)
    points = np.column_stack([kind.nodes, np.zeros(kind.n_node)])
    points += np.random.default_rng(0).uniform(-0.1, 0.1, points.shape)
    return points, FaceBlock(face_type, np.arange(kind.n_node)[None])


@every_face
def test_area_of_a_plane_face_is_along_its_normal(face_type: str) -> None:
    kind = element(face_type)
    stretch = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 3.0]])  # into the plane y = 0
    _, area = face_quadrature(kind.nodes @ stretch, FaceBlock(face_type, np.arange(kind.n_node)[None]))
    reference = 0.5 if kind.cell == "tri" else 4.0
    np.testing.assert_allclose(area.sum(axis=(0, 1)), [0.0, -6.0 * reference, 0.0], atol=1e-13)
    assert np.all(area[..., 1] < 0.0)


@every_face
def test_nodal_forces_of_a_constant_pressure_are_exact_on_warped_faces(face_type: str) -> None:
    kind = element(face_type)
    points, block = warped(face_type)
    shape, area = face_quadrature(points, block)
    x, w = np.polynomial.legendre.leggauss(8)
    u, v = (a.ravel() for a in np.meshgrid(x, x))
    weights = np.outer(w, w).ravel()
    fine = np.column_stack([u, v])
    if kind.cell == "tri":
        fine = np.column_stack([(1 + u) / 2, (1 + v) / 2 * (1 - u) / 2])
        weights = weights / 4 * (1 - u) / 2
    tangents = np.einsum("ai,qaj->jqi", points, kind.gradient(fine))
    expected = kind.shape(fine).T @ (np.cross(tangents[0], tangents[1]) * weights[:, None])
    np.testing.assert_allclose(np.einsum("qa,qi->ai", shape, area[0]), expected, atol=1e-13)


@every_face
def test_every_face_of_a_block_has_its_own_area(face_type: str) -> None:
    points, block = warped(face_type)
    n = len(points)
    both = FaceBlock(face_type, np.concatenate([block.connectivity, block.connectivity + n]))
    _, area = face_quadrature(np.concatenate([points, 2.0 * points + 1.0]), both)
    assert area.shape == (2, area.shape[1], 3)
    np.testing.assert_allclose(area[1], 4.0 * area[0], atol=1e-14)
