"""CalculiX's way with cards: order, beginnings of keywords, unknown ones; and what a deck says first of all."""

from __future__ import annotations

import numpy as np
import pytest
from calculix_solver import CUBE
from romlib_converters.calculix import CalculixConverter
from romlib_converters.calculix.cards import KNOWN, in_order, known_keyword, read_calculix_cards
from romlib_converters.calculix.deck import read_deck
from romlib_converters.calculix.model import ModelBuilder

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.model import UnitSystem

STEP = "*STEP\n*STATIC\n0.5,1.\n*BOUNDARY\nLEFT,1,3\n{}*END STEP\n"


def builder(folder, text):
    path = folder / "deck.inp"
    path.write_text(text)
    found = ModelBuilder(read_deck(path), np.array([0.0, 1.0]))
    return found, *found.build(UnitSystem(), [])


def build(folder, text):
    return builder(folder, text)[1:]


def omissions(model):
    return {one.name: one.does_work for one in model.omissions}


@pytest.mark.parametrize(("written", "known"), [
    ("CLOADS", "CLOAD"), ("NODEPRINT", "NODEPRINT"), ("NODERESPONSE", "NODE"), ("SURFACEBEHAVIOR", "SURFACEBEHAVIOR"),
    ("SURFACES", "SURFACES"), ("ENDSTEP", "ENDSTEP"), ("STEADYSTATEDYNAMICS,DIRECT", "STEADYSTATEDYNAMICS"),
    ("WARPDRIVE", "WARPDRIVE"), ("DISTRIBUTINGCOUPLING", "DISTRIBUTINGCOUPLING"), ("", "")])
def test_a_keyword_is_known_by_its_beginning(written, known):
    assert known_keyword(written) == known
    assert all(known_keyword(one) == one for one in KNOWN)


def test_nodes_sets_materials_and_amplitudes_come_first_and_the_rest_as_it_stands(tmp_path):
    (tmp_path / "a.inp").write_text("*STEP\n*CLOAD\n*AMPLITUDE,NAME=A\n*ELASTIC\n*NSET,NSET=B\n*NODE\n*END STEP\n")
    assert [card.keyword for card in in_order(read_calculix_cards(tmp_path / "a.inp"))] == [
        "NODE", "NSET", "ELASTIC", "AMPLITUDE", "STEP", "CLOAD", "ENDSTEP"]


def test_a_deck_may_say_things_after_they_are_used(tmp_path):
    """Amplitudes behind the step, a property of the material behind its section."""
    head, material = CUBE.split("*DENSITY\n2.\n")[0], "*SOLID SECTION,ELSET=EALL,MATERIAL=M\n*DENSITY\n2.\n"
    _, model = build(tmp_path, head + material + STEP.format("*CLOAD,AMPLITUDE=LATE\nTOP,3,1.\n")
                     + "*AMPLITUDE,NAME=LATE\n0.,0.,1.,1.\n")
    assert list(model.amplitudes) == ["LATE"] and model.materials["M"].density == 2.0


def test_cards_that_the_solver_knows_work_and_are_counted_with_their_lines(tmp_path):
    _, model = build(tmp_path, CUBE + "*COUPLING\n1\n*FOO\n1\n*COUPLING\n2\n" + STEP.format(""))
    assert omissions(model) == {"coupling": True, "foo": False}
    texts = {one.name: one.description for one in model.omissions}
    assert texts["coupling"].startswith("2 x *COUPLING (lines 22, 26 of deck.inp)")
    assert "CalculiX does not know it" in texts["foo"] and "line 24 of deck.inp" in texts["foo"]


def test_parameters_that_the_solver_ignores_are_noted_and_those_that_matter_are_refused(tmp_path):
    _, model = build(tmp_path, CUBE + STEP.format("*CLOAD,FOLLOWER\nTOP,3,1.\n"))
    assert omissions(model) == {"parameters": False} and "line 27, *CLOAD" in model.omissions[0].description
    with pytest.raises(UnsupportedError, match="TIMEDELAY"):
        build(tmp_path, CUBE + STEP.format("*CLOAD,TIME DELAY=0.1\nTOP,3,1.\n"))


@pytest.mark.parametrize(("card", "said"), [
    ("*HEAT TRANSFER\n", r"not reduced.*line 23, \*HEAT TRANSFER"),
    ("*STATIC\n1.,1.\n*MODEL CHANGE,TYPE=ELEMENT,REMOVE\nEALL\n", r"removed or added.*line 25, \*MODEL CHANGE"),
    ("*STATIC\n1.,1.\n*EQUATION,REMOVE\n5,1\n", r"linear relation ends.*line 25.*REMOVE"),
    ("*STATIC\n1.,1.\n*EQUATION,REMOVE=ALL\n", r"linear relation ends.*line 25.*REMOVE=ALL"),
    ("*STATIC\n1.,1.\n*CONTACT PAIR,INTERACTION=I,ADJUST=0.1\nA,B\n", r"contact moves nodes.*line 25.*ADJUST=0.1"),
])
def test_the_deck_is_read_before_its_results(tmp_path, card, said):
    """There are none, or they lack what a static computation has: the deck's reason comes first."""
    for frd in (None, b"    1C\n 9999\n"):
        (tmp_path / "job.inp").write_text(f"{CUBE}*STEP\n{card}*END STEP\n")
        if frd is not None:
            (tmp_path / "job.frd").write_bytes(frd)
        with pytest.raises(UnsupportedError, match=f"(?s){said}"):
            CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "x.vtkhdf")


