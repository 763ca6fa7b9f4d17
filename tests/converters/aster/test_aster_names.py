"""Which fields of a MED file are Code_Aster's, by their names alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from romlib_converters.aster.names import choose, formulation_of, has_contact, symbol_of, tensor_columns, vector_columns
from romlib_converters.med.fields import MedField

from romlib.errors import InputError

FILE = Path("a.rmed")


def fields(*names, components=("DX", "DY", "DZ")):
    return {name: MedField(name, "MAIL", tuple(components), {(1, -1): (0.0, "1")}, "float64", ()) for name in names}


@pytest.mark.parametrize(("name", "found"), [
    ("RESU____DEPL", ("RESU", "DEPL")), ("RESUTHERTEMP", ("RESUTHER", "TEMP")), ("U SIEF_ELGA_", ("U", "SIEF_ELGA")),
    ("depl", ("", "DEPL")), ("RESU____SIEQ_ELGA", None), ("DEPLACEMENT", None)])
def test_a_name_is_that_of_the_result_and_the_symbol(name, found):
    assert symbol_of(name) == found


def test_the_fields_are_those_of_the_result_of_the_displacement():
    known = fields("R1______DEPL", "R1______SIEF_ELGA", "R2______SIEF_ELGA", "R2______TEMP")
    found = {ours: field.name for ours, field in choose(known, {}, FILE).items()}
    assert found == {"displacement": "R1______DEPL", "stress": "R1______SIEF_ELGA", "temperature": "R2______TEMP"}
    known |= fields("R2______DEPL")
    with pytest.raises(InputError, match=r"several results(?s:.*)R1, R2(?s:.*)--option result=R1"):
        choose(known, {}, FILE)
    assert choose(known, {"result": "R2"}, FILE)["stress"].name == "R2______SIEF_ELGA"
    with pytest.raises(InputError, match="no result of this name"):
        choose(known, {"result": "R3"}, FILE)


def test_of_two_fields_that_may_be_one_none_is_taken_unless_it_is_named():
    known = fields("R1______DEPL", "R1______SIEF_ELGA", "R1_SIEF_ELGA")
    assert set(choose(known, {}, FILE)) == {"displacement"}
    assert choose(known, {"stress": "R1_SIEF_ELGA"}, FILE)["stress"].name == "R1_SIEF_ELGA"
    with pytest.raises(InputError, match="no displacement"):
        choose(fields("R1______DEPL", "R1_DEPL"), {}, FILE)
    with pytest.raises(InputError, match="no such field"):
        choose(known, {"strain": "EPS"}, FILE)


def test_components_are_found_by_their_names_in_any_order():
    turned = fields("R_DEPL", components=("DZ", "DRX", "DX", "DY"))["R_DEPL"]
    assert vector_columns(turned, 3, FILE) == [2, 3, 0] and vector_columns(turned, 2, FILE) == [2, 3]
    others = fields("R_DEPL", components=("U", "V", "W"))["R_DEPL"]
    assert vector_columns(others, 3, FILE) == [0, 1, 2]
    with pytest.raises(InputError, match=r"component of a vector is missing(?s:.*)DX, DY, DZ(?s:.*)DX, DY"):
        vector_columns(fields("R_DEPL", components=("DX", "DY"))["R_DEPL"], 3, FILE)
    stress = fields("S", components=("SIZZ", "SIXX", "SIYY", "SIXY", "SIYZ", "SIXZ"))["S"]
    columns, names = tensor_columns(stress, 3)
    assert [("S" + "I" + one.upper()) for one in names] == [stress.components[k] for k in columns]
    plane = fields("S", components=("SIXX", "SIYY", "SIZZ", "SIXY"))["S"]
    assert tensor_columns(plane, 3) is None and tensor_columns(plane, 2)[0] == [0, 1, 2, 3]


def test_unknowns_tell_the_formulation_and_contact():
    plain, mixed = fields("D")["D"], fields("D", components=("DX", "DY", "DZ", "PRES", "GONF"))["D"]
    assert formulation_of(plain) == "standard" and formulation_of(mixed) == "mixed, with PRES and GONF"
    assert not has_contact(plain) and has_contact(fields("D", components=("DX", "LAGS_C"))["D"])
