"""What the real files of Ansys do not have: rotated nodes, subsets, parts, kinds that are no history, damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cdb_files import CUBE
from romlib_converters.ansys import AnsysConverter
from romlib_converters.ansys.history import AnsysHistory
from rst_cube import IDS, MOVED, NODES, STRETCH, converted, cube, refused
from rst_files import Rst, Set, constant, table
from scipy.spatial.transform import Rotation

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.model import Material
from romlib.snapshots.reader import Snapshots
from romlib.testing import check_converter


def test_the_kit_finds_nothing_wrong_with_the_converter(tmp_path):
    mesh = box_mesh("hex20", (2, 1, 1))
    ids = 3 * mesh.node_ids + 5
    elements = [(40 - k, 1, 1, ids[nodes].tolist()) for k, nodes in enumerate(mesh.blocks[0].connectivity)]
    u = mesh.points @ STRETCH.T
    rst = Rst(dict(zip(ids.tolist(), mesh.points.tolist(), strict=True)), [(1, 186, {})], elements,
              [Set(0.5, u), Set(1.0, 2.0 * u)], materials={1: {1: constant(2e5), 4: constant(0.3)}})
    report = check_converter(
        AnsysConverter(), rst.write(tmp_path / "file.rst"), times=[0.5, 1.0], n_node=mesh.n_node, n_cell=2,
        displacement=lambda points, time: 2.0 * time * points @ STRETCH.T, mutations=40)
    assert report is not None


def test_displacement_of_rotated_nodes_is_turned_to_the_global_axes(tmp_path):
    """THXY about z, THYZ about the new x, THZX about the newest y: SciPy's intrinsic ZXY."""
    angles = np.array([[30.0, 20.0, -50.0], *np.zeros((6, 3)), [-75.0, 40.0, 10.0]])
    turned = Rotation.from_euler("ZXY", angles, degrees=True)
    nodes = {number: [*point, *own] for (number, point), own in zip(NODES.items(), angles.tolist(), strict=True)}
    with converted(cube([Set(1.0, turned.inv().apply(MOVED))], nodes=nodes), tmp_path) as found:
        assert np.allclose(found.read("displacement", 0, 0), MOVED, rtol=0, atol=1e-15)
    meshio = pytest.importorskip("meshioplusplus")
    other = meshio.read(str(tmp_path / "file.rst"))
    assert np.allclose(other.point_data["U"], MOVED, rtol=0, atol=1e-15)


def test_a_history_that_meshio_writes_is_read(tmp_path):
    meshio = pytest.importorskip("meshioplusplus")
    mesh = box_mesh("hex20", (2, 2, 1))
    angles = np.zeros((mesh.n_node, 3))
    angles[2] = 10.0, 20.0, 30.0
    writer = meshio.ansys_rst.SeriesWriter(str(tmp_path / "file.rst"))
    for time in (0.5, 1.0):
        one = meshio.Mesh(mesh.points, [("hexahedron20", mesh.blocks[0].connectivity)])
        one.point_data["U"] = time * mesh.points @ STRETCH.T
        one.point_data["ansys:node_angles"] = angles
        one.field_data["meshio:time"] = np.array([time])
        writer.write(time, one)
    writer.close()
    AnsysConverter().convert(tmp_path / "file.rst", tmp_path / "out.vtkhdf")
    with Snapshots(tmp_path / "out.vtkhdf") as found:
        assert found.times.tolist() == [0.5, 1.0]
        assert np.allclose(found.read("displacement", 0, 1), mesh.points @ STRETCH.T, rtol=0, atol=1e-15)


def test_stress_copied_from_points_is_taken_for_that_of_the_points(tmp_path):
    stress = np.arange(48.0).reshape(8, 6)
    frame = Rotation.from_euler("ZXY", [30.0, 20.0, 10.0], degrees=True).as_matrix()
    one = Set(1.0, MOVED, {0: {2: stress.ravel(), 9: [30.0, 20.0, 10.0]}}, extrapolation=0)
    with converted(cube([one]), tmp_path) as found:
        given = found.read("stress", 0, 0)
    full = np.zeros((8, 3, 3))
    for column, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)]):
        full[:, a, b] = full[:, b, a] = stress[:, column]
    full = frame @ full @ frame.T
    root = np.sqrt(2.0)
    expected = np.stack([full[:, 0, 0], full[:, 1, 1], full[:, 2, 2], root * full[:, 0, 1], root * full[:, 0, 2],
                         root * full[:, 1, 2]], axis=1)
    order = [0, 1, 3, 2, 4, 5, 7, 6]  # the corner nearest each point, xi fastest
    assert np.allclose(given, expected[order], rtol=1e-5)


