"""Exodus files become snapshots files: ids, sets, variables of any name, every NetCDF format, part files."""

from __future__ import annotations

import struct

import netCDF4
import numpy as np
import pytest
from exodus_files import ExodusFile, column, motion  # type: ignore[import-not-found]
from romlib_converters.exodus import ExodusConverter
from romlib_converters.exodus.elements import ORDERS
from romlib_converters.exodus.netcdf import _Header

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.export.export import export
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import ELEMENTS, element
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import partition
from romlib.model import Model
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter
from romlib.testing import check_converter

COMPONENTS = ("xx", "yy", "zz", "xy", "yz", "zx")
FORMATS = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4", "NETCDF4_CLASSIC")


def converted(source, tmp_path, **arguments):
    target = tmp_path / "out.vtkhdf"
    ExodusConverter().convert(source, target, **arguments)
    return Snapshots(target)


def omissions(snapshots):
    return {one.name: one.description for one in snapshots.model.omissions}


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_of_netcdf_gives_what_netcdf4_reads(tmp_path, format):
    path = column().write(tmp_path / "a.exo", format)
    with converted(path, tmp_path) as found, netCDF4.Dataset(path) as file:
        mesh = found.mesh(0)
        assert mesh.node_ids.tolist() == file["node_num_map"][:].tolist()
        assert mesh.cell_ids.tolist() == file["elem_num_map"][:].tolist() == [7, 12, 17]
        read = np.stack([file[f"vals_nod_var{k}"][:] for k in (1, 2, 3)], axis=2)
        assert np.array_equal(found.read("displacement", 0), read) and read.any()
        assert np.array_equal(found.times, file["time_whole"][:])
        assert sorted(mesh.node_tags["bottom"]) == [0, 1, 2, 3] and len(mesh.cell_tags["steel"]) == 3
        top = mesh.face_tags["top"].blocks[0].connectivity
        assert np.allclose(mesh.points[top][..., 2], 3.0)
        assert np.cross(*(mesh.points[top[0, k]] - mesh.points[top[0, 0]] for k in (1, 2)))[2] > 0.0


def test_the_converter_meets_what_romlib_needs(tmp_path):
    path = column().write(tmp_path / "a.exo")
    report = check_converter(ExodusConverter(), path, displacement=motion, times=[0, 1, 2], n_node=16, n_cell=3,
                             mutations=30)
    assert report.verdicts["refused"] > 5


@pytest.mark.parametrize("names", [
    ("DISPL_X", "DISPL_Y", "DISPL_Z"), ("DISPLX", "DISPLY", "DISPLZ"), ("disp_x", "disp_y", "disp_z"),
    ("Displacement_1", "Displacement_2", "Displacement_3"), ("displacement.x", "displacement.y", "displacement.z"),
    ("u_0", "u_1", "u_2"), ("UX", "UY", "UZ")])
def test_the_displacement_is_found_by_any_of_its_names(tmp_path, names):
    file = column()
    file.nodal = {**dict(zip(names, file.nodal.values())), "vel_x": file.nodal["disp_x"], "vel_y": file.nodal["disp_x"],
                  "vel_z": file.nodal["disp_x"]}
    with converted(file.write(tmp_path / "a.exo"), tmp_path) as found:
        assert found.fields["displacement"].original_name == ", ".join(names)
        assert np.array_equal(found.read("displacement", 0)[2], motion(found.mesh(0).points, 2.0))
        assert "vel_x" in omissions(found)["node_variables"]


def test_a_displacement_that_cannot_be_told_is_refused_until_it_is_named(tmp_path):
    file = column()
    file.nodal |= {f"DISPL_{axis}": 2.0 * file.nodal[f"disp_{axis.lower()}"] for axis in "XYZ"}
    path = file.write(tmp_path / "a.exo")
    with pytest.raises(InputError, match=r"(?s)several: disp_x, disp_y, disp_z; DISPL_X.*displacement=\[disp_x"):
        converted(path, tmp_path)
    for given in ("DISPL_", ["DISPL_X", "DISPL_Y", "DISPL_Z"], "[DISPL_X, DISPL_Y, DISPL_Z]"):
        if given == "DISPL_":
            with pytest.raises(InputError, match="disp"):  # DISPL and disp differ, DISPL_ names both cases of none
                converted(path, tmp_path, options={"displacement": "velocity"})
        with converted(path, tmp_path, options={"displacement": given}) as found:
            assert np.array_equal(found.read("displacement", 0)[1], 2.0 * motion(found.mesh(0).points, 1.0))
    with pytest.raises(InputError, match="DISPL_W"):
        converted(path, tmp_path, options={"displacement": ["DISPL_X", "DISPL_Y", "DISPL_W"]})


