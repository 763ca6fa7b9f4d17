"""Component orders against the tensors themselves, as 3 x 3 matrices."""

from __future__ import annotations

import numpy as np
import pytest

from romlib import tensors

RNG = np.random.default_rng(0)
HALVES = RNG.normal(size=(2, 5, 3, 3))
A, B = HALVES + HALVES.transpose(0, 1, 3, 2)
BY_NAME = {name: A[:, "xyz".index(name[0]), "xyz".index(name[1])] for name in tensors.VTK_NAMES}
UMAT = np.array([(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)])


def test_a_dot_product_of_vectors_is_the_double_contraction():
    a, b = tensors.mandel_from_matrix(A), tensors.mandel_from_matrix(B)
    np.testing.assert_allclose((a * b).sum(axis=-1), np.einsum("nij,nij->n", A, B), rtol=1e-13)
    np.testing.assert_allclose(tensors.matrix_from_mandel(a), A, rtol=1e-15)


def test_components_in_vtk_order_are_those_of_the_names():
    vtk = np.stack(list(BY_NAME.values()), axis=-1)
    np.testing.assert_allclose(tensors.vtk_from_mandel(tensors.mandel_from_matrix(A)), vtk, rtol=1e-15)
    np.testing.assert_allclose(tensors.mandel_from_vtk(vtk), tensors.mandel_from_matrix(A), rtol=1e-15)


@pytest.mark.parametrize("kind, shear", [("stress", 1.0), ("strain", 2.0)])
def test_a_umat_sees_shear_of_stress_once_and_of_strain_twice(kind, shear):
    umat = A[:, UMAT[:, 0], UMAT[:, 1]] * [1, 1, 1, shear, shear, shear]
    there, back = getattr(tensors, f"umat_{kind}_from_mandel"), getattr(tensors, f"mandel_from_umat_{kind}")
    np.testing.assert_allclose(there(tensors.mandel_from_matrix(A)), umat, rtol=1e-15)
    np.testing.assert_allclose(back(umat), tensors.mandel_from_matrix(A), rtol=1e-15)


def test_a_rotation_turns_the_tensor_and_leaves_its_invariants():
    rotation = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    vector = tensors.mandel_from_matrix(A)
    turned = tensors.rotate(vector, rotation)
    np.testing.assert_allclose(tensors.matrix_from_mandel(turned), rotation @ A @ rotation.T, atol=1e-13)
    np.testing.assert_allclose(tensors.von_mises(turned), tensors.von_mises(vector), rtol=1e-13)


def test_the_equivalent_stress_of_a_bar_is_its_tension_whatever_the_pressure():
    bar = np.array([-70.0, 0, 0, 0, 0, 0]) + 13.0 * tensors.IDENTITY
    assert tensors.von_mises(bar) == pytest.approx(70.0, rel=1e-14)
    assert abs(tensors.trace(tensors.deviator(bar))) < 1e-13


def test_the_equivalent_stress_is_the_same_in_either_order():
    vector = np.random.default_rng(3).normal(size=(5, 7, 6))
    np.testing.assert_allclose(tensors.von_mises_from_vtk(tensors.vtk_from_mandel(vector)), tensors.von_mises(vector),
                               rtol=1e-14)
