"""MSH files of gmsh, as text and binary: cells, groups, and elements that are written once for each of their groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator

meshio = pytest.importorskip("meshio", reason="meshio is not installed")

from meshio_example import MESHIO_TYPE  # type: ignore[import-not-found]  # noqa: E402
from romlib_converters.meshio import MeshioConverter  # noqa: E402

CELL_TYPES = ["tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13"]
HEAD = "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n"
NAMES = '$PhysicalNames\n3\n3 1 "body"\n3 3 "left"\n2 2 "end"\n$EndPhysicalNames\n'
POINTS = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1, 2)]
LEFT, RIGHT, END = (1, 2, 5, 4, 7, 8, 11, 10), (2, 3, 6, 5, 8, 9, 12, 11), (3, 6, 12, 9)


def read(path):
    return MeshioConverter().read_mesh(Path(path))


def msh2(path, *elements, names=NAMES):
    """A bar of two hexahedra; elements as (type, physical, nodes)."""
    nodes = "\n".join(f"{k} {x} {y} {z}" for k, (x, y, z) in enumerate(POINTS, 1))
    rows = "\n".join(f"{k} {kind} 2 {physical} 1 " + " ".join(map(str, nodes_of))
                     for k, (kind, physical, nodes_of) in enumerate(elements, 1))
    path.write_text(f"{HEAD}{names}$Nodes\n12\n{nodes}\n$EndNodes\n$Elements\n{len(elements)}\n{rows}\n$EndElements\n")
    return path


@pytest.mark.parametrize("form", ["gmsh22", "gmsh"])
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_every_element_is_read_from_text_and_binary(tmp_path, cell_type, binary, form):
    mesh = box_mesh(cell_type, (2, 2, 1))
    faces = [(MESHIO_TYPE[b.face_type], b.connectivity) for b in mesh.face_tags["xmax"].blocks]
    faces = faces if form == "gmsh22" else []  # meshio writes version 4 of one type of cells only, without entities
    cells = [*faces, (MESHIO_TYPE[cell_type], mesh.blocks[0].connectivity)]
    path = tmp_path / "a.msh"
    groups = [np.full(len(nodes), 7 if k < len(faces) else 9) for k, (_, nodes) in enumerate(cells)]
    meshio.write(path, meshio.Mesh(mesh.points, cells, cell_data={"gmsh:physical": groups, "gmsh:geometrical": groups},
                                   field_data={"end": np.array([7, 2]), "body": np.array([9, 3])}), form, binary=binary)
    found = read(path)
    np.testing.assert_allclose(found.points, mesh.points, atol=1e-15)
    np.testing.assert_array_equal(found.blocks[0].connectivity, mesh.blocks[0].connectivity)
    assert StrainOperator(found).weights.sum() == pytest.approx(1.0)
    if form == "gmsh22":
        np.testing.assert_array_equal(found.cell_tags["body"], np.arange(mesh.n_cell))
        np.testing.assert_array_equal(found.node_tags["end"], np.sort(mesh.node_tags["xmax"]))
        assert found.face_tags["end"].n_face == mesh.face_tags["xmax"].n_face


def test_a_cell_that_is_written_for_two_groups_is_one_cell_of_two_tags(tmp_path):
    found = read(msh2(tmp_path / "a.msh", (3, 2, END), (5, 1, LEFT), (5, 1, RIGHT), (5, 3, LEFT)))
    assert StrainOperator(found).weights.sum() == pytest.approx(2.0)
    assert {name: tag.tolist() for name, tag in found.cell_tags.items()} == {"body": [0, 1], "left": [0]}
    assert found.face_tags["end"].n_face == 1


def test_a_face_of_two_groups_is_one_face_of_two_tags(tmp_path):
    names = NAMES.replace("3\n3 1", "4\n2 4 \"other\"\n3 1")
    found = read(msh2(tmp_path / "a.msh", (3, 2, END), (3, 4, END[::-1]), (5, 1, LEFT), (5, 1, RIGHT), names=names))
    assert [found.face_tags[name].n_face for name in ("surface", "end", "other")] == [1, 1, 1]


def test_a_cell_of_three_groups_is_one_cell_of_three_tags(tmp_path):
    names = NAMES.replace("3\n3 1", "4\n3 4 \"other\"\n3 1")
    cells = [(5, 1, LEFT), (5, 3, LEFT), (5, 1, RIGHT), (5, 4, LEFT), (5, 4, RIGHT)]
    found = read(msh2(tmp_path / "a.msh", *cells, names=names))
    assert {name: tag.tolist() for name, tag in found.cell_tags.items()} == {
        "body": [0, 1], "left": [0], "other": [0, 1]}


def test_a_word_that_is_no_number_takes_no_room_for_all_others(tmp_path):
    path = msh2(tmp_path / "a.msh", (5, 1, LEFT), (5, 1, RIGHT))
    path.write_text(path.read_text().replace("12\n1 0", f"12\n1 {'0' * 1000}"))
    with pytest.raises(FileFormatError, match=r"a word is too long[\s\S]*Nodes"):
        read(path)


TURNED = (2, 5, 4, 1, 8, 11, 10, 7)  # the left cell seen from another corner


@pytest.mark.parametrize("again", [(5, 1, LEFT), (5, 1, TURNED), (5, 3, TURNED)])
def test_another_cell_with_the_same_nodes_is_refused(tmp_path, again):
    with pytest.raises(FileFormatError, match=r"two cells have the same nodes[\s\S]*cells 0 and 2"):
        read(msh2(tmp_path / "a.msh", (5, 1, LEFT), (5, 1, RIGHT), again))


def test_groups_without_a_name_and_of_points_and_edges_are_tags_too(tmp_path):
    found = read(msh2(tmp_path / "a.msh", (15, 8, (3,)), (1, 6, (1, 4)), (5, 1, LEFT), (5, 5, RIGHT)))
    assert found.cell_tags["physical_3_5"].tolist() == [1]
    assert found.node_tags["physical_0_8"].tolist() == [2]
    assert found.node_tags["physical_1_6"].tolist() == [0, 3]


MSH4 = """$MeshFormat
4.1 0 8
$EndMeshFormat
$PhysicalNames
3
2 2 "end"
3 1 "body"
3 3 "left"
$EndPhysicalNames
$Entities
0 0 2 2
1 0 0 0 2 1 1 1 -2 0
2 0 0 0 2 1 1 0  0
1 0 0 0 2 1 1 2 1 3 0
2 0 0 0 2 1 1 1 1 0
$EndEntities
$Nodes
1 12 10 120
3 1 0 12
10 20 30 40 50 60 70 80 90 100 110 120
{points}
$EndNodes
$Elements
4 4 1 4
2 1 3 1
1 30 60 120 90
2 2 3 1
2 40 10 70 100
3 1 5 1
3 10 20 50 40 70 80 110 100
3 2 5 1
4 20 30 60 50 80 90 120 110
$EndElements
"""


def msh4(path, text=MSH4):
    path.write_text(text.replace("{points}", "\n".join(f"{x} {y} {z}" for x, y, z in POINTS)))
    return path


def test_version_4_with_an_entity_of_two_groups_and_elements_of_none(tmp_path):
    found = read(msh4(tmp_path / "a.msh"))
    assert {name: tag.tolist() for name, tag in found.cell_tags.items()} == {"body": [0, 1], "left": [0]}
    assert {name: tag.n_face for name, tag in found.face_tags.items()} == {"surface": 2, "end": 1}
    np.testing.assert_array_equal(found.node_tags["end"], [2, 5, 8, 11])
    assert found.cell_arrays["gmsh:physical"].tolist() == [1, 1]


PARTITIONED = MSH4.replace(MSH4[MSH4.index("$Entities"):MSH4.index("$Nodes")], """$PartitionedEntities
2
0
0 0 2 2
1 2 1 1 1 0 0 0 2 1 1 1 2 0
2 2 2 1 1 0 0 0 2 1 1 0 0
1 3 1 1 1 0 0 0 2 1 1 2 1 3 0
2 3 1 1 2 0 0 0 2 1 1 1 1 0
$EndPartitionedEntities
""")


def test_partitioned_entities_have_their_groups(tmp_path):
    found = read(msh4(tmp_path / "a.msh", PARTITIONED))
    assert {name: tag.tolist() for name, tag in found.cell_tags.items()} == {"body": [0, 1], "left": [0]}


def test_one_part_of_a_partitioned_mesh_is_no_mesh(tmp_path):
    part = PARTITIONED.replace("\n1 3 1 1 1 ", "\n1 3 1 1 2 ")  # both bodies in the second part
    assert part != PARTITIONED
    with pytest.raises(UnsupportedError, match=r"(?s)one part of a mesh.*partition 2 of 2"):
        read(msh4(tmp_path / "a.msh", part))


@pytest.mark.parametrize(("tags", "match"), [
    (("1 1", "1 2"), None), (("1 2", "1 2"), "partition 2"), (("2 1 -2", "1 2"), "ghosts")])
def test_partitions_of_version_2_are_all_there_or_the_mesh_is_refused(tmp_path, tags, match):
    path = msh2(tmp_path / "a.msh", (5, 1, LEFT), (5, 1, RIGHT))
    text = path.read_text()
    for number, tag in enumerate(tags, 1):
        text = text.replace(f"{number} 5 2 1 1 ", f"{number} 5 {2 + len(tag.split())} 1 1 {tag} ")
    path.write_text(text)
    if match is None:
        assert read(path).n_cell == 2
        return
    with pytest.raises(UnsupportedError, match=match):
        read(path)


@pytest.mark.parametrize(("old", "new", "match"), [
    ("4.1 0 8", "4.0 0 8", "version of MSH"), ("4.1 0 8", "5 0 8", "version of MSH"), ("4.1 0 8", "4.1 0 4", "width"),
    ("3 1 5 1", "3 1 99 1", "element type"), ("$EndElements\n", "", "no end"), ("4 4 1 4", "4 5 1 4", "number of elem"),
    ("10 20 30", "10 20 20", "same id"), ("4 20 30", "4 25 30", "does not exist"), ("1 12 10", "1 13 10", "nodes"),
    ("$Nodes", "$Points", "no end|missing"), ("1 30 60 120 90", "1 30 60 120 x", "x"),
])
def test_damaged_files_are_named(tmp_path, old, new, match):
    path = msh4(tmp_path / "a.msh", MSH4.replace(old, new, 1))
    with pytest.raises((FileFormatError, UnsupportedError), match=match) as error:
        read(path)
    assert "a.msh" in str(error.value)


@pytest.mark.parametrize(("name", "match"), [("all", "every cell"), ("skin", "every outer face")])
def test_groups_with_the_names_of_romlibs_own_tags_are_refused(tmp_path, name, match):
    text = MSH4.replace('"left"' if name == "all" else '"end"', f'"{name}"')
    with pytest.raises(UnsupportedError, match=match):
        read(msh4(tmp_path / "a.msh", text))


def med(path, mesh, mirrored=False):
    """A mesh of tetrahedra with a group of cells, and one of nodes, in the layout of MED 3."""
    import h5py

    nodes = mesh.blocks[0].connectivity[:, [0, 2, 1, 3] if mirrored else [0, 1, 2, 3]]
    with h5py.File(path, "w") as file:
        file.create_group("ENS_MAA/m").attrs["ESP"] = 3
        state = file["ENS_MAA/m"].create_group("-1-1")
        state.create_dataset("NOE/COO", data=mesh.points.T.ravel()).attrs["NBR"] = mesh.n_node
        state.create_dataset("NOE/FAM", data=np.where(mesh.points[:, 0] == 0, 4, 0))
        cells = state.create_group("MAI/TE4")
        cells.attrs["PFL"] = np.bytes_("MED_NO_PROFILE_INTERNAL")
        cells.create_dataset("NOD", data=nodes.T.ravel() + 1).attrs["NBR"] = len(nodes)
        cells.create_dataset("FAM", data=np.where(np.arange(len(nodes)) < 2, -3, 0))
        for place, number, names in (("ELEME/a", -3, ["left", "both"]), ("NOEUD/b", 4, ["fixed"])):
            family = file.create_group(f"FAS/m/{place}")
            family.attrs["NUM"] = number
            rows = np.zeros((len(names), 80), dtype=np.int8)
            for row, text in zip(rows, names):
                row[:len(text)] = np.frombuffer(text.encode(), np.int8)
            family.create_dataset("GRO/NOM", data=rows)
    return path


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("suffix", [".med", ".rmed"])
def test_groups_of_med_become_tags(tmp_path, suffix, mirrored):
    mesh = box_mesh("tet4", (2, 1, 1))
    found = read(med(tmp_path / f"a{suffix}", mesh, mirrored))
    assert StrainOperator(found).weights.sum() == pytest.approx(1.0)
    assert {name: tag.tolist() for name, tag in found.cell_tags.items()} == {"left": [0, 1], "both": [0, 1]}
    np.testing.assert_array_equal(found.node_tags["fixed"], np.sort(mesh.node_tags["xmin"]))


# As MED has them, by its own words of nodes: the base seen from below.
MED_PYRAMIDS = {"pyramid5": ("PY5", [0, 3, 2, 1, 4]), "pyramid13": ("P13", [0, 3, 2, 1, 4, 8, 7, 6, 5, 9, 12, 11, 10])}


@pytest.mark.parametrize("cell_type", MED_PYRAMIDS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_pyramids_of_med_are_read_in_both_orientations(tmp_path, cell_type, mirrored):
    import h5py

    mesh, (name, order) = box_mesh(cell_type, (2, 1, 1)), MED_PYRAMIDS[cell_type]
    nodes = mesh.blocks[0].connectivity[:, order] if mirrored else mesh.blocks[0].connectivity
    path = med(tmp_path / "a.med", box_mesh("tet4"))
    with h5py.File(path, "a") as file:
        state = file["ENS_MAA/m/-1-1"]
        del state["MAI"], state["NOE"], file["FAS"]
        state.create_dataset("NOE/COO", data=mesh.points.T.ravel()).attrs["NBR"] = mesh.n_node
        cells = state.create_group(f"MAI/{name}")
        cells.attrs["PFL"] = np.bytes_("MED_NO_PROFILE_INTERNAL")
        cells.create_dataset("NOD", data=nodes.T.ravel() + 1).attrs["NBR"] = len(nodes)
    np.testing.assert_array_equal(read(path).blocks[0].connectivity, mesh.blocks[0].connectivity)


@pytest.mark.data
def test_a_real_med_file(data_dir):
    found = read(data_dir / "code_aster" / "juliafem_rings.rmed")
    assert (found.n_node, found.n_cell) == (117, 258)
    assert {name: len(tag) for name, tag in found.cell_tags.items()} == {"RING1": 108, "RING2": 150}
    assert found.face_tags["RING1_OUTER"].n_face == 40
    assert (StrainOperator(found).weights > 0).all()


@pytest.mark.parametrize("card", ["*NODE, NSET=ALL", "*INCLUDE, INPUT=b.inp", "*SURFACE, NAME=S", "*INSTANCE, NAME=I",
                                  "*NSET, NSET=S, GENERATE"])
def test_what_meshio_would_lose_of_a_deck_is_refused(tmp_path, card):
    (tmp_path / "a.inp").write_text(f"*HEADING\n{card}\n1, 0, 0, 0\n")
    with pytest.raises(UnsupportedError, match=r"does not read all of this deck[\s\S]*line 2"):
        read(tmp_path / "a.inp")


def test_the_words_of_meshio_are_in_the_message_and_not_its_exit_status(tmp_path):
    (tmp_path / "a.vtk").write_bytes(b"# vtk DataFile Version 2.0\nx\nASCII\nDATASET RECTILINEAR_GRID\nDIMENSIONS x\n")
    with pytest.raises(FileFormatError, match="meshio cannot read this mesh") as error:
        read(tmp_path / "a.vtk")
    assert error.value.found not in ("0", "1", None)