def two_bodies():
    """A wedge beside a hexahedron, and stress at their points: 8 and 6, each with a value that says where it is."""
    file = column(1)
    wedge = np.array([[1, 8, 2, 5, 9, 6]])
    file.points = np.vstack([file.points, [[2.0, 0.5, 0.0], [2.0, 0.5, 1.0]]])
    file.blocks.append(("glue", "wedge", wedge))
    file.nodal = {f"disp_{axis}": np.array([motion(file.points, t)[:, k] for t in file.times])
                  for k, axis in enumerate("xyz")}
    file.node_ids, file.element_ids = None, None
    return file


def stress_of(file, n_points):
    """stress_xx_1 ...: 100 x point (from 1) + component, the sixth part of it more in each record."""
    found = {}
    for point in range(1, max(n_points) + 1):
        for k, component in enumerate(COMPONENTS):
            values = (100.0 * point + k) * (1 + np.arange(3)[:, None] / 6)
            found[f"stress_{component}_{point}"] = [values if point <= n else None for n in n_points]
    return found


def test_stress_at_points_is_taken_in_the_order_that_the_user_states(tmp_path):
    file = two_bodies()
    file.elemental = stress_of(file, (8, 6))
    path = file.write(tmp_path / "a.exo")
    with converted(path, tmp_path) as found:
        assert "stress" not in found.fields and "point_order" in omissions(found)["points_without_order"]
    with converted(path, tmp_path, options={"point_order": "gauss"}) as found:
        stress = found.read("stress", 0)[0]
        assert np.allclose(stress[:, 0], 100.0 * np.array([*range(1, 9), *range(1, 7)]))
        assert np.allclose(stress[:, 4], np.sqrt(2.0) * (stress[:, 0] + 5.0))  # 13, in Kelvin-Mandel form
    file.blocks, file.elemental = file.blocks[:1], stress_of(file, (8,))
    path = file.write(tmp_path / "b.exo")
    for order, numbers in (("gauss_reversed", [1, 5, 3, 7, 2, 6, 4, 8]), ("nodes", [1, 2, 4, 3, 5, 6, 8, 7]),
                           ([8, 7, 6, 5, 4, 3, 2, 1], [8, 7, 6, 5, 4, 3, 2, 1])):
        with converted(path, tmp_path, options={"point_order": order}) as found:
            assert np.allclose(found.read("stress", 0)[0, :, 0], 100.0 * np.array(numbers))
    with pytest.raises(InputError, match="every number once"):
        converted(path, tmp_path, options={"point_order": [1, 1, 2, 3, 4, 5, 6, 7]})


def test_blocks_of_one_name_are_one_set_and_those_without_a_name_have_their_number(tmp_path):
    file = two_bodies()
    (_, kind, nodes), (_, other, more) = file.blocks
    for names, expected in ((("a", "a"), {"a": [1, 2]}), (("", "b"), {"block_10": [1], "b": [2]})):
        file.blocks = [(names[0], kind, nodes), (names[1], other, more)]
        with converted(file.write(tmp_path / "a.exo"), tmp_path) as found:
            mesh = found.mesh(0)
            assert {name: sorted(mesh.cell_ids[cells].tolist()) for name, cells in mesh.cell_tags.items()} == expected


def test_one_value_an_element_is_no_value_at_eight_points_but_is_one_at_one_point(tmp_path):
    file = column()
    file.elemental = {f"stress_{c}": [np.full((3, 3), 7.0 + k)] for k, c in enumerate(COMPONENTS)}
    file.elemental["EQPS"] = [np.full((3, 3), 0.25)]
    path = file.write(tmp_path / "a.exo")
    with converted(path, tmp_path) as found:
        assert "a mean" in omissions(found)["field_stress"] and set(found.fields) == {"displacement"}
    with converted(path, tmp_path, options={"quadrature": {"hex8": "hex_gauss_1"}}) as found:
        assert np.allclose(found.read("stress", 0)[0, :, :3], [7.0, 8.0, 9.0])
        assert np.allclose(found.read("p", 0), 0.25)


def test_what_is_no_solid_is_counted_and_its_sides_are_left_out(tmp_path):
    file = column()
    file.blocks += [("skin", "SHELL4", np.array([[0, 1, 2, 3]])), ("rod", "BEAM", np.array([[0, 4], [4, 8]]))]
    file.element_ids = None
    file.side_sets["mixed"] = (np.array([0, 3]), np.array([5, 1]))
    with converted(file.write(tmp_path / "a.exo"), tmp_path) as found:
        said = omissions(found)
        assert "1 element SHELL4" in said["elements_SHELL4"] and "2 elements BEAM" in said["elements_BEAM"]
        assert "1 side" in said["side set mixed"] and found.mesh(0).face_tags["mixed"].n_face == 1
        assert all(one.does_work for one in found.model.omissions if one.name.startswith("elements_"))


