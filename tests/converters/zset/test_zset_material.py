from __future__ import annotations

import pytest
from romlib_converters.zset.material import read_material

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.laws.registry import build_law

VISCOPLASTIC = """***behavior gen_evp
 **elasticity isotropic
  young temperature
   200000. 20.
   150000. 1000.   % hot
  poisson 0.3
 **thermal_strain isotropic
  alpha 1.2e-5
  ref_temperature 20.
 **coefficient masvol 8.e-9
 **potential gen_evp evr
  *criterion mises
  *flow norton
   n 7. K 300.
  *isotropic nonlinear
   R0 50. Q 30. b 10.
  *kinematic nonlinear
   C 100000. D 1000.
  *kinematic linear
   C 5000.
***return
"""


def material(tmp_path, text, number=1):
    path = tmp_path / "mat"
    path.write_text(text)
    return read_material(path, number)


def test_norton_with_hardening_is_the_chaboche_law(tmp_path):
    found = material(tmp_path, VISCOPLASTIC)
    assert found.law == "chaboche" and found.potential == "evr" and found.density == 8e-9
    assert found.parameters == {
        "young": {"temperature": [20.0, 1000.0], "value": [200000.0, 150000.0]}, "poisson": 0.3, "K": 300.0, "n": 7.0,
        "R0": 50.0, "isotropic": {"Q": 30.0, "b": 10.0},
        "kinematic": [{"C": 100000.0, "D": 1000.0}, {"C": 5000.0, "D": 0.0}]}
    assert found.thermal_expansion.coefficient == 1.2e-5 and found.thermal_expansion.reference_temperature == 20.0


@pytest.mark.parametrize("text", [
    VISCOPLASTIC,
    VISCOPLASTIC.replace("nonlinear\n   R0 50. Q 30. b 10.", "constant\n   R0 50."),
    VISCOPLASTIC.replace("nonlinear\n   R0 50. Q 30. b 10.", "linear\n   R0 50. H 10."),
    VISCOPLASTIC.replace("norton\n   n 7. K 300.", "plasticity").replace(
        "*kinematic nonlinear\n   C 100000. D 1000.\n", ""),
    VISCOPLASTIC.replace("gen_evp\n", "linear_elastic\n")[:VISCOPLASTIC.index(" **potential") + 7] + "***return\n",
])
def test_the_parameters_are_those_of_the_law(tmp_path, text):
    """The law that the converter names takes the parameters that it writes."""
    law = build_law(material(tmp_path, text).on("all"))
    assert law.name in ("chaboche", "mises", "elastic")


def test_rows_of_a_table_may_come_in_any_order(tmp_path):
    text = VISCOPLASTIC.replace("200000. 20.\n   150000. 1000.", "150000. 1000.\n   200000. 20.")
    assert material(tmp_path, text).parameters["young"]["temperature"] == [20.0, 1000.0]


def test_the_numbered_behaviour_of_a_file_is_read(tmp_path):
    second = VISCOPLASTIC.replace("poisson 0.3", "poisson 0.25")
    assert material(tmp_path, VISCOPLASTIC + second, 2).parameters["poisson"] == 0.25
    with pytest.raises(FileFormatError, match="behaviour 3"):
        material(tmp_path, VISCOPLASTIC + second, 3)


@pytest.mark.parametrize(("old", "new", "found"), [
    ("behavior gen_evp", "behavior porous_plastic", "porous_plastic"),
    ("elasticity isotropic", "elasticity cubic", "cubic"),
    ("criterion mises", "criterion hill", "hill"),
    ("flow norton", "flow sum_norton", "sum_norton"),
    ("isotropic nonlinear", "isotropic nonlinear_v1", "nonlinear_v1"),
    ("kinematic linear", "kinematic burlet_cailletaud", "burlet_cailletaud"),
    ("poisson 0.3", "poisson damage 0.3 1.", "damage"),
    ("C 5000.", "C 5000. omega 1.", "omega"),
    (" **coefficient", " **damage lemaitre\n **coefficient", "damage"),
    ("  *criterion mises", "  *static_recovery\n  *criterion mises", "static_recovery"),
])
def test_what_no_romlib_law_has_is_refused_by_name(tmp_path, old, new, found):
    assert old in VISCOPLASTIC
    with pytest.raises(UnsupportedError) as caught:
        material(tmp_path, VISCOPLASTIC.replace(old, new))
    assert found in str(caught.value.found) and "mat" in str(caught.value.file) and "line" in str(caught.value.place)


@pytest.mark.parametrize(("old", "new", "what"), [
    ("poisson 0.3", "", "poisson is missing"),
    ("ref_temperature 20.", "", "ref_temperature is missing"),
    ("200000. 20.", "200000.", "rows of a value and a temperature"),
    ("150000. 1000.", "150000. 20.", "table in temperature is wrong"),
    ("  *criterion mises\n", "", r"\*criterion is missing"),
])
def test_incomplete_material_is_refused(tmp_path, old, new, what):
    with pytest.raises(FileFormatError, match=what):
        material(tmp_path, VISCOPLASTIC.replace(old, new))


def test_missing_material_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no_such_file"):
        read_material(tmp_path / "no_such_file")
