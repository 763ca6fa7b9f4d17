from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import UnsupportedError
from romlib.mesh.kinematics import KINEMATICS, kinematics, padded


@pytest.mark.parametrize(("name", "words"), [
    ("plane stress", "a solid of one layer"), ("Plane-Stress", "a solid of one layer"),
    ("generalised plane strain", "sides stay plane"), ("generalized_plane_strain", "sides stay plane"),
    ("twist", "cyclic symmetry"), ("axisymmetric with twist", "cyclic symmetry"),
])
def test_what_is_not_supported_is_refused_by_name_and_says_what_to_do(name: str, words: str) -> None:
    with pytest.raises(UnsupportedError, match="is not supported") as error:
        kinematics(name)
    assert words in str(error.value)


def test_a_misspelt_name_gets_the_closest_one() -> None:
    with pytest.raises(UnsupportedError, match="axisymmetric") as error:
        kinematics("axisymetric")
    assert "unknown kinematics" in str(error.value)


def test_the_rigid_motions_of_each_make_no_strain() -> None:
    """At a point x = (2, 3, 0): the gradient of each of the six motions, by hand."""
    spin = {3: [[0, 0, 0], [0, 0, -1], [0, 1, 0]], 4: [[0, 0, 1], [0, 0, 0], [-1, 0, 0]],
            5: [[0, -1, 0], [1, 0, 0], [0, 0, 0]]}
    for one in KINEMATICS.values():
        for motion in range(6):
            gradient = np.array(spin.get(motion, np.zeros((3, 3))), dtype=float)[:one.dimension]
            moves = motion if motion < 3 else {3: 2, 4: 0, 5: 0}[motion]
            if moves >= one.dimension or (motion in (3, 4) and one.dimension == 2):
                assert motion not in one.rigid
                continue
            if one.dimension == 2:
                radial = 1.0 if motion == 0 else (-3.0 if motion == 5 else 0.0)
                gradient[:, 2] = 0.0
                gradient[0, 2] = radial / 2.0 if one.axisymmetric else 0.0
            strain = np.zeros(6)
            for row, component, column, factor in one.entries:
                strain[row] += factor * gradient[component, column]
            assert (not strain.any()) == (motion in one.rigid), (one.name, motion)


def test_the_strains_of_each_are_those_that_a_displacement_makes() -> None:
    assert {name: one.n_strain for name, one in KINEMATICS.items()} == {
        "solid": 6, "plane strain": 3, "axisymmetric": 4}


def test_vectors_are_padded_with_zero_and_those_of_solids_stay() -> None:
    np.testing.assert_array_equal(padded(np.array([[1.0, 2.0]])), [[1.0, 2.0, 0.0]])
    solid = np.ones((2, 3))
    assert padded(solid) is solid
