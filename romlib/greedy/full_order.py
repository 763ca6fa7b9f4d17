"""The run of a candidate at full order: by the built-in solver, or by the user's own on a deck of the candidate.

Run number k of a candidate has the folder FOLDER/CANDIDATE/k, with

    CANDIDATE.vtkhdf   the snapshots file: there when the run is whole, and never before
    process.json       which process the user's solver is, and how it ended
    solved.json        it has ended well, and its results are there
    the deck, links to the files that it needs, the solver's log and results
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from romlib.errors import InputError, StudyError
from romlib.external import ExternalSolver, convert_results, run, take_up
from romlib.external.process import end_group
from romlib.external.recorded import read_record
from romlib.external.results import mark
from romlib.files import file_or_folder
from romlib.greedy.candidates import file_stem
from romlib.greedy.deck import deck_path, deck_text, refuse_bad_decks
from romlib.model import Case
from romlib.parallel.comm import Comm
from romlib.snapshots.atomic import write_atomically
from romlib.snapshots.converter import find_converter
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.space import writing
from romlib.study.greedy import DeckSolver
from romlib.study.solve import run_solve
from romlib.study.study import Study

SOLVED, PROCESS = "solved.json", "process.json"
Tell = Callable[[str], None]


class FullOrder(Protocol):
    """What runs candidates. Collective."""

    def solve(self, name: str, folder: Path, target: Path, pieces: int | None) -> float | None:
        """Make the snapshots file of a candidate, in a folder that it has to itself; the seconds of the solver."""
        ...

    def is_current(self, name: str, folder: Path) -> bool:
        """Whether what is in the folder is of the candidate as it is now."""
        ...

    def is_solved(self, folder: Path) -> bool:
        """Whether the solver has ended well in this folder, so that it need not run again."""
        ...

    def is_begun(self, folder: Path) -> bool:
        """Whether a solver that a killed search has started has ended in this folder, or is still at work."""
        ...


class BuiltIn:
    """The full-order solver of romlib on [mesh] of the study. Its file appears when the run is complete."""

    def __init__(self, study: Study, cases: Mapping[str, Case], comm: Comm, tell: Tell) -> None:
        if study.mesh is None:
            raise StudyError("the built-in solver has no mesh to solve on", file=study.path, place="[mesh]",
                             expected="[mesh] with file = ..., or [greedy.solver] with a solver of your own")
        self._study, self._cases, self._comm, self._tell = study, cases, comm, tell

    def solve(self, name: str, folder: Path, target: Path, pieces: int | None) -> float | None:
        """Solve the case; stress and the dual fields of the study go into the file too."""
        fields = list(dict.fromkeys(["stress", *self._study.offline.dual_fields]))
        mesh = self._study.mesh
        report = run_solve(
            self._study, self._cases[name], target, self._comm, fields=fields,
            pieces=pieces if mesh is not None and mesh.pieces is None else None,
            on_note=lambda note: self._tell(f"{name}: note: {note}"))
        return float(report.seconds["total"])

    def is_current(self, name: str, folder: Path) -> bool:
        """Always: a run of another study has another folder."""
        return True

    def is_solved(self, folder: Path) -> bool:
        """Never without its file."""
        return False

    def is_begun(self, folder: Path) -> bool:
        """Never: it ends with the search."""
        return False


class OwnSolver:
    """A solver of the user's own.

    Raises
    ------
    StudyError : a candidate has no deck, or that of another one; a file of the solver is not there. InputError : the
        settings cannot be used, or there is no such converter.
    """

    def __init__(self, study: Study, settings: DeckSolver, cases: Mapping[str, Case], comm: Comm) -> None:
        self._settings, self._cases, self._comm = settings, cases, comm
        external_solver(settings, None)
        find_converter(settings.converter)
        refuse_bad_decks(settings.deck, {name: file_stem(name) for name in cases}, cases)
        for path in settings.files:
            if not file_or_folder(path).exists():
                raise StudyError("a file that the solver needs is not there", file=path, place="greedy.solver.files",
                                 remedy="correct the path: it is relative to the study")
        names = [path.name for path in (settings.deck, *settings.files)]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise StudyError("two files of the solver have one name, and are linked into one folder", file=study.path,
                             place="greedy.solver.files", found=repr(twice[0]))

    def solve(self, name: str, folder: Path, target: Path, pieces: int | None) -> float | None:
        """Run the solver, unless it is done or at work, and convert what it has left, cut as the training runs are."""
        first = target.with_name(f"first.{target.name}")
        seconds = self._convert_or_run(name, folder, first)
        deck, on_root = self._deck(name, folder), self._comm.on_root
        if pieces is None or self._settings.pieces is not None or on_root(lambda: _n_piece(first)) == pieces:
            on_root(lambda: os.replace(first, target))
        else:
            convert_results(external_solver(self._settings, pieces), deck, target, self._comm)
            on_root(first.unlink)
        return seconds

    def _convert_or_run(self, name: str, folder: Path, target: Path) -> float | None:
        solver, deck = external_solver(self._settings, None), self._deck(name, folder)
        if self._comm.on_root(lambda: self.is_solved(folder)):
            convert_results(solver, deck, target, self._comm)
            return self._comm.on_root(lambda: _seconds(folder))

        def note(seconds: float) -> None:
            _note_solved(folder, seconds, solver, deck)

        begun = self._comm.on_root(lambda: self.is_begun(folder))
        done = take_up(solver, deck, target, folder / PROCESS, self._comm, on_solved=note) if begun else None
        if done is None:
            self._comm.on_root(lambda: self._furnish(name, folder))
            done = run(solver, deck, target, self._comm, record=folder / PROCESS, on_solved=note)
        return done.seconds

    def is_current(self, name: str, folder: Path) -> bool:
        """Whether it has the deck that the candidate has now; or none yet."""
        deck = self._deck(name, folder)
        return not deck.exists() or deck.read_bytes() == self._text(name)

    def is_solved(self, folder: Path) -> bool:
        """Whether the solver has ended well, and all its results are there as they were."""
        files = _read(folder / SOLVED).get("files")
        return isinstance(files, dict) and all(
            (found := mark(folder / file)) is not None and found[2] == size for file, size in files.items())

    def is_begun(self, folder: Path) -> bool:
        """By its record."""
        found = read_record(folder / PROCESS)
        return found.running is not None or found.ended is not None

    def _deck(self, name: str, folder: Path) -> Path:
        return folder / deck_path(self._settings.deck, file_stem(name)).name

    def _text(self, name: str) -> bytes:
        return deck_text(self._settings.deck, file_stem(name), name, self._cases[name]).encode(errors="surrogateescape")

    def _furnish(self, name: str, folder: Path) -> None:
        clear(folder)
        with writing(self._deck(name, folder)):
            for path in self._settings.files:
                os.symlink(path, folder / path.name)
            self._deck(name, folder).write_bytes(self._text(name))


def external_solver(settings: DeckSolver, pieces: int | None) -> ExternalSolver:
    """The settings as `romlib.external` has them. pieces : where the study states none."""
    return ExternalSolver(
        settings.command, settings.converter, settings.results, settings.source, settings.failure, settings.timeout,
        settings.environment, settings.pieces or pieces, settings.units, settings.options)


def clear(folder: Path) -> None:
    """Make a folder for a run, empty. A solver that is still at work in it, on another deck, is ended."""
    running = read_record(folder / PROCESS).running
    if running is not None:
        end_group(running)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError("the folder of a run cannot be made", file=folder, found=error.strerror,
                         remedy="remove what is there, or name another folder: --folder") from error


def _note_solved(folder: Path, seconds: float, solver: ExternalSolver, deck: Path) -> None:
    files = {os.path.relpath(path, folder): path.stat().st_size for path in solver.result_files(deck)}
    write_atomically(folder / SOLVED, json.dumps({"seconds": seconds, "files": files}).encode())


def _n_piece(path: Path) -> int:
    with Snapshots(path) as snapshots:
        return snapshots.n_piece


def _seconds(folder: Path) -> float | None:
    found = _read(folder / SOLVED).get("seconds")
    return float(found) if isinstance(found, (int, float)) else None


def _read(path: Path) -> dict:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
