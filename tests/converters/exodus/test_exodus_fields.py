"""Which variables of an Exodus file are romlib's fields, by their names alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from romlib_converters.exodus.fields import point_variables, scalar, vector

from romlib.errors import InputError

FILE = Path("a.exo")
ENDINGS = ("xx", "yy", "zz", "xy", "yz", "zx")


def test_components_and_points_are_told_apart_in_any_writing():
    names = [f"Stress_{ending.upper()}_{point}" for point in (2, 1) for ending in ENDINGS]
    names += ["eqps_1", "eqps_2", "strain_11", "strain_22", "strain_33", "strain_12", "strain_23", "strain_31", "speed"]
    fields, rest = point_variables(names)
    found = {one.field: one for one in fields}
    assert set(found) == {"stress", "p", "strain"} and rest == ["speed"]
    assert found["stress"].n_point == 2 and found["strain"].n_point == 1
    assert found["stress"].names[0] == ("Stress_XX_1", "Stress_YY_1", "Stress_ZZ_1", "Stress_XY_1", "Stress_YZ_1",
                                        "Stress_ZX_1")
    assert found["p"].names == (("eqps_1",), ("eqps_2",))
    assert found["strain"].names[0][-1] == "strain_31"


@pytest.mark.parametrize("lost", ["stress_xy_2", "stress_xx_1"])
def test_a_field_that_lacks_a_component_at_a_point_is_none(lost):
    names = [f"stress_{ending}_{point}" for point in (1, 2, 3) for ending in ENDINGS]
    assert point_variables([name for name in names if name != lost])[0] == []


def test_a_field_that_lacks_a_point_is_none():
    names = [f"stress_{ending}_{point}" for point in (1, 3) for ending in ENDINGS]
    assert point_variables(names) == ([], names)


def test_mechanical_strain_is_not_taken_for_the_strain():
    names = [f"mechanical_strain_{ending}" for ending in ENDINGS]
    assert point_variables(names) == ([], names)


def test_a_vector_has_as_many_components_as_the_mesh_has_dimensions():
    three = ("DISPL_X", "DISPL_Y", "DISPL_Z")
    assert vector(("A", *three), None, 3, FILE, "displacement") == three
    assert vector(("A", *three[:2]), None, 2, FILE, "displacement") == three[:2]
    with pytest.raises(InputError, match=r"no 2 variables|cannot be told"):
        vector(three, None, 2, FILE, "displacement")


@pytest.mark.parametrize(("given", "words"), [
    (["ux", "ux"], "two components are one variable"), (["ux"], "a vector has 2 components"),
    ("[ux, uw]", "no such variable"), ("v", "no 2 variables have the components")])
def test_a_vector_that_the_user_names_has_to_be_there(given, words):
    with pytest.raises(InputError, match=words):
        vector(("ux", "uy"), given, 2, FILE, "displacement")
    assert vector(("ux", "uy"), "[uy, ux]", 2, FILE, "displacement") == ("uy", "ux")


def test_a_temperature_is_taken_where_one_variable_alone_is_called_so():
    assert scalar(["Temp", "u_x"], None, FILE) == "Temp"
    assert scalar(["temp", "nt"], None, FILE) is None and scalar([], None, FILE) is None
    assert scalar(["temp", "nt"], "nt", FILE) == "nt"
    with pytest.raises(InputError, match="no such variable"):
        scalar(["temp"], "heat", FILE)
