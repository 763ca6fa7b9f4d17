"""Results of Nastran: real files against two other readers, and small ones of known displacements."""

from __future__ import annotations

import numpy as np
import pytest
from op2_writer import CQUAD4, GRID, Op2Writer
from romlib_converters.nastran import NastranConverter
from small_model import CD, IDS, POINTS, deck_text, field, local_axes, write_geometry, write_small

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.snapshots import Snapshots
from romlib.testing import check_converter

NOWHERE = np.zeros(len(IDS), int)


def converted(source, folder, **options):
    target = folder / "out.vtkhdf"
    NastranConverter().convert(source, target, options=options or None)
    return Snapshots(target)


def by_id(snapshots):
    """Displacements (n_step, n_node, 3) by id of the node."""
    mesh = snapshots.mesh(0)
    return {int(node): snapshots.read("displacement", 0)[:, k] for k, node in enumerate(mesh.node_ids)}


def omissions(snapshots):
    return {one.name: one for one in snapshots.model.omissions}


@pytest.mark.data
@pytest.mark.parametrize("name, n_node, n_cell", [("cantilevered_plate_3d", 312, 125),
                                                  ("transient_solid_shell_bar", 13, 5)])
def test_real_results_are_what_a_second_reader_finds(data_dir, tmp_path, name, n_node, n_cell):
    other = pytest.importorskip("meshioplusplus", reason="meshioplusplus is not installed")
    source = data_dir / "nastran" / f"{name}.op2"
    with converted(source, tmp_path) as ours:
        assert (ours.n_node_total, ours.n_cell_total) == (n_node, n_cell)
        times = other.nastran_op2.time_values(str(source))
        assert np.allclose(ours.times, np.unique(times), rtol=1e-6)
        mine = by_id(ours)
        solids = ("hexahedron", "wedge", "tetra")
        for step in {0, len(ours.times) // 2, len(ours.times) - 1}:
            theirs = other.read(source, time_step=step)
            used = np.unique(np.concatenate([c.data.ravel() for c in theirs.cells if c.type in solids]))
            assert len(used) == n_node and sum(len(c.data) for c in theirs.cells if c.type in solids) == n_cell
            at = {tuple(point): values for point, values in zip(
                np.round(theirs.points[used], 4).tolist(), theirs.point_data["DISPLACEMENT"][used])}
            for point, node in zip(np.round(ours.mesh(0).points, 4).tolist(), ours.mesh(0).node_ids):
                assert np.allclose(mine[int(node)][step], at[tuple(point)], rtol=1e-6, atol=1e-12)


@pytest.mark.data
def test_real_results_are_what_pynastran_reads(data_dir, tmp_path):
    op2 = pytest.importorskip("pyNastran.op2.op2", reason="pyNastran is not installed")
    source = data_dir / "nastran" / "transient_solid_shell_bar.op2"
    model = op2.OP2(debug=None)
    model.read_op2(str(source))
    theirs = model.displacements[1]
    rows = {int(node): k for k, node in enumerate(theirs.node_gridtype[:, 0])}
    with converted(source, tmp_path) as ours:
        assert len(theirs._times) == 2 * ours.n_step == 42  # the file has every time twice
        assert {"repeated_times", "inertia", "no_deck", "formulation_CHEXA_hex8"} <= set(omissions(ours))
        for node, values in by_id(ours).items():
            assert np.array_equal(values.astype(np.float32), theirs.data[:21, rows[node], :3])


@pytest.mark.data
def test_nonlinear_stress_that_stops_pynastran_does_not_stop_the_displacement(data_dir, tmp_path):
    op2 = pytest.importorskip("pyNastran.op2.op2", reason="pyNastran is not installed")
    source = data_dir / "nastran" / "cantilevered_plate_3d.op2"
    with pytest.raises(RuntimeError):
        op2.OP2(debug=None).read_op2(str(source))
    with converted(source, tmp_path) as ours:
        assert ours.n_step == 1 and ours.times[0] == 1.0
        assert ours.model.materials["MAT_1"].parameters == {"young": 210000.0, "poisson": 0.3}
        assert {"nlgeom", "formulation_CHEXA_hex8"} <= set(omissions(ours))


@pytest.mark.data
def test_shells_alone_are_refused_with_their_number(data_dir, tmp_path):
    with pytest.raises(UnsupportedError, match="4 CQUAD4"):
        converted(data_dir / "nastran" / "sol401_tstep1.op2", tmp_path)


def test_the_written_files_are_what_pynastran_reads(tmp_path):
    geometry = pytest.importorskip("pyNastran.op2.op2_geom", reason="pyNastran is not installed")
    write_small(tmp_path / "a.op2")
    model = geometry.OP2Geom(debug=None)
    model.read_op2(str(tmp_path / "a.op2"))
    assert sorted(model.nodes) == IDS.tolist() and len(model.elements) == 5 and sorted(model.coords) == [0, 1, 2, 3]
    assert np.array_equal(model.displacements[1]._times, [0.5, 1.0])


def test_a_second_reader_turns_chained_frames_to_the_same_displacements(tmp_path):
    other = pytest.importorskip("meshioplusplus", reason="meshioplusplus is not installed")
    source = write_small(tmp_path / "a.op2")
    theirs = other.read(source, time_step=1)  # it turns rectangular, cylindrical and spherical frames itself
    at = {tuple(point): values for point, values in zip(
        np.round(theirs.points, 4).tolist(), theirs.point_data["DISPLACEMENT"])}
    with converted(source, tmp_path) as ours:
        for point, values in zip(np.round(ours.mesh(0).points, 4).tolist(), ours.read("displacement", 0)[1]):
            assert np.allclose(values, at[tuple(point)], rtol=0, atol=1e-8)


@pytest.mark.parametrize("order, word", [("<", 4), (">", 4), ("<", 8), (">", 8)])
@pytest.mark.parametrize("header", [True, False])
def test_displacements_in_chained_frames_are_turned_in_every_layout_of_the_file(tmp_path, order, word, header):
    source = write_small(tmp_path / "a.op2", writer=Op2Writer(order, word, header, cut=37), scalar=True)
    with converted(source, tmp_path) as ours:
        assert ours.fields["displacement"].dtype == ("float32" if word == 4 else "float64")
        assert np.allclose(ours.times, [0.5, 1.0])
        points = ours.mesh(0).points
        for step, time in enumerate(ours.times):
            assert np.allclose(ours.read("displacement", 0)[step], field(points, time), rtol=0, atol=2e-8)
        assert "1 scalar point" in omissions(ours)["scalar_points"].description


def test_results_in_another_order_than_the_grid_points_are_turned_in_their_own_frames(tmp_path):
    """The second record is in another order than the first one."""
    writer, found = Op2Writer(), []
    write_geometry(writer, CD, (2, 1))
    for time, order in ((0.5, np.arange(15)[::-1]), (1.0, np.random.default_rng(1).permutation(15))):
        values = np.zeros((15, 6))
        values[:, :3] = [local_axes(one, point).T @ u for one, point, u in zip(CD, POINTS, field(POINTS, time))]
        found += [writer.ident(10, time), writer.rows(IDS[order], values[order])]
    writer.table("OUGV1", found)
    with converted(writer.write(tmp_path / "a.op2"), tmp_path) as ours:
        for step, time in enumerate((0.5, 1.0)):
            assert np.allclose(ours.read("displacement", 0)[step], field(ours.mesh(0).points, time), atol=2e-8)


def test_points_on_the_axis_of_a_cylinder_move_in_its_rectangular_axes(tmp_path):
    cd = np.where(np.arange(len(IDS)) == 0, 2, 0)
    import small_model

    system = small_model.SYSTEMS[2]
    try:
        small_model.SYSTEMS[2] = ("C", 0, [POINTS[0].tolist(), (POINTS[0] + [0, 0, 1]).tolist(),
                                           (POINTS[0] + [0, 1, 0]).tolist()])
        source = write_small(tmp_path / "a.op2", cd=cd)
    finally:
        small_model.SYSTEMS[2] = system
    with converted(source, tmp_path) as ours:
        assert np.allclose(ours.read("displacement", 0)[1], field(ours.mesh(0).points, 1.0), atol=2e-8)


def test_basic_displacements_are_not_turned(tmp_path):
    writer = Op2Writer()
    source = write_small(tmp_path / "a.op2", writer=writer, cd=NOWHERE, table="BOUGV1")
    with converted(source, tmp_path) as ours:
        assert np.allclose(ours.read("displacement", 0)[1], field(ours.mesh(0).points, 1.0), atol=2e-8)


def test_a_table_whose_frame_is_not_sure_is_refused_where_frames_differ(tmp_path):
    source = write_small(tmp_path / "a.op2", table="OUGV1PAT")
    with pytest.raises(UnsupportedError, match="differ in the frame"):
        converted(source, tmp_path)
    with converted(write_small(tmp_path / "b.op2", cd=NOWHERE, table="OUGV1PAT"), tmp_path) as ours:
        assert ours.n_step == 2


def test_records_written_twice_are_taken_once_and_said(tmp_path):
    source = write_small(tmp_path / "a.op2", times=(0.5, 1.0, 1.0))
    with converted(source, tmp_path) as ours:
        assert ours.times.tolist() == [0.5, 1.0] and "repeated_times" in omissions(ours)


def test_records_of_one_time_that_differ_are_refused(tmp_path):
    source = write_small(tmp_path / "a.op2", times=(0.5, 1.0, 1.0), scale=(0.5, 1.0, 1.2))
    with pytest.raises(FileFormatError, match="two records at one time differ"):
        converted(source, tmp_path)


def test_load_factors_go_on_through_subcases(tmp_path):
    source = write_small(tmp_path / "a.op2", times=(0.5, 1.0, 1.5, 2.0), subcases=(1, 1, 2, 2))
    with converted(source, tmp_path) as ours:
        assert ours.times.tolist() == [0.5, 1.0, 1.5, 2.0]


def test_subcases_that_begin_anew_are_refused_and_each_can_be_converted(tmp_path):
    source = write_small(tmp_path / "a.op2", times=(0.5, 1.0, 0.5, 1.0), subcases=(1, 1, 2, 2),
                         scale=(0.5, 1.0, -0.5, -1.0))
    with pytest.raises(FileFormatError, match="option subcase"):
        converted(source, tmp_path)
    with converted(source, tmp_path, subcase=2) as ours:
        assert np.allclose(ours.read("displacement", 0)[1], field(ours.mesh(0).points, -1.0), atol=2e-8)
    with pytest.raises(InputError, match="no such subcase"):
        converted(source, tmp_path, subcase=7)
    with pytest.raises(InputError, match="whole number"):
        converted(source, tmp_path, subcase="last")


def test_linear_subcases_stand_at_times_one_two_three(tmp_path):
    source = write_small(tmp_path / "a.op2", times=(11, 12, 13), analysis=1, subcases=(1, 5, 9), scale=(1.0, 2.0, 3.0))
    with converted(source, tmp_path) as ours:
        assert ours.times.tolist() == [1.0, 2.0, 3.0] and "linear_subcases" in omissions(ours)


@pytest.mark.parametrize("analysis, code, form, words", [
    (2, 7, 1, "modal"), (5, 1, 3, "harmonic"), (8, 7, 1, "buckling"), (9, 7, 3, "complex")])
def test_results_that_are_no_history_are_refused_by_name(tmp_path, analysis, code, form, words):
    source = write_small(tmp_path / "a.op2", analysis=analysis, code=code, form=form)
    with pytest.raises(UnsupportedError, match=words):
        converted(source, tmp_path)


def test_results_sorted_by_points_are_refused_with_what_to_ask_for(tmp_path):
    with pytest.raises(UnsupportedError, match="SORT1"):
        converted(write_small(tmp_path / "a.op2", code=2001), tmp_path)


def test_temperatures_alone_are_refused(tmp_path):
    with pytest.raises(UnsupportedError, match="temperatures and no displacements"):
        converted(write_small(tmp_path / "a.op2", heat=1), tmp_path)


def test_results_on_a_part_of_the_solids_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="a part of the nodes"):
        converted(write_small(tmp_path / "a.op2", leave_out=[4]), tmp_path)


