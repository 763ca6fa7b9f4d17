"""What the linear relations of a deck are, as a hash: two decks may tie the same degrees of freedom in other ways."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import numpy as np
from romlib_converters._calculix_deck import Deck
from romlib_converters._inp_cards import Card, fold

from romlib.model import Model

_NUMBERS = ("EQUATION", "TRANSFORM")  # their data are coefficients; the data of others are the nodes that they tie
_WITHOUT_EFFECT = ("NAME", "NSET", "ELSET", "INPUT")
# What *TIE moves nodes by, to lay them on the other surface, is less than this part of the size of a mesh.
_ADJUSTED = 0.01


def with_relations(model: Model, deck: Deck) -> Model:
    """The model whose linear constraints have the hash of the cards that they come from."""
    cards: dict[str, dict[int, Card]] = {}
    for link in deck.links.found:
        cards.setdefault(link.card.title.lower().replace(" ", "_"), {})[id(link.card)] = link.card
    hashes = {what: _hash(found.values()) for what, found in cards.items()}
    constraints = dict(model.constraints)
    for name, constraint in constraints.items():
        what = next((what for what in hashes if name.startswith(f"{what}_")), None)
        if constraint.kind == "linear" and what is not None:
            constraints[name] = constraint.model_copy(update={"content": hashes[what]})
    return model.model_copy(update={"constraints": constraints})


def adjustment(deck: Deck) -> float:
    """By how much of the size of the mesh the solver may move nodes: *TIE does, unless ADJUST=NO."""
    tied = any(link.card.keyword == "TIE" and not link.card.is_set("ADJUST", "NO") for link in deck.links.found)
    return _ADJUSTED if tied else 0.0


def _hash(cards: Iterable[Card]) -> str:
    texts = []
    for card in cards:
        parameters = sorted((name, fold(value)) for name, value in card.parameters.items()
                            if name not in _WITHOUT_EFFECT)
        data = _numbers(card) if card.keyword in _NUMBERS else b""
        texts.append(repr((card.keyword, parameters)).encode() + data)
    return sha256(b"\n".join(sorted(texts))).hexdigest()[:16]


def _numbers(card: Card) -> bytes:
    """The data of a card, however its numbers are written and its lines are broken."""
    words = b" ".join(chunk.text for chunk in card.chunks).replace(b",", b" ").split()
    try:
        return np.array([float(word) for word in words]).tobytes()
    except ValueError:
        return b" ".join(words).upper()
