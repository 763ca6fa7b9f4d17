"""Materials of an Abaqus deck as laws of romlib; what they cannot express is said by line.

*PLASTIC is a curve of stress against equivalent plastic strain, linear between its rows and constant after the last.
HARDENING=COMBINED is `mises` where each backstress has no recall term (GAMMA = 0), KINEMATIC is Prager's. *CREEP by a
power law without hardening is Norton's: `chaboche` with no threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.properties import columns, elastic_law, table, thermal_expansion

from romlib.errors import FileFormatError
from romlib.model import Material, Omission, ThermalExpansion

# They do nothing to a static computation.
_WITHOUT_EFFECT = ("CONDUCTIVITY", "SPECIFICHEAT", "DAMPING", "ELECTRICALCONDUCTIVITY", "LATENTHEAT",
                   "USEROUTPUTVARIABLES", "INELASTICHEATFRACTION", "PERMEABILITY")
_READ = ("ELASTIC", "PLASTIC", "EXPANSION", "DENSITY", "USERMATERIAL", "DEPVAR", "CYCLICHARDENING", "CREEP")
# They say another law than romlib has.
_OTHER_LAWS = ("HYPERELASTIC", "HYPERFOAM", "HYPOELASTIC", "MULLINSEFFECT", "VISCOELASTIC", "VISCOUS", "DRUCKERPRAGER",
               "DRUCKERPRAGERHARDENING", "DRUCKERPRAGERCREEP", "MOHRCOULOMB", "MOHRCOULOMBHARDENING", "CAPPLASTICITY",
               "CAPHARDENING", "CLAYPLASTICITY", "CLAYHARDENING", "CRUSHABLEFOAM", "CRUSHABLEFOAMHARDENING", "CONCRETE",
               "CONCRETEDAMAGEDPLASTICITY", "CASTIRONPLASTICITY", "POROUSMETALPLASTICITY", "POTENTIAL",
               "RATEDEPENDENT", "SWELLING", "DEFORMATIONPLASTICITY", "DAMAGEINITIATION", "DAMAGEEVOLUTION", "ORNL",
               "NOCOMPRESSION", "NOTENSION", "BRITTLECRACKING", "SHAPEMEMORYALLOY", "SUPERELASTIC", "TENSIONSTIFFENING",
               "ANNEALTEMPERATURE", "POROUSELASTIC", "POROUSBULKMODULI", "EOS", "FABRIC", "LOWDENSITYFOAM", "PLYTYPE",
               "FAILSTRAIN", "FAILSTRESS", "TWOLAYERVISCOPLASTICITY", "ANISOTROPICHYPERELASTIC")
OF_MATERIAL = (*_READ, *_WITHOUT_EFFECT, *_OTHER_LAWS)
FINITE = ("HYPERELASTIC", "HYPERFOAM", "DEFORMATIONPLASTICITY")
_MOST_STATE = 100_000  # variables of a point

Law = tuple[str, dict[str, Any]] | None


@dataclass
class DeckMaterial:
    """The cards of one *MATERIAL. name : as in the deck."""

    name: str
    card: Card
    cards: dict[str, Card] = field(default_factory=dict)


def read_material(
    deck: DeckMaterial, cells: str, static: Card | None, library: dict[str, Any]
) -> tuple[Material | None, list[Omission]]:
    """A material on a cell tag, and what it lacks; None where romlib has no such law, which an omission says.

    Parameters
    ----------
    static : a step in which creep does not act (*STATIC), None where there is none. library : of a UMAT, what the user
        says of it, empty where nothing is said.

    Raises
    ------
    FileFormatError : data that cannot be read.
    """
    notes: list[Omission] = []
    unknown = [card for keyword, card in deck.cards.items() if keyword in _OTHER_LAWS]
    if unknown:
        law = None
        notes.append(_inexpressible(deck, unknown[0], "romlib has no such law"))
    elif "USERMATERIAL" in deck.cards:
        law = _user_material(deck, library, notes)
    else:
        law = _elastic_plastic(deck, static, notes)
    if law is None:
        return None, notes
    name, parameters = law
    return Material(law=name, cells=cells, parameters=parameters, density=_density(deck, notes),
                    thermal_expansion=_expansion(deck, notes)), notes


def _inexpressible(deck: DeckMaterial, card: Card, why: str) -> Omission:
    return Omission(name=f"material_{deck.name}", does_work=True, description=(
        f"material {deck.name}, *{card.title} (line {card.line}): {why}; state the material in the study by the name "
        f"{deck.name} and accept this omission"))


def _elastic_plastic(deck: DeckMaterial, static: Card | None, notes: list[Omission]) -> Law:
    elastic = deck.cards.get("ELASTIC")
    if elastic is None:
        notes.append(_inexpressible(deck, deck.card, "it has neither *ELASTIC nor *USER MATERIAL"))
        return None
    for card in deck.cards.values():
        if card.number("DEPENDENCIES", 0.0):
            notes.append(_inexpressible(deck, card, "it depends on field variables"))
            return None
    found = elastic_law(elastic, stiffness=False)
    if found is None:
        notes.append(_inexpressible(deck, elastic, f"elasticity of TYPE={elastic.parameters['TYPE']} is not read"))
        return None
    law, parameters = found
    plastic, creep = deck.cards.get("PLASTIC"), deck.cards.get("CREEP")
    if law != "elastic" and (plastic or creep):
        notes.append(_inexpressible(deck, plastic or creep or deck.card,
                                    "romlib has isotropic elasticity beneath plasticity"))
        return None
    if plastic is not None and creep is not None:
        notes.append(_inexpressible(deck, creep, "creep beside plasticity is no law of romlib"))
        return None
    if creep is not None:
        return _norton(deck, creep, parameters, static, notes)
    if plastic is None:
        return law, parameters
    kind = fold(plastic.parameters.get("HARDENING", "ISOTROPIC"))
    if "RATE" in plastic.parameters or "SCALESTRESS" in plastic.parameters:
        notes.append(_inexpressible(deck, plastic, "its yield stress depends on the rate, or is scaled"))
        return None
    if kind == "ISOTROPIC":
        return "mises", parameters | _hardening(deck, plastic, notes)
    hardening = {"KINEMATIC": _kinematic, "COMBINED": _combined}.get(kind)
    more = None if hardening is None else hardening(deck, plastic, notes)
    if hardening is None:
        notes.append(_inexpressible(deck, plastic, f"hardening {plastic.parameters['HARDENING']} is not read"))
    return None if more is None else ("mises", parameters | more)


def _norton(deck: DeckMaterial, card: Card, elastic: dict[str, Any], static: Card | None, notes: list[Omission]) -> Law:
    """p' = A q^n as ((q - R0) / K)^n with K = A^(-1/n), R0 = 0."""
    kind = fold(card.parameters.get("LAW", "STRAIN"))
    rows = card.rows()
    if kind not in ("TIME", "STRAIN", "POWERLAW", "TIMEPOWERLAW"):
        notes.append(_inexpressible(deck, card, f"creep of LAW={card.parameters['LAW']} is no law of romlib"))
        return None
    if len(rows) != 1:
        notes.append(_inexpressible(deck, card, "the constants of its power law depend on the temperature"))
        return None
    if kind in ("TIME", "STRAIN"):
        rate, size, n, m = rows[0].number(0), 1.0, rows[0].number(1), rows[0].number(2, 0.0)
    else:
        size, n, m, rate = (rows[0].number(k, 0.0) for k in range(4))
        rate = rate or 1.0
    if m != 0.0:
        notes.append(_inexpressible(deck, card, f"its creep hardens, with the exponent m = {m:g}"))
        return None
    if rate <= 0.0 or n <= 0.0 or size <= 0.0:
        raise FileFormatError("the constants of a power law must be positive", file=card.file, place=card.place,
                              found=", ".join(rows[0].fields))
    if static is not None:
        notes.append(_inexpressible(deck, card, f"creep does not act in *STATIC (line {static.line}), and a law of "
                                                "romlib acts throughout"))
        return None
    return "chaboche", elastic | {"K": size * rate ** (-1.0 / n), "n": n, "R0": 0.0}


