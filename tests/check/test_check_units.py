"""Numbers that no solid has in the stated units are named, with the factor; numbers of real materials are not."""

from __future__ import annotations

import pytest

from romlib.check.units import unit_hints
from romlib.model import Material, Model, Pressure, ThermalExpansion, UnitSystem

STEEL = {"young": 2.1e5, "poisson": 0.3, "yield": 300.0}
REAL = {  # MPa, and t/mm3
    "steel": (STEEL, 7.85e-9), "aluminium": ({"young": 7e4, "poisson": 0.33, "yield": 95.0}, 2.7e-9),
    "lead": ({"young": 16e3, "poisson": 0.44, "yield": 5.0}, 1.13e-8),
    "rubber": ({"young": 1.5, "poisson": 0.49}, 1e-9),
    "foam": ({"young": 0.1, "poisson": 0.1}, 3e-11), "diamond": ({"young": 1.22e6, "poisson": 0.1}, 3.5e-9),
    "maraging steel": ({"young": 1.9e5, "poisson": 0.3, "yield": 2400.0}, 8e-9)}


def model(parameters, density=None, units="mm, N, MPa, s", **more) -> Model:
    law = "mises" if "yield" in parameters else "elastic"
    return Model(units=UnitSystem.model_validate(units), materials={
        "m": Material(law=law, parameters=parameters, density=density)}, **more)


@pytest.mark.parametrize("name", REAL)
def test_real_materials_are_not_doubted(name):
    parameters, density = REAL[name]
    assert not unit_hints(model(parameters, density))
    metres = {key: value * (1.0 if key == "poisson" else 1e6) for key, value in parameters.items()}
    assert not unit_hints(model(metres, density * 1e12, "m, N, Pa, s"))


@pytest.mark.parametrize(("parameters", "density", "said"), [
    ({**STEEL, "young": 2.1e11}, None, ["young of 'm' is 2.1e+11 MPa", "2.1e+05 would be usual", "a factor of 1e6"]),
    ({**STEEL, "young": 2.1e11}, None, ["yield stress of 'm', 300, is 1.4e-09 of its young"]),
    ({**STEEL, "young": 210.0}, None, ["yield stress of 'm', 300, is 1.4e+00 of its young"]),
    (STEEL, 7850.0, ["density of 'm' is 7850 N s2/mm4", "7.85e-09 would be usual", "a factor of 1e12"]),
    (STEEL, 7.85e-6, ["density of 'm'", "a factor of 1e3"]),
])
def test_numbers_of_other_units_are_named_with_the_factor(parameters, density, said):
    hints = unit_hints(model(parameters, density))
    assert any(all(word in hint for word in said) for hint in hints), hints


def test_a_load_beside_which_the_material_is_soft_is_named():
    push = {"loads": {"push": Pressure(faces="top")}, "amplitudes": {"push": {"time": (0.0, 1.0), "value": (0.0, 6e6)}}}
    (hint,) = unit_hints(model(STEEL, **push))
    assert "the load 'push' reaches 6e+06 MPa" in hint and "Pa for MPa" in hint
    push["amplitudes"] = {"push": "60*t"}
    assert not unit_hints(model(STEEL, **push))


def test_an_expansion_that_no_solid_has_is_named():
    hot = Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3}, thermal_expansion=ThermalExpansion(
        coefficient=12.0, reference_temperature=20.0))
    (hint,) = unit_hints(Model(materials={"m": hot}))
    assert "thermal expansion of 'm' is 12 per degC" in hint


def test_units_that_are_not_known_are_not_judged():
    assert not unit_hints(model({"young": 2e11, "poisson": 0.3}, 1.0, "ell, stone, stone/ell2, fortnight"))