def test_a_restart_is_named_though_it_has_no_mesh(tmp_path):
    (tmp_path / "job.inp").write_text("*RESTART,READ,STEP=1\n*STEP\n*STATIC\n1.,1.\n*END STEP\n")
    with pytest.raises(UnsupportedError, match=r"(?s)goes on from another one.*line 1, \*RESTART"):
        CalculixConverter().read_case(tmp_path / "job.inp")


def test_a_file_beside_the_results_is_the_deck_whatever_it_begins_with(tmp_path):
    (tmp_path / "job.frd").write_bytes(b"    1C\n 9999\n")
    (tmp_path / "job.inp").write_text("1 2 3\nno deck at all\n")
    for named in ("job.inp", "job.frd"):
        with pytest.raises(FileFormatError, match="no keyword"):
            CalculixConverter().convert(tmp_path / named, tmp_path / "x.vtkhdf")
    for first in ("*AMPLITUDE,NAME=A\n0.,0.\n", "*RESTART,WRITE\n", "*SURFACE INTERACTION,NAME=I\n"):
        (tmp_path / "job.inp").write_text(first + CUBE + STEP.format(""))
        assert CalculixConverter().can_read(tmp_path / "job.inp")
        with pytest.raises(FileFormatError, match="no nodes"):  # the deck is read, the results come after it
            CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "x.vtkhdf")


def test_a_byte_that_is_no_text_names_its_line(tmp_path):
    (tmp_path / "a.inp").write_bytes(b"*NODE\n1,0,0,0\n*NSET,NSET=A\0B\n1\n")
    with pytest.raises(FileFormatError, match=r"(?s)byte zero.*line 3"):
        read_deck(tmp_path / "a.inp")


REFERENCE = CUBE.replace("8,0,1,1\n", "8,0,1,1\n99,5,5,5\n98,5,5,6\n")
LINKS = ["*EQUATION\n2\n5,3,1.,99,3,-1.\n", "*RIGID BODY,NSET=TOP,REF NODE=99\n",
         "*RIGID BODY,NSET=TOP,REF NODE=98,ROT NODE=99\n", "*RIGID BODY,ELSET=EALL,REF NODE=99\n",
         "*MPC\nPLANE,5,6,7,8,99\n"]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(("first", "second", "when"), [
    ("99,3,3\n", "*BOUNDARY,OP=NEW\nLEFT,1,3\n", "before"), ("", "*BOUNDARY\n99,3,3\n", "from then on"),
    ("99,3,5\n", "*BOUNDARY,OP=NEW\nLEFT,1,3\n99,3,4\n", "before")])
def test_a_reference_node_that_is_held_for_a_while_is_refused(tmp_path, link, first, second, when):
    steps = STEP.format(first) + STEP.format(second).replace("*BOUNDARY\nLEFT,1,3\n", "", 1)
    with pytest.raises(UnsupportedError, match=rf"(?s)begins or ends.*step 2.*node 99.*BOUNDARY holds it {when}"):
        build(tmp_path, REFERENCE + link + steps)


def test_a_node_that_is_in_nothing_may_be_held_for_a_while(tmp_path):
    second = STEP.format("*BOUNDARY,OP=NEW\nLEFT,1,3\n").replace("*BOUNDARY\nLEFT,1,3\n", "", 1)
    steps = STEP.format("99,3,3\n") + second
    _, model = build(tmp_path, REFERENCE + steps)
    assert model.omissions == ()


def test_each_part_of_the_model_has_its_line(tmp_path):
    found, _, model = builder(tmp_path, CUBE + STEP.format(
        "*CLOAD\nTOP,3,1.\n*DLOAD\nEALL,GRAV,1.,0.,0.,-1.\n*BOUNDARY\n6,1,1,0.1\n"))
    lines = {name: text for (_, name), text in found.lines.items()}
    assert set(lines) == {*model.loads, *model.constraints, *model.materials}
    assert lines["M"] == "line 16 of deck.inp, *MATERIAL" and lines["LEFT_xyz"] == "line 25 of deck.inp, *BOUNDARY"
    assert lines["force_TOP_z"] == "line 27 of deck.inp, *CLOAD"
    assert lines["grav_EALL"] == "line 29 of deck.inp, *DLOAD"
    assert [text for name, text in lines.items() if name.startswith("prescribed")] == ["line 31 of deck.inp, *BOUNDARY"]


