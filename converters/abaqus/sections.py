"""Sections of an Abaqus deck as materials on cell tags; an element in several sections belongs to the last one."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from romlib_converters.abaqus.deck import Deck
from romlib_converters.abaqus.materials import read_material
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.numbers import number_of
from romlib_converters.keyword.orientation import DeckAxes, read_orientation
from romlib_converters.keyword.sections import Section, materials_of_sections, orientation_card, section_owners

from romlib.errors import UnsupportedError
from romlib.model import Material, Omission


def section_materials(
    deck: Deck, cell_tags: dict[str, np.ndarray], cell_arrays: dict[str, np.ndarray], library: dict[str, Any]
) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
    """See `romlib_converters.keyword.sections.materials_of_sections`. library : see `read_material`."""
    static = next((step.card for step in deck.steps if step.quasi_static), None)
    if library and deck.places.mesh.dimension == 2:
        library = {**library, "shear_components": 1}  # Abaqus calls a UMAT with NSHR = 1 there
    return materials_of_sections(
        deck, section_owners(deck), cell_tags, cell_arrays, axes=partial(_axes, deck), own_sets=False,
        read=lambda material, tag: read_material(material, tag, static, library))


def _axes(deck: Deck, section: Section) -> DeckAxes:
    """The axes of a section that has an orientation.

    Raises
    ------
    UnsupportedError : axes that romlib cannot say. FileFormatError : an *ORIENTATION that is not there, or is none.
    """
    card = orientation_card(deck, section.orientation, section.card)
    rows = card.rows()
    if rows and number_of(rows[0].fields[0].encode()) is None and (
            deck.inp.scopes or fold(rows[0].fields[0]) not in deck.distributions):
        raise UnsupportedError("axes by a distribution in a deck of parts", file=card.file, place=card.place,
                               found=rows[0].fields[0])
    return read_orientation(card, deck.distributions, origin=True)
