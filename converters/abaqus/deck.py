"""An Abaqus deck: its mesh of parts and instances, materials, steps, and what acts in them.

Abaqus stops at a card that it does not know, so that every card that is not read here is one that acts: an omission
with its lines. What makes the computation another one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from romlib_converters.abaqus.amplitudes import read_amplitude
from romlib_converters.abaqus.elements import FORMULATIONS, OTHERS, SOLIDS, known_solid, node_counts, solid
from romlib_converters.abaqus.equations import equation_terms, unnamed_nodes
from romlib_converters.abaqus.loads import LoadReader
from romlib_converters.abaqus.materials import FINITE, OF_MATERIAL
from romlib_converters.keyword.active import State
from romlib_converters.keyword.assembly import FlatMesh, flattened
from romlib_converters.keyword.cards import Card, fold, lines_of, read_cards
from romlib_converters.keyword.deck import MOST_INCREMENTS, DeckWalk, KeywordDeck, files_of
from romlib_converters.keyword.links import Links
from romlib_converters.keyword.loads import LOAD_CARDS
from romlib_converters.keyword.places import Places, build_mesh, other_elements
from romlib_converters.keyword.sections import Section

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission

_OTHER_PROCEDURES = (
    "DYNAMIC", "MODALDYNAMIC", "STEADYSTATEDYNAMICS", "FREQUENCY", "COMPLEXFREQUENCY", "BUCKLE", "HEATTRANSFER",
    "COUPLEDTEMPERATURE-DISPLACEMENT", "COUPLEDTHERMAL-ELECTRICAL", "DIRECTCYCLIC", "GEOSTATIC", "SOILS",
    "MASSDIFFUSION", "RANDOMRESPONSE", "RESPONSESPECTRUM", "STEADYSTATETRANSPORT", "SUBSTRUCTUREGENERATE", "ANNEAL",
    "ELECTROMAGNETIC", "MAGNETOSTATIC", "MATRIXGENERATE", "FATIGUE", "CFD")
_GENERATES = ("the deck generates nodes or elements", "write nodes and elements out, one by one")
_NEVER = {
    "MODELCHANGE": ("elements or contact pairs are removed or added during the history",
                    "convert and train a deck of what stays"),
    "SUBMODEL": ("a submodel takes its displacements from another computation",
                 "give all boundary conditions in the deck itself"),
    "IMPORT": ("the computation goes on from another one", "compute the whole history in one run"),
    "MAPSOLUTION": ("the computation goes on from another one", "compute the whole history in one run"),
    "PARAMETER": ("the deck has parameters, which only Abaqus evaluates", "write the numbers in the deck"),
    "ADAPTIVEMESH": ("the solver moves the mesh", "compute without it"),
    **dict.fromkeys(("SYSTEM", "NGEN", "NFILL", "NMAP", "NCOPY", "ELGEN", "ELCOPY"), _GENERATES),
    "IMPERFECTION": ("the solver moves the nodes before it begins", "write the nodes where they are"),
    "ENRICHMENT": ("cells are cut during the history", "compute without it"),
}
# Cards without which the mesh is another one. Abaqus stops at a misspelt one; none of its other cards is as like them.
_OF_MESH = ("NODE", "ELEMENT", "NSET", "ELSET", "SURFACE", "PART", "ENDPART", "INSTANCE", "ENDINSTANCE", "ASSEMBLY",
            "ENDASSEMBLY", "INCLUDE")
_ALIKE = 0.85
# Output, numerics, titles, and properties of contact that act with its pairs alone.
_IGNORED = (
    "HEADING", "PREPRINT", "OUTPUT", "NODEOUTPUT", "ELEMENTOUTPUT", "CONTACTOUTPUT", "ENERGYOUTPUT", "NODEPRINT",
    "ELPRINT", "ENERGYPRINT", "CONTACTPRINT", "CONTACTFILE", "ENERGYFILE", "FILEFORMAT", "FILEOUTPUT", "MONITOR",
    "PRINT", "CONTROLS", "SOLVERCONTROLS", "SOLUTIONTECHNIQUE", "TIMEPOINTS", "PHYSICALCONSTANTS", "DISTRIBUTIONTABLE",
    "FILTER", "INTEGRATEDOUTPUTSECTION", "INTEGRATEDOUTPUT", "SECTIONPRINT", "SECTIONFILE", "SECTIONCONTROLS",
    "DIAGNOSTICS", "RESTART", "SURFACEINTERACTION", "FRICTION", "SURFACEBEHAVIOR", "CONTACTCONTROLS",
    "INCREMENTATIONOUTPUT", "ELFILE", "NODEFILE")


@dataclass
class Deck(KeywordDeck):
    """surface_pressure : states of *DSLOAD. transformed : nodes with axes of their own. links : *EQUATION."""

    surface_pressure: list[State] = field(default_factory=list)
    transformed: list[tuple[np.ndarray, Card]] = field(default_factory=list)
    links: Links = field(kw_only=True)

    @property
    def oriented(self) -> Section | None:
        """The first section whose results are in axes of its own."""
        return next((section for section in self.sections if section.orientation), None)


def read_flat(path: Path) -> tuple[FlatMesh, list[Card], list[Path]]:
    """Mesh, other cards, and files of a deck, in the numbers of the flat mesh.

    Raises
    ------
    InputError, FileFormatError, UnsupportedError : see `flattened`.
    """
    cards = read_cards(Path(path))
    refuse_misspelt(cards)
    refuse_computation([card for card in cards if card.keyword in (*_NEVER, "NODE", "ELEMENT")])
    inp, rest = flattened(cards, node_counts())
    return inp, rest, files_of(Path(path), cards)


def places_of(inp: FlatMesh, path: Path, cards: Sequence[Card]) -> Places:
    """The solids of a flat mesh, or its elements in two dimensions. cards : of the deck, with its *SOLID SECTION.

    Raises
    ------
    UnsupportedError : an element that cannot be reproduced, or no solids.
    """
    return Places(build_mesh(inp, path, known_solid, SOLIDS, OTHERS, FORMULATIONS,
                             [card for card in cards if card.keyword == "SOLIDSECTION"]))


def refuse_misspelt(cards: Sequence[Card]) -> None:
    """Refuse cards that would be of the mesh if they were spelt right: FileFormatError with the line."""
    for card in cards:
        meant = [] if card.keyword in _OF_MESH else get_close_matches(card.keyword, _OF_MESH, n=1, cutoff=_ALIKE)
        if meant:
            raise FileFormatError("a keyword of the mesh is misspelt", file=card.file, place=card.place,
                                  expected=f"*{meant[0]}, perhaps", found=f"*{card.title}",
                                  remedy="Abaqus stops at such a card: correct it")


def refuse_computation(cards: Sequence[Card]) -> None:
    """The first card that makes the computation another one than a history from rest, by its line.

    Raises
    ------
    UnsupportedError : it names the card.
    """
    for card in cards:
        found = next((word for word in (card.keyword, card.keyword.rstrip("S")) if word in _OTHER_PROCEDURES), None)
        if found is not None:
            raise UnsupportedError("this kind of computation is not reduced", file=card.file, place=card.place,
                                   expected="*STATIC or *VISCO", found=f"*{card.title}")
        if card.keyword in _NEVER:
            what, remedy = _NEVER[card.keyword]
            raise UnsupportedError(what, file=card.file, place=card.place, found=f"*{card.title}", remedy=remedy)
        if card.keyword == "NODE" and ("SYSTEM" in card.parameters or "INPUT" in card.parameters):
            raise UnsupportedError("nodes in another system, or in a file of their own", file=card.file,
                                   place=card.place, expected="rectangular coordinates in the deck")
        if card.keyword == "ELEMENT" and ("INPUT" in card.parameters or "OFFSET" in card.parameters):
            raise UnsupportedError("elements in a file of their own, or with an offset", file=card.file,
                                   place=card.place, expected="elements in the deck")
        if card.keyword == "ELEMENT":
            solid(fold(card.parameter("TYPE")), card.file, card.place)
        if card.keyword == "RESTART" and "READ" in card.parameters:
            raise UnsupportedError("the computation goes on from another one", file=card.file, place=card.place,
                                   expected="a history from its beginning", found=f"*{card.title}, READ",
                                   remedy="compute the whole history in one run")
        if card.keyword == "STEP" and "PERTURBATION" in card.parameters:
            raise UnsupportedError("a perturbation step is no history", file=card.file, place=card.place,
                                   expected="general steps", remedy="leave PERTURBATION out of *STEP")
        if card.keyword == "STATIC" and "RIKS" in card.parameters:
            raise UnsupportedError("loads follow an arc length (RIKS), not the time", file=card.file, place=card.place,
                                   expected="*STATIC", remedy="compute without RIKS, as far as that goes")


class DeckReader(DeckWalk):
    """One walk through the cards of a flat deck."""

    of_material, finite, load_cards, ignored = OF_MATERIAL, FINITE, LOAD_CARDS, _IGNORED
    no_procedure = "a step without a procedure that is read"

    def __init__(self, path: Path, inp: FlatMesh, cards: Sequence[Card], files: list[Path]) -> None:
        refuse_misspelt(cards)
        refuse_computation(cards)
        self.cards = cards
        places, omissions = places_of(inp, path, cards), list(other_elements(inp, OTHERS))
        reader = LoadReader(inp, places, omissions)
        self.deck: Deck = Deck(path, files, inp, places, reader.loads, reader.amplitudes, omissions=omissions,
                               surface_pressure=reader.surface_pressure, links=Links(inp, places))
        super().__init__(self.deck, reader)
        self.takers |= {"TRANSFORM": self._transform, "EQUATION": self._equation}
        self._equations: list[Card] = []

    def run(self) -> Deck:
        """The computation that the deck describes.

        Raises
        ------
        FileFormatError, UnsupportedError : see `DeckWalk.walk`.
        """
        for card in self.cards:
            if card.keyword == "AMPLITUDE":
                self._amplitude(card)
        self.walk(card for card in self.cards if card.keyword != "AMPLITUDE")
        self._take_equations()
        self._refuse_turned()
        return self.deck

    def _amplitude(self, card: Card) -> None:
        found = read_amplitude(card)
        if any(fold(one.name) == fold(found.name) for one in self.reader.amplitudes):
            raise FileFormatError("two cards *AMPLITUDE have the same name", file=card.file, place=card.place,
                                  expected="each name once", found=found.name)
        self.reader.amplitudes.append(found)

    def _load(self, card: Card) -> None:
        if self.step is not None and not self.begun:
            raise FileFormatError("a load stands before the procedure of its step", file=card.file, place=card.place,
                                  expected="*STATIC or *VISCO after *STEP")
        super()._load(card)

    def _transform(self, card: Card) -> None:
        self.deck.transformed.append((self.deck.inp.nodes_of(card.parameter("NSET"), card), card))

    def _equation(self, card: Card) -> None:
        self._equations.append(card)

    def _take_equations(self) -> None:
        """Equations, whose sets and local axes may stand behind them; those that cannot be told are named."""
        local = np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in self.deck.transformed)])
        lost: dict[str, list[Card]] = {}
        for card in self._equations:
            why = unnamed_nodes(card, self.deck.inp)
            if why is not None:
                lost.setdefault(why, []).append(card)
                continue
            terms, sizes = equation_terms(card, self.deck.inp)
            if np.isin(terms[:, 0], local).any():
                lost.setdefault("nodes with axes of their own (*TRANSFORM)", []).append(card)
            else:
                self.deck.links.add_equations(card, terms, sizes)
        self.deck.omissions += [Omission(name="equation", does_work=True, description=(
            f"{len(cards)} x *EQUATION ({lines_of(cards)}): {why}, not read")) for why, cards in lost.items()]

    def _lengths(self, card: Card) -> tuple[float, float, bool]:
        if "STABILIZE" in card.parameters:
            self.unread.setdefault("static stabilization", []).append(card)
        rows = card.rows()
        length = (rows[0].number(1, 0.0) if rows else 0.0) or 1.0
        increment = (rows[0].number(0, 0.0) if rows else 0.0) or length
        if length <= 0.0 or increment <= 0.0 or not length / increment <= MOST_INCREMENTS:
            raise FileFormatError("the length of a step, and of its first increment, must be positive", file=card.file,
                                  place=card.place, found=f"{increment:g}, {length:g}")
        return increment, length, "DIRECT" in card.parameters

    def _initial(self, card: Card) -> None:
        kind = fold(card.parameters.get("TYPE", ""))
        if kind == "TEMPERATURE" and "FILE" not in card.parameters:
            self._initial_temperature(card)
        elif kind not in ("VELOCITY", "CONTACT"):
            self._initial_omission(card, "not read; a run begins at rest, without stress")

    def _not_read(self, cards: list[Card]) -> Omission:
        return Omission(name=cards[0].title.lower().replace(" ", "_"), does_work=True, description=(
            f"{len(cards)} x *{cards[0].title} ({lines_of(cards)}): not read"))

    def _refuse_turned(self) -> None:
        """Loads and constraints of nodes with axes of their own would be taken for global ones."""
        acting = [state.keys // 3 for states in (self.deck.loads.boundary, self.deck.loads.forces) for state in states]
        used = self.deck.places.mesh.node_ids[np.unique(np.concatenate([np.empty(0, np.int64), *acting]))]
        for ids, card in self.deck.transformed:
            both = np.intersect1d(ids, used)
            if len(both):
                raise UnsupportedError("a node with axes of its own (*TRANSFORM) is held or loaded", file=card.file,
                                       place=f"{card.place}, node {both[0]}", expected="global axes",
                                       remedy="hold and load these nodes in global axes, without *TRANSFORM; or "
                                              "convert the results alone, with --option deck=none")
