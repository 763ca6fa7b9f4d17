"""Decks of Nastran: what pyNastran reads of them becomes mesh and model, and what does not is said."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import numpy as np
import pytest
from romlib_converters.nastran import NastranConverter
from romlib_converters.nastran.deck import read_deck
from romlib_converters.nastran.numbers import real
from small_model import CD, IDS, POINTS, deck_text, field, write_small

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.snapshots import Snapshots
from romlib.testing import check_converter

pytest.importorskip("pyNastran", reason="pyNastran is not installed")
BASIC = np.zeros(len(IDS), int)
IN_A_CHILD = ("test_a_missing_include_leaves_the_geometry_of_the_results",)


@pytest.fixture(autouse=True)
def in_this_process(request, monkeypatch):
    """A process of its own for each deck takes a second; some tests have it."""
    if request.node.originalname in IN_A_CHILD:
        return
    from romlib_converters.nastran import deck, extract

    @contextlib.contextmanager
    def here(function, file, *arguments, reader, seconds):
        yield dict(extract.extract(file, *arguments))

    monkeypatch.setattr(deck, "in_child", here)


def converted(folder, deck, *, name="a", cd=CD, options=None, **results):
    (folder / f"{name}.bdf").write_text(deck)
    source = write_small(folder / f"{name}.op2", cd=cd, **results)
    NastranConverter().convert(source, folder / "out.vtkhdf", options=options)
    return Snapshots(folder / "out.vtkhdf")


def omissions(snapshots):
    return {one.name: one for one in snapshots.model.omissions}


def mesh_of(folder, deck):
    (folder / "m.bdf").write_text(deck)
    return NastranConverter().read_mesh(folder / "m.bdf")


@pytest.mark.parametrize("free", [True, False])
def test_a_deck_in_free_or_in_large_fields_is_the_same_mesh(tmp_path, free):
    mesh = mesh_of(tmp_path, deck_text(free=free))
    assert {block.cell_type: block.n_cell for block in mesh.blocks} == {"hex8": 2, "wedge6": 1, "tet4": 2}
    order = np.argsort(mesh.node_ids)
    assert np.allclose(mesh.points[order], POINTS, atol=1e-6)
    assert sorted(mesh.cell_tags["PID_5"].tolist()) == [0, 1, 2] and len(mesh.cell_tags["PID_6"]) == 2


def test_bulk_data_alone_and_included_files_are_read(tmp_path):
    lines = deck_text().splitlines()
    bulk = lines[lines.index("BEGIN BULK") + 1:-1]
    grids = [line for line in bulk if line.startswith("GRID")]
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "grids.inc").write_text("\n".join(grids) + "\n")
    rest = [line for line in bulk if not line.startswith("GRID")]
    mesh = mesh_of(tmp_path, "\n".join([*rest, "INCLUDE 'parts/grids.inc'", ""]))
    assert mesh.n_node == len(IDS) and mesh.n_cell == 5
    mesh = mesh_of(tmp_path, "\n".join(["$ of a preprocessor", "BEGIN BULK", *bulk, "ENDDATA", ""]))
    assert mesh.n_node == len(IDS) and mesh.n_cell == 5


@pytest.mark.parametrize("stated", ["", "0"])
def test_blank_fields_of_grid_points_are_those_of_grdset_and_zeros_are_not(tmp_path, stated):
    default = "GRDSET,,1,,,,1,456"
    deck = deck_text(BASIC, bulk=default)
    given = [(f"GRID,{i},,", f"GRID,{i},{stated},") for i in IDS]
    for old, new in given:
        deck = deck.replace(old, new)
    mesh = mesh_of(tmp_path, deck)
    turned = np.array([[1.0, 2.0, 0.0]] * len(POINTS)) + POINTS @ axes_of_system_1().T
    assert np.allclose(mesh.points[np.argsort(mesh.node_ids)], POINTS if stated else turned, atol=1e-5)


def axes_of_system_1():
    """Of `SYSTEMS`: turned by 45 degrees about z."""
    c = np.sqrt(0.5)
    return np.array([[c, -c, 0.0], [c, c, 0.0], [0.0, 0.0, 1.0]])


def test_components_that_grdset_holds_are_held_everywhere(tmp_path):
    with converted(tmp_path, deck_text(BASIC, bulk="GRDSET,,,,,,,3456"), cd=BASIC) as snapshots:
        held = {name: one for name, one in snapshots.model.constraints.items() if "z" in one.components}
        tags = snapshots.mesh(0).node_tags
        assert len(np.unique(np.concatenate([tags[one.nodes] for one in held.values()]))) == len(IDS)


def test_the_pyramids_of_optistruct_are_read_by_their_own_name(tmp_path):
    top = 9001
    pyramid = f"GRID,{top},,2.5,1.5,-0.5\nCPYRA,301,5,7,37,27,17,{top}"
    mesh = mesh_of(tmp_path, deck_text(bulk=pyramid))
    assert {block.cell_type: block.n_cell for block in mesh.blocks}["pyramid5"] == 1


def test_comments_may_be_in_any_encoding_and_are_no_commands_to_the_reader(tmp_path):
    text = "$ Größe\n$pyNastran: punch=True\n$pyNastran: skip_cards=CHEXA\n" + deck_text()
    for encoding in ("latin-1", "utf-8"):
        (tmp_path / "m.bdf").write_bytes(text.encode(encoding))
        assert NastranConverter().read_mesh(tmp_path / "m.bdf").n_cell == 5


def test_parts_behind_begin_super_are_not_lost(tmp_path):
    part = "BEGIN SUPER=3\nGRID,555,,1.,1.,1.\nCTETRA,99,5,7,17,27,555"
    with pytest.raises(UnsupportedError, match="superelement 3"):
        mesh_of(tmp_path, deck_text(bulk=part))


def test_grid_points_in_chained_systems_are_where_pynastran_has_them(tmp_path):
    bdf = pytest.importorskip("pyNastran.bdf.bdf", reason="pyNastran is not installed")
    deck = deck_text(BASIC)
    for node, cp, given in ((IDS[12], 2, (1.2, 80.0, 0.4)), (IDS[13], 3, (2.5, 70.0, 20.0))):
        old = next(line for line in deck.splitlines() if line.startswith(f"GRID,{node},"))
        deck = deck.replace(old, f"GRID,{node},{cp}," + ",".join(map(str, given)) + ",0")
    wedge = next(line for line in deck.splitlines() if line.startswith("CPENTA"))
    deck = deck.replace(wedge, f"CTETRA,300,6,{IDS[12]},{IDS[13]},{IDS[14]},{IDS[0]}")
    (tmp_path / "m.bdf").write_text(deck)
    theirs = bdf.read_bdf(str(tmp_path / "m.bdf"), debug=None)
    from romlib_converters.nastran.deck import read_deck
    from romlib_converters.nastran.systems import Systems

    bulk = read_deck(tmp_path / "m.bdf").bulk
    ours = Systems(bulk.systems, bulk.grids.ids, bulk.grids.cp, bulk.grids.given, bulk.file).positions(
        bulk.grids.cp, bulk.grids.given)
    expected = [theirs.nodes[int(node)].get_position() for node in bulk.grids.ids]
    assert np.allclose(ours, expected, atol=1e-9) and not np.allclose(ours[12:14], POINTS[12:14])


def test_systems_by_grid_points_and_systems_of_each_other(tmp_path):
    from romlib_converters.nastran.systems import SystemCard, Systems

    ids = np.array([1, 2, 3])
    given = np.array([[1.0, 0, 0], [1.0, 0, 2.0], [1.0, 3.0, 0]])
    card = SystemCard(5, 1, grids=(1, 2, 3))
    origin, axes = Systems({5: card}, ids, np.zeros(3, int), given, tmp_path).axes(5)
    assert np.allclose(origin, [1, 0, 0]) and np.allclose(axes, [[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    points = ((0.0, 0, 0), (0, 0, 1.0), (1.0, 0, 0))
    both = {1: SystemCard(1, 1, 2, points), 2: SystemCard(2, 1, 1, points)}
    with pytest.raises(FileFormatError, match="by each other"):
        Systems(both, ids, np.zeros(3, int), given, tmp_path).axes(1)
    with pytest.raises(FileFormatError, match="on a line"):
        Systems({1: SystemCard(1, 1, 0, (points[0], points[1], points[1]))}, ids, np.zeros(3, int), given,
                tmp_path).axes(1)
    with pytest.raises(FileFormatError, match="not defined"):
        Systems({}, ids, np.zeros(3, int), given, tmp_path).axes(4)


def test_materials_constraints_and_loads_become_the_model(tmp_path):
    bulk = "\n".join(["MATS1,1,,PLASTIC,1000.,1,1,250.", "PLOAD4,4,101,5.,,,,17,", "GRAV,5,0,9810.,0.,0.,-1.",
                      "LOAD,8,1.,2.,2,1.,5"])
    with converted(tmp_path, deck_text(BASIC, control="SPC = 1\nLOAD = 8\nNLPARM = 3", bulk=bulk), cd=BASIC) as ours:
        model = ours.model
        assert model.materials["MAT_1"].law == "mises" and model.materials["MAT_1"].density == 7.8e-9
        assert model.materials["MAT_1"].parameters == {
            "young": 200000.0, "poisson": 0.3, "yield": 250.0, "linear_hardening": 1000.0}
        assert model.constraints["fixed_xyz"].components == ("x", "y", "z")
        mesh = ours.mesh(0)
        assert sorted(mesh.node_ids[mesh.node_tags["fixed_xyz"]].tolist()) == [7, 27]
        assert mesh.node_ids[mesh.node_tags["force_8"]].tolist() == [147]
        assert np.allclose(mesh.node_arrays["force_8"][mesh.node_tags["force_8"]], [[0, 0, -20.0]])
        assert model.loads["gravity_8_1"].direction == (0.0, 0.0, -9810.0)
        assert model.amplitudes["force_8"].value == (0.0, 1.0) and model.amplitudes["force_8"].time == (0.0, 1.0)
        assert not any(one.does_work for one in model.omissions)


def test_loads_of_subcases_grow_from_one_to_the_next(tmp_path):
    control = "SPC = 1\nSUBCASE 1\nLOAD = 2\nNLPARM = 3\nSUBCASE 2\nLOAD = 5\nNLPARM = 3"
    with converted(tmp_path, deck_text(BASIC, control=control, bulk="RFORCE,5,0,0,2.,0.,0.,1."), cd=BASIC,
                   times=(0.5, 1.0, 1.5, 2.0), subcases=(1, 1, 2, 2)) as ours:
        model = ours.model
        assert model.amplitudes["force_2"].value == (0.0, 1.0, 0.0)
        turning = model.amplitudes["rotation_5_0"]
        assert np.allclose(np.interp([1.0, 1.5, 2.0], turning.time, turning.value), [0.0, np.sqrt(0.5), 1.0])
        assert np.isclose(model.loads["rotation_5_0"].speed, 4.0 * np.pi)


@pytest.mark.parametrize("card, corner, opposite, nodes", [
    ("1", 0, 5, {0, 1, 4, 5}), ("1", 0, 2, {0, 1, 2, 3}), ("2", 8, 10, {8, 9, 10, 11}), ("101", 1, 13, {1, 12, 5, 13}),
    ("101", 1, None, {1, 12, 2}), ("201", 8, 14, {8, 9, 10})])
def test_pressure_acts_on_the_face_that_its_corners_name(tmp_path, card, corner, opposite, nodes):
    text = f"PLOAD4,4,{card},5.,,,,{IDS[corner]},{'' if opposite is None else IDS[opposite]}"
    with converted(tmp_path, deck_text(BASIC, control="SPC = 1\nLOAD = 4\nNLPARM = 3", bulk=text), cd=BASIC) as ours:
        mesh = ours.mesh(0)
        faces = mesh.face_tags["pressure_4"].blocks
        assert [set(mesh.node_ids[face].tolist()) for block in faces for face in block.connectivity] == [
            {int(IDS[k]) for k in nodes}]
        assert ours.model.loads["pressure_4"].value == 5.0


def test_what_is_not_read_does_work_and_is_named(tmp_path):
    bulk = "\n".join(["MAT9,2,1.+5", "PLOAD2,2,5.,1", "TEMP,9,7,100.", "CELAS2,900,10.,7,1", "PARAM,LGDISP,1",
                      "RBE2,901,7,123,17", "CONM2,902,27,,1.", "TABLES1,12", ",0.,0.,.001,300.,ENDT",
                      "MATS1,1,12,PLASTIC"])
    deck = deck_text(BASIC, control="SPC = 1\nLOAD = 2\nTEMPERATURE(LOAD) = 9\nNLPARM = 3", bulk=bulk)
    deck = deck.replace("PSOLID,6,1", "PSOLID,6,2").replace("NLPARM,3,2", "NLPARM,3,9")
    with converted(tmp_path, deck, cd=BASIC) as ours:
        found = omissions(ours)
        for name in ("material_2", "material_1", "loads_not_read", "temperature_not_read", "nlgeom", "elements_CELAS2",
                     "elements_RBE2", "elements_CONM2", "missing_increments"):
            assert found[name].does_work, name
        assert "7 increments" in found["missing_increments"].description
        assert "MAT9" in found["material_2"].description and "PLOAD2" in found["loads_not_read"].description


def test_a_stress_strain_table_is_a_curve_over_plastic_strain(tmp_path):
    bulk = "TABLES1,12\n,0.,0.,.001,200.,.0115,300.,ENDT\nMATS1,1,12,PLASTIC"
    with converted(tmp_path, deck_text(BASIC, bulk=bulk), cd=BASIC) as ours:
        curve = ours.model.materials["MAT_1"].parameters["curve"]
        assert np.allclose(curve["p"][:2], [0.0, 0.01]) and np.allclose(curve["stress"][:2], [200.0, 300.0])
        assert np.isclose((curve["stress"][2] - 300.0) / (curve["p"][2] - 0.01), 100.0 / 0.01)


def test_components_in_other_frames_are_relations(tmp_path):
    with converted(tmp_path, deck_text(bulk="SPC1,1,1,17"), cd=CD) as ours:  # in system 1, turned by 45 degrees
        mesh = ours.mesh(0)
        assert ours.model.constraints["in_other_axes"].kind == "linear"
        assert mesh.node_ids[mesh.node_tags["in_other_axes"]].tolist() == [17]
        assert sorted(mesh.node_ids[mesh.node_tags["fixed_xyz"]].tolist()) == [7, 27]


def test_a_deck_that_was_not_the_one_computed_is_refused(tmp_path):
    moved = deck_text().replace(f"GRID,{IDS[3]},,2.000000", f"GRID,{IDS[3]},,2.100000")
    with pytest.raises(FileFormatError, match="not the one that was computed"):
        converted(tmp_path, moved)
    fewer = "\n".join(line for line in deck_text().splitlines() if not line.startswith("CTETRA,202")) + "\n"
    with pytest.raises(FileFormatError, match="2 CTETRA in the results, 1 in the deck"):
        converted(tmp_path, fewer)
    with converted(tmp_path, fewer, options={"model": "none"}) as ours:
        assert ours.n_cell_total == 5 and not ours.model.materials and "no_deck" in omissions(ours)


def test_a_deck_means_the_results_beside_it(tmp_path):
    with converted(tmp_path, deck_text()):
        NastranConverter().convert(tmp_path / "a.bdf", tmp_path / "again.vtkhdf")
    with Snapshots(tmp_path / "again.vtkhdf") as ours:
        assert ours.n_step == 2
    (tmp_path / "a.op2").unlink()
    with pytest.raises(InputError, match=r"no results beside it[\s\S]*a\.op2"):
        NastranConverter().convert(tmp_path / "a.bdf", tmp_path / "again.vtkhdf")


def test_files_may_be_named_from_the_current_folder(tmp_path, monkeypatch):
    """The deck is read in another folder than the user's."""
    (tmp_path / "grids.inc").write_text("$ nothing\n")
    (tmp_path / "a.bdf").write_text(deck_text().replace("MAT1,", "INCLUDE 'grids.inc'\nMAT1,"))
    write_small(tmp_path / "a.op2")
    monkeypatch.chdir(tmp_path)
    NastranConverter().convert("a.op2", "out.vtkhdf")
    with Snapshots("out.vtkhdf") as ours:
        assert ours.n_step == 2 and ours.model.materials
    assert read_deck(Path("a.bdf")).files == (tmp_path / "a.bdf", tmp_path / "grids.inc")


