import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from romlib.mesh.axes import axes_of_vectors, cylindrical_axes, turned

component = st.floats(-10.0, 10.0)
vector = st.tuples(component, component, component).map(np.array)


@settings(max_examples=100, deadline=None)
@given(first=vector, plane=vector)
@example(first=np.array([1e-200, 0.0, 0.0]), plane=np.array([0.0, 1e-92, 1e-93]))
def test_axes_of_two_vectors_are_a_rotation_with_the_first_along_and_the_second_in_the_plane(first, plane):
    axes = axes_of_vectors(first, plane)
    first, plane = (one / (np.abs(one).max() or 1.0) for one in (first, plane))  # squares of small numbers are zero
    area, sizes = np.linalg.norm(np.cross(first, plane)), np.linalg.norm(first) * np.linalg.norm(plane)
    if area <= 1e-9 * sizes or sizes == 0.0:
        assert np.isnan(axes).all()
    elif area > 1e-6 * sizes:
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(axes) == pytest.approx(1.0)
        np.testing.assert_allclose(axes @ first, [np.linalg.norm(first), 0.0, 0.0], atol=1e-9 * np.linalg.norm(first))
        along = axes @ plane
        assert along[1] > 0.0 and abs(along[2]) <= 1e-9 * np.linalg.norm(plane)


def test_many_pairs_of_vectors_are_taken_at_once():
    first, plane = np.random.default_rng(0).normal(size=(2, 5, 3))
    one_by_one = np.array([axes_of_vectors(a, b) for a, b in zip(first, plane)])
    np.testing.assert_array_equal(axes_of_vectors(first, plane), one_by_one)


def test_cylindrical_axes_are_radius_circumference_and_axis_and_none_on_the_axis():
    points = np.array([[3.0, 0.0, 7.0], [0.0, 5.0, -2.0], [1.0, 1.0, 0.0], [0.0, 0.0, 9.0]])
    axes = cylindrical_axes(points, np.zeros(3), np.array([0.0, 0.0, 4.0]))
    r = np.sqrt(0.5)
    np.testing.assert_allclose(axes[:3, 0], [[1, 0, 0], [0, 1, 0], [r, r, 0]], atol=1e-15)
    np.testing.assert_allclose(axes[:3, 1], [[0, 1, 0], [-1, 0, 0], [-r, r, 0]], atol=1e-15)
    np.testing.assert_allclose(axes[:3, 2], [[0, 0, 1]] * 3, atol=1e-15)
    assert np.isnan(axes[3]).all()


@pytest.mark.parametrize("about", [1, 2, 3])
def test_turning_by_a_quarter_takes_one_axis_to_the_next(about):
    axes = turned(np.eye(3), about, 90.0)
    one, two = about % 3, (about + 1) % 3
    np.testing.assert_allclose(axes[one], np.eye(3)[two], atol=1e-15)
    np.testing.assert_allclose(axes[two], -np.eye(3)[one], atol=1e-15)
    np.testing.assert_allclose(turned(turned(np.eye(3), about, 31.0), about, -31.0), np.eye(3), atol=1e-15)
