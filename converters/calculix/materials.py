"""Materials of a CalculiX deck as laws of romlib: elastic, orthotropic, mises, umat; what they cannot say is noted by
line.

`*PLASTIC` is a curve of stress against equivalent plastic strain, linear between its rows and constant after the last;
at other temperatures than those of the curves it is interpolated between them. The law `mises` has the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.properties import elastic_law, table, thermal_expansion

from romlib.errors import FileFormatError
from romlib.model import Material, Omission, ThermalExpansion

MATERIAL_CARDS = ("ELASTIC", "PLASTIC", "EXPANSION", "DENSITY", "USERMATERIAL", "DEPVAR")
# They belong to a material and do nothing to a static computation.
_WITHOUT_EFFECT = ("CONDUCTIVITY", "SPECIFICHEAT", "SPECIFICGASCONSTANT", "ELECTRICALCONDUCTIVITY", "DAMPING",
                   "MAGNETICPERMEABILITY", "FLUIDCONSTANTS", "USERMATERIALTYPE")
# They belong to a material and say another law than romlib has.
_OTHER_LAWS = ("HYPERELASTIC", "HYPERFOAM", "CREEP", "CYCLICHARDENING", "DEFORMATIONPLASTICITY", "COMPRESSION",
               "MOHRCOULOMB", "MOHRCOULOMBHARDENING", "VISCOELASTIC", "CHABOCHE", "NOCOMPRESSION", "RATEDEPENDENT")
OF_MATERIAL = (*MATERIAL_CARDS, *_WITHOUT_EFFECT, *_OTHER_LAWS)
_LIBRARY = re.compile(r"@ABAQUS_(.+)_([^_]+)")
_MOST_STATE = 100_000  # variables of a point
_MOST_ROWS = 200  # of a hardening curve; CalculiX replaces a longer one by so many equally spaced points


@dataclass
class DeckMaterial:
    """The cards of one *MATERIAL. name : as in the deck."""

    name: str
    card: Card
    cards: dict[str, Card] = field(default_factory=dict)


def read_material(
    deck: DeckMaterial, cells: str, thermal: bool
) -> tuple[Material | None, list[Omission]]:
    """A material on a cell tag, and what it lacks; None where romlib has no such law, which an omission says.

    thermal : whether the deck has a temperature; without one, CalculiX takes the first row of each table (measured),
    and nothing expands.

    Raises
    ------
    FileFormatError : data that cannot be read.
    """
    notes: list[Omission] = []
    deck = deck if thermal else _without_temperature(deck, notes)
    unknown = [card for keyword, card in deck.cards.items() if keyword in _OTHER_LAWS]
    if unknown:
        law = None
        notes.append(_inexpressible(deck, unknown[0], "romlib has no such law"))
    elif "USERMATERIAL" in deck.cards:
        law = _user_material(deck, notes)
    else:
        law = _elastic_plastic(deck, notes)
    if law is None:
        return None, notes
    name, parameters = law
    return Material(law=name, cells=cells, parameters=parameters, density=_density(deck, notes),
                    thermal_expansion=_expansion(deck, notes)), notes


def _without_temperature(deck: DeckMaterial, notes: list[Omission]) -> DeckMaterial:
    """The material with the first row, or curve, of each table alone."""
    cards = dict(deck.cards)
    shortened = []
    for keyword, width in (("ELASTIC", 2), ("PLASTIC", 2), ("DENSITY", 1)):
        rows = cards[keyword].rows() if keyword in cards else []
        kept = rows[:_lines_a_row(cards[keyword])] if rows else rows
        if keyword == "PLASTIC":
            kept = [row for row in rows if row.number(width, 0.0) == rows[0].number(width, 0.0)]
        if len(kept) < len(rows):
            shortened.append(f"*{cards[keyword].title} (line {cards[keyword].line})")
            cards[keyword] = cards[keyword].with_rows(kept)
    if shortened:
        notes.append(Omission(name="temperature_tables", does_work=False, description=(
            f"material {deck.name}, {', '.join(shortened)}: the deck has no temperature (*INITIAL CONDITIONS), and "
            "CalculiX then takes the first temperature of each table")))
    if cards.pop("EXPANSION", None) is not None:
        notes.append(Omission(name="temperature_tables", does_work=False, description=(
            f"material {deck.name}, *EXPANSION (line {deck.cards['EXPANSION'].line}): the deck has no temperature, so "
            "that nothing expands")))
    return DeckMaterial(deck.name, deck.card, cards)


def _lines_a_row(card: Card) -> int:
    """Data lines that a temperature has: nine constants take two."""
    kind = fold(card.parameters.get("TYPE", "ISO"))
    return 2 if card.keyword == "ELASTIC" and kind.startswith(("ORTHO", "ENGINEERINGCONSTANTS")) else 1


def _inexpressible(deck: DeckMaterial, card: Card, why: str) -> Omission:
    return Omission(name=f"material_{deck.name}", does_work=True, description=(
        f"material {deck.name}, *{card.title} (line {card.line}): {why}; state the material in the study by the name "
        f"{deck.name} and accept this omission"))


Law = tuple[str, dict[str, Any]] | None


def _elastic_plastic(deck: DeckMaterial, notes: list[Omission]) -> Law:
    elastic = deck.cards.get("ELASTIC")
    if elastic is None:
        notes.append(_inexpressible(deck, deck.card, "it has neither *ELASTIC nor *USER MATERIAL"))
        return None
    found = elastic_law(elastic, stiffness=True)
    if found is None:
        notes.append(_inexpressible(deck, elastic, f"elasticity of TYPE={elastic.parameters['TYPE']} is not read"))
        return None
    law, parameters = found
    plastic = deck.cards.get("PLASTIC")
    if plastic is None:
        return law, parameters
    if law != "elastic":
        notes.append(_inexpressible(deck, plastic, "its plasticity is that of an anisotropic crystal or viscoplastic "
                                                   "law of the solver, and romlib has isotropic elasticity beneath "
                                                   "plasticity"))
        return None
    if fold(plastic.parameters.get("HARDENING", "ISOTROPIC")) != "ISOTROPIC":
        notes.append(_inexpressible(deck, plastic, f"hardening {plastic.parameters['HARDENING']} is not read"))
        return None
    return "mises", parameters | _hardening(deck, plastic, notes)


def _hardening(deck: DeckMaterial, card: Card, notes: list[Omission]) -> dict[str, Any]:
    """The yield stress, or the curve, of the curves of the card, one a temperature."""
    temperatures, curves = _curves(card)
    where = f"material {deck.name}, *PLASTIC (line {card.line})"
    ends = [float(strain[-1]) for strain, _ in curves]
    p = np.unique(np.concatenate([strain for strain, _ in curves]))
    if min(ends) < max(ends):
        notes.append(Omission(name="hardening", does_work=False, description=(
            f"{where}: the curves end at different plastic strains; between two temperatures the solver is constant "
            f"after the shorter curve's end, from p = {min(ends):g}, and romlib goes on with the longer one")))
    if len(p) > _MOST_ROWS:
        if len(curves) > 1:
            notes.append(Omission(name="hardening", does_work=False, description=(
                f"{where}: the curves have {len(p)} plastic strains in all; the solver takes {_MOST_ROWS} equally "
                "spaced ones where those of two temperatures are more, and romlib has them all")))
        else:
            p = np.linspace(0.0, ends[0] - 1e-10, _MOST_ROWS)
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


def _user_material(deck: DeckMaterial, notes: list[Omission]) -> Law:
    """The law umat of a material `@ABAQUS_LIB_FUNCTION`, which the solver loads from libLIB.so."""
    card, name = deck.cards["USERMATERIAL"], fold(deck.name)
    match = _LIBRARY.fullmatch(name)
    if match is None:
        notes.append(_inexpressible(deck, card, "a user material within the solver, not @ABAQUS_LIBRARY_FUNCTION"))
        return None
    constants = card.whole("CONSTANTS")
    numbers = [row.number(k, 0.0) for row in card.rows() for k in range(len(row.fields))]
    if len(numbers) > constants + 1:
        notes.append(_inexpressible(deck, card, "its constants depend on the temperature"))
        return None
    if len(numbers) < constants:
        raise FileFormatError("the user material lacks constants", file=card.file, place=card.place, expected=constants,
                              found=len(numbers))
    depvar = deck.cards.get("DEPVAR")
    return "umat", {
        "library": f"lib{match[1]}.so", "symbol": match[2], "props": numbers[:constants],
        "depvar": 0 if depvar is None else _depvar(depvar), "temperature": "calculix", "name": name}


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
    values = [row.number(0) for row in card.rows()]
    if len(set(values)) > 1:
        notes.append(Omission(name=f"density_{deck.name}", does_work=True, description=(
            f"material {deck.name}, *DENSITY (line {card.line}): it depends on the temperature; the first is taken")))
    return card.first_row().number(0)


def _expansion(deck: DeckMaterial, notes: list[Omission]) -> ThermalExpansion | None:
    card = deck.cards.get("EXPANSION")
    if card is None:
        return None
    found = thermal_expansion(card)
    if found is None:
        notes.append(Omission(name=f"expansion_{deck.name}", does_work=True, description=(
            f"material {deck.name}, *EXPANSION (line {card.line}): TYPE={card.parameters['TYPE']} is not read")))
    return found