def test_a_deck_without_its_last_line_may_be_cut_and_it_is_said(tmp_path):
    with converted(tmp_path, deck_text().replace("ENDDATA\n", "")) as ours:
        assert omissions(ours)["unfinished_deck"].does_work
    with pytest.raises(FileFormatError, match="ENDDATA"):
        NastranConverter().read_mesh(tmp_path / "a.bdf")


def test_a_missing_include_leaves_the_geometry_of_the_results(tmp_path):
    deck = deck_text().replace("MAT1,", "INCLUDE 'elsewhere.inc'\nMAT1,")
    with converted(tmp_path, deck) as ours:
        assert "includes a file that is not there" in omissions(ours)["no_deck"].description
    with pytest.raises(FileFormatError, match=r"elsewhere\.inc"):
        converted(tmp_path, deck, options={"model": str(tmp_path / "a.bdf")})
    assert not list(tmp_path.glob("pyNastran*"))


@pytest.mark.parametrize("old, new, words", [
    ("GRID,17,", "GRID,17,abc", "deck cannot be read"),
    ("PSOLID,5,1,,TWO,,FULL", "PSOLID,5,1,,TWO,,FULL,PFLUID", "fluid"),
    ("CEND\n", "", "no line CEND"), ("BEGIN BULK\n", "", "no line BEGIN BULK"),
    ("PSOLID,5,1,,TWO,,FULL\n", "", "property that is not defined"), ("CPENTA,101", "CPENTA,1", "deck cannot be read")])
