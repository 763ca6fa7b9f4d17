"""Sections of an Abaqus deck as materials on cell tags; an element in several sections belongs to the last one."""

from __future__ import annotations

from typing import Any

import numpy as np
from romlib_converters.abaqus.deck import Deck
from romlib_converters.abaqus.materials import read_material
from romlib_converters.keyword.cards import Card, fold

from romlib.errors import FileFormatError
from romlib.model import Material, Omission


def section_materials(
    deck: Deck, cell_tags: dict[str, np.ndarray], library: dict[str, Any]
) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
    """Materials by name, their cards, and notes; a tag is added to `cell_tags` where no set has a material's cells.

    library : see `read_material`.

    Raises
    ------
    FileFormatError : a material or a set that is not there.
    """
    owner = np.full(deck.places.mesh.n_cell, -1)
    cells_of = []
    for k, section in enumerate(deck.sections):
        cells = deck.places.cells(deck.inp.elements_of(section.elset, section.card))
        cells_of.append(cells[cells >= 0])
        owner[cells_of[-1]] = k
    materials: dict[str, Material] = {}
    cards: dict[str, Card] = {}
    notes: list[Omission] = []
    static = next((step.card for step in deck.steps if step.quasi_static), None)
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
        tag = _tag(cells, known.name, cell_tags)
        material, left_out = read_material(known, tag, static, library)
        notes += left_out
        if material is None:
            continue
        oriented = [deck.sections[k] for k in mine if deck.sections[k].orientation]
        if oriented and material.law not in ("elastic", "mises", "chaboche"):
            card = oriented[0].card
            notes.append(Omission(name=f"orientation_{known.name}", does_work=True, description=(
                f"material {known.name}: its section (line {card.line} of {card.file.name}) has the axes of "
                f"*ORIENTATION {oriented[0].orientation}, which are not read; state the material with its orientation "
                f"in the study by the name {known.name} and accept this omission")))
        materials[known.name], cards[known.name] = material, known.card
    return materials, cards, notes


def _tag(cells: np.ndarray, name: str, cell_tags: dict[str, np.ndarray]) -> str:
    """A set that has exactly these cells, or a new tag with the material's name."""
    for tag, others in cell_tags.items():
        if len(others) == len(cells) and np.array_equal(np.sort(others), cells):
            return tag
    while name in cell_tags or name == "all":
        name += "_"
    cell_tags[name] = cells
    return name
