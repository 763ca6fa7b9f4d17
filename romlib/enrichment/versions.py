"""The versions of a ROM that is enriched: the training set with what was added, trained again and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from romlib.archive.enrichment import Enrichment
from romlib.archive.romfile import write_rom
from romlib.model import Case
from romlib.offline.assemble import Provenance
from romlib.offline.gather import Gathered
from romlib.offline.train import build
from romlib.online.rom import ReducedOrderModel
from romlib.parallel.comm import Comm
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.prepared import PreparedSnapshots, Role
from romlib.snapshots.reader import Snapshots


@dataclass(frozen=True)
class Addition:
    """A file that joins the training set."""

    path: Path
    role: Role


class Begin(Protocol):
    """Gathers the training set of a study with further files. Collective."""

    def __call__(self, more: Callable[[PreparedSnapshots], Sequence[PreparedSnapshots]]) -> Gathered:
        """more : given the first training run, opens the files."""


class Versions:
    """A context manager, which closes the files. Its methods are collective.

    The training set is gathered, and its runs replayed, when the first version is made; later ones add to it.

    path : of the ROM. begin : see `Begin`. cases : to store with the ROM. provenance : of the study. accept_errors : as
    of `romlib.offline.train.train`.
    """

    def __init__(
        self, path: Path, begin: Begin, comm: Comm, *, cases: Mapping[str, Case], provenance: Provenance,
        accept_errors: bool = False,
    ) -> None:
        self.path, self._begin, self._comm = path, begin, comm
        self._cases, self._provenance, self._accept_errors = cases, provenance, accept_errors
        self._gathered: Gathered | None = None
        self._known: list[Addition] = []
        self._stack = ExitStack()

    def __enter__(self) -> Versions:
        return self

    def __exit__(self, *_: object) -> None:
        if self._gathered is not None:
            self._gathered.files.close()
        self._stack.close()

    def make(self, additions: Sequence[Addition], log: Sequence[Enrichment]) -> ReducedOrderModel:
        """Train with these additions, and write; the former version is there until this one is whole.

        Those of an earlier version that are not among them count no more. log : to store with the ROM.
        """
        new = [one for one in additions if one not in self._known]
        if self._gathered is None:
            self._gathered = self._begin(lambda first: self._open(new, first))
        elif new:
            with self._comm.agreement():
                opened = self._open(new, self._gathered.collection.training.given[0])
            self._gathered = self._gathered.extended(opened)
        self._known += new
        training = self._gathered.collection.training
        n_first = len(training.runs) - len(self._known)
        counts = np.diff(training.offsets)
        used = [True] * n_first + [one in additions for one in self._known]
        with self._comm.agreement():
            inputs = {one.path.name: str(fingerprint([one.path])) for one in additions}
        provenance = replace(self._provenance, inputs={**self._provenance.inputs, **inputs})
        trained = build(self._gathered, self._cases, provenance, self._accept_errors, rows=np.repeat(used, counts))
        trained.rom.archive.enrichments = tuple(log)
        trained.write(self.path)
        return trained.rom

    def rewrite(self, rom: ReducedOrderModel, log: Sequence[Enrichment]) -> None:
        """Write the ROM with another log; its fields stay as they are."""
        rom.archive.enrichments = tuple(log)
        self._comm.on_root(lambda: write_rom(self.path, rom.archive))

    def _open(self, additions: Sequence[Addition], first: PreparedSnapshots) -> list[PreparedSnapshots]:
        """The files, with the materials as the study has them; all else is in the files."""
        found = []
        for one in additions:
            snapshots = self._stack.enter_context(Snapshots(one.path))
            model = snapshots.model.model_copy(update={"materials": first.model.materials})
            found.append(PreparedSnapshots(snapshots, model, first.tags, first.accepted, _name_of(one), role=one.role))
        return found


def _name_of(one: Addition) -> str:
    return f"{one.path.parent.name}/{one.path.stem}"
