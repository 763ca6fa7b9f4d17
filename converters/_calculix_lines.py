"""Where a deck says what its model has: file and lines, for messages about a load, a constraint or a material."""

from __future__ import annotations

from collections.abc import Sequence

from romlib_converters._calculix_deck import Deck
from romlib_converters._inp_cards import Card, fold

from romlib.model import Model

_CARDS = {"nodal_force": "CLOAD", "pressure": "DLOAD", "body_force": "DLOAD", "centrifugal": "DLOAD",
          "temperature": "TEMPERATURE"}
_MOST = 4
# What *TIE moves nodes by to lay them on the other surface is less than this part of the size of a mesh.
_ADJUSTED = 0.01


def sources_of(deck: Deck, model: Model) -> dict[str, str]:
    """File and lines by "section.name". A load is in one of the cards of its kind."""
    found: dict[str, str] = {}
    every = deck.loads.every_card
    for name, load in model.loads.items():
        found[f"loads.{name}"] = _words(every.get(_CARDS.get(load.kind, ""), []))
    for name, constraint in model.constraints.items():
        linear = constraint.kind == "linear"
        cards = [link.card for link in deck.links.found] if linear else every.get("BOUNDARY", [])
        found[f"constraints.{name}"] = found[f"prescribed.{name}"] = _words(cards)
    for name in model.materials:
        found[f"materials.{name}"] = _words([deck.materials[fold(name)].card])
    return {key: words for key, words in found.items() if words}


def adjustment(deck: Deck) -> float:
    """By how much of the size of the mesh the solver may move nodes: *TIE does, unless ADJUST=NO."""
    tied = any(link.card.keyword == "TIE" and not link.card.is_set("ADJUST", "NO") for link in deck.links.found)
    return _ADJUSTED if tied else 0.0


def _words(cards: Sequence[Card]) -> str:
    if not cards:
        return ""
    lines = ", ".join(str(card.line) for card in cards[:_MOST]) + (", ..." if len(cards) > _MOST else "")
    return f"{cards[0].file.name}, line{'s' if len(cards) > 1 else ''} {lines}, *{cards[0].title}"
