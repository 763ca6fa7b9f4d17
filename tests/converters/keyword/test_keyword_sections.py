"""Sections of a deck of Abaqus or CalculiX: which cells a material is on."""

from __future__ import annotations

import pytest
from keyword_decks import CUBE, HELD, MATERIAL, both, read, step

from romlib.errors import FileFormatError

OTHER = MATERIAL.replace("STEEL", "BRASS").replace("200000.", "100000.")


def section(elset, material, more=""):
    return f"*SOLID SECTION, ELSET={elset}, MATERIAL={material}{more}\n"


def sections(solver, folder, *cards):
    return read(solver, folder, CUBE + MATERIAL + OTHER + "".join(cards) + HELD + step())


@both
def test_each_material_is_on_the_set_of_its_section(solver, tmp_path):
    found = sections(solver, tmp_path, section("FIRST", "steel"), section("LAST", "BRASS"))
    assert {name: one.cells for name, one in found.model.materials.items()} == {"STEEL": "FIRST", "BRASS": "LAST"}
    assert found.mesh.cell_tags["FIRST"].tolist() == [0] and found.mesh.cell_tags["LAST"].tolist() == [1]


@both
def test_a_material_of_several_sections_is_on_all_of_their_cells(solver, tmp_path):
    found = sections(solver, tmp_path, section("FIRST", "STEEL"), section("LAST", "steel"))
    (material,) = found.model.materials.values()
    assert sorted(found.mesh.cell_tags[material.cells]) == [0, 1]


@both
def test_a_cell_of_two_sections_belongs_to_the_last_one(solver, tmp_path):
    found = sections(solver, tmp_path, section("EALL", "STEEL"), section("LAST", "BRASS"))
    cells = {name: found.mesh.cell_tags[one.cells].tolist() for name, one in found.model.materials.items()}
    assert cells == {"STEEL": [0], "BRASS": [1]}


@both
def test_a_material_whose_cells_are_no_set_gets_a_tag_of_its_name_that_means_nothing_else(solver, tmp_path):
    text = CUBE.replace(", ELSET=EALL", "", 1).replace("EALL, S2", "FIRST, S2")
    for name, tag in (("STEEL", "STEEL"), ("all", "all_")):  # "all" is romlib's own
        found = read(solver, tmp_path, text + MATERIAL.replace("STEEL", name) + section("FIRST", name)
                     + section("LAST", name) + HELD + step())
        assert found.model.materials[name].cells == tag and sorted(found.mesh.cell_tags[tag]) == [0, 1]


@both
@pytest.mark.parametrize(("cards", "said"), [
    ((section("EALL", "LEAD"),), "no material of this name.*found: LEAD.*"),
    ((section("NONE", "STEEL"),), "no element set.*NONE"),
])
def test_a_section_of_what_is_not_there_is_refused_with_its_line(solver, cards, said, tmp_path):
    with pytest.raises(FileFormatError, match=rf"(?s){said}") as caught:
        sections(solver, tmp_path, *cards)
    assert "SOLID SECTION" in str(caught.value)


ORTHOTROPIC = ("*MATERIAL, NAME=ORTHO\n*ELASTIC, TYPE=ENGINEERING CONSTANTS\n9., 5., 3., 0.2, 0.25, 0.3, 2., 2.5\n3.\n"
               "*ORIENTATION, NAME=O1, SYSTEM=RECTANGULAR\n0., 1., 0., -1., 0., 0.\n"
               "*ORIENTATION, NAME=O2, SYSTEM=RECTANGULAR\n1., 0., 0., 0., 0., 1.\n")


@both
def test_a_material_with_two_orientations_has_the_axes_of_each_cell(solver, tmp_path):
    cards = section("FIRST", "ORTHO", ", ORIENTATION=O1"), section("LAST", "ORTHO", ", ORIENTATION=O2")
    found = sections(solver, tmp_path, ORTHOTROPIC, *cards)
    (material,) = found.model.materials.values()
    arrays = [found.mesh.cell_arrays[one.array].tolist() for one in (material.orientation.first,
                                                                     material.orientation.plane)]
    assert sorted(found.mesh.cell_tags[material.cells]) == [0, 1]
    assert arrays == [[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], [[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]


@both
def test_a_material_with_axes_round_a_line_and_along_vectors_is_two_with_the_same_constants(solver, tmp_path):
    cards = section("FIRST", "ORTHO", ", ORIENTATION=O1"), section("LAST", "ORTHO", ", ORIENTATION=O3")
    round_z = "*ORIENTATION, NAME=O3, SYSTEM=CYLINDRICAL\n0., 0., 0., 0., 0., 1.\n"
    found = sections(solver, tmp_path, ORTHOTROPIC + round_z, *cards)
    along, around = found.model.materials["ORTHO"], found.model.materials["ORTHO_O3"]
    assert along.parameters == around.parameters and (along.cells, around.cells) == ("FIRST", "LAST")
    assert around.orientation.axis == (0.0, 0.0, 1.0) and along.orientation.axis is None
    assert "ORTHO" not in found.mesh.cell_tags and len(found.model.materials) == 2


@both
def test_an_orientation_that_is_not_there_is_refused(solver, tmp_path):
    with pytest.raises(FileFormatError, match=r"no \*ORIENTATION of this name(?s:.)*expected: O1, O2(?s:.)*found: O3"):
        sections(solver, tmp_path, ORTHOTROPIC, section("EALL", "ORTHO", ", ORIENTATION=O3"))
