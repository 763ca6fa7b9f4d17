"""Sections of a deck as materials on cell tags; an element in several sections belongs to the last one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.orientation import DeckAxes, axes_groups

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Material, Omission

_ISOTROPIC = ("elastic", "mises", "chaboche")  # laws that material axes change nothing of


@dataclass(frozen=True)
class Section:
    """*SOLID SECTION: a material on an element set. orientation : name of its axes, "" where it has none."""

    elset: str
    material: str
    orientation: str
    card: Card


def section_owners(deck: Any, overlap: Callable[[int, Section, Section], None] | None = None) -> np.ndarray:
    """The number of each cell's section (n_cell,), -1 where it has none.

    deck : what has `places`, `inp`, `sections`. overlap : told how many cells go from one section to a later one.
    """
    owner = np.full(deck.places.mesh.n_cell, -1)
    for k, section in enumerate(deck.sections):
        cells = deck.places.cells(deck.inp.elements_of(section.elset, section.card))
        cells = cells[cells >= 0]
        if overlap is not None:
            for other in np.unique(owner[cells][owner[cells] >= 0]):
                overlap(int((owner[cells] == other).sum()), deck.sections[int(other)], section)
        owner[cells] = k
    return owner


def materials_of_sections(
    deck: Any, owner: np.ndarray, cell_tags: dict[str, np.ndarray], cell_arrays: dict[str, np.ndarray], *,
    read: Callable[[Any, str], tuple[Material | None, list[Omission]]], axes: Callable[[Section], DeckAxes],
    own_sets: bool,
) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
    """Materials by name, their cards, and notes; a tag is added to `cell_tags` where no set has a material's cells, and
    to `cell_arrays` the axes of a material whose sections have different ones.

    Parameters
    ----------
    deck : as of `section_owners`, with `materials`. owner : see there. read : a material of the deck on a tag, with
    notes; None where romlib has no such law. axes : of a section that has an orientation; UnsupportedError where
    romlib cannot say them. own_sets : a material takes the tag of a set of its sections alone, not of any set.

    Raises
    ------
    FileFormatError : a material or a set that is not there.
    """
    materials: dict[str, Material] = {}
    cards: dict[str, Card] = {}
    notes: list[Omission] = []
    for folded in dict.fromkeys(fold(section.material) for section in deck.sections):
        mine = [k for k, section in enumerate(deck.sections) if fold(section.material) == folded]
        if folded not in deck.materials:
            raise _unknown("material", deck.sections[mine[0]].material, deck.sections[mine[0]].card,
                           [one.name for one in deck.materials.values()])
        cells = np.flatnonzero(np.isin(owner, mine))
        if not len(cells):
            continue
        known, before = deck.materials[folded], list(cell_tags)
        sets = [deck.inp.element_sets[fold(deck.sections[k].elset)].name for k in mine] if own_sets else before
        tag = _tag(cells, known.name, cell_tags, sets)
        material, left_out = read(known, tag)
        notes += left_out
        if material is None:
            continue
        expansion = material.thermal_expansion
        if material.law in _ISOTROPIC and (expansion is None or expansion.is_isotropic):
            materials[known.name], cards[known.name] = material, known.card
            continue
        try:
            of_sections = [(np.flatnonzero(owner == k), deck.sections[k]) for k in mine]
            groups, arrays = axes_groups([(places, axes(section) if section.orientation else None)
                                          for places, section in of_sections if len(places)],
                                         known.name, deck.places.mesh.cell_ids, deck.inp.elements_of)
        except UnsupportedError as error:
            notes.append(Omission(name=f"orientation_{known.name}", does_work=True, description=(
                f"material {known.name}, {error.place}: {error.what} ({error.found}); state the material in the study "
                f"by the name {known.name} and accept this omission")))
            continue
        cell_arrays.update(arrays)
        if len(groups) > 1 and tag not in before:
            del cell_tags[tag]  # of all cells, which no material has
        for group in groups:
            name = known.name + group.suffix
            tag = tag if len(group.cells) == len(cells) else _tag(group.cells, name, cell_tags, sets)
            materials[name] = material.model_copy(update={"cells": tag, "orientation": group.orientation})
            cards[name] = known.card
    return materials, cards, notes


def orientation_card(deck: Any, name: str, card: Card) -> Card:
    """The *ORIENTATION of a name. card : that names it.

    Raises
    ------
    FileFormatError : it is not there.
    """
    if fold(name) not in deck.orientations:
        raise _unknown("*ORIENTATION", name, card, [one.parameter("NAME") for one in deck.orientations.values()])
    return deck.orientations[fold(name)]


def _unknown(what: str, name: str, card: Card, names: list[str]) -> FileFormatError:
    return FileFormatError(f"the deck has no {what} of this name", file=card.file, place=card.place, found=name,
                           expected=", ".join(names) or "none")


def _tag(cells: np.ndarray, name: str, cell_tags: dict[str, np.ndarray], sets: list[str]) -> str:
    """The set that has exactly these cells, or a new tag with the material's name."""
    for one in dict.fromkeys(sets):
        if len(cell_tags[one]) == len(cells) and np.array_equal(np.sort(cell_tags[one]), cells):
            return one
    while name in cell_tags or name == "all":
        name += "_"
    cell_tags[name] = cells
    return name
