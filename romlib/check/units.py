"""Constants and loads that look like those of another unit system: Pa where the stress is in MPa, kg/m3 among mm and N.

romlib never converts; it can only say that a number is one that no solid has in the stated units, and by which power of
a thousand it is off. Numbers of made-up materials are not refused, and units whose names are not known are not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from romlib.errors import RomlibError
from romlib.loads.amplitudes import evaluate
from romlib.model import Material, Model, Pressure, TableAmplitude, Traction, UnitSystem

_LENGTH = {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "um": 1e-6, "in": 0.0254, "ft": 0.3048}
_FORCE = {"N": 1.0, "kN": 1e3, "MN": 1e6, "mN": 1e-3, "lbf": 4.4482216}
_STRESS = {"Pa": 1.0, "kPa": 1e3, "MPa": 1e6, "GPa": 1e9, "psi": 6894.757, "ksi": 6894757.0, "N/mm2": 1e6}
_TIME = {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0}
# What solids have: from gels to diamond; from aerogels to osmium; from invar to polymers. In Pa, kg/m3, 1/K.
_YOUNG, _DENSITY, _EXPANSION = (1e4, 1.5e12), (1.0, 3e4), (1e-9, 2e-3)
_USUAL_YOUNG, _USUAL_DENSITY = (1e9, 6e11), (500.0, 2.5e4)  # by which the power of a thousand is found
_YIELD = (1e-6, 0.3)  # of a yield stress over Young's modulus; of an ideal crystal about a tenth
_PUSH = 0.1  # of Young's modulus: strains are not small where a load is larger
_POWERS = (3, -3, 6, -6, 9, -9, 12, -12, 15, -15)


def unit_hints(model: Model) -> list[str]:
    """Sentences on numbers that look like those of another unit; `model` with numbers for formulas."""
    found = [hint for name, material in model.materials.items() for hint in _of_material(name, material, model.units)]
    return found + list(_of_loads(model))


def _of_material(name: str, material: Material, units: UnitSystem) -> Iterator[str]:
    stress = _STRESS.get(units.stress)
    young = _first(material.parameters.get("young"))
    if young and stress and not _YOUNG[0] <= young * stress <= _YOUNG[1]:
        yield _sentence(f"young of {name!r}", young, units.stress, stress, _USUAL_YOUNG)
    limit = _first(material.parameters.get("yield"), material.parameters.get("R0"), material.parameters.get("curve"))
    if young and limit and not _YIELD[0] <= limit / young <= _YIELD[1]:
        yield (f"the yield stress of {name!r}, {limit:.4g}, is {limit / young:.1e} of its young, {young:.4g}: no solid "
               f"has that; is one of them in another unit than {units.stress}?")
    force, time, length = _FORCE.get(units.force), _TIME.get(units.time), _LENGTH.get(units.length)
    if isinstance(material.density, float) and material.density and force and time and length:
        factor = force * time**2 / length**4
        if not _DENSITY[0] <= material.density * factor <= _DENSITY[1]:
            unit = f"{units.force} {units.time}2/{units.length}4"
            yield _sentence(f"density of {name!r}", material.density, unit, factor, _USUAL_DENSITY)
    expansion = None if material.thermal_expansion is None else _first(
        *(getattr(one, "value", one) for one in material.thermal_expansion.coefficients))
    if expansion and not _EXPANSION[0] <= abs(expansion) <= _EXPANSION[1]:
        yield (f"the coefficient of thermal expansion of {name!r} is {expansion:.4g} per {units.temperature}; solids "
               "have 1e-6 to 1e-3")


def _of_loads(model: Model) -> Iterator[str]:
    """Pressures and tractions beside the softest material."""
    moduli = [young for one in model.materials.values() if (young := _first(one.parameters.get("young")))]
    for name, load in model.loads.items():
        value = load.value if isinstance(load, (Pressure, Traction)) else None
        if not moduli or not isinstance(value, float) or name not in model.amplitudes:
            continue
        direction = np.linalg.norm(load.direction) if isinstance(load, Traction) else 1.0
        amplitude = model.amplitudes[name]
        try:
            at = np.array(amplitude.time) if isinstance(amplitude, TableAmplitude) else np.linspace(
                model.initial_time, model.initial_time + 1.0, 21)
            size = float(np.abs(evaluate(amplitude, at)).max(initial=0.0)) * abs(value) * float(direction)
        except RomlibError:
            continue
        if size > _PUSH * min(moduli):
            yield (f"the load {name!r} reaches {size:.4g} {model.units.stress}, {size / min(moduli):.2g} of young, "
                   f"{min(moduli):.4g}: is one of them in another unit, such as Pa for MPa?")


def _sentence(what: str, value: float, unit: str, factor: float, usual: tuple[float, float]) -> str:
    fits = [power for power in _POWERS if usual[0] <= value * factor * 10.0**power <= usual[1]]
    said = f"{what} is {value:.4g} {unit}, which no solid has"
    if not fits:
        return f"{said}: is it in another unit?"
    power = fits[0]
    return f"{said}; {value * 10.0**power:.4g} would be usual: is it in another unit, by a factor of 1e{-power}?"


def _first(*values: object) -> float | None:
    """The first number among values: itself, or the first of a table's."""
    for value in values:
        if isinstance(value, dict):
            value = value.get("value", value.get("stress"))
        while isinstance(value, (list, tuple)) and value:
            value = value[0]
        if isinstance(value, dict):
            value = _first(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    return None