def test_decks_that_cannot_be_are_refused(tmp_path, old, new, words):
    assert old in deck_text()
    with pytest.raises((FileFormatError, UnsupportedError), match=words):
        converted(tmp_path, deck_text().replace(old, new), options={"model": str(tmp_path / "a.bdf")})


def test_missing_mid_side_nodes_are_put_in_the_middle_and_said(tmp_path):
    corners = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2.0]])
    edges = [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)]
    lines = ["SOL 106", "CEND", "BEGIN BULK"]
    nodes = []
    points = [*corners, *(corners[list(edge)].mean(axis=0) for edge in edges)]
    for k, point in enumerate(points):
        if k == 5:
            nodes.append("")
            continue
        nodes.append(str(k + 1))
        lines.append(f"GRID,{k + 1},," + ",".join(f"{x:.3f}" for x in point))
    lines += ["CTETRA,1,1," + ",".join(nodes[:6]), "+," + ",".join(nodes[6:]), "PSOLID,1,1", "MAT1,1,1.+5,,.3",
              "ENDDATA"]
    (tmp_path / "m.bdf").write_text("\n".join(lines) + "\n")
    mesh = NastranConverter().read_mesh(tmp_path / "m.bdf")
    assert [block.cell_type for block in mesh.blocks] == ["tet10"]
    assert np.allclose(mesh.points[mesh.blocks[0].connectivity[0]], points)


