"""Sections of an Abaqus deck as materials on cell tags; an element in several sections belongs to the last one."""

from __future__ import annotations

from typing import Any

import numpy as np
from romlib_converters.abaqus.deck import Deck, Section
from romlib_converters.abaqus.materials import read_material
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.numbers import number_of
from romlib_converters.keyword.orientation import DeckAxes, axes_groups, read_orientation

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Material, Omission

_ISOTROPIC = ("elastic", "mises", "chaboche")  # laws that material axes change nothing of


def section_materials(
    deck: Deck, cell_tags: dict[str, np.ndarray], cell_arrays: dict[str, np.ndarray], library: dict[str, Any]
) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
    """Materials by name, their cards, and notes; a tag is added to `cell_tags` where no set has a material's cells, and
    to `cell_arrays` the axes of a material whose sections have different ones.

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
        expansion = material.thermal_expansion
        if material.law in _ISOTROPIC and (expansion is None or expansion.is_isotropic):
            materials[known.name], cards[known.name] = material, known.card
            continue
        try:
            groups, arrays = axes_groups([(np.flatnonzero(owner == k), _axes(deck, deck.sections[k])) for k in mine],
                                         known.name, deck.places.mesh.cell_ids, deck.inp.elements_of)
        except UnsupportedError as error:
            notes.append(Omission(name=f"orientation_{known.name}", does_work=True, description=(
                f"material {known.name}, {error.place}: {error.what} ({error.found}); state the material in the study "
                f"by the name {known.name} and accept this omission")))
            continue
        cell_arrays.update(arrays)
        for group in groups:
            name = known.name + group.suffix
            tag = _tag(group.cells, name, cell_tags)
            materials[name] = material.model_copy(update={"cells": tag, "orientation": group.orientation})
            cards[name] = known.card
    return materials, cards, notes


def _axes(deck: Deck, section: Section) -> DeckAxes | None:
    """The axes of a section, None where it has none.

    Raises
    ------
    UnsupportedError : axes that romlib cannot say. FileFormatError : an *ORIENTATION that is not there, or is none.
    """
    if not section.orientation:
        return None
    if fold(section.orientation) not in deck.orientations:
        raise FileFormatError("the deck has no *ORIENTATION of this name", file=section.card.file,
                              place=section.card.place, found=section.orientation,
                              expected=", ".join(one.parameter("NAME") for one in deck.orientations.values()) or "none")
    card = deck.orientations[fold(section.orientation)]
    rows = card.rows()
    if rows and number_of(rows[0].fields[0].encode()) is None and (
            deck.inp.scopes or fold(rows[0].fields[0]) not in deck.distributions):
        raise UnsupportedError("axes by a distribution in a deck of parts", file=card.file, place=card.place,
                               found=rows[0].fields[0])
    return read_orientation(card, deck.distributions, origin=True)


def _tag(cells: np.ndarray, name: str, cell_tags: dict[str, np.ndarray]) -> str:
    """A set that has exactly these cells, or a new tag with the material's name."""
    for tag, others in cell_tags.items():
        if len(others) == len(cells) and np.array_equal(np.sort(others), cells):
            return tag
    while name in cell_tags or name == "all":
        name += "_"
    cell_tags[name] = cells
    return name
