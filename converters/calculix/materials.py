"""Materials of a CalculiX deck as laws of romlib: elastic, orthotropic, mises, umat; what they cannot say is noted by
line.

`*PLASTIC` is a curve of stress against equivalent plastic strain, linear between its rows and constant after the last;
at other temperatures than those of the curves it is interpolated between them. The law `mises` has the same.
"""

from __future__ import annotations

import re
from functools import partial

import numpy as np
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
from romlib_converters.keyword.properties import thermal_expansion

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
_MOST_ROWS = 200  # of a hardening curve; CalculiX replaces a longer one by so many equally spaced points


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
    law = partial(_user_material, deck) if "USERMATERIAL" in deck.cards else partial(_elastic_plastic, deck, notes)
    return material_of(deck, cells, law, notes, other_laws=_OTHER_LAWS, expansion_of=_expansion,
                       density_varies=lambda card: len({row.number(0) for row in card.rows()}) > 1)


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


def _elastic_plastic(deck: DeckMaterial, notes: list[Omission]) -> Law:
    law, parameters = elasticity(elastic_card(deck), stiffness=True)
    plastic = deck.cards.get("PLASTIC")
    if plastic is None:
        return law, parameters
    if law != "elastic":
        raise InexpressibleError(plastic, "its plasticity is that of an anisotropic crystal or viscoplastic law of the "
                                          "solver, and romlib has isotropic elasticity beneath plasticity")
    if fold(plastic.parameters.get("HARDENING", "ISOTROPIC")) != "ISOTROPIC":
        raise InexpressibleError(plastic, f"hardening {plastic.parameters['HARDENING']} is not read")
    found = hardening_curves(plastic)
    p, ends = found.strains, found.ends
    if min(ends) < max(ends):
        notes.append(deck.note(plastic, "hardening", "the curves end at different plastic strains; between two "
                               "temperatures the solver is constant after the shorter curve's end, from "
                               f"p = {min(ends):g}, and romlib goes on with the longer one", does_work=False))
    if len(p) > _MOST_ROWS and len(found.curves) > 1:
        notes.append(deck.note(plastic, "hardening", f"the curves have {len(p)} plastic strains in all; the solver "
                               f"takes {_MOST_ROWS} equally spaced ones where those of two temperatures are more, and "
                               "romlib has them all", does_work=False))
    elif len(p) > _MOST_ROWS:
        p = np.linspace(0.0, ends[0] - 1e-10, _MOST_ROWS)
    return "mises", parameters | found.hardening(p)


def _user_material(deck: DeckMaterial) -> Law:
    """The law umat of a material `@ABAQUS_LIB_FUNCTION`, which the solver loads from libLIB.so."""
    card = deck.cards["USERMATERIAL"]
    match = _LIBRARY.fullmatch(fold(deck.name))
    if match is None:
        raise InexpressibleError(card, "a user material within the solver, not @ABAQUS_LIBRARY_FUNCTION")
    return user_law(deck, {"library": f"lib{match[1]}.so", "symbol": match[2]}, user_constants(card), "calculix")


def _expansion(card: Card) -> ThermalExpansion | str:
    return thermal_expansion(card) or f"TYPE={card.parameters['TYPE']} is not read"
