"""A CalculiX deck: its mesh, materials, steps, and what acts in them. Cards that are not read are named by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from romlib_converters.calculix.cards import (
    KNOWN,
    PROCEDURES,
    in_order,
    read_calculix_cards,
    refuse_computation,
    same_name,
)
from romlib_converters.calculix.elements import NODE_COUNTS, OTHERS
from romlib_converters.calculix.links import LINK_CARDS, Links, kind_of_mpc
from romlib_converters.calculix.loads import LOAD_CARDS, LoadReader
from romlib_converters.calculix.materials import OF_MATERIAL
from romlib_converters.calculix.mesh import build_mesh
from romlib_converters.calculix.output import OUTPUT_CARDS, Output
from romlib_converters.keyword.cards import Card, fold, lines_of
from romlib_converters.keyword.data import check_digits
from romlib_converters.keyword.history import DeckAmplitude, Step, read_amplitude
from romlib_converters.keyword.loads import Loads
from romlib_converters.keyword.materials import DeckMaterial
from romlib_converters.keyword.mesh import MESH_CARDS, InpMesh, read_mesh_cards
from romlib_converters.keyword.places import Places, other_elements
from romlib_converters.keyword.sections import Section

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission

# Output, numerics, titles: they change nothing that a reduced model has.
_IGNORED = (
    "HEADING", "PREPRINT", "ELOUTPUT", "NODEPRINT", "FACEPRINT", "SECTIONPRINT", "CONTACTFILE",
    "CONTACTOUTPUT", "CONTACTPRINT", "OUTPUT", "FILTER", "CONTROLS", "TIMEPOINTS", "PHYSICALCONSTANTS", "VIEWFACTOR",
    "VALUESATINFINITY", "PRINT", "FILEFORMAT", "RESTART", "DISTRIBUTIONTABLE")
_MOST_INCREMENTS = 1_000_000
# They turn finite strain on, whatever *STEP says.
_FINITE = ("DEFORMATIONPLASTICITY", "HYPERELASTIC", "HYPERFOAM")


@dataclass
class Deck:
    """What a deck says. files : it and those that it includes. nlgeom : the card that turns finite strain on.

    orientations, distributions : cards by folded name. output : what the results are written in.
    amplitudes : by the numbers that `loads` has. temperature0 : (n_node,) or None, which `initial` says. links :
    constraints between nodes.
    """

    file: Path
    files: list[Path]
    inp: InpMesh
    places: Places
    loads: Loads
    amplitudes: list[DeckAmplitude]
    links: Links
    steps: list[Step] = field(default_factory=list)
    materials: dict[str, DeckMaterial] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    orientations: dict[str, Card] = field(default_factory=dict)
    distributions: dict[str, Card] = field(default_factory=dict)
    output: Output = field(default_factory=Output)
    temperature0: np.ndarray | None = None
    initial: Card | None = None
    nlgeom: Card | None = None
    omissions: list[Omission] = field(default_factory=list)


def is_deck(path: Path) -> bool:
    """Whether a file looks like a keyword deck: its first line that says something has one star and a letter.

    A deck of Zset has lines that look so too, below one that would be a comment here.
    """
    with open(path, "rb") as stream:
        beginning = stream.read(1 << 16)
    if b"****calcul" in beginning:
        return False
    lines = (line.strip() for line in beginning.decode("latin-1").splitlines())
    return next((line[1:].strip()[:1].isalpha() for line in lines if line.startswith("*") and line[:2] != "**"), False)


def read_deck(path: Path) -> Deck:
    """The computation that a deck describes.

    Raises
    ------
    InputError : a file that cannot be read. FileFormatError : a contradiction, named by file and line.
    UnsupportedError : what would change the results and cannot be said in romlib's model, by its name.
    """
    return _Reader(Path(path)).run()


def read_deck_mesh(path: Path) -> tuple[InpMesh, Places]:
    """The mesh of a deck alone; its other cards are not looked at, but for parts that are moved or repeated.

    Raises
    ------
    UnsupportedError : several parts or instances, or one with a translation or rotation.
    """
    cards = read_calculix_cards(path)
    for keyword in ("PART", "INSTANCE"):
        found = [card for card in cards if card.keyword == keyword]
        moved = [card for card in found if keyword == "INSTANCE" and card.rows()]
        if len(found) > 1 or moved:
            card = (moved or found[1:])[0]
            raise UnsupportedError(
                "the deck moves or repeats its parts", file=card.file, place=card.place,
                found="an instance with a translation" if moved else f"{len(found)} cards *{card.title}",
                expected="one part, where it is", remedy="write the mesh without parts and instances")
    inp = read_mesh_cards([card for card in cards if card.keyword in MESH_CARDS], NODE_COUNTS)
    return inp, Places(build_mesh(inp, path))


class _Reader:
    """One walk through the cards."""

    def __init__(self, path: Path) -> None:
        self.cards = read_calculix_cards(path)
        refuse_computation(self.cards)
        check_digits(self.cards)
        same_name(card for card in self.cards if card.keyword == "AMPLITUDE")
        files = list(dict.fromkeys([path, *(card.file for card in self.cards),
                                    *(chunk.file for card in self.cards for chunk in card.chunks)]))
        inp = read_mesh_cards([card for card in self.cards if card.keyword in MESH_CARDS], NODE_COUNTS)
        places = Places(build_mesh(inp, path))
        self.omissions: list[Omission] = list(other_elements(inp, OTHERS))
        self.unread: dict[str, list[Card]] = {}
        self.reader = LoadReader(inp, places, self.omissions)
        self.deck = Deck(path, files, inp, places, self.reader.loads, self.reader.amplitudes, Links(inp, places),
                         omissions=self.omissions)
        self.step: Card | None = None
        self.begun = False
        self.material: DeckMaterial | None = None

    def run(self) -> Deck:
        for card in self._ordered():
            if card.keyword not in OF_MATERIAL:
                self._take(card)
            elif self.material is not None:
                self.material.cards[card.keyword] = card
                if card.keyword in _FINITE and self.deck.nlgeom is None:
                    self.deck.nlgeom = card
            elif card.keyword != "DAMPING":
                raise FileFormatError("a property stands before any *MATERIAL", file=card.file, place=card.place)
        if self.step is not None:  # CalculiX 2.20 ends there without computing it, and says nothing
            raise FileFormatError("the last step is not closed", file=self.step.file, place=self.step.place,
                                  expected="*END STEP", remedy="the deck may be cut short: CalculiX does not compute "
                                  "a step that has no end")
        if not self.deck.steps:
            raise FileFormatError("the deck has no step", file=self.deck.file, expected="*STEP ... *END STEP")
        self.omissions += self.reader.notes()
        self.omissions += [_not_read(cards) for cards in self.unread.values()]
        return self.deck

    def _ordered(self) -> Iterable[Card]:
        """The cards as the solver reads them, but the procedure of a step before its other cards, which may need it."""
        pending: list[Card] = []
        for card in in_order(self.cards):
            if card.keyword in MESH_CARDS:
                continue
            if card.keyword == "STEP" and pending:
                yield from pending
                pending = []
            if pending or card.keyword == "STEP":
                if card.keyword in PROCEDURES:
                    yield pending.pop(0)
                    yield card
                    yield from pending
                    pending = []
                else:
                    pending.append(card)
            else:
                yield card
        yield from pending

    def _take(self, card: Card) -> None:
        keyword = card.keyword
        if keyword == "MATERIAL":
            self._material(card)
        elif keyword == "SOLIDSECTION":
            self.deck.sections.append(Section(card.parameter("ELSET"), card.parameter("MATERIAL"),
                                              card.parameters.get("ORIENTATION", ""), card))
        elif keyword == "ORIENTATION":
            self.deck.orientations[fold(card.parameter("NAME"))] = card
        elif keyword == "DISTRIBUTION":
            self.deck.distributions[fold(card.parameter("NAME"))] = card
        elif keyword == "AMPLITUDE":
            self.reader.amplitudes += read_amplitude(card, self.omissions)
        elif keyword == "STEP":
            if self.step is not None:
                raise FileFormatError("a step begins within another one", file=card.file, place=card.place,
                                      expected="*END STEP before it", found=self.step.place)
            self.step, self.begun = card, False
            self._nlgeom(card)
        elif keyword in PROCEDURES:
            self._begin_step(card)
        elif keyword == "ENDSTEP":
            if self.step is None:
                raise FileFormatError("*END STEP without a *STEP", file=card.file, place=card.place)
            self._end_step(self.step)
        elif keyword in LOAD_CARDS:
            self.reader.take(card)
        elif keyword in LINK_CARDS:
            self._link(card)
        elif keyword == "INITIALCONDITIONS":
            self._initial(card)
        elif keyword in OUTPUT_CARDS:
            self.deck.output.take(card)
        elif keyword not in _IGNORED:
            self.unread.setdefault(card.title, []).append(card)

    def _link(self, card: Card) -> None:
        self.deck.links.take(card, self.omissions)
        if card.keyword == "MPC" and kind_of_mpc(card) != "MEANROT" and self.deck.nlgeom is None:
            self.deck.nlgeom = card

    def _material(self, card: Card) -> None:
        self.material = DeckMaterial(card.parameter("NAME"), card)
        if fold(self.material.name) in self.deck.materials:
            raise FileFormatError("two materials have the same name", file=card.file, place=card.place,
                                  found=self.material.name)
        self.deck.materials[fold(self.material.name)] = self.material

    def _nlgeom(self, card: Card) -> None:
        """NLGEOM holds from its step on."""
        if "NLGEOM" in card.parameters and not card.is_set("NLGEOM", "NO") and self.deck.nlgeom is None:
            self.deck.nlgeom = card
        if "PERTURBATION" in card.parameters:
            raise UnsupportedError("a perturbation step is no history", file=card.file, place=card.place)

    def _begin_step(self, card: Card) -> None:
        if self.step is None or self.begun:
            raise FileFormatError(f"*{card.title} stands outside of a step", file=card.file, place=card.place)
        for name in ("TIMERESET", "TOTALTIMEATSTART"):
            if name in card.parameters:
                raise UnsupportedError("the total time must go on from step to step", file=card.file, place=card.place,
                                       found=name)
        rows = card.rows()
        increment = rows[0].number(0, 0.0) if rows else 0.0
        length = (rows[0].number(1, 0.0) if rows else 0.0) or 1.0
        if length <= 0.0 or increment < 0.0:
            raise FileFormatError("the length of a step must be positive", file=card.file, place=card.place,
                                  found=length)
        start = self.deck.steps[-1].end if self.deck.steps else 0.0
        static = card.keyword == "STATIC"  # in *VISCO loads act at once by default
        option = next((one for one in ("RAMP", "STEP") if self.step.is_set("AMPLITUDE", one)), "")
        fixed = "DIRECT" in card.parameters and not card.is_set("DIRECT", "NO")
        step = Step(len(self.deck.steps) + 1, start, start + length, self.step,
                    _increments(start, increment or length, length, card), fixed, static, option)
        self.deck.steps.append(step)
        if fold(card.parameters.get("SOLVER", "")).startswith("ITERATIVE"):
            self.unread.setdefault("solver", []).append(card)
        self.reader.begin_step(step)
        self.deck.output.begin_step()
        self.begun = True

    def _end_step(self, card: Card) -> None:
        if not self.begun:
            raise UnsupportedError("a step without a procedure", file=card.file, place=card.place,
                                   expected="*STATIC or *VISCO")
        self.reader.end_step()
        self.deck.output.end_step()
        self.step, self.begun = None, False

    def _initial(self, card: Card) -> None:
        kind = fold(card.parameters.get("TYPE", ""))
        if kind == "TEMPERATURE":
            for nodes, values in self.reader.node_values(card):
                self.reader.temperature0[nodes] = values
            self.deck.initial = card
            self.deck.temperature0 = self.reader.temperature0
        elif kind != "VELOCITY":
            self.omissions.append(Omission(name=f"initial_{kind.lower()}", does_work=True, description=(
                f"*{card.title}, TYPE={kind} (line {card.line} of {card.file.name}): a run begins at rest, without "
                "stress")))


def _not_read(cards: list[Card]) -> Omission:
    """Cards of one keyword that are read over: those that the solver does not know do nothing."""
    first = cards[0]
    if first.keyword in PROCEDURES:
        return Omission(name="solver", does_work=False, description=(
            f"*{first.title}, SOLVER={first.parameters['SOLVER']} ({lines_of(cards)}): the equations are solved by "
            "iteration, and forces are in equilibrium to about 1e-3 only"))
    where = f"{len(cards)} x *{first.title} ({lines_of(cards)})"
    name = first.title.lower().replace(" ", "_")
    if first.keyword in KNOWN:
        return Omission(name=name, does_work=True, description=f"{where}: not read")
    return Omission(name=name, does_work=False, description=f"{where}: CalculiX does not know it and ignores it")


def _increments(start: float, increment: float, length: float, card: Card) -> np.ndarray:
    """The times of equal increments that fill a step; the last one is shorter where they do not divide it.

    Raises
    ------
    FileFormatError : there are too many of them to be computed.
    """
    if not length / increment <= _MOST_INCREMENTS:
        raise FileFormatError("a step has too many increments", file=card.file, place=card.place,
                              expected=f"at most {_MOST_INCREMENTS}", found=f"{length:g} / {increment:g}")
    n = max(int(np.ceil(length / increment - 1e-9)), 1)
    return np.append(start + increment * np.arange(1, n), start + length)
