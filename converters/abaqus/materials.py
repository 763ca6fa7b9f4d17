"""Materials of an Abaqus deck as laws of romlib; what they cannot express is said by line.

*PLASTIC is a curve of stress against equivalent plastic strain, linear between its rows and constant after the last.
HARDENING=COMBINED is `mises` where each backstress has no recall term (GAMMA = 0), KINEMATIC is Prager's. *CREEP by a
power law without hardening is Norton's: `chaboche` with no threshold.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.materials import (
    DeckMaterial,
    InexpressibleError,
    Law,
    elastic_card,
    elasticity,
    hardening_curves,
    material_of,
    user_constants,
    user_law,
)
from romlib_converters.keyword.properties import columns, thermal_expansion

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
    law = (partial(_user_material, deck, library) if "USERMATERIAL" in deck.cards else
           partial(_elastic_plastic, deck, static, notes))
    return material_of(deck, cells, law, notes, other_laws=_OTHER_LAWS, expansion_of=_expansion,
                       density_varies=lambda card: isinstance(columns(card, ("density",))["density"], dict))


def _elastic_plastic(deck: DeckMaterial, static: Card | None, notes: list[Omission]) -> Law:
    elastic = elastic_card(deck)
    for card in deck.cards.values():
        if card.number("DEPENDENCIES", 0.0):
            raise InexpressibleError(card, "it depends on field variables")
    law, parameters = elasticity(elastic, stiffness=False)
    plastic, creep = deck.cards.get("PLASTIC"), deck.cards.get("CREEP")
    if law != "elastic" and (plastic or creep):
        raise InexpressibleError(plastic or creep or deck.card, "romlib has isotropic elasticity beneath plasticity")
    if plastic is not None and creep is not None:
        raise InexpressibleError(creep, "creep beside plasticity is no law of romlib")
    if creep is not None:
        return _norton(creep, parameters, static)
    if plastic is None:
        return law, parameters
    kind = fold(plastic.parameters.get("HARDENING", "ISOTROPIC"))
    if "RATE" in plastic.parameters or "SCALESTRESS" in plastic.parameters:
        raise InexpressibleError(plastic, "its yield stress depends on the rate, or is scaled")
    hardening = {"ISOTROPIC": _isotropic, "KINEMATIC": _kinematic, "COMBINED": _combined}.get(kind)
    if hardening is None:
        raise InexpressibleError(plastic, f"hardening {plastic.parameters['HARDENING']} is not read")
    return "mises", parameters | hardening(deck, plastic, notes)


def _norton(card: Card, elastic: dict[str, Any], static: Card | None) -> Law:
    """p' = A q^n as ((q - R0) / K)^n with K = A^(-1/n), R0 = 0."""
    kind = fold(card.parameters.get("LAW", "STRAIN"))
    rows = card.rows()
    if kind not in ("TIME", "STRAIN", "POWERLAW", "TIMEPOWERLAW"):
        raise InexpressibleError(card, f"creep of LAW={card.parameters['LAW']} is no law of romlib")
    if len(rows) != 1:
        raise InexpressibleError(card, "the constants of its power law depend on the temperature")
    if kind in ("TIME", "STRAIN"):
        rate, size, n, m = rows[0].number(0), 1.0, rows[0].number(1), rows[0].number(2, 0.0)
    else:
        size, n, m, rate = (rows[0].number(k, 0.0) for k in range(4))
        rate = rate or 1.0
    if m != 0.0:
        raise InexpressibleError(card, f"its creep hardens, with the exponent m = {m:g}")
    if rate <= 0.0 or n <= 0.0 or size <= 0.0:
        raise FileFormatError("the constants of a power law must be positive", file=card.file, place=card.place,
                              found=", ".join(rows[0].fields))
    if static is not None:
        raise InexpressibleError(card, f"creep does not act in *STATIC (line {static.line}), and a law of romlib acts "
                                       "throughout")
    return "chaboche", elastic | {"K": size * rate ** (-1.0 / n), "n": n, "R0": 0.0}


def _isotropic(deck: DeckMaterial, card: Card, notes: list[Omission]) -> dict[str, Any]:
    """The yield stress, or the curve, of the curves of the card, one a temperature."""
    found = hardening_curves(card)
    if min(found.ends) < max(found.ends):
        notes.append(deck.note(card, "hardening", "the curves end at different plastic strains; the shorter one is "
                               f"taken as constant after its end, from p = {min(found.ends):g} on", does_work=False))
    return found.hardening(found.strains)


def _kinematic(deck: DeckMaterial, card: Card, notes: list[Omission]) -> dict[str, Any]:
    """Linear kinematic hardening: two rows a temperature, whose slope is the modulus."""
    found = hardening_curves(card)
    if any(len(strain) != 2 for strain, _ in found.curves):
        raise InexpressibleError(card, "linear kinematic hardening has two rows for each temperature")
    slopes = [float((stress[1] - stress[0]) / (strain[1] - strain[0])) for strain, stress in found.curves]
    return {"yield": found.value([float(stress[0]) for _, stress in found.curves]), "kinematic": found.value(slopes)}


def _combined(deck: DeckMaterial, card: Card, notes: list[Omission]) -> dict[str, Any]:
    """Combined hardening by parameters: yield stress at zero plastic strain, then C and GAMMA of each backstress."""
    if not card.is_set("DATATYPE", "PARAMETERS"):
        raise InexpressibleError(card, "its kinematic hardening is fitted to tests by the solver; give DATA "
                                       "TYPE=PARAMETERS")
    terms = int(card.number("NUMBERBACKSTRESSES", 1.0))
    rows = card.rows()
    if len(rows) != 1 or len(rows[0].fields) < 1 + 2 * terms:
        raise InexpressibleError(card, "its parameters depend on the temperature, or are not all on one line")
    moduli = [rows[0].number(1 + 2 * k) for k in range(terms)]
    recalls = [rows[0].number(2 + 2 * k, 0.0) for k in range(terms)]
    if any(recalls):
        raise InexpressibleError(card, "its backstress saturates (GAMMA is not zero), which romlib has in "
                                       "viscoplasticity alone (law chaboche)")
    found: dict[str, Any] = {"yield": rows[0].number(0), "kinematic": sum(moduli)}
    cyclic = deck.cards.get("CYCLICHARDENING")
    if cyclic is None:
        return found
    if "PARAMETERS" in cyclic.parameters and len(cyclic.rows()) == 1:
        row = cyclic.rows()[0]
        return found | {"yield": row.number(0), "voce": {"Q": row.number(1), "b": row.number(2)}}
    if "USER" in cyclic.parameters or "PARAMETERS" in cyclic.parameters or "RATE" in cyclic.parameters:
        raise InexpressibleError(cyclic, "this way to say the elastic range is not read")
    del found["yield"]
    return found | _isotropic(deck, cyclic, notes)


def _user_material(deck: DeckMaterial, library: dict[str, Any]) -> Law:
    """The law umat, of the library that the user names; the deck has its constants and the number of its variables."""
    card = deck.cards["USERMATERIAL"]
    if not card.is_set("TYPE", "MECHANICAL") and "TYPE" in card.parameters:
        raise InexpressibleError(card, f"a user material of TYPE={card.parameters['TYPE']}")
    constants = user_constants(card)
    if not library:
        raise InexpressibleError(card, "no file says which library has its UMAT; name it with --option "
                                       "umat=LIBRARY:SYMBOL, or")
    return user_law(deck, library, constants, "abaqus")


def _expansion(card: Card) -> ThermalExpansion | str:
    found = None if "USER" in card.parameters else thermal_expansion(card)
    return found or "it is not read, of this type"