@pytest.mark.parametrize("record", [0, 1])
def test_results_at_a_grid_point_that_the_model_does_not_have_are_refused_with_its_number(tmp_path, record):
    writer, values = Op2Writer(), np.zeros((len(IDS) + 1, 6))
    write_geometry(writer, CD, (2, 1))
    writer.table("OUGV1", [part for k in (0, 1) for part in (writer.ident(10, 0.5 * (k + 1)), (
        writer.rows(np.append(IDS, 777), values) if k == record else writer.rows(IDS, values[1:])))])
    with pytest.raises(FileFormatError, match=rf"part {3 + 2 * record}[\s\S]*grid point 777"):
        converted(writer.write(tmp_path / "a.op2"), tmp_path)


def test_results_without_geometry_need_a_deck(tmp_path):
    source = write_small(tmp_path / "a.op2", geometry=False)
    with pytest.raises(FileFormatError, match="no geometry"):
        converted(source, tmp_path)
    pytest.importorskip("pyNastran", reason="pyNastran is not installed")
    (tmp_path / "a.bdf").write_text(deck_text())
    with converted(source, tmp_path) as ours:
        assert np.allclose(ours.read("displacement", 0)[1], field(ours.mesh(0).points, 1.0), atol=2e-8)


def test_shells_are_counted_and_their_points_left_out(tmp_path):
    writer = Op2Writer()
    write_geometry(writer, NOWHERE, (2, 1))
    quad = [301, 9, *map(int, IDS[[0, 1, 2, 3]]), 0.0, 0.0, 0, 0, 0.0, 0.0, 0.0, 0.0]
    writer.table("GEOM2S", [writer.card(CQUAD4, [quad])])
    writer.table("GEOM1S", [writer.card(GRID, [[5000, 0, 9.0, 9.0, 9.0, 0, 0, 0]])])
    source = write_small(tmp_path / "a.op2", writer=writer, cd=NOWHERE, geometry=False)
    with converted(source, tmp_path) as ours:
        found = omissions(ours)
        assert "1 element CQUAD4" in found["elements_CQUAD4"].description and found["elements_CQUAD4"].does_work
        assert "1 node" in found["nodes_without_solids"].description and ours.n_node_total == len(IDS)