def test_stress_extrapolated_where_nothing_is_plastic_is_taken_back_to_the_points(tmp_path):
    """A stress that is linear in space has at a corner what extrapolation gives there."""
    field = 100.0 + CUBE @ np.array([3.0, -5.0, 7.0])
    one = Set(1.0, MOVED, {0: {2: np.tile(field[:, None], 6).ravel()}})
    with converted(cube([one]), tmp_path) as found:
        points = 0.5 + np.array([[x, y, z] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)]) / np.sqrt(12.0)
        expected = 100.0 + points @ np.array([3.0, -5.0, 7.0])
        assert np.allclose(found.read("stress", 0, 0)[:, 0], expected, rtol=1e-6)


def test_stress_of_unloading_elements_is_not_taken_for_that_of_points(tmp_path):
    """Plastic strain, and a ratio below 1: whether Ansys copied or extrapolated is not known."""
    nonlinear = np.zeros((8, 10))
    nonlinear[:, [1, 3]] = 0.7, 0.01
    one = Set(1.0, MOVED, {0: {2: np.ones(48), 6: 0.01 * np.ones(56), 14: nonlinear.ravel()}})
    grows = nonlinear.copy()
    grows[:, 1] = 1.0
    two = Set(2.0, MOVED, {0: {2: np.ones(48), 6: 0.01 * np.ones(56), 14: grows.ravel()}})
    with converted(cube([two, replace(one, time=3.0)]), tmp_path) as found:
        assert np.isfinite(found.read("stress", 0, 0)).all() and np.isnan(found.read("stress", 0, 1)).all()
        assert np.allclose(found.read("p", 0, 1), 0.01) and np.isfinite(found.read("plastic_strain", 0, 1)).all()


def test_temperatures_of_elements_are_those_of_their_nodes(tmp_path):
    sets = [Set(1.0, MOVED, {0: {16: np.arange(8.0)}}, reference_temperature=20.0)]
    materials = {3: {1: table([20.0, 500.0], [2e5, 1.5e5]), 4: constant(0.3), 10: constant(1.2e-5)}}
    with converted(cube(sets, materials=materials), tmp_path) as found:
        assert found.read("temperature", 0, 0).ravel().tolist() == list(range(8))
        steel: Material = found.model.materials["material_3"]
        assert steel.parameters["young"] == {"temperature": (20.0, 500.0), "value": (2e5, 1.5e5)} or list(
            steel.parameters["young"]["value"]) == [2e5, 1.5e5]
        assert steel.thermal_expansion.reference_temperature == 20.0 == found.model.initial_temperature


def test_temperature_that_acts_becomes_a_sum_of_few_loads(tmp_path):
    """Two fields that grow on their own, and TREF."""
    first, second = np.arange(8.0), np.ones(8)
    fields = [20.0 + first, 20.0 + 3.0 * first + 10.0 * second, 20.0 + 5.0 * second]
    sets = [Set(k + 1.0, MOVED, {0: {16: one}}, reference_temperature=20.0) for k, one in enumerate(fields)]
    materials = {3: {1: constant(2e5), 4: constant(0.3), 10: constant(1.2e-5)}}
    with converted(cube(sets, materials=materials), tmp_path) as found:
        assert set(found.model.loads) == {"temperature_1", "temperature_2", "temperature_uniform"}
        arrays = found.mesh(0).node_arrays
        for step, expected in enumerate(fields):
            value = np.full(8, 20.0)
            for name in ("temperature_1", "temperature_2"):
                load, table_ = found.model.loads[name], found.model.amplitudes[name]
                shape = arrays[name].ravel() if not isinstance(load.field, float) else load.field
                assert table_.value[0] == 0.0
                value = value + table_.value[step + 1] * shape
            assert np.allclose(value, expected, rtol=0, atol=1e-5)


