"""Sections of a deck as materials on cell tags; an element in several sections belongs to the last one, as in CalculiX.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from romlib_converters.calculix.deck import Deck, Section
from romlib_converters.calculix.materials import read_material
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.orientation import AxesGroup, DeckAxes, axes_groups, read_orientation, vectors_of

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.material_axes import axes_at
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Material, Omission
from romlib.words import plural

_ISOTROPIC = ("elastic", "mises")  # laws that material axes change nothing of


def section_materials(
    deck: Deck, cell_tags: dict[str, np.ndarray], cell_arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
    """Materials by name, their cards, and notes; a tag is added to `cell_tags` where no set has a material's cells, and
    to `cell_arrays` the axes of a material whose sections have different ones.

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
        known, sets = deck.materials[folded], set(cell_tags)
        tag = _tag(cells, known.name, cell_tags, [_set_name(deck, deck.sections[k]) for k in mine])
        material, left_out = read_material(known, tag, deck.temperature0 is not None)
        notes += left_out
        if material is None:
            continue
        expansion = material.thermal_expansion
        if material.law in _ISOTROPIC and (expansion is None or expansion.is_isotropic):
            materials[known.name], cards[known.name] = material, known.card
            continue
        try:
            groups, arrays = _axes(deck, known.name, [(np.flatnonzero(owner == k), deck.sections[k]) for k in mine])
        except UnsupportedError as error:
            notes.append(Omission(name=f"orientation_{known.name}", does_work=True, description=(
                f"material {known.name}, {error.place}: {error.what} ({error.found}); state the material in the study "
                f"by the name {known.name} and accept this omission")))
            continue
        cell_arrays.update(arrays)
        if len(groups) > 1 and tag not in sets:
            del cell_tags[tag]  # of all cells, which no material has
        for group in groups:
            name = known.name + group.suffix
            tag = tag if len(group.cells) == len(cells) else _tag(group.cells, name, cell_tags, [
                _set_name(deck, deck.sections[k]) for k in mine])
            materials[name] = material.model_copy(update={"cells": tag, "orientation": group.orientation})
            cards[name] = known.card
    return materials, cards, notes


def _axes(
    deck: Deck, name: str, sections: list[tuple[np.ndarray, Section]]
) -> tuple[list[AxesGroup], dict[str, np.ndarray]]:
    """The cells of a material's sections by what describes their axes, and the cell arrays of these.

    Raises
    ------
    UnsupportedError : axes that romlib cannot say. FileFormatError : an *ORIENTATION that is not there, or is none.
    """
    read = [(cells, None if not section.orientation else orientation_of(deck, section.orientation, section.card))
            for cells, section in sections if len(cells)]
    for _, axes in read:
        if axes is not None and axes.distribution is not None and axes.turn:
            raise UnsupportedError(
                "a distribution whose axes are turned: CalculiX turns each of its entries by another angle",
                file=axes.card.file, place=axes.card.place, found=f"an angle of {axes.turn:g} degrees",
                remedy="write the turned axes into *DISTRIBUTION")
    return axes_groups(read, name, deck.places.mesh.cell_ids, deck.inp.elements_of)


def orientation_of(deck: Deck, name: str, card: Card) -> DeckAxes:
    """The axes of an *ORIENTATION by name. card : that names it.

    Raises
    ------
    UnsupportedError : axes that romlib cannot say. FileFormatError : it is not there, or has no axes.
    """
    if fold(name) not in deck.orientations:
        raise FileFormatError("the deck has no *ORIENTATION of this name", file=card.file, place=card.place, found=name,
                              expected=", ".join(one.parameter("NAME") for one in deck.orientations.values()) or "none")
    return read_orientation(deck.orientations[fold(name)], deck.distributions, origin=False)


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


class SectionAxes:
    """The axes of *ORIENTATION cards at integration points, for results that are written along them.

    mesh : with the cells of the deck's in their order.
    """

    def __init__(self, deck: Deck, mesh: Mesh) -> None:
        self._deck, self._mesh = deck, mesh

    def at(self, name: str, ips: np.ndarray) -> np.ndarray:
        """Axes (n, 3, 3), rows, of an *ORIENTATION at integration points (n,) of the mesh.

        Raises
        ------
        InputError : there is none of this name, or it has no axes there.
        """
        deck, mesh = self._deck, self._mesh
        card = deck.orientations.get(fold(name))
        if card is None:
            raise InputError("which the deck does not have")
        axes = read_orientation(card, deck.distributions, origin=False)
        cells = np.repeat(np.arange(mesh.n_cell), mesh.points_of_cells)[ips]
        if not axes.is_cylindrical:
            used, places = np.unique(cells, return_inverse=True)
            return vectors_of(axes, mesh.cell_ids[used], deck.inp.elements_of)[places]
        assert axes.orientation is not None
        return axes_at(axes.orientation, mesh, cells, self._coordinates[ips], card.place)

    @cached_property
    def _coordinates(self) -> np.ndarray:
        return StrainOperator(self._mesh).coordinates
