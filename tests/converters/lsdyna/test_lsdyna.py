"""LS-DYNA's d3plot: a real database against a second reader, and small ones of known contents."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from d3plot_writer import D3plotWriter
from romlib_converters.lsdyna import LsdynaConverter, family

from romlib.errors import FileFormatError, InputError, RomlibError, UnsupportedError
from romlib.snapshots import Snapshots
from romlib.tensors import vtk_from_mandel
from romlib.testing import check_converter

CUBE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
POINTS = np.concatenate([CUBE, CUBE[4:] + np.array([0, 0, 1]), [[2, 0.5, 0], [2, 0.5, 1], [0.5, 0.5, 3]]])
# Two hexahedra, a wedge as 1 2 3 4 5 5 6 6, a pyramid as 1 2 3 4 5 5 5 5.
SOLIDS = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 1], [5, 6, 7, 8, 9, 10, 11, 12, 1], [2, 3, 7, 6, 13, 13, 14, 14, 2],
                   [9, 10, 11, 12, 15, 15, 15, 15, 2]])
TIMES = (0.0, 0.25, 0.5)
BY_NODES = [0, 1, 3, 2, 4, 5, 7, 6]  # romlib's points run xi first, the solver's stand in the order of the nodes


def field(points, time):
    x, y, z = points.T
    return 1e-2 * time * np.column_stack([x + 0.5 * y, y * z, -0.3 * z + 0.1 * x * y])


def database(folder, *, times=TIMES, a_file=2, padding=0, alive=None, values=None, **what):
    writer = D3plotWriter(**{"points": POINTS, "solids": SOLIDS, "part_ids": (7, 40), **what})
    states = [writer.state(time, field(writer.points, time), None if values is None else values[k],
                           None if alive is None else alive[k], np.full(len(writer.points), 20.0 + time))
              for k, time in enumerate(times)]
    return writer.write(folder, states, a_file, padding)


def converted(source, folder, **options):
    target = folder / "out.vtkhdf"
    LsdynaConverter().convert(source, target, options=options or None)
    return Snapshots(target)


def omissions(snapshots):
    return {one.name: one for one in snapshots.model.omissions}


@pytest.mark.data
def test_a_real_database_is_what_a_second_reader_finds(data_dir, tmp_path):
    other = pytest.importorskip("meshioplusplus", reason="meshioplusplus is not installed")
    source = data_dir / "lsdyna" / "d3plot_solid_int" / "d3plot"
    with converted(source, tmp_path) as ours:
        mesh = ours.mesh(0)
        assert (ours.n_node_total, ours.n_cell_total, ours.n_step) == (60, 16, 22)
        assert {"inertia", "finite_strain", "formulation", "elements_shell"} <= set(omissions(ours))
        assert {name: len(cells) for name, cells in mesh.cell_tags.items()} == {"PART_1000": 8, "PART_2000": 8}
        for step in (0, 1, 10, 21):
            theirs = other.read(str(source), time_step=step)
            assert np.isclose(ours.times[step], theirs.field_data["meshio:time"][0], rtol=1e-6)
            at = {int(node): k for k, node in enumerate(theirs.point_data["lsdyna:nid"])}
            rows = [at[int(node)] for node in mesh.node_ids]
            assert np.allclose(mesh.points, theirs.points[rows])
            assert np.allclose(ours.read("displacement", 0)[step], theirs.point_data["displacement"][rows], atol=1e-6)
            cells = {int(cell): k for k, cell in enumerate(theirs.cell_data["lsdyna:eid"][0])}
            order = [cells[int(cell)] for cell in mesh.cell_ids]
            stress = theirs.cell_data["stress"][0][order].reshape(16, 8, 6)
            mine = vtk_from_mandel(ours.read("stress", 0)[step]).reshape(16, 8, 6)[:, BY_NODES]
            assert np.allclose(mine, stress, rtol=1e-6, atol=1e-5)
            p = theirs.cell_data["effective_plastic_strain"][0][order].reshape(16, 8)
            assert np.allclose(ours.read("p", 0)[step].reshape(16, 8)[:, BY_NODES], p, atol=1e-8)


@pytest.mark.data
def test_shear_of_the_real_database_varies_along_its_cells_as_the_order_of_points_says(data_dir, tmp_path):
    with converted(data_dir / "lsdyna" / "d3plot_solid_int" / "d3plot", tmp_path) as ours:
        mesh = ours.mesh(0)
        x = mesh.points[mesh.blocks[0].connectivity][:, BY_NODES, 0]  # of the corner next to each point
        along = x - x.mean(axis=1, keepdims=True)
        shear = vtk_from_mandel(ours.read("stress", 0)[2]).reshape(16, 8, 6)[:, :, 5]  # xz, of a plate bent along x
        varying = shear - shear.mean(axis=1, keepdims=True)
        said = np.abs((along * varying).sum(axis=1)) / np.sqrt((along**2).sum(axis=1) * (varying**2).sum(axis=1))
        other = np.abs((along[:, BY_NODES] * varying).sum(axis=1)) / np.sqrt(
            (along**2).sum(axis=1) * (varying**2).sum(axis=1))
        assert np.median(said) > 0.9 > 0.5 > np.median(other)


@pytest.mark.parametrize("order, word", [("<", 4), (">", 4), ("<", 8), (">", 8)])
def test_databases_of_every_layout_have_the_same_displacement(tmp_path, order, word):
    source = database(tmp_path, order=order, word=word, padding=50)
    with converted(source, tmp_path) as ours:
        assert ours.fields["displacement"].dtype == ("float32" if word == 4 else "float64")
        assert np.allclose(ours.times, TIMES)
        for step, time in enumerate(TIMES):
            assert np.allclose(ours.read("displacement", 0)[step], field(ours.mesh(0).points, time), atol=5e-7)


def test_times_in_single_precision_are_the_numbers_of_few_digits_that_they_stand_for(tmp_path):
    with converted(database(tmp_path, times=(0.0, 0.1, 0.7)), tmp_path) as ours:
        assert ours.times.tolist() == [0.0, 0.1, 0.7]


def test_heat_in_the_solids_is_before_their_stress(tmp_path):
    """Words NT3D of each, which a further block of the control words announces."""
    values = np.ones((3, len(SOLIDS), 7))
    with converted(database(tmp_path, values=values, control={57: 2, 65: 5}), tmp_path) as ours:
        stress = ours.read("stress", 0)[1]
        assert np.allclose(stress[~np.isnan(stress)].reshape(-1, 6), np.sqrt([1.0, 1.0, 1.0, 2.0, 2.0, 2.0]))


def test_solids_have_their_true_shape_and_the_numbers_of_the_user(tmp_path):
    ids, cells = 1000 - 7 * np.arange(len(POINTS)), np.array([900, 12, 5, 77])
    source = database(tmp_path, node_ids=ids, solid_ids=cells)
    with converted(source, tmp_path) as ours:
        mesh = ours.mesh(0)
        assert {block.cell_type: sorted(block.cell_ids.tolist()) for block in mesh.blocks} == {
            "hex8": [12, 900], "wedge6": [5], "pyramid5": [77]}
        assert sorted(mesh.node_ids.tolist()) == sorted(ids.tolist())
        assert sorted(mesh.cell_ids[mesh.cell_tags["PART_40"]].tolist()) == [5, 77]
        at = {int(node): k for k, node in enumerate(ids)}
        assert np.allclose(mesh.points, POINTS[[at[int(node)] for node in mesh.node_ids]])


def test_a_second_reader_finds_the_same_in_a_written_database(tmp_path):
    other = pytest.importorskip("meshioplusplus", reason="meshioplusplus is not installed")
    source = database(tmp_path, node_ids=1000 - 7 * np.arange(len(POINTS)), solid_ids=np.array([9, 8, 7, 6]))
    theirs = other.read(str(source), file_format="lsdyna_d3plot", time_step=2)
    at = {int(node): values for node, values in zip(
        theirs.point_data["lsdyna:nid"], theirs.point_data["displacement"])}
    with converted(source, tmp_path) as ours:
        assert sum(len(cells.data) for cells in theirs.cells) == ours.n_cell_total == 4
        for node, values in zip(ours.mesh(0).node_ids, ours.read("displacement", 0)[2]):
            assert np.allclose(values, at[int(node)], atol=5e-7)


@pytest.mark.parametrize("again", [False, True])
def test_tetrahedra_of_four_and_of_ten_nodes(tmp_path, again):
    """Some writers have the nodes nine and ten again, behind the numbers."""
    corners = POINTS[[0, 1, 2, 4]]
    edges = [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)]
    middles = [corners[list(edge)].mean(axis=0) for edge in edges]
    points = np.concatenate([corners, middles, corners + np.array([5, 0, 0])])
    solids = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 1], [11, 12, 13, 14, 14, 14, 14, 14, 1]])
    source = database(tmp_path, points=points, solids=solids, extra=np.array([[9, 10], [0, 0]]), part_ids=(1,),
                      again=again)
    with converted(source, tmp_path) as ours:
        assert {block.cell_type: block.n_cell for block in ours.mesh(0).blocks} == {"tet10": 1, "tet4": 1}


def test_stress_of_eight_points_is_in_the_order_of_romlib(tmp_path):
    values = np.zeros((3, 2, 8, 7))
    values[..., 0] = np.arange(8)  # xx: the number of the node next to a point
    values[..., 6] = 0.01 * np.arange(8)
    source = database(tmp_path, points=POINTS[:12], solids=SOLIDS[:2], stored=8, values=values.reshape(3, 2, 56))
    with converted(source, tmp_path) as ours:
        assert ours.mesh(0).blocks[0].quadrature == "hex_gauss_8"
        assert ours.read("stress", 0)[1].reshape(2, 8, 6)[0, :, 0].tolist() == BY_NODES
        assert np.allclose(ours.read("p", 0)[1].reshape(2, 8)[1], 0.01 * np.array(BY_NODES))


def test_one_stored_point_is_taken_for_one_point_elements_and_said(tmp_path):
    with converted(database(tmp_path), tmp_path) as ours:
        assert {block.cell_type: block.quadrature for block in ours.mesh(0).blocks}["hex8"] == "hex_gauss_1"
        assert "ELFORM 1" in omissions(ours)["formulation"].description
        assert omissions(ours)["formulation"].does_work and "stress_in_part" in omissions(ours)
    with converted(database(tmp_path), tmp_path, quadrature={"hex8": "hex_gauss_8"}, leave_out="stress,p") as ours:
        assert {block.cell_type: block.quadrature for block in ours.mesh(0).blocks}["hex8"] == "hex_gauss_8"


@pytest.mark.parametrize("numbers", [{}, {"node_ids": 3 * np.arange(1, 16), "solid_ids": 5 * np.arange(1, 5)}])
def test_temperatures_beams_and_shells_beside_the_solids(tmp_path, numbers):
    with converted(database(tmp_path, temperature=True, shells=3, beams=2, **numbers), tmp_path) as ours:
        assert "2 elements beam" in omissions(ours)["elements_beam"].description
        assert ours.mesh(0).cell_ids.max() == (20 if numbers else 4)
        assert not np.nan_to_num(ours.read("stress", 0)).any()
        assert np.allclose(ours.read("temperature", 0)[2], 20.5)
        assert "3 elements shell" in omissions(ours)["elements_shell"].description
        assert np.allclose(ours.read("displacement", 0)[2], field(ours.mesh(0).points, 0.5), atol=5e-7)


def test_zeros_behind_the_last_state_are_no_states(tmp_path):
    """A file that was allocated and not filled, without the word that ends it."""
    source = database(tmp_path, a_file=3)
    file = tmp_path / "d3plot01"
    states = file.read_bytes()[:-4]
    file.write_bytes(states + bytes(len(states)))
    with converted(source, tmp_path) as ours:
        assert ours.times.tolist() == list(TIMES)


def test_of_temperatures_in_three_layers_the_lowest_is_taken(tmp_path):
    """IT = 3: three temperatures a node, and then the flux of heat."""
    writer = D3plotWriter(POINTS, SOLIDS, part_ids=(7, 40), temperature=True, control={19: 3})
    n = len(POINTS)
    states = [writer.state(time, field(POINTS, time), heat=np.concatenate([
        (np.arange(n)[:, None] + np.array([0.0, 100.0, 200.0])).ravel(), np.full(3 * n, -5.0)])) for time in TIMES]
    with converted(writer.write(tmp_path, states), tmp_path) as ours:
        assert ours.read("temperature", 0)[2].ravel().tolist() == (ours.mesh(0).node_ids - 1).tolist()


@pytest.mark.parametrize("deletes", ["elements", "nodes"])
def test_states_from_the_first_erosion_on_are_left_out(tmp_path, deletes):
    n = len(SOLIDS) if deletes == "elements" else len(POINTS)
    alive = np.ones((3, n + (deletes == "nodes")))
    alive[2, 1] = 0.0
    alive[:, n:] = 0.0  # a node of no solid is nobody's
    points = POINTS if deletes == "elements" else np.append(POINTS, [[9.0, 9.0, 9.0]], axis=0)
    with converted(database(tmp_path, deletes=deletes, alive=alive, points=points), tmp_path) as ours:
        assert ours.times.tolist() == [0.0, 0.25] and "time 0.5" in omissions(ours)["erosion"].description
    alive[0, 1] = 0.0
    with pytest.raises(UnsupportedError, match="eroded in the first state"):
        converted(database(tmp_path, deletes=deletes, alive=alive, points=points), tmp_path)


def test_rigid_parts_are_named(tmp_path):
    source = database(tmp_path, material_types=(20, 1), node_ids=np.arange(1, 16), solid_ids=np.arange(1, 5))
    with converted(source, tmp_path) as ours:
        assert "parts 7 are rigid" in omissions(ours)["rigid_parts"].description


def test_a_numbered_file_or_the_folder_means_the_database(tmp_path):
    source = database(tmp_path, a_file=1)
    for one in (source, tmp_path / "d3plot02", tmp_path, [source, tmp_path / "d3plot01"]):
        with converted(one, tmp_path) as ours:
            assert ours.n_step == 3
    assert LsdynaConverter().can_read(source) and LsdynaConverter().can_read(tmp_path)
    assert not LsdynaConverter().can_read(tmp_path / "d3plot02")
    assert LsdynaConverter().read_mesh(source).n_cell == 4


def test_a_missing_file_of_the_family_is_named(tmp_path):
    source = database(tmp_path, a_file=1)
    (tmp_path / "d3plot02").unlink()
    with pytest.raises(FileFormatError, match="d3plot02"):
        converted(source, tmp_path)
    for name in ("d3plot01", "d3plot03"):
        (tmp_path / name).unlink()
    with pytest.raises(FileFormatError, match="no states"):
        converted(source, tmp_path)


@pytest.mark.parametrize("control, words", [
    ({11: 11}, "modal"), ({11: 5}, "d3part"), ({11: 4}, "intfor"), ({51: 76_893_465}, "femzip"),
    ({48: 1}, "fluid dynamics"), ({50: 1}, "adaptive"), ({15: 2}, "two-dimensional"), ({37: 3}, "particles"),
    ({54: 2}, "airbags"), ({15: 6}, "rigid road"), ({20: 0}, "no coordinates"), ({23: 0}, "no solids"),
    ({57: 16, 64: 1}, "20-node"),
    ({51: 2146435072}, "more parts")])
def test_databases_that_cannot_be_converted_are_refused_by_name(tmp_path, control, words):
    with pytest.raises(RomlibError, match=words):
        converted(database(tmp_path, control=control), tmp_path)


@pytest.mark.parametrize("damage, words", [
    (lambda data: b"", "no database"), (lambda data: data[:200], "no database"),
    (lambda data: b"*KEYWORD\n" * 99, "no database"), (lambda data: data[:400], "ends before its contents")])
def test_damaged_databases_are_refused_with_the_place(tmp_path, damage, words):
    source = database(tmp_path)
    source.write_bytes(damage(source.read_bytes()))
    with pytest.raises(FileFormatError, match=words):
        converted(source, tmp_path)


def test_a_state_that_ends_early_is_refused_with_its_file(tmp_path):
    source = database(tmp_path)
    last = tmp_path / "d3plot02"
    last.write_bytes(last.read_bytes()[:-40])
    with pytest.raises(FileFormatError, match="middle of a state"):
        converted(source, tmp_path)


def test_a_file_cut_between_states_is_said_and_an_empty_one_refused(tmp_path):
    source = database(tmp_path)
    first = tmp_path / "d3plot01"
    whole = first.read_bytes()
    first.write_bytes(whole[:(len(whole) - 4) // 2])
    with converted(source, tmp_path) as ours:
        note = omissions(ours)["unfinished_files"]
        assert ours.n_step == 2 and note.does_work and note.description.startswith("d3plot01")
    first.write_bytes(b"")
    with pytest.raises(FileFormatError, match="is empty"):
        converted(source, tmp_path)


@pytest.mark.parametrize("stored, more", [(1, 0), (1, 5), (8, 0)])
def test_states_read_in_small_parts_are_those_read_at_once(tmp_path, monkeypatch, stored, more):
    """more : further variables of a solid, behind those of its points."""
    values = np.random.default_rng(5).normal(size=(3, 2, 7 * stored + more))
    what = {"points": POINTS[:12], "solids": SOLIDS[:2], "stored": stored, "part_ids": (1,), "temperature": True,
            "values": values, "control": {27: 7 * stored + more}}
    with converted(database(tmp_path, **what), tmp_path) as ours:
        whole = {name: ours.read(name, 0) for name in ours.fields}
    assert set(whole) == {"displacement", "temperature", "stress", "p"}
    p = values[:, :, :7 * stored].reshape(3, 2, stored, 7)[..., 6]
    assert np.allclose(whole["p"].reshape(3, 2, stored), p if stored == 1 else p[:, :, BY_NODES])
    monkeypatch.setattr(family, "_AT_ONCE", 40)  # three nodes, a solid
    with converted(database(tmp_path, **what), tmp_path) as ours:
        assert all(np.array_equal(ours.read(name, 0), one) for name, one in whole.items())


@pytest.mark.parametrize("ids", [np.arange(1, 16), np.arange(40, 55), 1000 - 7 * np.arange(15)])
def test_a_coordinate_that_is_not_finite_is_refused_with_the_number_of_its_node(tmp_path, monkeypatch, ids):
    monkeypatch.setattr(family, "_AT_ONCE", 40)
    source = database(tmp_path, a_file=1, node_ids=ids, solid_ids=np.arange(1, 5))
    words = np.fromfile(tmp_path / "d3plot02", "<f4")
    words[3 + 3 * 11 + 1] = np.nan
    words.tofile(tmp_path / "d3plot02")
    with pytest.raises(FileFormatError, match=rf"state 2 \(d3plot02\)[\s\S]*node {ids[11]}$"):
        converted(source, tmp_path)


@pytest.mark.parametrize("column, value, words", [(5, 0, "node"), (2, 16, "node"), (8, 3, "part"), (8, 0, "part")])
def test_a_solid_of_a_node_or_part_that_is_not_there_is_refused(tmp_path, monkeypatch, column, value, words):
    monkeypatch.setattr(family, "_AT_ONCE", 40)
    solids = SOLIDS.copy()
    solids[2, column] = value
    with pytest.raises(FileFormatError, match=f"a solid has a {words} that is not there") as error:
        converted(database(tmp_path, solids=solids), tmp_path)
    assert words == "part" or (error.value.place, error.value.found) == ("solid 3", solids[2, :8].tolist())


def test_no_option_is_known_that_does_not_exist(tmp_path):
    with pytest.raises(InputError, match="unknown option"):
        converted(database(tmp_path), tmp_path, elform=2)


def test_the_converter_does_what_romlib_needs(tmp_path):
    source = database(tmp_path)
    check_converter(LsdynaConverter(), [source, tmp_path / "d3plot01", tmp_path / "d3plot02"], displacement=field,
                    times=TIMES, n_node=15, n_cell=4, tolerance=1e-4, mutations=60)


@pytest.mark.data
def test_the_real_database_in_a_folder_without_its_last_files_is_shorter(data_dir, tmp_path):
    for name in ("d3plot", "d3plot01", "d3plot02"):
        shutil.copy(data_dir / "lsdyna" / "d3plot_solid_int" / name, tmp_path / name)
    with converted(tmp_path / "d3plot", tmp_path) as ours:
        assert ours.n_step == 2
