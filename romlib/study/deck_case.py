"""A deck as a case: its times and amplitudes, and what else it has, so that a ROM of another model refuses it."""

from __future__ import annotations

from romlib.check.items import CAUSES
from romlib.errors import InputError, UnsupportedError
from romlib.identity.contents import identity_of
from romlib.model import Case
from romlib.snapshots.converter import DeckModel, read_units
from romlib.words import unknown


def case_of_deck(deck: DeckModel, accept: tuple[str, ...] = (), units: str | None = None) -> Case:
    """The case of a deck with its identity, and the omissions that do virtual work or make the solver's answer another.

    accept : names of omissions that the user accepts; the case says so. units : where the user states them; the case is
    then refused by a ROM that has others.

    Raises
    ------
    UnsupportedError : the deck has something that does virtual work and that a model lacks.
    InputError : an accepted name that the deck has no omission of.
    """
    known = [one.name for one in deck.model.omissions]
    for name in accept:
        if name not in known:
            raise InputError("the deck has no omission of this name", place="--accept", **unknown(name, known))
    working = [one for one in deck.model.omissions if one.works]
    told = tuple(one for one in deck.model.omissions if one.works or one.name in CAUSES)
    refused = [one for one in working if one.name not in accept]
    if refused:
        listed = "; ".join(one.description for one in refused)
        accepting = " ".join(f"--accept {one.name}" for one in refused)
        raise UnsupportedError(
            "the deck has something that does virtual work and that a case does not have: "
            + ", ".join(one.name for one in refused), found=listed,
            remedy=f"take it out of the deck, or accept that a solution is without it: {accepting}")
    stated = "" if units is None else str(read_units(units))
    identity = identity_of([deck.mesh], deck.model, sources=deck.sources, units=stated, tolerance=deck.tolerance)
    return deck.case.model_copy(update={
        "identity": identity, "omissions": told,
        "accepted": tuple(one.name for one in working)})