@pytest.mark.parametrize("text, value", [("7.8-9", 7.8e-9), ("1.", 1.0), ("-2.5+3", -2500.0), ("1.0D2", 100.0)])
def test_numbers_as_nastran_writes_them(text, value):
    assert real(text, "a.bdf") == value


def test_a_word_is_no_number():
    with pytest.raises(FileFormatError, match="cannot be read"):
        real("abc", "a.bdf")


def test_the_converter_does_what_romlib_needs_with_a_deck(tmp_path):
    (tmp_path / "a.bdf").write_text(deck_text())
    write_small(tmp_path / "a.op2")
    check_converter(NastranConverter(), [tmp_path / "a.op2", tmp_path / "a.bdf"], displacement=field, times=(0.5, 1.0),
                    n_node=15, n_cell=5, tolerance=1e-5, mutations=20)




def test_steps_of_a_subcase_have_loads_of_their_own(tmp_path):
    control = ("SUBCASE 1\nSPC = 1\nSTEP 1\n  LOAD = 2\n  NLSTEP = 3\nSTEP 2\n  LOAD = 5 $ another\n  NLSTEP = 3")
    bulk = "FORCE,5,147,0,10.,1.,0.,0."
    deck = deck_text(BASIC, sol=400, control=control, bulk=bulk)
    labels = [f"SUBCASE 1           STEP {step}" for step in (1, 1, 2, 2)]
    with converted(tmp_path, deck, cd=BASIC, times=(0.5, 1.0, 1.5, 2.0), labels=labels) as ours:
        assert ours.model.amplitudes["force_2"].value == (0.0, 1.0, 0.0)
        assert ours.model.amplitudes["force_5"].value == (0.0, 0.0, 1.0)
        assert ours.model.constraints["fixed_xyz"].nodes == "fixed_xyz"
    with converted(tmp_path, deck, cd=BASIC, times=(0.5, 1.0), name="b") as ours:
        assert "other numbers" in omissions(ours)["loads_not_read"].description and not ours.model.loads


