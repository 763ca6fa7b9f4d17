"""Sections of a CalculiX deck as materials on cell tags, and their axes at integration points."""

from __future__ import annotations

from functools import cached_property, partial

import numpy as np
from romlib_converters.calculix.deck import Deck
from romlib_converters.calculix.materials import read_material
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.orientation import DeckAxes, read_orientation, vectors_of
from romlib_converters.keyword.sections import Section, materials_of_sections, orientation_card, section_owners

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.material_axes import axes_at
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Material, Omission
from romlib.words import plural


def section_materials(
    deck: Deck, cell_tags: dict[str, np.ndarray], cell_arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
    """See `romlib_converters.keyword.sections.materials_of_sections`; a note says which sections lose cells to others.
    """
    lost: list[Omission] = []

    def overlap(n: int, before: Section, section: Section) -> None:
        if fold(before.material) != fold(section.material):
            lost.append(Omission(name="sections", does_work=False, description=(
                f"{plural(n, 'element')} in two sections: *{before.card.title} of {before.material} (line "
                f"{before.card.line} of {before.card.file.name}) and of {section.material} (line {section.card.line} "
                f"of {section.card.file.name}); the last one holds, as in CalculiX")))

    materials, cards, notes = materials_of_sections(
        deck, section_owners(deck, overlap), cell_tags, cell_arrays, axes=partial(_axes, deck), own_sets=True,
        read=lambda material, tag: read_material(material, tag, deck.temperature0 is not None))
    return materials, cards, lost + notes


def _axes(deck: Deck, section: Section) -> DeckAxes:
    """The axes of a section that has an orientation.

    Raises
    ------
    UnsupportedError : axes that romlib cannot say. FileFormatError : an *ORIENTATION that is not there, or is none.
    """
    axes = read_orientation(orientation_card(deck, section.orientation, section.card), deck.distributions, origin=False)
    if axes.distribution is not None and axes.turn:
        raise UnsupportedError(
            "a distribution whose axes are turned: CalculiX turns each of its entries by another angle",
            file=axes.card.file, place=axes.card.place, found=f"an angle of {axes.turn:g} degrees",
            remedy="write the turned axes into *DISTRIBUTION")
    return axes


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
