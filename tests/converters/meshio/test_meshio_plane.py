"""Results of plane and axisymmetric models in VTU files, as the user says what they are."""

from __future__ import annotations

import meshio
import numpy as np
import pytest
from romlib_converters.meshio import MeshioConverter

from romlib.check import check
from romlib.errors import InputError, UnsupportedError
from romlib.fullorder.arrays import solve_to_arrays
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Constraint, Material, Model, Pressure
from romlib.snapshots import Snapshots
from romlib.snapshots.prepared import PreparedSnapshots

pytest.importorskip("petsc4py")
TIMES = np.linspace(0.0, 1.0, 5)


def solved(kinematics: str):
    """A mesh, its model with what the file lacks, and its displacement (n_step, n_node, 2)."""
    mesh = rectangle_mesh("quad8", (4, 3), (2.0, 1.0), (1.0, 0.0), kinematics, quadrature="quad_gauss_4")
    model = Model(
        materials={"s": Material(law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 150.0})},
        constraints={"below": Constraint(nodes="ymin", components=("x", "y")),
                     "above": Constraint(nodes="ymax", components=("y",), kind="prescribed", value=0.002)},
        loads={"p": Pressure(faces="xmin", value=50.0)}, amplitudes={"p": "t", "above": "t"})
    return mesh, model, solve_to_arrays(mesh, model, TIMES).displacement


def write_series(folder, mesh, u, z=None):
    """A .pvd with VTU files; z : third component of the displacement."""
    rows = []
    for step, time in enumerate(TIMES):
        third = np.zeros(mesh.n_node) if z is None else z * np.ones(mesh.n_node) * step
        meshio.Mesh(mesh.coordinates, [("quad8", mesh.blocks[0].connectivity)], point_data={
            "U": np.column_stack([u[step], third])}).write(folder / f"r{step}.vtu")
        rows.append(f'<DataSet timestep="{time}" file="r{step}.vtu"/>')
    (folder / "r.pvd").write_text('<VTKFile type="Collection"><Collection>' + "".join(rows)
                                  + "</Collection></VTKFile>")
    return folder / "r.pvd"


def converted(source, target, **options):
    MeshioConverter().convert(source, target, pieces=2, options={"quadrature": {"quad8": "quad_gauss_4"}, **options})
    return Snapshots(target)


@pytest.mark.parametrize("kinematics", ["axisymmetric", "plane strain"])
def test_a_series_of_two_dimensions_passes_the_check(kinematics, tmp_path):
    from romlib.mesh.tags import TagSet
    from romlib.model.tag import FaceTag, NodeTag, Plane

    mesh, model, u = solved(kinematics)
    with converted(write_series(tmp_path, mesh, u), tmp_path / "x.vtkhdf", kinematics=kinematics) as file:
        assert (file.dimension, file.fields["displacement"].n_comp, file.n_piece) == (2, 2, 2)
        for piece in range(2):
            here = file.mesh(piece)
            assert here.kinematics == kinematics
            np.testing.assert_array_equal(file.read("displacement", piece), u[:, here.node_ids])
        planes = {"ymin": Plane(point=(0, 0, 0), normal=(0, 1, 0)), "ymax": Plane(point=(0, 1, 0), normal=(0, 1, 0)),
                  "xmin": Plane(point=(1, 0, 0), normal=(1, 0, 0))}
        tags = TagSet({name: NodeTag(plane=plane) for name, plane in planes.items()},
                      {name: FaceTag(plane=plane) for name, plane in planes.items()}, {})
        report = check(PreparedSnapshots(file, model, tags))
        assert report.passed and report["equilibrium"].value <= 1e-6 and report["constraints"].value <= 1e-9


@pytest.mark.parametrize(("options", "z", "error", "words"), [
    ({}, None, UnsupportedError, "no solid cell"),
    ({"kinematics": "plane stress"}, None, UnsupportedError, "plane stress is not supported"),
    ({"kinematics": "axisymmetric"}, 1e-3, UnsupportedError, "leaves its plane"),
    ({"kinematics": "axisymmetric", "thickness": 2.0}, None, UnsupportedError, "plane strain alone"),
    ({"kinematics": "axisymmetric", "displacement": ["a", "b", "c"]}, None, InputError, "or 2 of them"),
])
def test_what_does_not_fit_is_refused(options, z, error, words, tmp_path):
    mesh = rectangle_mesh("quad8", (4, 3), (2.0, 1.0), (1.0, 0.0), "axisymmetric")
    with pytest.raises(error) as found:
        converted(write_series(tmp_path, mesh, np.ones((5, mesh.n_node, 2)) * TIMES[:, None, None], z),
                  tmp_path / "x.vtkhdf", **options)
    assert words in str(found.value) and not (tmp_path / "x.vtkhdf").exists()