@pytest.mark.parametrize("order, word", [("<", 4), (">", 4), ("<", 8)])
@pytest.mark.parametrize("size", [4, 8])
def test_matrices_between_the_tables_are_stepped_over(tmp_path, order, word, size):
    writer = Op2Writer(order=order, word=word)
    writer.matrix("KAA", [[(1, [2.0]), (4, [1.0, -3.0])], [], [(9, [5.0])]], size)  # the second column is zero
    with converted(write_small(tmp_path / "a.op2", writer=writer), tmp_path) as ours:
        assert np.allclose(ours.read("displacement", 0)[1], field(ours.mesh(0).points, 1.0), atol=2e-8)


@pytest.mark.parametrize("name, refused", [("TOUGS1", False), ("OUGV1", True)])
def test_an_ident_that_is_too_short_is_refused_in_tables_of_displacements_alone(tmp_path, name, refused):
    writer = Op2Writer()
    writer.table(name, [writer.card((1, 2, 3), [[0] * 45]), writer.card((1, 2, 3), [[0] * 5])])
    source = write_small(tmp_path / "a.op2", writer=writer)
    if refused:
        with pytest.raises(FileFormatError, match="an ident is too short"):
            converted(source, tmp_path)
    else:
        with converted(source, tmp_path) as ours:
            assert ours.n_step == 2


