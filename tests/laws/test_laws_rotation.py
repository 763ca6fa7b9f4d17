import numpy as np
import pytest

from romlib.errors import LawError
from romlib.laws.rotation import along_axes, directions_of, from_axes, tangent_from_axes
from romlib.tensors import mandel_from_matrix, rotate


def random_axes(n, seed=0):
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, 3, 3)))[0]
    return q * np.sign(np.linalg.det(q))[:, None, None]


AXES, TENSORS = random_axes(7), np.random.default_rng(1).normal(size=(4, 7, 6))


def test_components_along_axes_are_those_of_the_rotated_tensor():
    np.testing.assert_allclose(along_axes(TENSORS, AXES), rotate(TENSORS, AXES), atol=1e-14)
    np.testing.assert_allclose(along_axes(TENSORS[0], AXES), rotate(TENSORS[0], AXES), atol=1e-14)


def test_going_there_and_back_changes_nothing_and_keeps_the_length():
    there = along_axes(TENSORS, AXES)
    np.testing.assert_allclose(from_axes(there, AXES), TENSORS, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(there, axis=-1), np.linalg.norm(TENSORS, axis=-1), rtol=1e-14)


def test_a_tangent_turns_with_what_it_multiplies():
    tangent = np.random.default_rng(2).normal(size=(7, 6, 6))
    strain = TENSORS[0]
    local = np.einsum("pij,pj->pi", tangent, rotate(strain, AXES))
    expected = rotate(local, np.swapaxes(AXES, 1, 2))
    found = np.einsum("pij,pj->pi", tangent_from_axes(tangent, AXES), strain)
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_directions_are_the_dyads_of_the_axes():
    dyads = AXES[:, :, :, None] * AXES[:, :, None, :]
    np.testing.assert_allclose(directions_of(AXES), mandel_from_matrix(dyads), atol=1e-14)


@pytest.mark.parametrize("call", [lambda: along_axes(TENSORS[0, :3], AXES), lambda: from_axes(TENSORS[0], AXES[:3]),
                                  lambda: tangent_from_axes(np.zeros((7, 6)), AXES),
                                  lambda: directions_of(np.zeros((4, 2, 2)))])
def test_arrays_that_do_not_fit_are_refused_before_the_compiled_loop(call):
    with pytest.raises(LawError, match="do not fit"):
        call()
