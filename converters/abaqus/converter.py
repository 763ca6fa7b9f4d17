"""Abaqus: results .fil (ASCII and binary), decks .inp, and what `export_odb.py` writes of an .odb."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.abaqus.deck import DeckReader, places_of, read_flat
from romlib_converters.abaqus.fil import FilFile
from romlib_converters.abaqus.match import in_results
from romlib_converters.abaqus.model import ModelBuilder
from romlib_converters.abaqus.odb import OdbExport, OdbHistory
from romlib_converters.abaqus.results import FilHistory, solver_mesh
from romlib_converters.abaqus.source import DECK, FIL, ODB, Computation, library_of, locate, looks_like_abaqus
from romlib_converters.abaqus.tags import with_deck
from romlib_converters.common.history import SolverHistory, convert_history, history_options
from romlib_converters.common.paths import case_path
from romlib_converters.common.plane import with_thickness
from romlib_converters.keyword.case import DeckCases, deck_model, increment_times
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.places import Places
from romlib_converters.keyword.relations import with_relations

from romlib.errors import FileFormatError, InputError
from romlib.model import Omission, UnitSystem
from romlib.snapshots.converter import DeckModel, Progress
from romlib.words import plural

_OPTIONS = ("incomplete", "deck", "umat", "thickness")


class AbaqusConverter(DeckCases):
    """Abaqus's files as a snapshots file; the deck's materials, loads, constraints and amplitudes go with them.

    Options
    -------
    deck : the deck, where it does not have the name of the results; "none" for the results alone. umat : the library of
    the deck's user material and its symbol, LIBRARY:SYMBOL. incomplete : take a truncated .fil up to its last complete
    increment. thickness : of a body in plane strain, where there is no deck. And those of
    `romlib_converters.common.history.history_options`.
    """

    name = "abaqus"
    suffixes = (FIL, DECK, ODB)
    reads = "results .fil (ASCII and binary), decks .inp of parts and assemblies, .odb by a script for Abaqus's Python"
    extra: str | None = None
    reader: str | None = None

    def can_read(self, path: Path) -> bool:
        """Whether a path is a results file or a deck of Abaqus, judged by its contents, or a folder with results."""
        return looks_like_abaqus(Path(path))

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file of a computation; see `romlib.snapshots.converter.Converter`.

        Parameters
        ----------
        source : results (.fil), deck (.inp) beside them, a folder with one .fil, or one that `export_odb.py` wrote.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = history_options(self.name, options, _OPTIONS)
        computation = locate(source, options)
        convert_history(_history(computation, options), Path(target), pieces=pieces, units=units, options=options,
                        progress=progress)

    def read_deck(self, source: Path) -> DeckModel:
        """See `DeckCases.read_deck`."""
        path = case_path(source)
        deck = DeckReader(path, *read_flat(path)).run()
        found = deck_model(ModelBuilder(deck, increment_times(deck)))
        return replace(found, model=with_relations(found.model, deck))

    def _places(self, deck: Path) -> tuple[InpMesh, Places]:
        inp, cards, _ = read_flat(deck)
        return inp, places_of(inp, deck, cards)


def _history(computation: Computation, options: dict[str, Any]) -> SolverHistory:
    """The results, with what the deck says, where there is one; the deck says first what is not reduced."""
    incomplete = options.get("incomplete", False)
    if not isinstance(incomplete, bool):
        raise InputError("true or false is needed", place="option incomplete", found=incomplete)
    library = library_of(options)
    flat = None if computation.deck is None else read_flat(computation.deck)
    results: FilFile | OdbExport
    results = OdbExport(computation.results) if computation.results.is_dir() else FilFile(computation.results)
    mesh = solver_mesh(results.model, results.path)
    if flat is None or computation.deck is None:
        mesh = with_thickness(mesh, options.get("thickness"))
        return (OdbHistory(results, mesh) if isinstance(results, OdbExport) else
                FilHistory(results, mesh, incomplete=incomplete))
    if "thickness" in options:
        raise InputError("the deck says how thick the body is", file=computation.deck, place="option thickness",
                         remedy="leave the option out")
    inp, cards, files = flat
    deck = DeckReader(computation.deck, in_results(inp, results.model, computation.deck), cards, files).run()
    records = results.frames if isinstance(results, OdbExport) else results.increments
    if records and records[-1].step > len(deck.steps):
        raise FileFormatError("the results have more steps than the deck", file=results.path,
                              expected=plural(len(deck.steps), "step"), found=records[-1].place,
                              remedy="convert with the deck that was computed")
    builder = ModelBuilder(deck, np.array([0.0, *(one.total_time for one in records)]), library)
    whole, model = builder.build(UnitSystem())
    model = with_relations(model, deck)
    if records and records[-1].total_time < deck.steps[-1].end * (1.0 - 1e-6):
        model = model.model_copy(update={"omissions": (*model.omissions, Omission(
            name="ends_early", does_work=False, description=(
                f"{results.path.name} ends at time {records[-1].total_time:g}, the last step of the deck at "
                f"{deck.steps[-1].end:g}")))})
    mesh, finite = with_deck(mesh, whole, builder), deck.nlgeom is not None
    if isinstance(results, OdbExport):
        return OdbHistory(results, mesh, model=model, files=files, small_strain=not finite)
    return FilHistory(results, mesh, incomplete=incomplete, model=model, files=files, small_strain=not finite,
                      axes=None if deck.oriented is None else deck.oriented.card)
