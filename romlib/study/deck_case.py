"""A deck as a case: its times and amplitudes, and what else it has, so that a ROM of another model refuses it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from romlib.check.items import CAUSES
from romlib.errors import InputError, UnsupportedError
from romlib.identity.contents import identity_of
from romlib.loads.amplitudes import evaluate
from romlib.loads.temperature import temperature_at, temperature_terms
from romlib.mesh.mesh import Mesh
from romlib.model import ArrayReference, Case, Model, Temperature, TemperatureFile
from romlib.snapshots.converter import DeckModel, read_units
from romlib.snapshots.nodal_fields import TEMPERATURE
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
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
    working = [one for one in deck.model.omissions if one.does_work]
    told = tuple(one for one in deck.model.omissions if one.does_work or one.name in CAUSES)
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


def temperature_path(case_file: Path) -> Path:
    """The file beside a case file that its temperature goes to."""
    return case_file.with_suffix(".temperature.vtkhdf")


def has_fields(deck: DeckModel) -> bool:
    """Whether the temperature of a deck varies in space, so that its amplitudes do not say it all."""
    return any(isinstance(load, Temperature) and isinstance(load.field, ArrayReference)
               for load in deck.model.loads.values())


def write_temperature(deck: DeckModel, path: Path) -> TemperatureFile:
    """Write the temperature of a deck as a snapshots file of its mesh, and say where it is.

    Its records are those times of the case between which the temperature is not linear.
    """
    mesh = Mesh(deck.mesh.points, deck.mesh.blocks, deck.mesh.node_ids)
    terms = temperature_terms(deck.model, deck.mesh)
    times = deck.case.times.instants()
    instants = times[_bends(np.stack([evaluate(deck.model.amplitudes[name], times) for name in terms], axis=1), times)]
    with SnapshotsWriter(path, [mesh], Model(units=deck.model.units, initial_time=float(times[0])), instants,
                         {TEMPERATURE: FieldSpec("node")}) as writer:
        for k, time in enumerate(instants):
            field = temperature_at(terms, deck.model.amplitudes, np.array([time]))
            assert field is not None  # there are temperature loads
            writer.write(TEMPERATURE, k, 0, field[0])
    with open(path, "rb") as stream:
        return TemperatureFile(file=path, sha256=hashlib.file_digest(stream, "sha256").hexdigest())


def _bends(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(n,) bool, the first and the last time, and those where values (n, k) are not on the line of their neighbours."""
    slopes = np.diff(values, axis=0) / np.diff(times)[:, None]
    size = np.abs(slopes).max(axis=0, initial=0.0)
    bends = (np.abs(np.diff(slopes, axis=0)) > 1e-9 * size).any(axis=1)
    return np.concatenate([[True], bends, [True]])