@pytest.mark.parametrize("kind, n_node", [("HEX", 9), ("TETRA", 8), ("WEDGE", 18), ("BRICKET", 8), ("", 8)])
def test_a_solid_that_romlib_lacks_is_refused_by_name(tmp_path, kind, n_node):
    file = column()
    file.blocks[0] = ("odd", kind, np.arange(n_node)[None] % 16)
    file.element_ids = None
    with pytest.raises(UnsupportedError, match=f"1 element {kind or 'without a type'} of {n_node} nodes in element bl"):
        converted(file.write(tmp_path / "a.exo"), tmp_path)


def test_values_that_were_never_written_are_refused_and_not_zero(tmp_path):
    path = column().write(tmp_path / "a.exo")
    with netCDF4.Dataset(path, "a") as file:
        file["vals_nod_var2"][1, 3] = 9.969209968386869e36
    with pytest.raises(FileFormatError, match="record 2"):
        converted(path, tmp_path)


def test_titles_and_names_in_other_encodings_are_read(tmp_path):
    file = column()
    file.title, file.globals = "Pièce à l'essai".encode("latin-1"), ("énergie",)
    file.node_sets = {"côté": np.arange(4)}
    with converted(file.write(tmp_path / "a.exo"), tmp_path) as found:
        assert "côté" in found.mesh(0).node_tags and "énergie" in omissions(found)["global_variables"]


def test_single_precision_stays_so(tmp_path):
    with converted(column().write(tmp_path / "a.exo", kind="f4"), tmp_path) as found:
        assert found.fields["displacement"].dtype == "float32"


def test_a_mesh_alone_is_read_and_its_conversion_refused(tmp_path):
    file = column()
    file.nodal, file.times = {}, np.empty(0)
    path = file.write(tmp_path / "a.g")
    mesh = ExodusConverter().read_mesh(path)
    assert (mesh.n_node, mesh.n_cell) == (16, 3) and set(mesh.face_tags) == {"top"}
    with pytest.raises(FileFormatError, match="a mesh and no results"):
        converted(path, tmp_path)


@pytest.mark.parametrize("format", ["NETCDF3_64BIT_OFFSET", "NETCDF4"])
def test_a_file_that_was_cut_short_is_refused_wherever_it_ends(tmp_path, format):
    whole = column().write(tmp_path / "whole.exo", format).read_bytes()
    path = tmp_path / "a.exo"
    for length in range(0, len(whole) - 8, max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError) as caught:
            converted(path, tmp_path)
        assert "a.exo" in str(caught.value)


@pytest.mark.parametrize(("moved", "to"), [
    ("vals_nod_var1", "vals_nod_var2"), ("vals_nod_var1", "coordx"), ("vals_nod_var2", None)])
def test_a_variable_whose_place_is_that_of_others_is_refused(tmp_path, moved, to):
    """Its values would be theirs, or half of them."""
    path = column().write(tmp_path / "a.exo")
    begins = {name: variable.begin for name, variable in _Header(path).variables.items()}
    data, old = path.read_bytes(), struct.pack(">q", begins[moved])
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, struct.pack(">q", begins[to] if to else begins[moved] + 8)))
    with pytest.raises(FileFormatError, match="the place of a variable is not free"):
        converted(path, tmp_path)


@pytest.mark.parametrize(("old", "new", "match"), [
    (b"num_node_sets", b"num_nade_sets", "more sets than it says"), (b"node_ns1", b"nade_ns1", "lacks a variable"),
    (b"num_side_sets", b"num_sade_sets", "more sets than it says"), (b"elem_ss1", b"elam_ss1", "lacks a variable"),
    (struct.pack(">i", 103), struct.pack(">i", -103), "not positive"),
    (struct.pack(">3i", 7, 12, 17), struct.pack(">3i", 7, 0, 17), "not positive")])
def test_sets_and_numbers_that_a_damage_takes_away_are_missed(tmp_path, old, new, match):
    path = column().write(tmp_path / "a.exo")
    data = path.read_bytes()
    at = data.rindex(old) if old[:1] == b"\0" else data.index(old)
    path.write_bytes(data[:at] + new + data[at + len(old):])
    with pytest.raises(FileFormatError, match=match):
        converted(path, tmp_path)


