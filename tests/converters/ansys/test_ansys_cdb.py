"""The mesh of a .cdb: blocks, true shapes, components; compared with mapdl-archive and meshio++ on real files."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
from cdb_files import CUBE, cdb_text, component
from romlib_converters.ansys import AnsysConverter
from romlib_converters.ansys.cdb import read_cdb

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.operator import StrainOperator
from romlib.study import Study
from romlib.study.meshes import cut_mesh

NODES = {7 + 10 * k: point for k, point in enumerate(CUBE)}  # ids with gaps
IDS = list(NODES)


def write(tmp_path, text, name="mesh.cdb"):
    path = tmp_path / name
    path.write_text(text)
    return path


def cube(tmp_path, nodes=None, types=("ET,        1,185",), **parts):
    return write(tmp_path, cdb_text(NODES, [(12, 1, 3, nodes or IDS)], types, **parts))


def volume(mesh):
    return StrainOperator(mesh).weights.sum()


def test_what_the_mesh_of_a_cdb_leaves_out_is_said(tmp_path, caplog):
    components = (component("TOP", "NODE", [47, 57, 4711]) + component("ALL_OF_IT", "ELEM", [12, 13, 14])
                  + component("GONE", "NODE", [815]))
    with caplog.at_level(logging.WARNING, "romlib.mesh"):
        mesh = AnsysConverter().read_mesh(cube(tmp_path, components=components))
    assert mesh.node_ids[mesh.node_tags["TOP"]].tolist() == [47, 57] and len(mesh.cell_tags["ALL_OF_IT"]) == 1
    assert "components name nodes that the file does not have: TOP (1 node), GONE (1 node)" in caplog.text
    assert "components name elements that the file does not have: ALL_OF_IT (2 elements)" in caplog.text
    caplog.clear()
    AnsysConverter().read_mesh(cube(tmp_path, components=component("TOP", "NODE", [47, 57])))
    assert not caplog.records


def test_a_cdb_becomes_a_mesh_with_its_ids_components_and_materials(tmp_path):
    components = component("TOP", "NODE", [47, -57, 67, 77]) + component("ALL_OF_IT", "ELEM", [12])
    path = cube(tmp_path, components=components)
    mesh = AnsysConverter().read_mesh(path)
    assert mesh.node_ids.tolist() == IDS and mesh.cell_ids.tolist() == [12]
    assert np.array_equal(mesh.points, CUBE)
    assert mesh.node_ids[mesh.node_tags["TOP"]].tolist() == [47, 57, 67, 77]
    assert set(mesh.cell_tags) == {"ALL_OF_IT", "material_3"} and "skin" in mesh.face_tags
    assert AnsysConverter().can_read(path)


def test_a_range_in_a_component_has_all_numbers_between(tmp_path):
    nodes = {k + 1: point for k, point in enumerate(CUBE)}
    text = cdb_text(nodes, [(1, 1, 1, list(nodes))], ["ET,1,185"], component("SOME", "NODE", [2, -6, 8]))
    assert read_cdb(write(tmp_path, text)).database.node_components["SOME"].tolist() == [2, 3, 4, 5, 6, 8]


@pytest.mark.parametrize(("order", "kind", "expected"), [
    ((0, 1, 2, 2, 4, 5, 6, 6), "wedge6", 0.5), ((0, 1, 2, 3, 4, 4, 4, 4), "pyramid5", 1 / 3),
    ((0, 1, 2, 2, 4, 4, 4, 4), "tet4", 1 / 6)])
def test_a_brick_with_repeated_nodes_is_read_by_its_true_shape(tmp_path, order, kind, expected):
    mesh = AnsysConverter().read_mesh(cube(tmp_path, [IDS[k] for k in order]))
    assert [block.cell_type for block in mesh.blocks] == [kind]
    assert volume(mesh) == pytest.approx(expected)


def test_nodes_of_no_solid_and_elements_that_are_none_are_left_out(tmp_path):
    text = cdb_text({**NODES, 999: (5.0, 5.0, 5.0)}, [(12, 1, 3, IDS), (13, 2, 1, [*IDS[4:], 0, 0, 0, 0])],
                    ["ET,1,185", "ET,2,154"])
    mesh = AnsysConverter().read_mesh(write(tmp_path, text))
    assert mesh.n_node == 8 and mesh.cell_ids.tolist() == [12]


def test_mesh200_has_the_shape_of_its_key_option(tmp_path):
    mesh = AnsysConverter().read_mesh(cube(tmp_path, types=("ET,1,200", "KEYOP,1,1,10")))
    assert mesh.blocks[0].cell_type == "hex8"
    with pytest.raises(UnsupportedError, match="no solid elements") as caught:
        AnsysConverter().read_mesh(cube(tmp_path, types=("ET,1,200", "KEYOP,1,1,6")))
    assert caught.value.found == "1 MESH200"


def test_element_types_of_a_block_are_read_too(tmp_path):
    block = ["ETBLOCK,        1,        1", "(2i9,19a9)", f"{1:9d}{185:9d}" + "".join(f"{0:9d}" for _ in range(19)),
             "       -1"]
    assert AnsysConverter().read_mesh(cube(tmp_path, types=block)).n_cell == 1


@pytest.mark.parametrize(("change", "error", "word"), [
    (lambda text: text[:len(text) // 3], FileFormatError, "has no end"),
    (lambda text: "", FileFormatError, "no .cdb"),
    (lambda text: text.replace("1.0000000000000E+000", "1.0000000000000E+0x0", 1), FileFormatError, "cannot be read"),
    (lambda text: text.replace("1.0000000000000E+000", "                 nan", 1), FileFormatError, "cannot be read"),
    (lambda text: text.replace("EBLOCK,19,SOLID", "EBLOCK,10"), UnsupportedError, "another layout"),
    (lambda text: text.replace("N,R5.3,LOC,       -1,", "N,R5.3,LOC, 7, 0.0, 0.0, 0.0"), FileFormatError, "no end"),
    (lambda text: "/PREP7\nET,1,185\n" + text[text.index("N,R5.3"):].replace("-1", "7"), UnsupportedError, "single"),
    (lambda text: text.replace("         8\n(3i9", "         9\n(3i9"), FileFormatError, "another number of nodes"),
    (lambda text: text.replace("         1\n(19", "         2\n(19"), FileFormatError, "another number of elements"),
    (lambda text: text.replace("ET,        1,185", "ET,        2,185"), FileFormatError, "not defined"),
    (lambda text: text.replace("        77\n", "        78\n"), FileFormatError, "does not define"),
    (lambda text: text.replace("(3i9,6e21.13e3)", "(1x,a)"), FileFormatError, "no format"),
    (lambda text: text.replace("FINISH", "{\n(8i10)\n         7        17\nFINISH"), FileFormatError, "no block"),
    (lambda text: text.replace("FINISH", "CMBLOCK,A,NODE,2\n(8i10)\n         7\nFINISH"), FileFormatError, "fewer"),
    (lambda text: text.replace("FINISH", "NMODIF,7,5.0,5.0,5.0\nFINISH"), UnsupportedError, "changes the mesh"),
    (lambda text: text.replace("FINISH", "nummrg,node\nFINISH"), UnsupportedError, "changes the mesh"),
    (lambda text: text.replace(",185", ",285"), FileFormatError, "more nodes than its type"),
    (lambda text: text.replace("\n       17        0", "\n\n       17        0"), FileFormatError, "empty"),
    (lambda text: text.replace("        77\n", "        77        5\n"), FileFormatError, "longer than its format"),
    (lambda text: text.replace("SOLID,        77", "SOLID,        70"), FileFormatError, "larger than the largest"),
    (lambda text: text.replace("         8         0", "         6         0"), FileFormatError, "more nodes"),
])
def test_a_damaged_cdb_is_refused_with_its_cause(tmp_path, change, error, word):
    text = cube(tmp_path).read_text()
    assert change(text) != text
    path = write(tmp_path, change(text))
    with pytest.raises(error, match=word) as caught:
        AnsysConverter().read_mesh(path)
    assert str(caught.value.file).endswith("mesh.cdb")


def test_what_becomes_of_badly_shaped_cells_is_for_the_study_to_say(tmp_path):
    """One of two cubes is inside out."""
    nodes = {k + 1: [float(x), float(y), float(z)] for k, (x, y, z) in enumerate(
        (x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1, 2))}
    first, second = [1, 2, 5, 4, 7, 8, 11, 10], [8, 9, 12, 11, 2, 3, 6, 5]
    write(tmp_path, cdb_text(nodes, [(1, 1, 1, first), (12, 1, 1, second)], ["ET,1,185"]))
    text = '[study]\nname = "x"\nunits = "mm, N, MPa, s"\n[mesh]\nfile = "mesh.cdb"\n'
    study = tmp_path / "study.toml"
    study.write_text(text)
    with pytest.raises(InputError, match="badly shaped") as caught:
        cut_mesh(Study.read(study), None, 1)
    assert "cell 12 (hex8) is inside out; its nodes are 8, 9, 12, 11, 2, 3, 6, 5" in caught.value.place
    for word, n_cell, expected in (("repair", 2, 2.0), ("drop", 1, 1.0)):
        study.write_text(f'{text}bad_cells = "{word}"\n')
        (found,) = cut_mesh(Study.read(study), None, 1)
        assert found.n_cell == n_cell and volume(found) == pytest.approx(expected) and "skin" in found.face_tags


@pytest.mark.data
@pytest.mark.parametrize(("name", "n_node", "cells"), [
    ("HexBeam", 321, {"hex20": 40}), ("all_solid_cells", 52, {"hex20": 1, "wedge15": 1, "pyramid13": 1, "tet10": 1}),
    ("turbine_blade", 15689, {"hex8": 12331, "wedge6": 38})])
def test_real_files_agree_with_mapdl_archive_and_with_meshio(data_dir, name, n_node, cells):
    archive = pytest.importorskip("mapdl_archive")
    other = pytest.importorskip("meshioplusplus")
    path = data_dir / "ansys" / f"{name}.cdb"
    mesh = AnsysConverter().read_mesh(path)
    assert mesh.n_node == n_node and {block.cell_type: block.n_cell for block in mesh.blocks} == cells
    reader = archive.Archive(str(path), parse_vtk=False)
    assert np.array_equal(reader.nnum, mesh.node_ids) and np.allclose(reader.nodes, mesh.points, rtol=1e-14, atol=0)
    for tag, ids in reader.node_components.items():
        assert np.array_equal(np.unique(ids), mesh.node_ids[mesh.node_tags[tag]])
    for tag, ids in reader.element_components.items():
        assert np.array_equal(np.unique(ids), np.sort(mesh.cell_ids[mesh.cell_tags[tag]]))
    found = other.read(str(path))
    names = {"hexahedron": "hex8", "hexahedron20": "hex20", "wedge": "wedge6", "wedge15": "wedge15",
             "pyramid13": "pyramid13", "tetra10": "tet10"}
    for block in found.cells:
        mine = next(one for one in mesh.blocks if one.cell_type == names[block.type])
        assert np.allclose(found.points[block.data], mesh.points[mine.connectivity], rtol=1e-14, atol=0)


@pytest.mark.data
def test_the_blade_has_its_volume_and_the_wedges_that_were_written_as_bricks(data_dir):
    mesh = AnsysConverter().read_mesh(data_dir / "ansys" / "turbine_blade.cdb")
    assert {name: len(mesh.node_tags[name]) for name in mesh.node_tags} == {
        "FIRTREE1": 80, "FIRTREE2": 80, "FIRTREE3": 80, "FIRTREE4": 80, "PRESSURE_SURF": 2701}
    pyvista = pytest.importorskip("pyvista")
    for block, vtk_type in ((mesh.blocks[0], 13), (mesh.blocks[1], 12)):
        grid = pyvista.UnstructuredGrid({vtk_type: block.connectivity}, mesh.points)
        own = np.abs(grid.compute_cell_sizes(length=False, area=False).cell_data["Volume"])
        assert volume(replace(mesh, blocks=(block,), cell_tags={}, face_tags={})) == pytest.approx(own.sum(), rel=1e-3)
