"""What the linear relations of a deck are, as a hash: two decks may tie the same degrees of freedom in other ways.

The hash is of what relations do, as far as that is cheap to say: equations whatever the cards, the order and the factor
that they are written in; directions that are held, whatever the axes; which nodes a body or a tie has. What nodes
outside of solids do in them (reference nodes) counts where these are held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
from romlib_converters.keyword.cards import fold
from romlib_converters.keyword.links import Link, Links
from romlib_converters.keyword.loads import Loads
from romlib_converters.keyword.places import Places

from romlib.model import Model

# Parameters that say how nodes are named; which nodes these are counts by itself.
_WITHOUT_EFFECT = ("NAME", "NSET", "ELSET", "INPUT", "REFNODE", "ROTNODE")
# What *TIE moves nodes by, to lay them on the other surface, is less than this part of the size of a mesh.
_ADJUSTED = 0.01
_DIGITS = 9


class LinkedDeck(Protocol):
    """A deck with linear relations."""

    links: Links
    loads: Loads
    places: Places
    inp: Any


def with_relations(model: Model, deck: LinkedDeck) -> Model:
    """The model whose linear constraints have the hash of the relations that they come from."""
    links: dict[str, list[Link]] = {}
    for link in deck.links.found:
        links.setdefault(link.card.title.lower().replace(" ", "_"), []).append(link)
    special: dict[str, Callable[[LinkedDeck, Sequence[Link]], bytes]] = {
        "equation": _equations, "transform": _held_directions}
    hashes = {what: sha256(special.get(what, _bodies)(deck, found)).hexdigest()[:16] for what, found in links.items()}
    constraints = dict(model.constraints)
    for name, constraint in constraints.items():
        what = next((what for what in hashes if name.startswith(f"{what}_")), None)
        if constraint.kind == "linear" and what is not None:
            constraints[name] = constraint.model_copy(update={"content": hashes[what]})
    return model.model_copy(update={"constraints": constraints})


def adjustment(deck: LinkedDeck) -> float:
    """By how much of the size of the mesh the solver may move nodes: *TIE does, unless ADJUST=NO."""
    tied = any(link.card.keyword == "TIE" and not link.card.is_set("ADJUST", "NO") for link in deck.links.found)
    return _ADJUSTED if tied else 0.0


def _equations(deck: LinkedDeck, links: Sequence[Link]) -> bytes:
    """Each equation by its terms in order, the largest coefficient one and the first positive; equations in order."""
    found = [deck.links.global_terms(link) for link in links]
    before = np.cumsum([0, *(len(link.sizes) for link in links)])
    terms = np.concatenate([one for one, _ in found])
    number = np.concatenate([one + int(first) for (_, one), first in zip(found, before)])
    order = np.lexsort([terms[:, 1], terms[:, 0], number])
    terms, number = terms[order], number[order]
    new = np.append(True, (np.diff(number) != 0) | (np.diff(terms[:, :2], axis=0) != 0).any(axis=1))[:len(terms)]
    terms = np.column_stack([terms[new, :2], np.add.reduceat(terms[:, 2], np.flatnonzero(new))])  # one a place
    number = number[new]
    terms, number = terms[terms[:, 2] != 0], number[terms[:, 2] != 0]
    first = np.append(True, np.diff(number) != 0)[:len(terms)]
    begins = np.flatnonzero(first)
    size = np.maximum.reduceat(np.abs(terms[:, 2]), begins) * np.sign(terms[begins, 2])
    terms[:, 2] = _rounded(terms[:, 2] / np.repeat(size, np.diff(np.append(begins, len(terms)))))
    bounds = np.append(begins, len(terms)) * terms.itemsize * 3
    whole = terms.tobytes()
    said = sorted({whole[begin:end] for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist())})
    return b"|".join([*said, _outside(deck, [np.concatenate([link.elsewhere for link in links])], ids=True)])


def _held_directions(deck: LinkedDeck, _: Sequence[Link]) -> bytes:
    """At each node with a local system the projection on the directions that are held in it."""
    systems = deck.links.systems
    keys = np.unique(np.concatenate([np.empty(0, np.int64), *(state.keys for state in deck.loads.boundary)]))
    held = np.isin(3 * systems.nodes[:, None] + np.arange(3), keys)
    found = np.einsum("nik,nk,njk->nij", systems.axes, held.astype(float), systems.axes)
    lost = np.isnan(systems.axes).any(axis=(1, 2))  # on the axis of a cylinder: the axis, and which are held
    found[lost] = 0.0
    found[lost, 0], found[lost, 1] = systems.axes[lost, :, 2], 2.0 + held[lost]
    rows = np.column_stack([deck.places.mesh.node_ids[systems.nodes], _rounded(found.reshape(-1, 9))])
    return rows[held.any(axis=1)].tobytes()


def _bodies(deck: LinkedDeck, links: Sequence[Link]) -> bytes:
    """Each card with its nodes: *RIGID BODY, *MPC, and *TIE, whose surfaces have an order."""
    cards: dict[int, list[Link]] = {}
    for link in links:
        cards.setdefault(id(link.card), []).append(link)
    texts = []
    for mine in cards.values():
        card = mine[0].card
        parameters = sorted((name, fold(value)) for name, value in card.parameters.items()
                            if name not in _WITHOUT_EFFECT)
        body = card.keyword == "RIGIDBODY"  # where its reference nodes are says something only where they are held
        references = [card.whole(name) for name in ("REFNODE", "ROTNODE") if name in card.parameters]
        nodes = [np.setdiff1d(link.ids, np.intersect1d(references, link.elsewhere)) if body else
                 link.ids if card.keyword == "MPC" else np.unique(link.ids) for link in mine]
        texts.append(repr((card.keyword, parameters)).encode() + b"|".join([
            *(one.astype(np.int64).tobytes() for one in nodes),
            _outside(deck, [np.array([one]) for one in references], ids=False),
            _outside(deck, [np.setdiff1d(link.elsewhere, references) for link in mine], ids=True)]))
    return b"||".join(sorted(texts))


def _outside(deck: LinkedDeck, nodes: Sequence[np.ndarray], *, ids: bool) -> bytes:
    """What is held at nodes of no solid, and where these are. ids : their ids count too."""
    keys = np.unique(np.concatenate([np.empty(0, np.int64), *(state.keys for state in deck.loads.outside)]))
    size, said = float(np.abs(deck.inp.points).max(initial=0.0)) or 1.0, []
    for mine in nodes:
        held = keys[np.isin(keys // 8, mine)]
        row = np.searchsorted(deck.inp.node_ids, held // 8)
        said.append(np.column_stack([held if ids else held % 8, _rounded(deck.inp.points[row] / size)]).tobytes())
    return b"|".join(said)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Values of the size of one without the noise of their last digits, and without negative zeros."""
    return np.round(values, _DIGITS) + 0.0