def test_a_thermal_result_gives_its_temperature_as_a_field(tmp_path):
    values = np.column_stack([np.arange(8.0), np.zeros(8), np.zeros(8)])
    sets = [Set(1.0, values, dofs=(20, 1, 2)), Set(2.0, 2.0 * values, dofs=(20, 1, 2))]
    path = cube(sets, types=[(1, 70, {})]).write(tmp_path / "file.rth")
    assert AnsysConverter().can_read(path)
    found = AnsysConverter().nodal_field(path, "temperature")
    assert found.times.tolist() == [1.0, 2.0] and found.node_ids(0).tolist() == IDS
    assert found.read(0, slice(None)).tolist() == [list(range(8)), list(range(0, 16, 2))]
    assert found.mesh(0).n_cell == 1
    with pytest.raises(InputError, match="one scalar"):
        AnsysConverter().nodal_field(path, "pressure")
    with pytest.raises(InputError, match="displacement"):
        AnsysConverter().convert(path, tmp_path / "out.vtkhdf", options={"formulation": "standard"})


def test_a_material_that_no_law_is_made_of_is_left_to_the_study(tmp_path):
    with converted(cube(materials={3: {1: constant(2e5), 2: constant(1e5), 4: constant(0.3)}}), tmp_path) as found:
        note = next(one for one in found.model.omissions if one.name == "law_material_3")
        assert note.does_work and "EY" in note.description and not found.model.materials


def test_constraints_of_the_sets_become_those_of_the_model(tmp_path):
    held = [(IDS[0], 1, 0.0), (IDS[0], 2, 0.0), (IDS[0], 3, 0.0), (IDS[1], 2, 0.0), (IDS[6], 1, 5.0), (IDS[5], 1, 5.0)]
    sets = [replace(one, constraints=held) for one in cube().sets]
    with converted(cube(sets), tmp_path) as found:
        mesh, model = found.mesh(0), found.model
        assert {name: mesh.node_ids[mesh.node_tags[one.nodes]].tolist() for name, one in model.constraints.items()} == {
            "fixed_xyz": [IDS[0]], "fixed_y": [IDS[1]], "prescribed_x": [IDS[6]], "prescribed_x_2": [IDS[5]]} or (
            model.constraints["prescribed_x"].value != 1.0)
        one = model.constraints["prescribed_x"]
        assert model.amplitudes["prescribed_x"].time == (0.0, 1.0, 2.0) and one.kind == "prescribed"
        largest = max(MOVED[5, 0], MOVED[6, 0])
        assert model.amplitudes["prescribed_x"].value == pytest.approx((0.0, largest, 2.0 * largest))
        values = mesh.node_arrays["prescribed_x_value"][mesh.node_tags["prescribed_x"]]
        assert values.ravel() == pytest.approx(MOVED[[5, 6], 0] / largest)


def test_results_at_a_part_of_the_nodes_are_refused_unless_the_others_have_no_solid(tmp_path):
    some = [Set(1.0, MOVED, nodes=range(7))]
    error = refused(cube(some), tmp_path, FileFormatError, "part of the nodes")
    assert f"node {IDS[7]}" in error.place
    loose = {**NODES, 999: [9.0, 9.0, 9.0]}
    with converted(cube([Set(1.0, np.vstack([MOVED, np.zeros(3)]), nodes=range(8))], nodes=loose), tmp_path) as found:
        assert np.allclose(found.read("displacement", 0, 0), MOVED)
        assert any(note.name == "nodes_without_solids" for note in found.model.omissions)


def test_undefined_values_are_missing_and_never_zero(tmp_path):
    values = MOVED.copy()
    values[3] = np.nan
    error = refused(cube([Set(1.0, values)]), tmp_path, FileFormatError, "part of the nodes")
    assert f"node {IDS[3]}" in error.place


def test_two_sets_at_one_time_are_one_where_they_are_equal(tmp_path):
    with converted(cube([Set(1.0, MOVED), Set(1.0, MOVED, step=(2, 1, 2)), Set(2.0, 2 * MOVED, step=(2, 2, 3))]),
                   tmp_path) as found:
        assert found.times.tolist() == [1.0, 2.0]
        assert any(note.name == "repeated_times" for note in found.model.omissions)


def test_substeps_that_were_not_written_are_noted(tmp_path):
    sets = [Set(1.0, MOVED, step=(1, 3, 3)), Set(2.0, 2 * MOVED, step=(1, 4, 4))]
    with converted(cube(sets), tmp_path) as found:
        note = next(one for one in found.model.omissions if one.name == "missing_increments")
        assert "2 substeps" in note.description


def test_large_deflection_and_inertia_are_noted_as_what_does_work(tmp_path):
    with converted(cube(header={34: 1, 7: 4}), tmp_path) as found:
        assert {note.name for note in found.model.omissions if note.does_work} >= {"nlgeom", "inertia"}


