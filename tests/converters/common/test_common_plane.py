"""Plane and axisymmetric histories: two components, six of a tensor, and what is not plane refused."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.history import (
    FieldValues,
    SolverCells,
    SolverField,
    SolverHistory,
    SolverMesh,
    convert_history,
)
from synthetic_history import HEX, IDS, POINTS, TOP_FIRST

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.rectangle import rectangle_mesh
from romlib.snapshots import FieldSpec, Snapshots
from romlib.tensors import vtk_from_mandel

RING = rectangle_mesh("quad8", (3, 2), (1.0, 2.0), (4.0, 0.0), "axisymmetric")
QUAD8 = SolidElement("quad8", "quad_gauss_4")
FLAT = np.column_stack([RING.points, np.full(RING.n_node, 7.0)])
NODES = 100 - 3 * np.arange(RING.n_node)  # ids, falling


class Ring(SolverHistory):
    """Swells with the time; stress at points with four components. third : displacement across the plane."""

    def __init__(self, file, kinematics="axisymmetric", points=FLAT, third=0.0):
        self.third = third
        self.mesh = SolverMesh(
            file, NODES, points, (SolverCells(QUAD8, RING.cell_ids + 50, NODES[RING.blocks[0].connectivity]),),
            face_sets={"INSIDE": (RING.cell_ids[:1] + 50, np.array([3]))}, kinematics=kinematics)
        self.files, self.times = [file], np.array([0.0, 1.0])
        self.fields = {"displacement": SolverField(FieldSpec("node", 3)),
                       "stress": SolverField(FieldSpec.symmetric("ip"), components=("xx", "yy", "zz", "xy"))}

    def read(self, step):
        u = 0.5 * self.times[step] * np.column_stack([RING.points, np.full(RING.n_node, self.third)])
        s = self.times[step] * np.ones((RING.n_cell, 4, 1)) * [1.0, 2.0, 3.0, 4.0]
        return {"displacement": FieldValues(NODES, u), "stress": FieldValues(RING.cell_ids + 50, s)}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ring.results"
    path.write_text("results")
    return path


@pytest.mark.parametrize("kinematics", ["axisymmetric", "plane strain"])
@pytest.mark.parametrize("points", [FLAT, RING.points], ids=["three coordinates", "two"])
def test_a_plane_history_has_two_components_and_tensors_six(file, kinematics, points):
    target = file.with_suffix(".vtkhdf")
    convert_history(Ring(file, kinematics, points), target, pieces=2)
    with Snapshots(target) as found:
        mesh = found.mesh(0)
        assert mesh.kinematics == kinematics and mesh.points.shape[1] == 2
        assert found.fields["displacement"].n_comp == 2
        assert np.array_equal(found.read("displacement", 0)[1], 0.5 * mesh.points)
        assert np.allclose(vtk_from_mandel(found.read("stress", 0)[1]), [1.0, 2.0, 3.0, 4.0, 0.0, 0.0])
        faces = [found.mesh(piece).face_tags["INSIDE"] for piece in range(2)]
        assert sum(one.n_face for one in faces) == 1


def test_what_is_not_plane_is_refused_by_name(file):
    target, bent = file.with_suffix(".vtkhdf"), FLAT.copy()
    bent[5, 2] = 7.1
    with pytest.raises(FileFormatError, match=f"axisymmetric model is not plane(.|\n)*node {NODES[5]}"):
        convert_history(Ring(file, points=bent), target)
    with pytest.raises(FileFormatError, match="component across its plane"):
        convert_history(Ring(file, third=0.1), target)
    with pytest.raises(UnsupportedError, match=r"plane stress(.|\n)*ring\.results"):
        convert_history(Ring(file, "plane stress"), target)
    with pytest.raises(UnsupportedError, match="cells of another dimension"):
        convert_history(Ring(file, "solid"), target)


def test_a_solid_has_vectors_of_three_and_tensors_of_six_components(file):
    solid = Ring(file)
    solid.mesh = SolverMesh(file, IDS[:12], POINTS[:12], (SolverCells(HEX, np.array([1, 2]), IDS[TOP_FIRST]),))
    with pytest.raises(InputError, match="six components"):
        convert_history(solid, file.with_suffix(".vtkhdf"))