def test_elements_of_other_number_than_the_file_says_are_refused(tmp_path):
    file = column()
    file.element_ids = None
    path = file.write(tmp_path / "a.exo")
    data, name = path.read_bytes(), struct.pack(">i", 8) + b"num_elem"
    assert data.count(name + struct.pack(">i", 3)) == 1
    path.write_bytes(data.replace(name + struct.pack(">i", 3), name + struct.pack(">i", 4)))
    with pytest.raises(FileFormatError, match="another number of elements"):
        converted(path, tmp_path)


def write_parts(tmp_path, change=None):
    """The column in two parts, with its global ids; `change` damages the second."""
    whole = column(4)
    for number, (nodes, cells) in enumerate(((np.arange(12), [0, 1]), (np.arange(8, 20), [2, 3]))):
        part = ExodusFile(whole.points[nodes], [("steel", "HEX8", whole.blocks[0][2][cells] - nodes[0])], whole.times,
                          {name: values[:, nodes] for name, values in whole.nodal.items()},
                          node_ids=whole.node_ids[nodes], element_ids=whole.element_ids[cells],
                          node_sets={"bottom": np.arange(4)} if number == 0 else {},
                          side_sets={"top": (np.array([1]), np.array([6]))} if number else {})
        if number and change:
            change(part)
        part.write(tmp_path / f"run.e.2.{number}")
    return whole


