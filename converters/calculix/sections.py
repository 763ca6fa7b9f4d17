"""Sections of a deck as materials on cell tags; an element in several sections belongs to the last one, as in CalculiX.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from romlib_converters.calculix.deck import Deck, Section
from romlib_converters.calculix.materials import read_material
from romlib_converters.keyword.cards import Card, fold

from romlib.errors import FileFormatError
from romlib.model import Material, Omission
from romlib.words import plural


def section_materials(
    deck: Deck, cell_tags: dict[str, np.ndarray]
) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
    """Materials by name, their cards, and notes; a tag is added to `cell_tags` where no set has a material's cells.

    Raises
    ------
    FileFormatError : a material or a set that is not there.
    """
    owner, notes = _owners(deck, cell_tags)
    materials: dict[str, Material] = {}
    cards: dict[str, Card] = {}
    for folded in dict.fromkeys(fold(section.material) for section in deck.sections):
        mine = [k for k, section in enumerate(deck.sections) if fold(section.material) == folded]
        first = deck.sections[mine[0]]
        if folded not in deck.materials:
            raise FileFormatError("the deck has no material of this name", file=first.card.file,
                                  place=first.card.place, found=first.material,
                                  expected=", ".join(one.name for one in deck.materials.values()) or "none")
        cells = np.flatnonzero(np.isin(owner, mine))
        if not len(cells):
            continue
        known = deck.materials[folded]
        tag = _tag(cells, known.name, cell_tags, [_set_name(deck, deck.sections[k]) for k in mine])
        material, left_out = read_material(known, tag, any(deck.sections[k].orientation for k in mine),
                                           deck.temperature0 is not None)
        notes += left_out
        if material is not None:
            materials[known.name], cards[known.name] = material, known.card
    return materials, cards, notes


def _set_name(deck: Deck, section: Section) -> str:
    deck.inp.elements_of(section.elset, section.card)
    return deck.inp.element_sets[fold(section.elset)].name


def _owners(deck: Deck, cell_tags: dict[str, np.ndarray]) -> tuple[np.ndarray[Any, Any], list[Omission]]:
    """The number of each cell's section (n_cell,), -1 where it has none; and which sections lose cells to others."""
    owner = np.full(deck.places.mesh.n_cell, -1)
    notes = []
    for k, section in enumerate(deck.sections):
        cells = cell_tags[_set_name(deck, section)]
        for other in np.unique(owner[cells][owner[cells] >= 0]):
            before = deck.sections[int(other)]
            if fold(before.material) != fold(section.material):
                notes.append(Omission(name="sections", does_work=False, description=(
                    f"{plural(int((owner[cells] == other).sum()), 'element')} in two sections: *{before.card.title} of "
                    f"{before.material} (line {before.card.line} of {before.card.file.name}) and of {section.material} "
                    f"(line {section.card.line} of {section.card.file.name}); the last one holds, as in CalculiX")))
        owner[cells] = k
    return owner, notes


def _tag(cells: np.ndarray, name: str, cell_tags: dict[str, np.ndarray], sets: list[str]) -> str:
    """The set that has exactly these cells, or a new tag with the material's name."""
    for one in dict.fromkeys(sets):
        if np.array_equal(np.sort(cell_tags[one]), cells):
            return one
    while name in cell_tags or name == "all":
        name += "_"
    cell_tags[name] = cells
    return name
