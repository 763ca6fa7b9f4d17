"""Materials of a .cdb: constants, tables in temperature, and the kinds of hardening."""

from __future__ import annotations

import pytest
from cdb_files import CUBE, cdb_text
from romlib_converters.ansys import AnsysConverter
from romlib_converters.ansys.cdb import read_cdb
from romlib_converters.ansys.cdb_materials import deck_materials
from romlib_converters.ansys.materials import read_materials
from rst_files import Rst, Set, constant

from romlib.errors import FileFormatError, InputError
from romlib.laws.mises import MisesLaw
from romlib.snapshots.reader import Snapshots

NODES = {k + 1: point for k, point in enumerate(CUBE)}
ELASTIC = ["MPTEMP,R5.0, 1, 1,  0.00000000    ,", "MPDATA,R5.0, 1,EX  ,       7, 1, 200000.0    ,",
           "MPTEMP,R5.0, 1, 1,  0.00000000    ,", "MPDATA,R5.0, 1,NUXY,       7, 1, 0.300000000    ,"]


def materials(tmp_path, lines):
    path = tmp_path / "deck.cdb"
    path.write_text(cdb_text(NODES, [(1, 1, 7, list(NODES))], ["ET,1,185"], tail=lines))
    return read_materials(deck_materials(read_cdb(path)), [7], 22.0)


def test_constants_and_tables_are_read_as_cdwrite_and_as_people_write_them(tmp_path):
    """Three numbers a line, at positions; a table of five temperatures."""
    lines = [*ELASTIC[2:], "MPTEMP,UNBL, 5, 1, 20.0, 100.0, 200.0", "MPTEMP,UNBL, 5, 4, 300.0, 400.0,",
             "MPDATA,UNBL, 5,EX  ,       7, 1, 210000., 205000., 200000.",
             "MPDATA,UNBL, 5,EX  ,       7, 4, 190000., 180000.",
             "MP,DENS,7,7.85E-9", "MP,ALPX,7,1.2D-5", "MP,REFT,7,25"]
    found, notes = materials(tmp_path, lines)
    one = found["material_7"]
    assert not notes and one.law == "elastic" and one.density == 7.85e-9
    assert list(one.parameters["young"]["temperature"]) == [20, 100, 200, 300, 400]
    assert list(one.parameters["young"]["value"]) == [210000, 205000, 200000, 190000, 180000]
    assert one.parameters["poisson"] == 0.3
    assert one.thermal_expansion.coefficient == 1.2e-5 and one.thermal_expansion.reference_temperature == 25.0


def test_a_property_that_is_given_again_has_the_last_values(tmp_path):
    """A table of three temperatures, and a constant in its place."""
    table = ["MPTEMP,UNBL, 3, 1, 20.0, 100.0, 200.0", "MPDATA,UNBL, 3,EX  ,       7, 1, 210000., 205000., 200000."]
    found, notes = materials(tmp_path, [*table, "MPTEMP", *ELASTIC])
    assert not notes and found["material_7"].parameters == {"young": 200000.0, "poisson": 0.3}
    found, notes = materials(tmp_path, [*ELASTIC, "MPTEMP", *table])
    assert not notes and list(found["material_7"].parameters["young"]["value"]) == [210000.0, 205000.0, 200000.0]


@pytest.mark.parametrize(("lines", "expected"), [
    (["TB,BISO,   7,   1,   2,", "TBTEM,  0.00000000    ,   1", "TBDAT,      1,  280.0    ,  500.0    ,"],
     {"yield": 280.0, "linear_hardening": 200000 * 500 / 199500}),
    (["TB,PLAS,7,1,2,BISO", "TBDATA,1,280,500"], {"yield": 280.0, "linear_hardening": 200000 * 500 / 199500}),
    (["TB,BKIN,7,1,2", "TBDATA,,280,500"], {"yield": 280.0, "kinematic": 200000 * 500 / 199500}),
    (["TB,NLISO,7,1,4,VOCE", "TBDATA,1,150,1000,100,50"],
     {"yield": 150.0, "linear_hardening": 1000.0, "voce": {"Q": 100.0, "b": 50.0}}),
    (["TB,PLASTIC,7,1,3,MISO", "TBPT,DEFI,0,250", "TBPT,DEFI,0.01,300", "TBPT,DEFI,0.1,350"],
     {"curve": {"p": (0.0, 0.01, 0.1), "stress": (250.0, 300.0, 350.0)}})])
