"""What a study is to be written from: snapshots files, a deck, or a mesh, read as far as a study needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from romlib.errors import InputError
from romlib.files import regular_file
from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import SKIN, add_skin
from romlib.mesh.summary import MeshSummary, summarise
from romlib.model import Model
from romlib.snapshots.converter import DeckReader, deck_reader, mesh_of
from romlib.snapshots.formats import names_that_know
from romlib.snapshots.reader import Snapshots
from romlib.study.meshes import is_hdf5, mesh_suffixes, reader_of

_KINDS = "a snapshots file (.vtkhdf), a deck (.inp), or a mesh (.msh, .med, ...)"


@dataclass
class Run:
    """A run of the solver. file : its snapshots file, which need not be there yet. times : (n_step,)."""

    file: Path
    times: np.ndarray
    model: Model


@dataclass
class Source:
    """kind : "snapshots", "deck" or "mesh". path : the (first) file. converter : that reads it, "" for snapshots.

    mesh : in numbers. model : what the file says of it; empty for a mesh. runs : none for a mesh. whole : the mesh
    itself, of a mesh file only.
    """

    kind: str
    path: Path
    converter: str
    mesh: MeshSummary
    model: Model
    runs: list[Run] = field(default_factory=list)
    whole: Mesh | None = None


def read_source(paths: Sequence[Path]) -> Source:
    """Read what a study is to be made from.

    Raises
    ------
    InputError : no such file; files that do not go together. And what the reader of the file raises.
    """
    first = regular_file(paths[0], expected=_KINDS)
    with suppress(InputError):
        if is_hdf5(first):
            return _of_snapshots(paths)
    if len(paths) > 1:
        raise InputError("a study is written from one deck, one mesh, or several snapshots files", file=paths[1],
                         found=f"{first.name}, which is no snapshots file", remedy="convert the files first")
    if first.suffix.lower() not in mesh_suffixes():
        remedy = None
        if first.suffix.lower() == ".rom":
            remedy = f"of a ROM, a case can be written: romlib init case {first}"
        for name in names_that_know(first)[:1]:
            remedy = f"these are results: convert them first, romlib convert {name} {first} -o NAME.vtkhdf"
        raise InputError("a study cannot be written from this file", file=first, expected=_KINDS,
                         found=f"a file {first.suffix or 'without suffix'}", remedy=remedy)
    deck = deck_reader(first)
    return _of_mesh(first) if deck is None else _of_deck(first, deck)  # type: ignore[arg-type]


def _of_snapshots(paths: Sequence[Path]) -> Source:
    runs = []
    summary = None
    for path in paths:
        with Snapshots(regular_file(path)) as snapshots:
            if summary is None:
                summary = summarise(_meshes(snapshots))
            runs.append(Run(path, np.asarray(snapshots.times, dtype=float), snapshots.model))
    assert summary is not None
    return Source("snapshots", paths[0], "", summary, runs[0].model, runs)


def _meshes(snapshots: Snapshots) -> Iterator[Mesh]:
    for piece in range(snapshots.n_piece):
        yield snapshots.mesh(piece)


def _of_deck(path: Path, reader: DeckReader) -> Source:
    deck = reader.read_deck(path)
    run = Run(path.with_suffix(".vtkhdf"), deck.case.times.instants(),
              deck.model.model_copy(update={"amplitudes": {**deck.model.amplitudes, **deck.case.amplitudes}}))
    return Source("deck", path, getattr(reader, "name", ""), summarise([deck.mesh]), run.model, [run])


def _of_mesh(path: Path) -> Source:
    reader = reader_of(path)
    mesh = mesh_of(path, reader)
    mesh = mesh if SKIN in mesh.face_tags else add_skin([mesh])[0]
    return Source("mesh", path, getattr(reader, "name", ""), summarise([mesh]), Model(), whole=mesh)