def test_case_control_of_subcases_and_steps():
    from romlib_converters.nastran.case_control import phases_of

    one = phases_of(["LOAD = 4", "TEMP(INIT) = 3"])
    assert [phase.key for phase in one] == [(0, 0)] and one[0].number_of("LOAD") == 4
    assert one[0].commands["TEMPERATURE(INIT)"] == "3" and one[0].number_of("SPC") is None
    two = phases_of(["SPC = 1", "SUBCASE 1", "LOAD=2", "NLPA = 7", "$ LOAD = 9", "SUBCASE = 2", "TEMPERATURE = 8",
                     "DISPLACEMENT(SORT1,PLOT) = ALL"])
    assert [phase.key for phase in two] == [(1, 0), (2, 0)]
    assert two[0].number_of("NLPARM") == 7 and two[1].number_of("LOAD") is None
    assert two[1].commands["TEMPERATURE(BOTH)"] == "8" and two[1].commands["DISPLACEMENT"] == "ALL"


def test_temperatures_go_from_the_initial_ones_to_those_of_each_subcase(tmp_path):
    control = ("SPC = 1\nTEMPERATURE(INITIAL) = 20\nSUBCASE 1\nTEMPERATURE(LOAD) = 9\nNLPARM = 3\n"
               "SUBCASE 2\nTEMP(LOAD) = 20\nNLPARM = 3")
    bulk = f"TEMPD,20,20.\nTEMPD,9,50.\nTEMP,9,{IDS[4]},100.\nTEMP,9,{IDS[5]},120."
    deck = deck_text(BASIC, control=control, bulk=bulk).replace("0.3,7.8-9", "0.3,7.8-9,1.-5,15.")
    with converted(tmp_path, deck, cd=BASIC, times=(0.5, 1.0, 1.5, 2.0), subcases=(1, 1, 2, 2)) as ours:
        model, mesh = ours.model, ours.mesh(0)
        assert model.amplitudes["temperature_20"].value == (1.0, 0.0, 1.0)
        assert model.amplitudes["temperature_9"].value == (0.0, 1.0, 0.0)
        assert model.initial_temperature.array == "temperature_20" and "temperature_not_read" not in omissions(ours)
        hot = {int(node): float(value) for node, value in zip(mesh.node_ids, mesh.node_arrays["temperature_9"].ravel())}
        assert [hot[int(IDS[k])] for k in (3, 4, 5)] == [50.0, 100.0, 120.0]
        expansion = model.materials["MAT_1"].thermal_expansion
        assert expansion.coefficient == 1e-5 and expansion.reference_temperature == 15.0


@pytest.mark.parametrize("control, bulk, why", [
    ("TEMPERATURE(LOAD) = 9", "TEMPD,9,50.", "no TEMPERATURE\\(INITIAL\\)"),
    ("TEMPERATURE(INITIAL) = 9\nTEMPERATURE(LOAD) = 9", "TEMP,9,7,50.", "no temperature of grid point 17")])
def test_temperatures_that_are_not_whole_are_left_out_and_do_work(tmp_path, control, bulk, why):
    with converted(tmp_path, deck_text(BASIC, control=f"SPC = 1\n{control}\nNLPARM = 3", bulk=bulk), cd=BASIC) as ours:
        note = omissions(ours)["temperature_not_read"]
        assert note.does_work and re.search(why, note.description) and ours.model.initial_temperature is None
