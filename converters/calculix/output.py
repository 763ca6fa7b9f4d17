"""What *NODE FILE, *EL FILE, their binary kin and *EL PRINT ask for, as far as it changes what the results mean.

With GLOBAL=NO, displacement and force are written in the systems of *TRANSFORM, and stress in those of *ORIENTATION. A
request holds in later steps until a card of its kind stands there again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from romlib_converters.keyword.cards import Card, fold

_NODAL = ("NODEFILE", "NODEOUTPUT")
OUTPUT_CARDS = (*_NODAL, "ELFILE", "ELEMENTOUTPUT", "ELPRINT")
_BLOCKS = {"U": "DISP", "RF": "FORC"}  # result of the deck: block of the .frd
_PRINTED = {"S": "stress", "E": "strain", "PEEQ": "p", "SDV": "statev"}  # of *EL PRINT: field of `DatFields`


@dataclass
class Output:
    """local : by step, the blocks that are written in systems of their own, with the card that says so.

    elements : the first card that asks for results of elements in systems of their own.
    printed : by field, the first *EL PRINT that asks for its values at points.
    """

    local: list[dict[str, Card]] = field(default_factory=list)
    elements: Card | None = None
    printed: dict[str, Card] = field(default_factory=dict)
    _now: dict[str, Card | None] = field(default_factory=dict)
    _first: bool = True

    def begin_step(self) -> None:
        """From here on, cards belong to a new step."""
        self._first = True

    def end_step(self) -> None:
        """Keep what holds in this step."""
        self.local.append({name: card for name, card in self._now.items() if card is not None})

    def take(self, card: Card) -> None:
        """One card of `OUTPUT_CARDS`."""
        own = card if card.is_set("GLOBAL", "NO") else None
        if card.keyword == "ELPRINT":
            if not (card.is_set("FREQUENCY", "0") or card.is_set("TOTALS", "ONLY")):
                for name in (fold(name) for row in card.rows() for name in row.fields):
                    if name in _PRINTED:
                        self.printed.setdefault(_PRINTED[name], card)
            return
        if card.keyword not in _NODAL:
            self.elements = self.elements or own
            return
        if self._first:
            self._now, self._first = {}, False
        if not card.is_set("FREQUENCY", "0"):
            self._now.update({_BLOCKS[fold(name)]: own for row in card.rows() for name in row.fields
                              if fold(name) in _BLOCKS})
