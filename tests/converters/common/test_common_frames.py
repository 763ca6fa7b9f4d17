"""Frames against rotations by SciPy and fields known in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.common.frames import frames_at, frames_by_angles, global_tensors, global_vectors
from scipy.spatial.transform import Rotation

from romlib.errors import FileFormatError, InputError
from romlib.tensors import mandel_from_vtk, rotate, vtk_from_mandel

FILE = Path("job.rst")
RANDOM = np.random.default_rng(3)
POINTS = RANDOM.normal(size=(20, 3))
ORIGIN = np.array([0.3, -0.2, 0.7])
AXES = Rotation.from_rotvec([0.3, -1.1, 0.4]).as_matrix()


@pytest.mark.parametrize("kind", ["cartesian", "cylindrical", "spherical"])
def test_frames_are_rotations(kind):
    frames = frames_at(kind, ORIGIN, AXES, POINTS)
    assert np.allclose(np.swapaxes(frames, 1, 2) @ frames, np.eye(3))
    assert np.allclose(np.linalg.det(frames), 1.0)


def test_a_radial_vector_of_a_sphere_points_away_from_its_origin_and_of_a_cylinder_from_its_axis():
    away = POINTS - ORIGIN
    radial = np.tile([1.0, 0.0, 0.0], (20, 1))
    found = global_vectors(radial, frames_at("spherical", ORIGIN, AXES, POINTS), np.arange(20), FILE)
    assert np.allclose(found, away / np.linalg.norm(away, axis=1)[:, None])
    flat = away - np.outer(away @ AXES[:, 2], AXES[:, 2])
    found = global_vectors(radial, frames_at("cylindrical", ORIGIN, AXES, POINTS), np.arange(20), FILE)
    assert np.allclose(found, flat / np.linalg.norm(flat, axis=1)[:, None])


def test_a_rigid_rotation_is_circumferential_and_its_third_component_is_along_the_axis():
    spin = np.cross(AXES[:, 2], POINTS - ORIGIN)
    for kind in ("cylindrical", "spherical"):
        frames = frames_at(kind, ORIGIN, AXES, POINTS)
        assert np.allclose(np.einsum("nji,nj->ni", frames, spin)[:, [0, 2]], 0.0)
        assert (np.einsum("nji,nj->ni", frames, spin)[:, 1] > 0.0).all()
    assert np.allclose(frames_at("cylindrical", ORIGIN, AXES, POINTS)[:, :, 2], AXES[:, 2])


def test_angles_are_intrinsic_rotations_one_after_the_other():
    angles = RANDOM.uniform(-180.0, 180.0, (10, 3))
    assert np.allclose(frames_by_angles(angles, "zxy"), Rotation.from_euler("ZXY", angles, degrees=True).as_matrix())


def test_tensors_turn_as_romlibs_do_also_with_several_points_a_cell():
    values, frames = RANDOM.normal(size=(20, 4, 6)), Rotation.random(20, random_state=1).as_matrix()
    expected = vtk_from_mandel(rotate(mandel_from_vtk(values), frames[:, None]))
    assert np.allclose(global_tensors(values, frames), expected)
    assert np.allclose(global_tensors(values[:, 0], frames), expected[:, 0])


def test_a_node_on_the_axis_has_no_direction_unless_it_does_not_move():
    points = np.array([[0.0, 0.0, 2.0], [1.0, 0.0, 0.0]])
    frames = frames_at("cylindrical", np.zeros(3), np.eye(3), points)
    still = global_vectors(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]), frames, np.array([8, 9]), FILE)
    assert np.array_equal(still, [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    with pytest.raises(FileFormatError, match="node 8"):
        global_vectors(np.ones((2, 3)), frames, np.array([8, 9]), FILE)


def test_axes_that_are_none_and_unknown_kinds_are_refused():
    with pytest.raises(FileFormatError, match="orthogonal"):
        frames_at("cartesian", ORIGIN, np.diag([1.0, 1.0, 2.0]), POINTS)
    with pytest.raises(FileFormatError, match="right-handed"):
        frames_at("cartesian", ORIGIN, np.diag([1.0, 1.0, -1.0]), POINTS)
    with pytest.raises(InputError, match="toroidal"):
        frames_at("toroidal", ORIGIN, AXES, POINTS)
