"""A mesh without results: named sets of the file become tags."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from romlib.errors import FileFormatError, InputError
from romlib.mesh.box import box_mesh
from romlib.snapshots.converter import MeshReader, find_converter


@pytest.fixture(scope="module")
def read():
    converter = find_converter("meshio")
    assert isinstance(converter, MeshReader)
    return converter.read_mesh


def gmsh_text(mesh, surface):
    """MSH 2.2 in ASCII, as gmsh writes it: a physical volume "body" and a physical surface "end"."""
    lines = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", "2", '2 7 "end"', '3 9 "body"',
             "$EndPhysicalNames", "$Nodes", str(mesh.n_node)]
    lines += [f"{k} {x!r} {y!r} {z!r}" for k, (x, y, z) in enumerate(mesh.points.tolist(), 1)]
    cells = mesh.blocks[0].connectivity + 1
    lines += ["$EndNodes", "$Elements", str(len(surface) + len(cells))]
    lines += [" ".join(map(str, (k, 3, 2, 7, 1, *nodes))) for k, nodes in enumerate((surface + 1).tolist(), 1)]
    lines += [" ".join(map(str, (k, 5, 2, 9, 1, *nodes)))
              for k, nodes in enumerate(cells.tolist(), 1 + len(surface))]
    return "\n".join([*lines, "$EndElements", ""])


def test_physical_groups_of_gmsh_become_tags(read, tmp_path):
    mesh = box_mesh("hex8", (2, 2, 2))
    end = mesh.face_tags["xmax"].blocks[0].connectivity
    path = tmp_path / "bar.msh"
    path.write_text(gmsh_text(mesh, end[:, ::-1]))  # inward: to be turned
    found = read(path)
    np.testing.assert_allclose(found.points, mesh.points)
    np.testing.assert_array_equal(found.cell_tags["body"], np.arange(8))
    np.testing.assert_array_equal(found.node_tags["end"], np.sort(mesh.node_tags["xmax"]))
    faces = found.face_tags["end"].blocks[0].connectivity
    assert {frozenset(face) for face in faces.tolist()} == {frozenset(face) for face in end.tolist()}
    corner = found.points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert (normal[:, 0] > 0).all()


def test_sets_of_an_abaqus_deck_become_tags(read, tmp_path):
    mesh = box_mesh("tet4", (1, 1, 1))
    data = meshio.Mesh(mesh.points, [("tetra", mesh.blocks[0].connectivity)],
                       point_sets={"LEFT": mesh.node_tags["xmin"]}, cell_sets={"CORE": [np.array([0, 3])]})
    data.write(tmp_path / "mesh.inp")
    found = read(tmp_path / "mesh.inp")
    np.testing.assert_array_equal(found.node_tags["LEFT"], np.sort(mesh.node_tags["xmin"]))
    np.testing.assert_array_equal(found.cell_tags["CORE"], [0, 3])


def test_the_rule_is_the_one_asked_for(read, tmp_path):
    mesh = box_mesh("hex20", (1, 1, 1))
    meshio.Mesh(mesh.points, [("hexahedron20", mesh.blocks[0].connectivity)]).write(tmp_path / "mesh.vtu")
    found = read(tmp_path / "mesh.vtu", quadrature={"hex20": "hex_gauss_8"})
    assert found.blocks[0].quadrature == "hex_gauss_8"


def test_a_file_that_is_no_mesh_is_named(read, tmp_path):
    (tmp_path / "bad.msh").write_text("not a mesh\n")
    with pytest.raises(FileFormatError, match=r"not a mesh of gmsh[\s\S]*bad\.msh"):
        read(tmp_path / "bad.msh")
    with pytest.raises(InputError, match="no such mesh file"):
        read(tmp_path / "absent.msh")


def test_a_reader_of_meshio_that_never_ends_is_ended(read, tmp_path, monkeypatch):
    """meshio reads the bulk data of Nastran up to ENDDATA, and for ever where that is missing."""
    from romlib_converters.meshio import raw

    monkeypatch.setattr(raw, "_SECONDS", 5.0)
    (tmp_path / "a.bdf").write_text("BEGIN BULK\n")
    with pytest.raises(FileFormatError, match="does not come to an end"):
        read(tmp_path / "a.bdf")
