"""Decks of Abaqus: parts and instances, loads from step to step, and what is refused by its line."""

from __future__ import annotations

import numpy as np
import pytest
from abaqus_decks import CUBE, HELD, PLAIN, SECTION, STEEL, assembly, deck, step
from abaqus_fil import FilWriter, begin_increment, write_model, write_nodal
from romlib_converters.abaqus import AbaqusConverter
from romlib_converters.abaqus.deck import read_flat
from romlib_converters.abaqus.fil import FilFile
from romlib_converters.abaqus.match import in_results

from romlib.check import check
from romlib.errors import FileFormatError, UnsupportedError
from romlib.loads.amplitudes import evaluate
from romlib.snapshots import Snapshots

TIMES = np.array([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0])


def read(folder, text):
    return AbaqusConverter().read_deck(deck(folder, text))


def history(found, name, times=TIMES):
    return np.array([evaluate(found.model.amplitudes[name], time) for time in times])


def test_the_real_hexahedron_with_its_deck_closes_to_rounding(tmp_path, data_dir):
    """C3D8 of Abaqus 6.23: strain, stress and equilibrium with the deck's load, by B-bar."""
    AbaqusConverter().convert(data_dir / "abaqus" / "pybaqus_hex_C3D8.inp", tmp_path / "x.vtkhdf")
    with Snapshots(tmp_path / "x.vtkhdf") as file:
        report = check(file)
        assert report.passed and not file.model.omissions
        for name in ("strain", "stress", "equilibrium"):
            assert report[name].value < 1e-13
        assert sorted(file.mesh(0).node_tags) == ["set-test_part", "set_bc_1", "set_bc_2", "set_bc_3", "set_load"]


@pytest.mark.parametrize(("where", "expected"), [
    ("", [1, 0, 0]), ("10., 0., -2.\n", [11, 0, -2]), ("0., 0., 0.\n0., 0., 0., 0., 0., 1., 90.\n", [0, 1, 0]),
    ("10., 0., 0.\n10., 0., 0., 10., 0., 5., 90.\n", [10, 1, 0]),
    ("0., 1., 0.\n1., 0., 0., 1., 1., 0., 180.\n", [1, 1, 0])])
def test_an_instance_is_translated_and_then_rotated_about_a_line(tmp_path, where, expected):
    """Node 2 of the cube, at (1, 0, 0)."""
    text = assembly(f"*INSTANCE, NAME=C-1, PART=CUBE\n{where}*END INSTANCE\n")
    mesh = AbaqusConverter().read_mesh(deck(tmp_path, text))
    np.testing.assert_allclose(mesh.points[mesh.node_ids == 2][0], expected, atol=1e-14)
    assert set(mesh.node_tags) == {"NALL", "FOOT", "TOP"} and mesh.face_tags["HEAD"].n_face == 1


TWO = assembly(
    "*INSTANCE, NAME=LOW, PART=CUBE\n*END INSTANCE\n*INSTANCE, NAME=HIGH, PART=CUBE\n0., 0., 2.\n*END INSTANCE\n",
    "*NSET, NSET=ONE, INSTANCE=HIGH\n5\n*NSET, NSET=BOTH\nLOW.FOOT, HIGH.FOOT\n*ELSET, ELSET=SECOND, INSTANCE=HIGH\n1\n"
    "*SURFACE, NAME=UPPER\nHIGH.EALL, S2\n*NODE\n1, 5., 5., 5.\n")


def test_sets_and_surfaces_of_two_instances_are_told_apart(tmp_path):
    text = TWO + "*BOUNDARY\nBOTH, ENCASTRE\nLOW.6, 1, 1\n" + step("*CLOAD\nHIGH.5, 3, 7.\n*DSLOAD\nUPPER, P, 2.\n")
    found = read(tmp_path, text)
    assert found.mesh.n_node == 16 and found.mesh.n_cell == 2
    z = found.mesh.points[:, 2]
    assert sorted(z[found.mesh.node_tags["BOTH"]]) == [0.0] * 4 + [2.0] * 4
    assert z[found.mesh.node_tags["ONE"]].tolist() == [3.0]
    assert {"LOW.FOOT", "HIGH.FOOT"} <= set(found.mesh.node_tags)
    assert found.mesh.face_tags["UPPER"].n_face == 1
    held = {name: one.components for name, one in found.model.constraints.items()}
    assert held == {"BOTH_xyz": ("x", "y", "z"), "fixed_x": ("x",)}
    node = found.mesh.node_tags[next(one.nodes for one in found.model.loads.values() if one.kind == "nodal_force")]
    np.testing.assert_array_equal(found.mesh.points[node], [[0.0, 0.0, 3.0]])