def test_hardening_becomes_that_of_the_law(tmp_path, lines, expected):
    found, notes = materials(tmp_path, [*ELASTIC, *lines])
    one = found["material_7"]
    assert not notes and one.law == "mises"
    numbers = {name: value for name, value in one.parameters.items() if isinstance(value, float)}
    assert numbers == pytest.approx({"young": 200000.0, "poisson": 0.3, **{
        name: value for name, value in expected.items() if isinstance(value, float)}})
    assert all(one.parameters[name] == expected[name] for name in ("voce", "curve") if name in expected)
    MisesLaw.from_parameters(dict(one.parameters))


@pytest.mark.parametrize(("lines", "word"), [
    (["TB,CHABOCHE,7,1,1", "TBDATA,1,200,10000,100"], "TB,CHABOCHE"),
    (["TB,BISO,7,2,2", "TBTEMP,20", "TBDATA,1,280,500", "TBTEMP,500", "TBDATA,1,200,400"], "depends on temperature"),
    (["TB,BISO,7,1,2", "TBDATA,1,280,300000"], "constants 280"), (["MP,EY,7,1000"], "EY"),
    (["TB,MISO,7,1,2", "TBPT,,0.00125,250", "TBPT,,0.01,300"], "points"),
    (["TB,BISO,7,1,2", "TBDATA,1,280,500", "TB,BKIN,7,1,2", "TBDATA,1,280,500"], "one hardening"),
    (["MP,EX,7,200000,5"], "polynomial")])
def test_what_no_law_is_made_of_is_left_to_the_study_with_its_line(tmp_path, lines, word):
    found, (note,) = materials(tmp_path, [*ELASTIC, *lines])
    assert not found and note.does_work and word in note.description


def test_a_number_that_cannot_be_read_is_refused_with_its_line(tmp_path):
    with pytest.raises(FileFormatError, match="MP cannot be read") as caught:
        materials(tmp_path, ["MP,EX,7,two"])
    assert caught.value.place.startswith("line ")


def test_the_materials_of_a_deck_take_the_place_of_those_of_the_results(tmp_path):
    deck = tmp_path / "deck.cdb"
    deck.write_text(cdb_text(NODES, [(1, 1, 7, list(NODES))], ["ET,1,185"],
                             tail=[*ELASTIC, "TB,BISO,7,1,2", "TBDATA,1,280,500"]))
    rst = Rst({k: list(v) for k, v in NODES.items()}, [(1, 45, {1: 1})], [(1, 1, 7, list(NODES))],
              [Set(1.0, 1e-4 * CUBE)], materials={7: {1: constant(1.0), 4: constant(0.1)}}).write(tmp_path / "f.rst")
    AnsysConverter().convert(rst, tmp_path / "out.vtkhdf", options={"deck": str(deck)})
    with Snapshots(tmp_path / "out.vtkhdf") as found:
        assert found.model.materials["material_7"].parameters["yield"] == 280.0
    with pytest.raises(InputError, match="no such file"):
        AnsysConverter().convert(rst, tmp_path / "out2.vtkhdf", options={"deck": str(tmp_path / "other.cdb")})


@pytest.mark.data
def test_the_material_of_the_blade_is_read(data_dir):
    found, notes = read_materials(deck_materials(read_cdb(data_dir / "ansys" / "turbine_blade.cdb")), [1], 71.6)
    one = found["material_1"]
    assert not notes and one.parameters == {"young": 29007547.5, "poisson": 0.3}
    assert one.density == pytest.approx(7.345444929e-4) and one.thermal_expansion.coefficient == pytest.approx(2e-5 / 3)
