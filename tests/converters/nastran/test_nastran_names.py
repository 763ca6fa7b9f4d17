"""Cards whose names nobody knows, such as misspelt ones: their elements, loads or constraints would be lost."""

from __future__ import annotations

import pytest
from romlib_converters.nastran.converter import NastranConverter
from romlib_converters.nastran.deck import read_deck
from small_model import deck_text, write_small

from romlib.errors import FileFormatError, InputError
from romlib.snapshots import Snapshots

pytest.importorskip("pyNastran.bdf.bdf")


def misspelt(path, old="CHEXA,2", new="QHEXA,2"):
    text = deck_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return path, text.splitlines().index(next(line for line in text.splitlines() if line.startswith(old))) + 1


def convert(results, **options):
    NastranConverter().convert(results, results.with_suffix(".vtkhdf"), units="mm, N, MPa, s, K", options=options)
    return results.with_suffix(".vtkhdf")


@pytest.mark.parametrize(("old", "new", "meant"), [
    ("CHEXA,2", "CHEXB,2", "CHEXA"), ("SPC1,1", "SPCI,1", "SPC"), ("FORCE,2", "FROCE,2", "FORCE")])
def test_a_misspelt_card_is_refused_with_its_line_and_the_name_that_is_meant(tmp_path, old, new, meant):
    deck, line = misspelt(tmp_path / "small.bdf", old, new)
    with pytest.raises(FileFormatError, match="name that is not known") as caught:
        read_deck(deck)
    assert caught.value.place == f"line {line}" and str(caught.value.file).endswith("small.bdf")
    assert new.split(",")[0] in str(caught.value.found) and meant in str(caught.value.expected)


def test_an_element_that_is_misspelt_is_missed_by_convert_and_by_the_mesh_alone(tmp_path):
    write_small(tmp_path / "small.op2", geometry=False)
    deck, _ = misspelt(tmp_path / "small.bdf")
    for read in (NastranConverter().read_mesh, convert):
        with pytest.raises(FileFormatError, match="1 card QHEXA"):
            read(deck)
    assert not (tmp_path / "small.vtkhdf").exists()


def test_a_misspelt_card_in_fixed_fields_of_an_included_file_is_named_there(tmp_path):
    lines = deck_text().splitlines()
    bulk = lines.index("BEGIN BULK") + 1
    (tmp_path / "bulk.inc").write_text("\n".join(["$ QHEXA", "QHEXA*  " + f"{9:16d}{5:16d}{7:16d}{17:16d}"]) + "\n")
    (tmp_path / "small.bdf").write_text("\n".join([*lines[:bulk], "INCLUDE 'bulk.inc'", *lines[bulk:]]) + "\n")
    with pytest.raises(FileFormatError, match="not known") as caught:
        read_deck(tmp_path / "small.bdf")
    assert str(caught.value.file).endswith("bulk.inc") and caught.value.place == "line 2"


def test_cards_that_the_user_leaves_out_are_an_omission_that_does_work(tmp_path):
    write_small(tmp_path / "small.op2")
    (tmp_path / "small.bdf").write_text(deck_text(bulk="NEWCARD,1,2\nNEWCARD,2,2\nOTHERONE,3"))
    with pytest.raises(FileFormatError, match="2 cards NEWCARD; and name OTHERONE"):
        convert(tmp_path / "small.op2")
    with Snapshots(convert(tmp_path / "small.op2", ignore_cards="newcard,OTHERONE")) as snapshots:
        notes = {one.name: one for one in snapshots.model.omissions}
    assert notes["ignored_cards"].does_work and "2 NEWCARD" in notes["ignored_cards"].description


def test_a_name_that_is_known_cannot_be_left_out_nor_anything_without_a_deck(tmp_path):
    write_small(tmp_path / "small.op2")
    (tmp_path / "small.bdf").write_text(deck_text())
    with pytest.raises(InputError, match="none of the deck's unknown ones"):
        convert(tmp_path / "small.op2", ignore_cards="CHEXA")
    with pytest.raises(InputError, match="there is none"):
        convert(tmp_path / "small.op2", model="none", ignore_cards="CHEXA")


def test_cards_that_pynastran_does_not_know_but_the_solver_does_are_read_past(tmp_path):
    bulk = "NLSTEP,3,1.\nBCTABL1,1,2\nPSLDN1,5,1\nCAMPBLL,1\nMATVE,3\nABSTRCT,LOAD"
    (tmp_path / "small.bdf").write_text(deck_text(bulk=bulk))
    assert len(read_deck(tmp_path / "small.bdf").bulk.solids["CHEXA"].ids) == 2


@pytest.mark.data
@pytest.mark.parametrize("name", ["cantilevered_plate_3d.bdf", "sol401_tstep1.dat"])
def test_all_names_of_real_decks_are_known(data_dir, name):
    assert read_deck(data_dir / "nastran" / name).data["unknown_cards"] == {}