def test_results_in_other_numbers_than_the_deck_are_matched_by_place(tmp_path):
    """Abaqus numbers an assembly anew: here the second instance first, and its elements backwards."""
    path = deck(tmp_path, TWO + "*BOUNDARY\nBOTH, PINNED\n" + step("*CLOAD\nHIGH.5, 3, 7.\n", times="1., 1."))
    mesh = AbaqusConverter().read_mesh(path)
    order = np.argsort(-mesh.points[:, 2] + 0.1 * mesh.points[:, 0] + 0.01 * mesh.points[:, 1])
    new = np.empty(len(order), np.int64)
    new[order] = 101 + np.arange(len(order))
    connectivity = mesh.blocks[0].connectivity
    with FilWriter(tmp_path / "job.fil", binary=True) as writer:
        ids = np.sort(new)
        write_model(writer, [*ids, 999], [*mesh.points[np.argsort(new)], [5.0, 5.0, 5.0]],
                    [(51, "C3D8    ", new[connectivity[1]]), (50, "C3D8    ", new[connectivity[0]])], {}, {})
        begin_increment(writer, 1.0, 1.0)
        write_nodal(writer, 101, ids, 1e-4 * mesh.points[np.argsort(new)])
        writer.end_increment()
    AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "x.vtkhdf")
    with Snapshots(tmp_path / "x.vtkhdf") as found:
        there = found.mesh(0)
        np.testing.assert_allclose(found.read("displacement", 0, 0), 1e-4 * there.points, atol=1e-16)
        assert sorted(there.points[there.node_tags["BOTH"], 2]) == [0.0] * 4 + [2.0] * 4
        node = there.node_tags[next(one.nodes for one in found.model.loads.values())]
        np.testing.assert_array_equal(there.points[node], [[0.0, 0.0, 3.0]])
        assert there.cell_ids[there.cell_tags["SECOND"]].tolist() == [51]
        faces = there.face_tags["UPPER"].blocks
        assert len(faces) == 1 and (there.points[faces[0].connectivity][..., 2] == 3.0).all()
        assert "ends_early" not in [one.name for one in found.model.omissions]
    flat = in_results(read_flat(path)[0], FilFile(tmp_path / "job.fil").model, path)
    own = np.searchsorted(np.sort(new), flat.node_ids[:-1])  # the last one is the reference point
    np.testing.assert_array_equal(flat.points[:-1], mesh.points[np.argsort(new)][own])
    assert flat.surfaces["UPPER"].faces.tolist() == [[51, 2]]
    path.write_text(path.read_text().replace("DIRECT\n1., 1.", "DIRECT\n1., 3."))
    AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "x.vtkhdf")
    with Snapshots(tmp_path / "x.vtkhdf") as found:
        assert "ends at time 1," in {one.name: one.description for one in found.model.omissions}["ends_early"]
    path.write_text(path.read_text().replace("0., 0., 2.\n", "0., 0., 2.5\n"))
    with pytest.raises(FileFormatError, match="not those of the results"):
        AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "x.vtkhdf")


@pytest.mark.parametrize(("card", "values"), [
    ("*AMPLITUDE, NAME=A\n0., 0., 0.5, 1., 1., 0.2\n", [0.5, 1.0, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2]),
    ("*AMPLITUDE, NAME=A, TIME=TOTAL TIME\n0., 0., 2., 1.\n", [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]),
    ("*AMPLITUDE, NAME=A, DEFINITION=EQUALLY SPACED, FIXED INTERVAL=0.5, BEGIN=0.\n0., 1., 0.5\n",
     [0.5, 1.0, 0.75, 0.5, 0.5, 0.5, 0.5, 0.5]),
    ("*AMPLITUDE, NAME=A, DEFINITION=SMOOTH STEP\n0., 0., 1., 1.\n",
     [0.103515625, 0.5, 0.896484375, 1.0, 1.0, 1.0, 1.0, 1.0])], ids=["table", "total time", "spaced", "smooth"])
def test_amplitudes_are_tables(tmp_path, card, values):
    found = read(tmp_path, PLAIN + card + step("*CLOAD, AMPLITUDE=A\nTOP, 3, 100.\n") + step())
    name, = found.model.loads
    np.testing.assert_allclose(history(found, name), 100.0 * np.array(values), rtol=1e-5)


def test_pressures_on_elements_and_on_surfaces_are_kept_apart(tmp_path):
    """A *DLOAD of a later step does not replace the *DSLOAD on the same face."""
    found = read(tmp_path, PLAIN + step("*DSLOAD\nHEAD, P, 3.\n") + step("*DLOAD\nEALL, P2, 5.\n"))
    at_end = sorted(history(found, name)[-1] for name in found.model.loads)
    assert at_end == [3.0, 5.0] and {one.faces for one in found.model.loads.values()} == {"HEAD"}


def test_body_loads_act_on_the_whole_model_where_no_set_is_named(tmp_path):
    found = read(tmp_path, PLAIN + step("*DLOAD\n, GRAV, 9810., 0., 0., -2.\n"
                                        "EALL, CENTRIF, 16., 0., 0., 0., 0., 0., 1.\nEALL, BX, 2.\n"))
    loads = {one.kind + getattr(one, "per", ""): (name, one) for name, one in found.model.loads.items()}
    assert loads["body_forcemass"][1].direction == (0.0, 0.0, -1.0) and loads["body_forcemass"][1].cells == "all"
    np.testing.assert_allclose(history(found, loads["body_forcemass"][0])[3], 9810.0)
    np.testing.assert_allclose(history(found, loads["centrifugal"][0])[[0, 3]], [2.0, 4.0])  # of the speed, not squared
    assert loads["body_forcevolume"][1].direction == (1.0, 0.0, 0.0)