@pytest.mark.parametrize("name", ["fixed", "all", "skin", "temperature", "temperature_uniform", "grav_EALL", "loaded_1",
                                  "prescribed_1", "pressure_1", "FIXED", "équerre"])
def test_names_of_a_deck_that_romlib_uses_itself_overwrite_nothing(tmp_path, name):
    """Sets, surfaces, amplitudes and materials of one name, beside things to which romlib gives names."""
    text = CUBE.replace("NAME=M\n", f"NAME={name}\n").replace("MATERIAL=M\n", f"MATERIAL={name}\n")
    text += (f"*NSET,NSET={name}\n1\n*ELSET,ELSET={name}\n1\n*SURFACE,NAME={name}\nEALL,S2\n"
             f"*SURFACE,NAME={name},TYPE=NODE\n2\n*SURFACE,NAME=OTHER\n1,S3\n*AMPLITUDE,NAME={name}\n0.,0.,1.,1.\n"
             "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,10.\n")
    mesh, model = build(tmp_path, text + STEP.format(
        f"{name},1,3\n6,2,2,0.1\n*CLOAD,AMPLITUDE={name}\nTOP,3,1.\n7,1,2.\n*DLOAD,AMPLITUDE={name}\n"
        f"EALL,GRAV,1.,0.,0.,-1.\n{name},P1,1.\n*DSLOAD\nOTHER,P,2.\n*TEMPERATURE\nNALL,20.\n5,50.\n"))
    kinds = sorted(type(load).__name__ for load in model.loads.values())
    assert kinds == ["BodyForce", "NodalForce", "Pressure", "Pressure", "Temperature", "Temperature"]
    assert set(model.amplitudes) == {*model.loads, *(
        key for key, one in model.constraints.items() if one.kind == "prescribed")}
    held = {(int(mesh.node_ids[node]), c) for one in model.constraints.values() if one.kind == "fixed"
            for node in mesh.node_tags[one.nodes] for c in one.components}
    assert held == {(node, c) for node in (1, 4, 5, 8) for c in "xyz"}
    assert len(mesh.node_tags) >= 5 and "skin" not in mesh.face_tags and "all" not in mesh.cell_tags
    assert list(model.materials) == [name]


def test_two_amplitudes_of_one_name_are_refused_with_both_lines(tmp_path):
    """CalculiX takes the first for loads and the last for constraints."""
    twice = "*AMPLITUDE,NAME=A\n0.,0.\n*AMPLITUDE,NAME=a\n0.,1.\n"
    with pytest.raises(FileFormatError, match=r"(?s)same name.*line 24.*also line 22"):
        build(tmp_path, CUBE + twice + STEP.format(""))


def test_a_step_within_a_step_and_increments_without_end_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="begins within another one"):
        build(tmp_path, CUBE + STEP.format("").replace("*END STEP", "*END TTEP") + STEP.format(""))
    with pytest.raises(FileFormatError, match=r"(?s)too many increments.*1 / 1e-12"):
        build(tmp_path, CUBE + STEP.format("").replace("0.5,1.", "1e-12,1."))


def test_a_missing_deck_is_an_error_of_its_own(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        CalculixConverter().convert(tmp_path / "gone.inp", tmp_path / "x.vtkhdf")


def test_a_mesh_of_one_part_is_read_and_one_of_moved_parts_is_refused(tmp_path):
    """Sets of all cards are tags; a deck with results has no parts at all."""
    mesh = CUBE.split("*MATERIAL")[0]
    part = (f"*PART,NAME=P\n{mesh}*END PART\n*ASSEMBLY,NAME=A\n*INSTANCE,NAME=I,PART=P\n{{}}*END INSTANCE\n"
            "*END ASSEMBLY\n")
    (tmp_path / "a.inp").write_text(part.format(""))
    read = CalculixConverter().read_mesh(tmp_path / "a.inp")
    assert {name: len(nodes) for name, nodes in read.node_tags.items()} == {"NALL": 8, "LEFT": 4, "TOP": 4}
    with pytest.raises(UnsupportedError, match=r"(?s)deck of parts.*line 1, \*PART"):
        read_deck(tmp_path / "a.inp")
    (tmp_path / "a.inp").write_text(part.format("5.,0.,0.\n"))
    with pytest.raises(UnsupportedError, match=r"(?s)moves or repeats.*\*INSTANCE.*translation"):
        CalculixConverter().read_mesh(tmp_path / "a.inp")
    (tmp_path / "a.inp").write_text(part.format("") + f"*PART,NAME=Q\n{mesh}*END PART\n")
    with pytest.raises(UnsupportedError, match=r"(?s)moves or repeats.*2 cards"):
        CalculixConverter().read_mesh(tmp_path / "a.inp")