@pytest.mark.parametrize(("header", "word"), [
    ({7: 2}, "modal"), ({7: 3}, "harmonic"), ({7: 1}, "buckling"), ({7: 8}, "spectrum"), ({20: 12}, "cyclic-symmetric"),
    ({17: 1}, "substructure")])
def test_what_is_no_history_is_refused_by_name(tmp_path, header, word):
    error = refused(cube(header=header), tmp_path, UnsupportedError, word)
    assert "quasi-static" in error.expected


def test_a_real_modal_result_is_refused(tmp_path):
    """The example that Ansys' own reader comes with."""
    package = pytest.importorskip("ansys.mapdl.reader")
    refused(Path(package.__file__).parent / "examples" / "file.rst", tmp_path, UnsupportedError, "modal")


def test_displacement_is_found_among_other_degrees_of_freedom(tmp_path):
    """A model with shells has rotations; a coupled one has temperatures first here."""
    values = np.column_stack([np.full((8, 1), 300.0), MOVED[:, 2], np.full((8, 3), 7.0), MOVED[:, :2]])
    with converted(cube([Set(1.0, values, dofs=(20, 3, 4, 5, 6, 1, 2))]), tmp_path) as found:
        assert np.array_equal(found.read("displacement", 0, 0), MOVED)
        assert (found.read("temperature", 0, 0) == 300.0).all()


def test_complex_sets_and_dead_elements_are_refused(tmp_path):
    refused(cube([Set(1.0, MOVED, header={18: 1})]), tmp_path, UnsupportedError, "complex")
    refused(cube([Set(1.0, MOVED, header={122: 1})]), tmp_path, UnsupportedError, "killed")


@pytest.mark.parametrize(("routine", "keyopts", "word"), [
    (45, {}, "extra displacement shapes"), (45, {2: 1}, "hourglass"), (185, {2: 1}, "hourglass"),
    (185, {2: 2}, "enhanced strain"), (185, {6: 1}, "u-P"), (185, {3: 1}, "layers"), (64, {}, "another physics")])
def test_formulations_are_refused_by_name(tmp_path, routine, keyopts, word):
    error = refused(cube(types=[(1, routine, keyopts)]), tmp_path, UnsupportedError, "formulation")
    assert word in error.found and "formulation" in error.remedy


def test_a_tetrahedron_with_pressures_is_refused_and_read_at_the_users_word(tmp_path):
    four = (0, 1, 3, 4)
    rst = Rst({k + 1: NODES[IDS[k]] for k in four}, [(1, 285, {})], [(1, 1, 1, [1, 2, 4, 5])],
              [Set(1.0, MOVED[[*four]])])
    assert "stabilised" in refused(rst, tmp_path, UnsupportedError, "SOLID285").found
    with converted(rst, tmp_path, formulation="standard") as found:
        assert found.mesh(0).blocks[0].cell_type == "tet4"


def test_elements_that_are_no_solids_are_counted_by_name(tmp_path):
    rst = cube(types=[(1, 45, {1: 1}), (2, 154, {}), (3, 181, {})],
               elements=[(12, 1, 3, IDS), (13, 2, 1, IDS[:4]), (14, 2, 1, IDS[4:]), (15, 3, 1, IDS[:4])])
    with converted(rst, tmp_path) as found:
        notes = {note.name: note.description for note in found.model.omissions if note.does_work}
        assert notes["elements_SURF154"].startswith("2 elements") and "elements_SHELL181" in notes


def test_a_brick_that_lacks_a_midside_node_has_one_in_the_middle_that_moves_with_the_corners(tmp_path):
    mesh = box_mesh("hex20", (1, 1, 1))
    own = (mesh.node_ids[mesh.blocks[0].connectivity[0]] + 1).tolist()
    own[8] = 0
    u = mesh.points @ STRETCH.T
    nodes = dict(zip((mesh.node_ids + 1).tolist(), mesh.points.tolist(), strict=True))
    with converted(Rst(nodes, [(1, 186, {})], [(1, 1, 1, own)], [Set(1.0, u)]), tmp_path) as found:
        assert any(note.name == "midside_nodes" for note in found.model.omissions)
        mesh_found = found.mesh(0)
        assert np.allclose(found.read("displacement", 0, 0), mesh_found.points @ STRETCH.T, rtol=0, atol=1e-15)


