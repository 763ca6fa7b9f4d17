"""romlib's mesh of a CalculiX deck: the solid elements, or those in two dimensions, and their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from romlib_converters.calculix.elements import OTHERS, SOLIDS, solid
from romlib_converters.keyword import places
from romlib_converters.keyword.cards import Card
from romlib_converters.keyword.mesh import InpMesh

from romlib.mesh.mesh import Mesh


def build_mesh(inp: InpMesh, deck: Path | None = None, cards: Sequence[Card] = ()) -> Mesh:
    """See `romlib_converters.keyword.places.build_mesh`. cards : of the deck, with its *SOLID SECTION."""
    return places.build_mesh(inp, deck, solid, SOLIDS, OTHERS,
                             sections=[card for card in cards if card.keyword == "SOLIDSECTION"])