def test_part_files_are_joined_by_global_ids(tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    whole = write_parts(parts)
    for source in (parts, parts / "run.e.2.1", [parts / "run.e.2.0", parts / "run.e.2.1"]):
        assert isinstance(source, list) or ExodusConverter().can_read(source)
        with converted(source, tmp_path) as found:
            mesh = found.mesh(0)
            assert (mesh.n_node, mesh.n_cell) == (20, 4)
            assert sorted(mesh.node_ids) == sorted(whole.node_ids)
            assert sorted(mesh.cell_ids) == sorted(whole.element_ids)
            assert np.array_equal(found.read("displacement", 0)[2], motion(mesh.points, 2.0))
            assert mesh.face_tags["top"].n_face == 1 and len(mesh.node_tags["bottom"]) == 4


def test_part_files_that_do_not_fit_together_are_refused(tmp_path):
    write_parts(tmp_path)
    (tmp_path / "run.e.2.0").unlink()
    with pytest.raises(FileFormatError, match=r"(?s)not complete.*part 0"):
        converted(tmp_path / "run.e.2.1", tmp_path)

    def other_times(part):
        part.times = part.times * 2.0

    def other_values(part):
        part.nodal["disp_x"] = part.nodal["disp_x"] + 1.0

    for change, words in ((other_times, "different times"), (other_values, "different values of one id")):
        write_parts(tmp_path, change)
        with pytest.raises(FileFormatError, match=words):
            converted(tmp_path / "run.e.2.1", tmp_path)


@pytest.mark.parametrize("kind", ["tet4", "tet10", "hex8", "hex20", "wedge6", "wedge15"])
def test_what_romlib_exports_comes_back(tmp_path, kind):
    mesh = box_mesh(kind, (2, 1, 1))
    path, times = tmp_path / "result.vtkhdf", np.array([0.0, 0.5, 2.0])
    with SnapshotsWriter(path, partition(mesh, 2), Model(), times, {"displacement": FieldSpec("node", 3)}) as writer:
        for piece, part in enumerate(partition(mesh, 2)):
            for step, time in enumerate(times):
                writer.write("displacement", step, piece, motion(part.points, time))
    export(path, tmp_path / "result.exo")
    with converted(tmp_path / "result.exo", tmp_path) as found:
        back = found.mesh(0)
        order = np.argsort(back.node_ids)
        assert np.array_equal(back.node_ids[order], np.sort(mesh.node_ids) + (1 - mesh.node_ids.min()))
        assert np.allclose(found.read("displacement", 0)[2], motion(back.points, 2.0), atol=1e-15)
        assert np.isclose(StrainOperator(back).weights.sum(), StrainOperator(mesh).weights.sum())
        for name, faces in mesh.face_tags.items():
            assert back.face_tags[name].n_face == faces.n_face
            at = np.concatenate([block.connectivity.ravel() for block in back.face_tags[name].blocks])
            was = np.concatenate([block.connectivity.ravel() for block in faces.blocks])
            assert {tuple(p) for p in np.round(back.points[at], 9)} == {tuple(p) for p in np.round(mesh.points[was], 9)}


@pytest.mark.parametrize("kind", [name for name in ("tet10", "hex20", "wedge15", "hex27", "pyramid13")
                                  if name in ELEMENTS])
def test_nodes_of_quadratic_elements_stand_where_vtk_has_them(tmp_path, kind):
    vtk = pytest.importorskip("vtk")
    from vtk.util.numpy_support import vtk_to_numpy

    reference = element(kind).nodes
    order = np.array(ORDERS.get(kind, range(len(reference))))
    exodus = np.empty_like(reference)
    exodus[order] = reference  # VTK[i] = Exodus[order[i]]
    path = ExodusFile(exodus, [("one", kind.upper(), np.arange(len(reference))[None])]).write(tmp_path / "a.exo")
    reader = vtk.vtkExodusIIReader()
    reader.SetFileName(str(path))
    reader.Update()
    grid = reader.GetOutput().GetBlock(0).GetBlock(0)
    cell = grid.GetCell(0)
    assert cell.GetCellType() == element(kind).vtk_type
    points = vtk_to_numpy(grid.GetPoints().GetData())[[cell.GetPointId(k) for k in range(len(reference))]]
    assert np.allclose(points, reference)


def test_the_real_file_of_sierra_is_refused_as_two_dimensional(data_dir, tmp_path):
    path = data_dir / "exodus" / "sandia_noh.exo"
    assert ExodusConverter().can_read(path)
    with pytest.raises(InputError, match="in two dimensions, and does not say of which model"):
        converted(path, tmp_path)


def plate(dimension=2):
    """Two QUAD4 side by side, and displacements."""
    points = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    times = np.array([0.0, 1.0])
    moved = np.array([time * 1e-3 * points @ [[1.0, 0.2], [0.0, -0.3]] for time in times])
    return ExodusFile(points, [("plate", "QUAD", np.array([[0, 1, 4, 3], [1, 2, 5, 4]]))], times,
                      {"DISPLX": moved[..., 0], "DISPLY": moved[..., 1]},
                      side_sets={"right": (np.array([1]), np.array([2]))})


@pytest.mark.parametrize("kinematics", ["plane strain", "axisymmetric"])
def test_a_file_in_two_dimensions_is_of_the_model_that_the_user_states(tmp_path, kinematics):
    file = plate()
    with converted(file.write(tmp_path / "a.exo"), tmp_path, options={"kinematics": kinematics}) as found:
        mesh = found.mesh(0)
        assert mesh.kinematics == kinematics and mesh.points.shape == (6, 2)
        assert np.array_equal(found.read("displacement", 0)[1, :, 1], file.nodal["DISPLY"][1])
        assert np.allclose(mesh.points[mesh.face_tags["right"].blocks[0].connectivity][..., 0], 2.0)
    with pytest.raises(UnsupportedError, match="plane stress"):
        converted(tmp_path / "a.exo", tmp_path, options={"kinematics": "plane stress"})


@pytest.mark.parametrize("kinematics", ["plane strain", "axisymmetric"])
def test_the_real_file_of_sierra_gives_what_netcdf4_reads(data_dir, tmp_path, kinematics):
    path = data_dir / "exodus" / "sandia_noh.exo"
    with netCDF4.Dataset(path) as file:
        read = np.stack([file[f"vals_nod_var{k}"][:] for k in (1, 2)], axis=2)
        times, ids = file["time_whole"][:], file["node_num_map"][:]
        coordinates = np.column_stack([file["coordx"][:], file["coordy"][:]])
    with converted(path, tmp_path, options={"kinematics": kinematics}) as found:
        mesh = found.mesh(0)
        assert (mesh.n_node, mesh.n_cell) == (22, 10) and np.array_equal(mesh.node_ids, ids)
        assert np.array_equal(found.times, times) and np.array_equal(mesh.points, coordinates)
        assert np.array_equal(found.read("displacement", 0), read)
        assert "DT_HYDRO" in omissions(found)["global_variables"]


def test_a_plane_mesh_has_the_thickness_that_is_stated(tmp_path):
    path = plate().write(tmp_path / "a.exo")
    with converted(path, tmp_path, options={"kinematics": "plane strain", "thickness": 2.5}) as found:
        assert found.mesh(0).thickness == 2.5
    mesh = ExodusConverter().read_mesh(path, kinematics="plane strain", thickness=2.5)
    assert (mesh.kinematics, mesh.thickness, mesh.n_cell) == ("plane strain", 2.5, 2)
    assert ExodusConverter().read_mesh(path, kinematics="axisymmetric").kinematics == "axisymmetric"
    for options in ({"kinematics": "plane strain", "thickness": -1}, {"kinematics": "axisymmetric", "thickness": 2}):
        with pytest.raises(InputError, match="thickness"):
            converted(path, tmp_path, options=options)
