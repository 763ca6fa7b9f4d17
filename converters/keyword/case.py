"""What a deck says without results: its case with mesh, model and the lines where they are said; or its mesh alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.common.elements import check_rules
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.model import ModelParts
from romlib_converters.keyword.places import Places, set_tags
from romlib_converters.keyword.plane import refuse_other_kinematics

from romlib.mesh.kinematics import SOLID
from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import add_skin
from romlib.model import Case, UnitSystem
from romlib.model.case import Times
from romlib.snapshots.converter import DeckModel


class DeckCases(ABC):
    """What a converter of keyword decks has by its `read_deck` and the places of its solids."""

    @abstractmethod
    def read_deck(self, source: Path) -> DeckModel:
        """The case of a deck as `read_case` has it, with the mesh, the model, and where in the deck it is said.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place.
        """

    @abstractmethod
    def _places(self, deck: Path) -> tuple[InpMesh, Places]:
        """The mesh of a deck."""

    def read_case(self, source: Path) -> Case:
        """Times and amplitudes of a deck, which needs no results: the initial time, then every increment.

        Where the solver chooses its increments, they are as long as the first one of their step.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place.
        """
        return self.read_deck(source).case

    def read_mesh(
        self, source: Path, *, quadrature: dict[str, str] | None = None, kinematics: str = SOLID,
        thickness: float = 1.0,
    ) -> Mesh:
        """The mesh of a deck with its sets and surfaces as tags; steps and materials are not looked at.

        Parameters
        ----------
        kinematics, thickness : what the user says of them, where the deck says it by its elements and sections.

        Raises
        ------
        InputError : a rule of another kind of cell, kinematics or a thickness that the deck does not have.
        FileFormatError, UnsupportedError : with file and place.
        """
        inp, places = self._places(Path(source))
        refuse_other_kinematics(places.mesh, kinematics, thickness, Path(source))
        node_tags, cell_tags, face_tags = set_tags(inp, places)
        chosen, blocks = quadrature or {}, places.mesh.blocks
        check_rules(chosen, [block.cell_type for block in blocks], "quadrature")
        blocks = tuple(replace(block, quadrature=chosen.get(block.cell_type, block.quadrature)) for block in blocks)
        return add_skin([replace(places.mesh, blocks=blocks, node_tags=node_tags, cell_tags=cell_tags,
                                 face_tags=face_tags)])[0]


def increment_times(deck: Any) -> np.ndarray:
    """The initial time, then every increment, of a deck's `steps`."""
    return np.concatenate([[0.0], *(step.increments for step in deck.steps)])


def deck_model(builder: ModelParts) -> DeckModel:
    """What a deck says; `builder` has the times of the case, see `increment_times`."""
    deck = builder.deck
    mesh, model = builder.build(UnitSystem())
    chosen = "" if all(step.fixed for step in deck.steps) else "; increments as the first of each step"
    case = Case(times=Times(values=tuple(float(time) for time in builder.times)), amplitudes=model.amplitudes,
                description=f"{builder.solver} deck {deck.file.name}{chosen}")
    sources = {f"{section}.{name}": line for (section, name), line in builder.lines.items()}
    sources |= {f"prescribed.{name}": line for (section, name), line in builder.lines.items()
                if section == "constraints"}
    return DeckModel(case, mesh, model, sources)
