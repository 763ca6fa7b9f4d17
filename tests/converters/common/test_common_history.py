"""A history by ids becomes a snapshots file; what is missing, there twice or unknown is refused or said."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.common import streams
from romlib_converters.common.history import FieldValues, SolverField, convert_history, history_options
from synthetic_history import (
    IDS,
    POINTS,
    SyntheticHistory,
    displacement,
    element_means,
    element_node_stress,
    stress_at_points,
)

from romlib.errors import FileFormatError, InputError
from romlib.model import Model
from romlib.snapshots import FieldSpec, Snapshots
from romlib.tensors import vtk_from_mandel


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "job.results"
    path.write_text("results")
    return path


def converted(history, tmp_path, **arguments):
    target = tmp_path / "out.vtkhdf"
    convert_history(history, target, **arguments)
    return Snapshots(target)


def omissions(snapshots):
    return {one.name: one.description for one in snapshots.model.omissions}


def test_ids_with_gaps_and_in_no_order_find_their_nodes_cells_and_values(file, tmp_path):
    history = SyntheticHistory(file)
    with converted(history, tmp_path) as found:
        mesh = found.mesh(0)
        assert (mesh.n_node, mesh.n_cell) == (14, 3)
        of = {int(i): p for i, p in zip(IDS, POINTS)}
        assert all(np.array_equal(mesh.points[k], of[int(i)]) for k, i in enumerate(mesh.node_ids))
        for step, time in enumerate((0.0, 1.0, 2.0)):
            assert np.array_equal(found.read("displacement", 0)[step], displacement(mesh.points, time))
        assert found.solver == "synthetic 1.0" and found.model.initial_time == 0.0


def test_results_in_another_order_than_the_mesh_are_the_same(file, tmp_path):
    history, order = SyntheticHistory(file), np.random.default_rng(0).permutation(len(IDS))
    history.changes = {k: {"displacement": FieldValues(IDS[order], displacement(POINTS[order], k))} for k in range(3)}
    with converted(history, tmp_path) as found:
        assert np.array_equal(found.read("displacement", 0)[2], displacement(found.mesh(0).points, 2.0))


def test_sets_become_tags_and_what_is_no_solid_is_counted(file, tmp_path):
    with converted(SyntheticHistory(file), tmp_path) as found:
        mesh = found.mesh(0)
        assert sorted(mesh.node_ids[mesh.node_tags["LEFT"]]) == sorted(IDS[[0, 3, 6, 9]])
        assert sorted(mesh.cell_ids[mesh.cell_tags["BRICKS"]]) == [7, 30]
        faces = mesh.face_tags["PRESSED"].blocks[0].connectivity
        assert np.allclose(mesh.points[faces][..., 2], 1.0) and len(faces) == 2
        by_id = dict(zip(mesh.cell_ids.tolist(), mesh.cell_arrays["material"].tolist()))
        assert by_id == {30: 1, 7: 1, 12: 2}
        said = omissions(found)
        assert "2 elements MASS21" in said["elements_MASS21"] and "1 node" in said["nodes_without_solids"]
        assert "REFERENCE" in said["sets_without_solids"] and "REFERENCE" not in mesh.node_tags


@pytest.mark.parametrize("at_once", [1 << 12, 1])
def test_values_at_points_are_put_in_the_order_of_the_rule_and_of_components(file, tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(streams, "_AT_ONCE", at_once)
    history = SyntheticHistory(file).with_field("stress", stress_at_points())
    values = np.arange(2 * 8 * 6, dtype=float).reshape(2, 8, 6)
    history.changes = {1: {"stress": [FieldValues(np.array([7, 30]), values),
                                      FieldValues(np.array([12]), np.ones((1, 2, 6)))]}}
    with converted(history, tmp_path) as found:
        mesh = found.mesh(0)
        plain = vtk_from_mandel(found.read("stress", 0)[1])
        first = 8 * int(np.flatnonzero(mesh.cell_ids == 7)[0])
        assert np.allclose(plain[first], values[0, 7][[0, 1, 2, 3, 5, 4]])  # rule's point 0 is the solver's 7
        assert np.allclose(plain[first + 7], values[0, 0][[0, 1, 2, 3, 5, 4]])
        first = 8 * int(np.flatnonzero(mesh.cell_ids == 30)[0])
        assert np.allclose(plain[first], values[1, 7][[0, 1, 2, 3, 5, 4]])


def test_engineering_shear_is_halved(file, tmp_path):
    field = SolverField(FieldSpec.symmetric("ip"), engineering=True)
    history = SyntheticHistory(file).with_field("strain", field)
    with converted(history, tmp_path) as found:
        plain = vtk_from_mandel(found.read("strain", 0)[1])
        assert np.allclose(plain[:, 3:], 0.5 * plain[:, :3])


def test_pieces_have_the_values_of_the_whole(file, tmp_path):
    history = SyntheticHistory(file).with_field("stress", stress_at_points())
    with converted(history, tmp_path) as whole:
        mesh = whole.mesh(0)
        expected = dict(zip(mesh.node_ids.tolist(), whole.read("displacement", 0)[2].tolist()))
    with converted(history, tmp_path, pieces=2) as cut:
        assert cut.n_piece == 2
        for piece in range(2):
            for i, u in zip(cut.mesh(piece).node_ids.tolist(), cut.read("displacement", piece)[2].tolist()):
                assert expected[i] == u


def test_only_one_record_is_asked_for_at_a_time_and_in_order(file, tmp_path):
    history, steps = SyntheticHistory(file), []
    converted(history, tmp_path, progress=lambda done, total: steps.append((done, total))).close()
    assert history.asked == [0, 0, 1, 2] and steps == [(1, 3), (2, 3), (3, 3)]


def test_single_precision_stays_single_whether_it_is_said_or_seen(file, tmp_path):
    history = SyntheticHistory(file)
    history.fields["displacement"] = SolverField(FieldSpec("node", 3, dtype="float32"))
    with converted(history, tmp_path) as found:
        assert found.fields["displacement"].dtype == "float32"
    history = SyntheticHistory(file)
    history.changes = {k: {"displacement": FieldValues(IDS, displacement(POINTS, k).astype(np.float32))}
                       for k in range(3)}
    with converted(history, tmp_path) as found:
        assert found.fields["displacement"].dtype == "float32"


def test_a_displacement_at_a_part_of_the_solid_nodes_is_refused(file, tmp_path):
    history = SyntheticHistory(file)
    history.changes = {2: {"displacement": FieldValues(IDS[1:], displacement(POINTS[1:], 2.0))}}
    with pytest.raises(FileFormatError, match="part of the nodes") as caught:
        converted(history, tmp_path)
    assert "node 70" in str(caught.value) and "record 3" in str(caught.value)
    assert not (tmp_path / "out.vtkhdf").exists()


def test_results_that_lack_only_nodes_of_no_solid_are_whole(file, tmp_path):
    history = SyntheticHistory(file)
    history.changes = {k: {"displacement": FieldValues(IDS[:-1], displacement(POINTS[:-1], k))} for k in range(3)}
    with converted(history, tmp_path) as found:
        assert found.n_step == 3


@pytest.mark.parametrize("where", [0, 2])
def test_a_value_that_is_not_a_number_is_refused_and_never_zero(file, tmp_path, where):
    history, values = SyntheticHistory(file), displacement(POINTS, float(where))
    values[5, 1] = np.nan
    history.changes = {where: {"displacement": FieldValues(IDS, values)}}
    with pytest.raises(FileFormatError, match="node 40"):
        converted(history, tmp_path)


def test_a_field_without_values_at_some_nodes_is_left_out_and_said(file, tmp_path):
    history = SyntheticHistory(file).with_field("temperature", SolverField(FieldSpec("node", 1)))
    history.changes = {k: {"temperature": FieldValues(IDS[:5], np.ones((5, 1)))} for k in range(3)}
    with converted(history, tmp_path) as found:
        assert "temperature" not in found.fields
        assert "9 nodes of 14 without a value" in omissions(found)["field_temperature"]


def test_a_field_at_points_of_some_cells_is_nan_at_the_others_and_said(file, tmp_path):
    history = SyntheticHistory(file).with_field("p", SolverField(FieldSpec("ip", 1)))
    history.changes = {k: {"p": FieldValues(np.array([12]), np.ones((1, 2, 1)))} for k in range(3)}
    with converted(history, tmp_path) as found:
        p, mesh = found.read("p", 0)[0, :, 0], found.mesh(0)
        of_wedge = np.repeat(mesh.cell_ids, mesh.points_of_cells) == 12
        assert np.isnan(p[~of_wedge]).all() and (p[of_wedge] == 1.0).all()
        assert "16 integration points of 18" in omissions(found)["p_in_part"]


def test_values_of_elements_and_at_their_nodes_are_no_values_at_points(file, tmp_path):
    history = SyntheticHistory(file).with_field("energy", element_means()).with_field("stress", element_node_stress())
    with converted(history, tmp_path) as found:
        assert "stress" not in found.fields and "energy" not in found.fields
        assert found.fields["nodal_stress"].place == "node"
        said = omissions(found)
        assert "mean" in said["field_energy"] and "nodal_stress" in said["stress_at_nodes"]
        mesh, values = found.mesh(0), vtk_from_mandel(found.read("nodal_stress", 0)[1])[:, 0]
        at = {int(i): v for i, v in zip(mesh.node_ids, values)}
        assert at[70] == pytest.approx(30.04)  # of cell 30 alone: VTK's node 0 is the solver's fifth
        assert at[2] == pytest.approx((30.05 + 7.04) / 2)  # of both bricks


@pytest.mark.parametrize("ids, words", [
    (np.append(IDS, 12345), "node 12345"), (np.append(IDS, 70), "two results")])
def test_an_unknown_id_or_one_there_twice_is_refused(file, tmp_path, ids, words):
    history = SyntheticHistory(file)
    history.changes = {0: {"displacement": FieldValues(ids, np.zeros((16, 3)))}}
    with pytest.raises(FileFormatError, match=words):
        converted(history, tmp_path)


def test_a_record_again_at_its_time_is_left_out_and_said(file, tmp_path):
    with converted(SyntheticHistory(file, (0.0, 1.0, 1.0, 2.0)), tmp_path) as found:
        assert found.times.tolist() == [0.0, 1.0, 2.0]
        assert "1 record" in omissions(found)["repeated_times"]


def test_two_different_records_at_one_time_are_refused(file, tmp_path):
    history = SyntheticHistory(file, (0.0, 1.0, 1.0, 2.0))
    history.changes = {2: {"displacement": FieldValues(IDS, displacement(POINTS, 1.5))}}
    with pytest.raises(FileFormatError, match="two records at one time differ"):
        converted(history, tmp_path)


def test_a_first_record_that_is_not_at_rest_at_time_zero_is_refused(file, tmp_path):
    history = SyntheticHistory(file)
    history.changes = {0: {"displacement": FieldValues(IDS, displacement(POINTS, 0.5))}}
    with pytest.raises(FileFormatError, match="increments are missing"):
        converted(history, tmp_path)
    with converted(history, tmp_path, options={"initial_time": -1.0}) as found:
        assert found.model.initial_time == -1.0


def test_positions_and_absurd_values_are_no_displacement(file, tmp_path):
    history = SyntheticHistory(file, (1.0, 2.0))
    history.changes = {0: {"displacement": FieldValues(IDS, POINTS)}}
    with pytest.raises(FileFormatError, match="position of the nodes"):
        converted(history, tmp_path)
    history.changes = {1: {"displacement": FieldValues(IDS, np.full((15, 3), 1e9))}}
    with pytest.raises(FileFormatError, match="out of all proportion"):
        converted(history, tmp_path)


def test_points_of_another_number_than_the_rule_are_refused_unless_left_out(file, tmp_path):
    history = SyntheticHistory(file).with_field("p", SolverField(FieldSpec("ip", 1)))
    history.changes = {k: {"p": FieldValues(np.array([7]), np.ones((1, 1, 1)))} for k in range(3)}
    with pytest.raises(FileFormatError, match="another number of integration points"):
        converted(history, tmp_path)
    with converted(history, tmp_path, options={"leave_out": "p"}) as found:
        assert list(found.fields) == ["displacement"] and "field_p" in omissions(found)


def test_a_model_of_the_files_goes_with_the_history_and_units_are_the_users(file, tmp_path):
    history = SyntheticHistory(file)
    history.model = Model(initial_time=-3.0)
    with converted(history, tmp_path, units="m, N, Pa, s, K") as found:
        assert found.model.initial_time == -3.0 and str(found.model.units) == "m, N, Pa, s, K"


@pytest.mark.parametrize("stated", [-2.0, "x", float("nan"), [1]])
def test_an_initial_time_beside_a_model_that_has_another_is_refused_and_never_ignored(file, tmp_path, stated):
    history = SyntheticHistory(file)
    history.model = Model(initial_time=-3.0)
    with pytest.raises(InputError, match="begins at another time") as caught:
        converted(history, tmp_path, options={"initial_time": stated})
    assert caught.value.expected == "-3" and "initial_time" in caught.value.place
    with converted(history, tmp_path, options={"initial_time": -3}) as found:
        assert found.model.initial_time == -3.0


@pytest.mark.parametrize("given", [3, "hex_gauss_8", ["hex8"], {"hex8": 3}, {3: "hex_gauss_8"}, None, True])
def test_a_rule_that_is_not_given_by_cell_type_is_refused_with_the_line_to_type(given):
    with pytest.raises(InputError, match="given by cell type") as caught:
        history_options("mine", {"quadrature": given})
    assert "--option 'quadrature={hex8=\"hex_gauss_8\"}'" in caught.value.remedy
    assert history_options("mine", {"quadrature": {"hex8": "hex_gauss_8"}})


def test_a_history_without_displacement_and_a_strange_option_are_refused(file, tmp_path):
    history = SyntheticHistory(file)
    history.fields = {"temperature": SolverField(FieldSpec("node", 1))}
    with pytest.raises(InputError, match="no displacement"):
        converted(history, tmp_path)
    with pytest.raises(InputError, match="leave_out"):
        converted(SyntheticHistory(file), tmp_path, options={"leave_out": 3})
    with pytest.raises(InputError, match="no such field"):
        converted(SyntheticHistory(file), tmp_path, options={"leave_out": "stress"})
    with pytest.raises(InputError, match="unknown option"):
        history_options("mine", {"nothing": 1}, ("known",))
    assert history_options("mine", {"known": 1, "initial_time": 0.0}, ("known",))


def test_a_field_of_which_one_part_is_double_is_double(file, tmp_path):
    history = SyntheticHistory(file).with_field("p", SolverField(FieldSpec("ip", 1)))

    def mixed(step):
        return [FieldValues(part.ids, part.values.astype(np.float32 if k else np.float64))
                for k, part in enumerate(history.standard("p", step + 1.0 / 3.0))]

    history.changes = {k: {"p": mixed(k)} for k in range(3)}
    with converted(history, tmp_path) as found:
        assert found.fields["p"].dtype == "float64"
        assert np.unique(found.read("p", 0)[0])[0] == history.standard("p", 1.0 / 3.0)[0].values.min()


def test_names_of_a_solver_with_zero_bytes_are_written_without_them(file, tmp_path):
    history = SyntheticHistory(file)
    history.solver = "Sol\x00ver  2.1\n\x00"
    with converted(history, tmp_path) as found:
        assert found.solver == "Sol ver 2.1"
    history.fields = {name: SolverField(FieldSpec("node", 3, original_name="U\x00")) for name in ["displacement"]}
    with converted(history, tmp_path) as found:
        assert found.fields["displacement"].original_name == "U"