def _hardening(deck: DeckMaterial, card: Card, notes: list[Omission]) -> dict[str, Any]:
    """The yield stress, or the curve, of the curves of the card, one a temperature."""
    temperatures, curves = _curves(card)
    ends = [float(strain[-1]) for strain, _ in curves]
    p = np.unique(np.concatenate([strain for strain, _ in curves]))
    if min(ends) < max(ends):
        notes.append(Omission(name="hardening", does_work=False, description=(
            f"material {deck.name}, *PLASTIC (line {card.line}): the curves end at different plastic strains; the "
            f"shorter one is taken as constant after its end, from p = {min(ends):g} on")))
    stresses = np.array([np.interp(p, strain, stress) for strain, stress in curves]).T
    values = [float(one[0]) if len(curves) == 1 else table(temperatures, one.tolist(), card) for one in stresses]
    return {"yield": values[0]} if len(p) == 1 else {"curve": {"p": p.tolist(), "stress": values}}


def _curves(card: Card) -> tuple[list[float], list[tuple[np.ndarray, np.ndarray]]]:
    """Temperatures of *PLASTIC, and the plastic strains (n,) and stresses (n,) at each."""
    rows = [(row.number(1, 0.0), row.number(0), row.number(2, 0.0)) for row in card.rows()]
    found = [(temperature, np.array([row[:2] for row in curve]).T)
             for temperature, curve in groupby(rows, lambda row: row[2])]
    if not found or any(strain[0] != 0.0 for _, (strain, _) in found):
        raise FileFormatError("a hardening curve must begin at the plastic strain 0", file=card.file, place=card.place)
    if any((np.diff(strain) <= 0).any() for _, (strain, _) in found):
        raise FileFormatError("the plastic strains of a hardening curve must increase", file=card.file,
                              place=card.place)
    return [temperature for temperature, _ in found], [(strain, stress) for _, (strain, stress) in found]