def test_forces_are_left_out_with_a_note_where_nodes_have_axes_of_their_own(tmp_path):
    nodes = {**NODES, IDS[0]: [*CUBE[0], 30.0, 0.0, 0.0]}
    with converted(cube([Set(1.0, MOVED, {0: {1: np.ones(24)}})], nodes=nodes), tmp_path) as found:
        assert "internal_force" not in found.fields
        assert any(note.name == "internal_force" for note in found.model.omissions)
    nodes[IDS[0]][3] = float("inf")
    (tmp_path / "x").mkdir()
    error = refused(cube(nodes=nodes).write(tmp_path / "x" / "f.rst"), tmp_path / "x", FileFormatError, "angle")
    assert "inf" in str(error.found)


@pytest.mark.parametrize(("change", "error", "word"), [
    (lambda raw: raw[:len(raw) // 2], FileFormatError, "truncated"),
    (lambda raw: b"", FileFormatError, "no binary file"),
    (lambda raw: np.frombuffer(raw, "<i4").astype(">i4").tobytes(), FileFormatError, "no binary file"),
    (lambda raw: raw[:8] + (4).to_bytes(4, "little") + raw[12:], FileFormatError, "no results"),
    (lambda raw: b"not a result at all" * 40, FileFormatError, "no binary file")])
def test_what_is_no_result_or_not_whole_is_refused_with_its_cause(tmp_path, change, error, word):
    path = cube().write(tmp_path / "file.rst")
    path.write_bytes(change(path.read_bytes()))
    refused(path, tmp_path, error, word)


def test_a_file_without_sets_is_refused_and_a_deck_is_no_result(tmp_path):
    refused(cube([]), tmp_path, FileFormatError, "no results")
    (tmp_path / "x.cdb").write_text("/COM,ANSYS RELEASE\n")
    with pytest.raises(InputError, match="mesh and no results"):
        AnsysConverter().convert(tmp_path / "x.cdb", tmp_path / "out.vtkhdf")
    with pytest.raises(InputError, match="option"):
        AnsysConverter().convert(cube().write(tmp_path / "file.rst"), tmp_path / "out.vtkhdf",
                                 options={"formulation": "B-bar"})


def test_no_part_of_a_history_is_kept(tmp_path):
    """A record is read when it is asked for."""
    history = AnsysHistory(cube().write(tmp_path / "file.rst"))
    first, second = history.read(0)["displacement"][0], history.read(1)["displacement"][0]
    assert np.allclose(second.values, 2.0 * first.values)


def test_plastic_strain_in_axes_of_the_element_is_turned_with_half_its_shear(tmp_path):
    frame = Rotation.from_euler("ZXY", [30.0, 20.0, 10.0], degrees=True).as_matrix()
    own = np.array([[1.0, 0.25, -0.5], [0.25, 2.0, 0.75], [-0.5, 0.75, -3.0]]) * 1e-3
    values = [*np.diag(own), 2 * own[0, 1], 2 * own[1, 2], 2 * own[0, 2], 0.0]
    nonlinear = np.tile([0.0, 1.0, 0.02, 0.01, *np.zeros(6)], 8)
    one = Set(1.0, MOVED, {0: {2: np.ones(48), 6: np.tile(values, 8), 9: [30.0, 20.0, 10.0], 14: nonlinear}})
    with converted(cube([one]), tmp_path) as found:
        given = found.read("plastic_strain", 0, 0)
    full, root = frame @ own @ frame.T, np.sqrt(2.0)
    expected = [*np.diag(full), root * full[0, 1], root * full[0, 2], root * full[1, 2]]
    assert np.allclose(given, expected, rtol=1e-5, atol=1e-9)


def test_undefined_values_of_elements_are_missing(tmp_path):
    with converted(cube([Set(1.0, MOVED, {0: {2: np.full(48, 2.0 ** 100)}}, extrapolation=0)]), tmp_path) as found:
        assert "stress" not in found.fields and "nodal_stress" not in found.fields
        assert any(note.name == "field_stress" for note in found.model.omissions)


def test_a_node_of_its_own_axes_that_is_held_in_part_and_moved_is_not_held_along_the_global_ones(tmp_path):
    nodes = {**NODES, IDS[0]: [*NODES[IDS[0]], 30.0, 0.0, 0.0]}
    held = [(IDS[0], 1, 0.5), (IDS[0], 2, 0.0), (IDS[0], 3, 0.0)]
    with converted(cube([replace(one, constraints=held) for one in cube().sets], nodes=nodes), tmp_path) as found:
        assert any(note.name == "prescribed_in_nodal_axes" for note in found.model.omissions)
        assert [one.kind for one in found.model.constraints.values()] == ["linear"]
