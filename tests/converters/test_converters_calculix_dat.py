"""Printed values at integration points: at their points, in romlib's order, whole or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters._calculix_dat import DatFields

from romlib.errors import FileFormatError
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.tensors import matrix_from_mandel

FIELDS = ("stress", "strain", "statev", "p")


def mesh():
    """A tetrahedron (one point) and two wedges (two points each); numbers are neither in order nor without gaps."""
    nodes = np.zeros((1, 4), int), np.zeros((2, 6), int)
    return Mesh(np.zeros((6, 3)), (CellBlock("tet4", nodes[0], np.array([12]), "tet_1"),
                                   CellBlock("wedge6", nodes[1], np.array([7, 3]), "wedge_2")), np.arange(6))


POINTS = [(12, 1), (7, 1), (7, 2), (3, 1), (3, 2)]


def block(title, values, time, points, name="EALL", joint="for set"):
    rows = "".join(f"{e:10d}{q:4d}" + "".join(f"{one:14.6E}" for one in values[POINTS.index((e, q))]) + "\n"
                   for e, q in points)
    return f"\n {title} {joint} {name} and time  {time:.7E}\n\n{rows}"


def written(folder, *blocks):
    (folder / "a.dat").write_text("".join(blocks))
    return folder / "a.dat"


STRESS = "stresses (elem, integ.pnt.,sxx,syy,szz,sxy,sxz,syz)"
PEEQ = "equivalent plastic strain (elem, integ.pnt.,pe)"
SDV = "internal state variables (elem, integ.pnt.,values)"
values = np.arange(30.0).reshape(5, 6) - 7.5


def test_values_of_several_sets_go_to_their_points(tmp_path):
    later = values * 2.0
    wide, p = np.hstack([values, values]), values[:, :1]
    path = written(
        tmp_path, block(STRESS, values, 0.5, [(3, 2), (12, 1)], "A"),
        "\n forces (fx,fy,fz) for set N and time  0.5\n\n 1 2 3 4\n",
        block(STRESS, values, 0.5, [(7, 2), (7, 1), (3, 1)], "B"), block(PEEQ, p, 0.5, POINTS, joint="forset"),
        block(SDV, wide, 0.5, POINTS), block(STRESS, later, 1.0, POINTS), block(PEEQ, p, 1.0, POINTS, joint="forset"),
        block(SDV, wide, 1.0, POINTS))
    dat = DatFields(path, mesh(), np.array([0.5, 1.0]), FIELDS)
    assert {name: (spec.n_comp, spec.tensor) for name, spec in dat.specs.items()} == {
        "stress": (6, True), "p": (1, False), "statev": (12, False)} and dat.left_out == {}
    for record, expected in ((0, values), (1, later)):
        tensor = matrix_from_mandel(dat.read("stress", record))
        found = np.stack([tensor[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))], axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(dat.read("statev", 1), wide, rtol=1e-6)
    assert set(DatFields(path, mesh(), np.array([0.5, 1.0]), ("p",)).specs) == {"p"}


def test_a_field_that_lacks_a_point_or_a_time_is_left_out_with_the_reason(tmp_path):
    path = written(tmp_path, block(STRESS, values, 0.5, POINTS[:-1]))
    dat = DatFields(path, mesh(), np.array([0.5]), FIELDS)
    assert dat.specs == {} and "element 3, point 2" in dat.left_out["stress"]
    path = written(tmp_path, block(STRESS, values, 0.5, POINTS))
    dat = DatFields(path, mesh(), np.array([0.5, 1.0]), FIELDS)
    assert dat.specs == {} and dat.left_out["stress"] == "nothing at time 1"
    (tmp_path / "a.dat").write_text("")
    assert DatFields(tmp_path / "a.dat", mesh(), np.array([0.5]), FIELDS).specs == {}


def test_values_too_small_for_an_exponent_of_two_digits_are_read(tmp_path):
    """Fortran then leaves the letter out: -5.265325-111."""
    tiny = np.abs(values) * 1e-110
    text = block(STRESS, tiny, 0.5, POINTS)
    assert "E-110" in text
    dat = DatFields(written(tmp_path, text.replace("E-1", "-1")), mesh(), np.array([0.5]), FIELDS)
    np.testing.assert_allclose(matrix_from_mandel(dat.read("stress", 0))[:, 0, 0], tiny[:, 0], rtol=1e-6)


@pytest.mark.parametrize(("points", "change", "said"), [
    (POINTS[:3], None, "points have no values"), (POINTS, (" 7   2", " 7   3"), "mesh lacks.*element 7, point 3"),
    (POINTS, ("  1.500000E+00", "  1.500000E+00L"), "not whole"),
    (POINTS, ("         3   2", "         9   2"), "element 9")])
def test_a_later_record_that_is_not_whole_is_refused(tmp_path, points, change, said):
    late = block(STRESS, values, 1.0, points)
    path = written(tmp_path, block(STRESS, values, 0.5, POINTS), late if change is None else late.replace(*change))
    dat = DatFields(path, mesh(), np.array([0.5, 1.0]), FIELDS)
    dat.read("stress", 0)
    with pytest.raises(FileFormatError, match=f"(?s){said}"):
        dat.read("stress", 1)
