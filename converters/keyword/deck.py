"""The walk through the cards of a deck: materials, sections, steps. What a solver has of its own is in its subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.history import DeckAmplitude, Step
from romlib_converters.keyword.loads import Loads
from romlib_converters.keyword.materials import DeckMaterial
from romlib_converters.keyword.places import Places
from romlib_converters.keyword.sections import Section

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission

PROCEDURES = ("STATIC", "VISCO")
MOST_INCREMENTS = 1_000_000


@dataclass
class KeywordDeck:
    """What a deck says. files : it and those that it includes. nlgeom : the card that turns finite strain on.

    inp : the mesh of the cards. orientations, distributions : cards by folded name. amplitudes : by the numbers that
    `loads` has. temperature0 : (n_node,), or None where no initial temperature is given, which `initial` says.
    """

    file: Path
    files: list[Path]
    inp: Any
    places: Places
    loads: Loads
    amplitudes: list[DeckAmplitude]
    steps: list[Step] = field(default_factory=list)
    materials: dict[str, DeckMaterial] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    orientations: dict[str, Card] = field(default_factory=dict)
    distributions: dict[str, Card] = field(default_factory=dict)
    temperature0: np.ndarray | None = None
    initial: Card | None = None
    nlgeom: Card | None = None
    omissions: list[Omission] = field(default_factory=list)


def files_of(path: Path, cards: Iterable[Card]) -> list[Path]:
    """A deck, and the files that its cards and their data are from."""
    cards = list(cards)
    return list(dict.fromkeys([path, *(card.file for card in cards),
                               *(chunk.file for card in cards for chunk in card.chunks)]))


class DeckWalk(ABC):
    """One walk. deck : to be filled. reader : of the solver's loads, see `LoadLines`. takers : of cards, by keyword.

    of_material : keywords of properties. finite : those that turn finite strain on. load_cards : of the reader.
    ignored : keywords that change nothing that a reduced model has. unclosed : what is said of a last step without an
    end, no_procedure of one without a procedure. unread : cards that no one takes, by what they are.
    """

    of_material: Sequence[str]
    finite: Sequence[str]
    load_cards: Sequence[str]
    ignored: Sequence[str]
    no_procedure: str
    unclosed: str | None = None

    def __init__(self, deck: KeywordDeck, reader: Any) -> None:
        self.deck, self.reader = deck, reader
        self.unread: dict[str, list[Card]] = {}
        self.step: Card | None = None
        self.begun = False
        self.material: DeckMaterial | None = None
        self.takers: dict[str, Callable[[Card], None]] = {
            "MATERIAL": self._material, "SOLIDSECTION": self._section, "STEP": self._step, "ENDSTEP": self._end_step,
            "ORIENTATION": lambda card: self._named(self.deck.orientations, card),
            "DISTRIBUTION": lambda card: self._named(self.deck.distributions, card),
            "INITIALCONDITIONS": self._initial, **dict.fromkeys(PROCEDURES, self._procedure),
            **dict.fromkeys(self.load_cards, self._load)}

    @abstractmethod
    def _lengths(self, card: Card) -> tuple[float, float, bool]:
        """First increment and length of a step, and whether its increments are fixed, from its procedure."""

    @abstractmethod
    def _initial(self, card: Card) -> None:
        """*INITIAL CONDITIONS: a temperature, or what is not read."""

    @abstractmethod
    def _not_read(self, cards: list[Card]) -> Omission:
        """What is said of cards of one kind that no one takes."""

    def walk(self, cards: Iterable[Card]) -> None:
        """Fill the deck.

        Raises
        ------
        FileFormatError : a contradiction, by file and line. UnsupportedError : what cannot be said in romlib's model.
        """
        for card in cards:
            if card.keyword in self.of_material:
                self._property(card)
            elif card.keyword in self.takers:
                self.takers[card.keyword](card)
            elif card.keyword not in self.ignored:
                self.unread.setdefault(card.title, []).append(card)
        if self.step is not None:
            raise FileFormatError("the last step is not closed", file=self.step.file, place=self.step.place,
                                  expected="*END STEP", remedy=self.unclosed)
        if not self.deck.steps:
            raise FileFormatError("the deck has no step", file=self.deck.file, expected="*STEP ... *END STEP")
        self.deck.omissions += self.reader.notes()
        self.deck.omissions += [self._not_read(found) for found in self.unread.values()]

    def _property(self, card: Card) -> None:
        if self.material is not None:
            self.material.cards[card.keyword] = card
            if card.keyword in self.finite:
                self._finite(card)
        elif card.keyword != "DAMPING":
            raise FileFormatError("a property stands before any *MATERIAL", file=card.file, place=card.place)

    def _finite(self, card: Card) -> None:
        """From this card on the computation is one of finite strain."""
        self.deck.nlgeom = self.deck.nlgeom or card

    def _material(self, card: Card) -> None:
        self.material = DeckMaterial(card.parameter("NAME"), card)
        if fold(self.material.name) in self.deck.materials:
            raise FileFormatError("two materials have the same name", file=card.file, place=card.place,
                                  found=self.material.name)
        self.deck.materials[fold(self.material.name)] = self.material

    def _section(self, card: Card) -> None:
        self.deck.sections.append(Section(card.parameter("ELSET"), card.parameter("MATERIAL"),
                                          card.parameters.get("ORIENTATION", ""), card))

    def _named(self, known: dict[str, Card], card: Card) -> None:
        known[fold(card.parameter("NAME"))] = card

    def _step(self, card: Card) -> None:
        if self.step is not None:
            raise FileFormatError("a step begins within another one", file=card.file, place=card.place,
                                  expected="*END STEP before it", found=self.step.place)
        self.step, self.begun = card, False
        if "NLGEOM" in card.parameters and not card.is_set("NLGEOM", "NO"):
            self._finite(card)

    def _procedure(self, card: Card) -> None:
        if self.step is None or self.begun:
            raise FileFormatError(f"*{card.title} stands outside of a step", file=card.file, place=card.place)
        increment, length, fixed = self._lengths(card)
        start = self.deck.steps[-1].end if self.deck.steps else 0.0
        n = max(int(np.ceil(length / increment - 1e-9)), 1)  # the last one is shorter where they do not divide it
        option = next((one for one in ("RAMP", "STEP") if self.step.is_set("AMPLITUDE", one)), "")
        step = Step(len(self.deck.steps) + 1, start, start + length, self.step,
                    np.append(start + increment * np.arange(1, n), start + length), fixed,
                    card.keyword == "STATIC", option)  # in *VISCO loads act at once by default
        self.deck.steps.append(step)
        self.reader.begin_step(step)
        self.begun = True

    def _load(self, card: Card) -> None:
        self.reader.take(card)

    def _end_step(self, card: Card) -> None:
        if self.step is None:
            raise FileFormatError("*END STEP without a *STEP", file=card.file, place=card.place)
        if not self.begun:
            raise UnsupportedError(self.no_procedure, file=self.step.file, place=self.step.place,
                                   expected="*STATIC or *VISCO")
        self.reader.end_step()
        self.step, self.begun = None, False

    def _initial_temperature(self, card: Card) -> None:
        for nodes, values in self.reader.node_values(card):
            self.reader.temperature0[nodes] = values
        self.deck.initial = card
        self.deck.temperature0 = self.reader.temperature0

    def _initial_omission(self, card: Card, what: str) -> None:
        kind = fold(card.parameters.get("TYPE", ""))
        self.deck.omissions.append(Omission(name=f"initial_{kind.lower()}", does_work=True, description=(
            f"*{card.title}, TYPE={kind} (line {card.line} of {card.file.name}): {what}")))