def _kinematic(deck: DeckMaterial, card: Card, notes: list[Omission]) -> dict[str, Any] | None:
    """Linear kinematic hardening: two rows a temperature, whose slope is the modulus."""
    temperatures, curves = _curves(card)
    if any(len(strain) != 2 for strain, _ in curves):
        notes.append(_inexpressible(deck, card, "linear kinematic hardening has two rows for each temperature"))
        return None
    start = [float(stress[0]) for _, stress in curves]
    slope = [float((stress[1] - stress[0]) / (strain[1] - strain[0])) for strain, stress in curves]
    if len(curves) == 1:
        return {"yield": start[0], "kinematic": slope[0]}
    return {"yield": table(temperatures, start, card), "kinematic": table(temperatures, slope, card)}


def _combined(deck: DeckMaterial, card: Card, notes: list[Omission]) -> dict[str, Any] | None:
    """Combined hardening by parameters: yield stress at zero plastic strain, then C and GAMMA of each backstress."""
    if not card.is_set("DATATYPE", "PARAMETERS"):
        notes.append(_inexpressible(deck, card, "its kinematic hardening is fitted to tests by the solver; give "
                                                "DATA TYPE=PARAMETERS"))
        return None
    terms = int(card.number("NUMBERBACKSTRESSES", 1.0))
    rows = card.rows()
    if len(rows) != 1 or len(rows[0].fields) < 1 + 2 * terms:
        notes.append(_inexpressible(deck, card, "its parameters depend on the temperature, or are not all on one line"))
        return None
    moduli = [rows[0].number(1 + 2 * k) for k in range(terms)]
    recalls = [rows[0].number(2 + 2 * k, 0.0) for k in range(terms)]
    if any(recalls):
        notes.append(_inexpressible(deck, card, "its backstress saturates (GAMMA is not zero), which romlib has in "
                                                "viscoplasticity alone (law chaboche)"))
        return None
    found: dict[str, Any] = {"yield": rows[0].number(0), "kinematic": sum(moduli)}
    cyclic = deck.cards.get("CYCLICHARDENING")
    if cyclic is None:
        return found
    if "PARAMETERS" in cyclic.parameters and len(cyclic.rows()) == 1:
        row = cyclic.rows()[0]
        return found | {"yield": row.number(0), "voce": {"Q": row.number(1), "b": row.number(2)}}
    if "USER" in cyclic.parameters or "PARAMETERS" in cyclic.parameters or "RATE" in cyclic.parameters:
        notes.append(_inexpressible(deck, cyclic, "this way to say the elastic range is not read"))
        return None
    del found["yield"]
    return found | _hardening(deck, cyclic, notes)


def _user_material(deck: DeckMaterial, library: dict[str, Any], notes: list[Omission]) -> Law:
    """The law umat, of the library that the user names; the deck has its constants and the number of its variables."""
    card = deck.cards["USERMATERIAL"]
    if not card.is_set("TYPE", "MECHANICAL") and "TYPE" in card.parameters:
        notes.append(_inexpressible(deck, card, f"a user material of TYPE={card.parameters['TYPE']}"))
        return None
    constants = card.whole("CONSTANTS")
    numbers = [row.number(k, 0.0) for row in card.rows() for k in range(len(row.fields))]
    if len(numbers) < constants:
        raise FileFormatError("the user material lacks constants", file=card.file, place=card.place, expected=constants,
                              found=len(numbers))
    if len(numbers) > constants + 1:
        notes.append(_inexpressible(deck, card, "its constants depend on the temperature"))
        return None
    if not library:
        notes.append(_inexpressible(deck, card, "no file says which library has its UMAT; name it with --option "
                                                "umat=LIBRARY:SYMBOL, or"))
        return None
    depvar = deck.cards.get("DEPVAR")
    return "umat", {**library, "props": numbers[:constants], "depvar": 0 if depvar is None else _depvar(depvar),
                    "temperature": "abaqus", "name": fold(deck.name)}


def _depvar(card: Card) -> int:
    """The number of state variables."""
    value = card.first_row().number(0)
    if value != int(value) or not 0 <= value <= _MOST_STATE:
        raise FileFormatError("the number of state variables cannot be", file=card.file, place=card.place,
                              expected=f"0 to {_MOST_STATE}", found=f"{value:g}")
    return int(value)


def _density(deck: DeckMaterial, notes: list[Omission]) -> float | None:
    card = deck.cards.get("DENSITY")
    if card is None:
        return None
    found = columns(card, ("density",))["density"]
    if isinstance(found, dict):
        notes.append(Omission(name=f"density_{deck.name}", does_work=True, description=(
            f"material {deck.name}, *DENSITY (line {card.line}): it depends on the temperature; the first is taken")))
    return card.first_row().number(0)


def _expansion(deck: DeckMaterial, notes: list[Omission]) -> ThermalExpansion | None:
    card = deck.cards.get("EXPANSION")
    if card is None:
        return None
    found = None if "USER" in card.parameters else thermal_expansion(card)
    if found is None:
        notes.append(Omission(name=f"expansion_{deck.name}", does_work=True, description=(
            f"material {deck.name}, *EXPANSION (line {card.line}): it is not read, of this type")))
    return found