@pytest.mark.parametrize("integration, rule, noted", [
    ((2, 1), "hex_gauss_8", False), ((3, 1), "hex_gauss_27", False), ((0, 0), "hex_gauss_8", True),
    ((2, 0), "hex_gauss_8", True), ((0, 1), "hex_gauss_8", True)])
def test_integration_is_that_of_the_property_or_is_noted(tmp_path, integration, rule, noted):
    with converted(write_small(tmp_path / "a.op2", integration=integration), tmp_path) as ours:
        rules = {block.cell_type: block.quadrature for block in ours.mesh(0).blocks}
        assert rules["hex8"] == rule and rules["tet4"] in ("tet_1", "tet_5_zset")
        found = omissions(ours)
        assert ("formulation_CHEXA_hex8" in found) is noted and "formulation_CTETRA_tet4" not in found
        assert not noted or found["formulation_CHEXA_hex8"].does_work


@pytest.mark.parametrize("damage, words", [
    (lambda data: b"", "too short"), (lambda data: data[:len(data) // 2], "ends in the middle"),
    (lambda data: b"GRID,1,,0.,0.,0.\n" * 9, "no binary output2"),
    (lambda data: data[:40] + b"\xff" * 8 + data[48:], "block|marker|length")])
def test_damaged_files_are_refused_with_the_place(tmp_path, damage, words):
    source = write_small(tmp_path / "a.op2")
    source.write_bytes(damage(source.read_bytes()))
    with pytest.raises(FileFormatError, match=words):
        converted(source, tmp_path)


def test_an_op2_is_known_by_its_first_bytes(tmp_path):
    converter = NastranConverter()
    assert converter.can_read(write_small(tmp_path / "a.op2"))
    assert converter.can_read(write_small(tmp_path / "b.bin", writer=Op2Writer(">", 8)))
    (tmp_path / "c.op2").write_bytes(b"\x04\0\0\0 something else than a marker")
    assert not converter.can_read(tmp_path / "c.op2") and not converter.can_read(tmp_path)


def test_the_converter_does_what_romlib_needs(tmp_path):
    source = write_small(tmp_path / "a.op2", cd=CD)
    check_converter(NastranConverter(), source, displacement=field, times=(0.5, 1.0), n_node=15, n_cell=5,
                    tolerance=1e-5, mutations=60)




def test_temperatures_of_a_coupled_analysis_come_along(tmp_path):
    writer = Op2Writer()
    heat = []
    for time in (0.5, 1.0):
        values = np.zeros((len(IDS), 6))
        values[:, 0] = 20.0 + 100.0 * time * POINTS[:, 0]
        heat += [writer.ident(10, time, heat=1), writer.rows(IDS, values)]
    writer.table("TOUGV1", heat)
    with converted(write_small(tmp_path / "a.op2", writer=writer), tmp_path) as ours:
        assert np.allclose(ours.read("temperature", 0)[1].ravel(), 20.0 + 100.0 * ours.mesh(0).points[:, 0])
        assert np.allclose(ours.read("displacement", 0)[1], field(ours.mesh(0).points, 1.0), atol=2e-8)


def test_temperatures_at_a_part_of_the_times_are_left_out_and_said(tmp_path):
    writer = Op2Writer()
    writer.table("TOUGV1", [writer.ident(10, 1.0, heat=1), writer.rows(IDS, np.zeros((len(IDS), 6)))])
    with converted(write_small(tmp_path / "a.op2", writer=writer), tmp_path) as ours:
        assert "temperature" not in ours.fields and "field_temperature" in omissions(ours)


def test_geometry_that_is_there_twice_is_taken_once_if_it_is_the_same(tmp_path):
    writer = Op2Writer()
    write_geometry(writer, CD, (2, 1))
    with converted(write_small(tmp_path / "a.op2", writer=writer), tmp_path) as ours:
        assert (ours.n_node_total, ours.n_cell_total) == (15, 5)
    writer = Op2Writer()
    write_geometry(writer, NOWHERE, (2, 1))  # other frames of the same grid points
    with pytest.raises(FileFormatError, match="two nodes have the same id"):
        converted(write_small(tmp_path / "b.op2", writer=writer), tmp_path)