def test_temperature_begins_at_zero_where_no_initial_one_is_given(tmp_path):
    heat = STEEL + "*EXPANSION, ZERO=20.\n1e-5\n"
    text = f"*HEADING\n{CUBE}{SECTION}{heat}{HELD}"
    found = read(tmp_path, text + step("*TEMPERATURE\nNALL, 100.\n"))
    name, = found.model.loads
    np.testing.assert_allclose(history(found, name)[:4], [25.0, 50.0, 75.0, 100.0])
    assert found.model.initial_temperature == 0.0
    assert found.model.materials["STEEL"].thermal_expansion.reference_temperature == 20.0


def test_named_conditions_hold_their_components(tmp_path):
    text = PLAIN.replace(HELD, "*BOUNDARY\nFOOT, ZSYMM\n1, PINNED\n4, XSYMM\n") + step()
    found = read(tmp_path, text)
    held = {tuple(sorted(found.mesh.node_ids[found.mesh.node_tags[one.nodes]])): "".join(one.components)
            for one in found.model.constraints.values()}
    assert held == {(1, 2, 3, 4): "z", (1,): "xy", (4,): "x"}


@pytest.mark.parametrize(("text", "words"), [
    (step(procedure="*DYNAMIC"), "not reduced"), (step(procedure="*FREQUENCY"), "not reduced"),
    (step(options=", PERTURBATION"), "perturbation"), (step(procedure="*STATIC, RIKS"), "arc length"),
    ("*RESTART, READ\n" + step(), "goes on from another"), (step("*MODEL CHANGE, REMOVE\nEALL\n"), "removed or added"),
    (step("*BOUNDARY, TYPE=VELOCITY\nTOP, 3, 3, 1.\n"), "parameter of \\*BOUNDARY"),
    (step("*CLOAD, FOLLOWER\nTOP, 3, 1.\n"), "parameter of \\*CLOAD"),
    ("*AMPLITUDE, NAME=A, DEFINITION=PERIODIC\n1, 1., 0., 0.\n" + step(), "kind of amplitude"),
    ("*NGEN\n1, 8, 1\n" + step(), "generates nodes"),
    ("*IMPERFECTION, FILE=b, STEP=1\n1, .1\n" + step(), "moves the nodes"),
    ("*PARAMETER\na = 1\n" + step(), "parameters"),
    ("*TRANSFORM, NSET=FOOT\n1., 1., 0., -1., 1., 0.\n" + step(), "axes of its own"),
    (step() + step("*BOUNDARY\nTOP, 1, 1\n"), "begins or ends"),
    ("*SYSTEM\n1., 0., 0.\n" + step(), "generates")])
def test_what_makes_another_computation_is_refused_by_its_line(tmp_path, text, words):
    with pytest.raises(UnsupportedError, match=words) as raised:
        read(tmp_path, PLAIN + text)
    assert str(raised.value.file).endswith("job.inp") and raised.value.place


@pytest.mark.parametrize(("card", "meant"), [
    ("*ELEMNT, TYPE=C3D8\n9, 1,2,3,4,5,6,7,8\n", "ELEMENT"),
    ("*NODES\n99, 1., 1., 1.\n", "NODE"), ("*NSETT, NSET=A\n1\n", "NSET")])
def test_a_misspelt_keyword_does_not_lose_a_part_of_the_mesh(tmp_path, card, meant):
    with pytest.raises(FileFormatError, match=f"misspelt(?s:.*)line(?s:.*){meant}"):
        read(tmp_path, PLAIN + card + step())
    with pytest.raises(FileFormatError, match="misspelt"):
        AbaqusConverter().read_mesh(tmp_path / "job.inp")


def test_cards_that_act_and_are_not_read_are_omissions_with_their_lines(tmp_path):
    found = read(tmp_path, PLAIN + "*TIE, NAME=T\nHEAD, HEAD\n*MPC\nBEAM, 1, 2\n" + step(
        "*DLOAD\nEALL, HP2, 1., 0., 1.\n", ", NLGEOM=YES"))
    notes = {one.name: one for one in found.model.omissions}
    assert set(notes) == {"tie", "mpc", "dload_hp2", "nlgeom"} and all(one.does_work for one in notes.values())
    line = (tmp_path / "job.inp").read_text().split("\n").index("*TIE, NAME=T") + 1
    assert f"line {line}" in notes["tie"].description


def test_a_deck_of_abaqus_is_told_from_one_of_calculix(tmp_path):
    reader = AbaqusConverter()
    assert reader.can_read(deck(tmp_path, TWO)) and reader.can_read(deck(tmp_path, PLAIN + step()))
    plain = PLAIN + step().replace("*OUTPUT, FIELD, VARIABLE=PRESELECT\n", "")
    assert not reader.can_read(deck(tmp_path, plain))
