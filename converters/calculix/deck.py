"""A CalculiX deck: its mesh, materials, steps, and what acts in them. Cards that are not read are named by line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from romlib_converters.calculix.cards import (
    KNOWN,
    in_order,
    read_calculix_cards,
    refuse_computation,
    same_name,
)
from romlib_converters.calculix.elements import NODE_COUNTS, OTHERS
from romlib_converters.calculix.loads import LoadReader
from romlib_converters.calculix.materials import OF_MATERIAL
from romlib_converters.calculix.mesh import build_mesh
from romlib_converters.calculix.output import OUTPUT_CARDS, Output
from romlib_converters.keyword.cards import Card, fold, lines_of
from romlib_converters.keyword.data import check_digits
from romlib_converters.keyword.deck import MOST_INCREMENTS, PROCEDURES, DeckWalk, KeywordDeck, files_of
from romlib_converters.keyword.history import read_amplitude
from romlib_converters.keyword.links import LINK_CARDS, Links, kind_of_mpc
from romlib_converters.keyword.loads import LOAD_CARDS
from romlib_converters.keyword.mesh import MESH_CARDS, InpMesh, read_mesh_cards
from romlib_converters.keyword.places import Places, other_elements

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission

# Output, numerics, titles: they change nothing that a reduced model has.
_IGNORED = (
    "HEADING", "PREPRINT", "ELOUTPUT", "NODEPRINT", "FACEPRINT", "SECTIONPRINT", "CONTACTFILE",
    "CONTACTOUTPUT", "CONTACTPRINT", "OUTPUT", "FILTER", "CONTROLS", "TIMEPOINTS", "PHYSICALCONSTANTS", "VIEWFACTOR",
    "VALUESATINFINITY", "PRINT", "FILEFORMAT", "RESTART", "DISTRIBUTIONTABLE")
_OF_ZSET = re.compile(rb"\*{4}(calcul|simulate|mesher|post_processing|optimize|return)\b")
# They turn finite strain on, whatever *STEP says.
_FINITE = ("DEFORMATIONPLASTICITY", "HYPERELASTIC", "HYPERFOAM")


@dataclass(kw_only=True)
class Deck(KeywordDeck):
    """links : constraints between nodes. output : what the results are written in."""

    links: Links
    output: Output = field(default_factory=Output)


def is_deck(path: Path) -> bool:
    """Whether a file looks like a keyword deck: its first line that says something has one star and a letter.

    A deck of Zset has lines that look so too, below one that would be a comment here; one of Ansys has them anywhere.
    """
    with open(path, "rb") as stream:
        beginning = stream.read(1 << 16)
    if _OF_ZSET.search(beginning):
        return False
    lines = (line.strip() for line in beginning.decode("latin-1").splitlines())
    first = next((line for line in lines if line and line[:2] != "**"), "")
    return first.startswith("*") and first[1:].strip()[:1].isalpha()


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
    return inp, Places(build_mesh(inp, path, cards))


class _Reader(DeckWalk):
    """One walk through the cards."""

    of_material, finite, load_cards, ignored = OF_MATERIAL, _FINITE, LOAD_CARDS, _IGNORED
    no_procedure = "a step without a procedure"
    # CalculiX 2.20 ends there without computing it, and says nothing
    unclosed = "the deck may be cut short: CalculiX does not compute a step that has no end"

    def __init__(self, path: Path) -> None:
        self.cards = read_calculix_cards(path)
        refuse_computation(self.cards)
        check_digits(self.cards)
        same_name(card for card in self.cards if card.keyword == "AMPLITUDE")
        files = files_of(path, self.cards)  # before the data of nodes and elements are taken from their cards
        inp = read_mesh_cards([card for card in self.cards if card.keyword in MESH_CARDS], NODE_COUNTS)
        places, omissions = Places(build_mesh(inp, path, self.cards)), list(other_elements(inp, OTHERS))
        reader = LoadReader(inp, places, omissions)
        self.deck: Deck = Deck(path, files, inp, places, reader.loads, reader.amplitudes,
                               links=Links(inp, places), omissions=omissions)
        super().__init__(self.deck, reader)
        self.takers |= {"AMPLITUDE": self._amplitude, **dict.fromkeys(LINK_CARDS, self._link),
                        **dict.fromkeys(OUTPUT_CARDS, self.deck.output.take)}

    def run(self) -> Deck:
        self.walk(self._ordered())
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

    def _amplitude(self, card: Card) -> None:
        self.reader.amplitudes += read_amplitude(card, self.deck.omissions)

    def _link(self, card: Card) -> None:
        self.deck.links.take(card, self.deck.omissions)
        if card.keyword == "MPC" and kind_of_mpc(card) != "MEANROT":
            self._finite(card)

    def _step(self, card: Card) -> None:
        super()._step(card)
        if "PERTURBATION" in card.parameters:
            raise UnsupportedError("a perturbation step is no history", file=card.file, place=card.place)

    def _procedure(self, card: Card) -> None:
        super()._procedure(card)
        self.deck.output.begin_step()

    def _lengths(self, card: Card) -> tuple[float, float, bool]:
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
        increment = increment or length
        if not length / increment <= MOST_INCREMENTS:
            raise FileFormatError("a step has too many increments", file=card.file, place=card.place,
                                  expected=f"at most {MOST_INCREMENTS}", found=f"{length:g} / {increment:g}")
        if fold(card.parameters.get("SOLVER", "")).startswith("ITERATIVE"):
            self.unread.setdefault("solver", []).append(card)
        return increment, length, "DIRECT" in card.parameters and not card.is_set("DIRECT", "NO")

    def _end_step(self, card: Card) -> None:
        super()._end_step(card)
        self.deck.output.end_step()

    def _initial(self, card: Card) -> None:
        kind = fold(card.parameters.get("TYPE", ""))
        if kind == "TEMPERATURE":
            self._initial_temperature(card)
        elif kind != "VELOCITY":
            self._initial_omission(card, "a run begins at rest, without stress")

    def _not_read(self, cards: list[Card]) -> Omission:
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
