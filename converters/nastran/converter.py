"""Nastran: results .op2, with the geometry in it or in the deck (.bdf) beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.common.build import mesh_of
from romlib_converters.common.history import convert_history, history_options
from romlib_converters.common.times import initial_time
from romlib_converters.nastran.bulk import Bulk
from romlib_converters.nastran.cases import Course, course_of
from romlib_converters.nastran.deck import (
    SUFFIXES,
    Deck,
    deck_beside,
    is_deck,
    missing_include,
    read_deck,
)
from romlib_converters.nastran.geometry import read_geometry
from romlib_converters.nastran.history import NastranHistory, scalar_note
from romlib_converters.nastran.mesh import build_mesh
from romlib_converters.nastran.model import whole_model
from romlib_converters.nastran.names import OPTION, ignored_names
from romlib_converters.nastran.op2 import Op2File
from romlib_converters.nastran.rows import PointRows

from romlib.errors import FileFormatError, InputError
from romlib.files import instead_of, kind_of, shown
from romlib.mesh.ids import IdIndex
from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import add_skin
from romlib.model import Omission
from romlib.snapshots.converter import Progress
from romlib.words import plural

_OPTIONS = ("model", "subcase", OPTION)
_APART = 1e-5  # of the size of the model: coordinates in the tables of results are of single precision
NO_MODEL = "none"


class NastranConverter:
    """Nastran's results as a snapshots file.

    Options
    -------
    model : the deck, where it does not have the name of the results; "none": the geometry in the .op2 alone.
    subcase : number of the one subcase to convert, where they are no one history. ignore_cards : names of cards of the
        deck to leave out though nobody knows them.
    Those of every converter: see `romlib_converters.common.history.history_options`.
    """

    name = "nastran"
    suffixes = (".op2", *SUFFIXES)
    reads = "displacement histories (.op2, SOL 101, 106, 129, 400, 401) with the deck (.bdf), solids"
    extra = "nastran"
    reader = "pyNastran"

    def can_read(self, path: Path) -> bool:
        """Whether a file is an output2 of Nastran or a deck, by its first bytes."""
        path = Path(path)
        if not path.is_file():
            return False
        if path.suffix.lower() in SUFFIXES:
            return is_deck(path)
        with open(path, "rb") as stream:
            return _is_output2(stream.read(24))

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file of a computation; see `romlib.snapshots.converter.Converter`.

        Parameters
        ----------
        source : the .op2, the .op2 and the deck, or the deck that has an .op2 of its stem beside it.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = history_options(self.name, options, _OPTIONS)
        convert_history(_history(source, options), Path(target), pieces=pieces, units=units, options=options,
                        progress=progress)

    def read_mesh(self, source: Path, *, quadrature: dict[str, str] | None = None) -> Mesh:
        """The mesh of a deck, with properties (PID_n) as cell tags and sets (SET_n) as node tags.

        Raises
        ------
        InputError : a rule of another kind of cell. FileFormatError, UnsupportedError : with file and place.
        """
        path = Path(source)
        if path.suffix.lower() == ".op2":
            bulk = read_geometry(Op2File(path))
            if bulk is None:
                raise FileFormatError("the .op2 has no geometry", file=path, expected="tables GEOM1 and GEOM2",
                                      remedy="read the deck")
        else:
            deck = read_deck(path)
            if deck.unfinished:
                raise FileFormatError("the deck has no last line, and may be cut", file=path, expected="ENDDATA",
                                      found="the end of the file", remedy="add the line ENDDATA, if it is whole")
            bulk = deck.bulk
        return add_skin([mesh_of(build_mesh(bulk).mesh, quadrature)])[0]


def _history(source: Path | list[Path], options: dict[str, Any]) -> NastranHistory:
    """The history of a computation. What it is made of, tables and deck, is let go here: the mesh is checked next."""
    results, named = _sources(source, options)
    op2 = Op2File(results)
    course, rows = course_of(op2, _number(options)), PointRows(op2, 3)
    bulk, deck, notes = _bulk(op2, named, options)
    basic, model = build_mesh(bulk), None
    if deck is not None:
        whole = whole_model(deck, basic, course, _initial_time(op2, course, rows, options))
        basic, model = replace(basic, mesh=whole.mesh), whole.model
    files = (results, *(() if deck is None else deck.files))
    return NastranHistory(op2, bulk, basic, course, rows, files, model,
                          (*notes, *course.notes, *scalar_note(rows, course)))


def _initial_time(op2: Op2File, course: Course, rows: PointRows, options: dict[str, Any]) -> float:
    """When the structure was at rest; see `romlib_converters.common.times.initial_time`."""
    at_rest = not rows.read(course.records[0])[1].any()
    return initial_time(float(course.times[0]), at_rest, options, op2.path)


def _is_output2(head: bytes) -> bool:
    """A Fortran block of one word, a small marker, in either byte order."""
    for order in ("little", "big"):
        length = int.from_bytes(head[:4], order)  # type: ignore[arg-type]
        if length in (4, 8) and head[4 + length:8 + length] == head[:4] and len(head) >= 8 + length:
            return 1 <= int.from_bytes(head[4:4 + length], order) <= 9  # type: ignore[arg-type]
    return False


def _sources(source: Path | list[Path], options: dict[str, Any]) -> tuple[Path, Path | None]:
    """The results, and the deck that the user names."""
    paths = [Path(path) for path in (source if isinstance(source, list) else [source])]
    for path in paths:
        if kind_of(path) != "file":
            raise InputError("no such file", file=shown(path), found=kind_of(path), expected="results .op2",
                             remedy=instead_of(path))
    results = [path for path in paths if path.suffix.lower() not in SUFFIXES]
    decks = [path for path in paths if path.suffix.lower() in SUFFIXES]
    if not results and len(decks) == 1:
        results = _results_beside(decks[0])
        if not results:
            raise InputError("the deck has no results beside it", file=decks[0], expected=f"{decks[0].stem}.op2",
                             remedy="run it with PARAM,POST,-1 and DISPLACEMENT(SORT1,PLOT)=ALL, or give the .op2 and "
                                    "the deck; romlib solve takes the mesh of a deck without results")
    if len(results) != 1 or len(decks) > 1:
        raise InputError("one Nastran computation is converted at a time", found=", ".join(map(str, paths)),
                         expected="results .op2 (beside a deck: of the same stem), and at most one deck",
                         remedy="give the .op2; romlib solve takes the mesh of a deck without results")
    stated = options.get("model")
    if decks and stated is not None:
        raise InputError("the deck is given twice", place="option model", found=stated, expected="one of them")
    if decks:
        return results[0], decks[0]
    if stated is None or stated == NO_MODEL:
        return results[0], None
    return results[0], Path(str(stated))


def _results_beside(deck: Path) -> list[Path]:
    """The output2 of a deck's stem, if it is there."""
    return [one for one in sorted(deck.parent.iterdir())
            if one.is_file() and one.name.lower() == f"{deck.stem.lower()}.op2"]


def _number(options: dict[str, Any]) -> int | None:
    stated = options.get("subcase")
    if stated is None:
        return None
    try:
        number = int(str(stated))
    except ValueError:
        raise InputError("the number of a subcase is a whole number", place="option subcase", found=stated) from None
    return number


def _bulk(op2: Op2File, named: Path | None, options: dict[str, Any]) -> tuple[Bulk, Deck | None, list[Omission]]:
    """Bulk data of the deck, else of the .op2, and what to say of that."""
    inside = read_geometry(op2)
    path, ignored = named, ignored_names(options)
    if path is None and options.get("model") != NO_MODEL:
        path = deck_beside(op2.path)
    if ignored and path is None:
        raise InputError("cards can be left out of a deck only, and there is none", file=op2.path,
                         place=f"option {OPTION}", found=", ".join(ignored))
    if path is None:
        if inside is None:
            raise FileFormatError("the .op2 has no geometry, and there is no deck beside it", file=op2.path,
                                  expected=f"tables GEOM1 and GEOM2, or {op2.path.stem}.bdf",
                                  remedy="give the deck: the option model")
        return inside, None, [_no_deck("there is no deck beside the results")]
    try:
        deck = read_deck(path, ignored)
    except FileFormatError as error:
        if named is not None or inside is None or not missing_include(error):
            raise
        return inside, None, [_no_deck(f"{path.name} includes a file that is not there")]
    if inside is not None:
        _compare(inside, deck.bulk, op2.path)
    return deck.bulk, deck, list(deck.notes)


def _no_deck(why: str) -> Omission:
    return Omission(name="no_deck", does_work=False, description=(
        f"{why}: the geometry is that of the .op2; materials, loads and constraints are for the study to say"))


def _compare(inside: Bulk, deck: Bulk, results: Path) -> None:
    """Refuse a deck that is not the one that was computed: other grid points, places or solids."""
    mine, other = inside.grids, deck.grids
    for one in (inside, deck):
        twice = IdIndex(one.grids.ids).twice
        if len(twice):
            raise FileFormatError("a grid point is there twice", file=one.file, place=f"grid point {twice[0]}",
                                  found=plural(len(twice), "such grid point"))
    first, second = np.argsort(mine.ids), np.argsort(other.ids)
    if not np.array_equal(mine.ids[first], other.ids[second]):
        odd = np.setxor1d(mine.ids, other.ids)
        raise _other_deck(deck.file, results, f"grid point {odd[0]} is in one of them only")
    a, b = mine.given[first], other.given[second]
    size = float(np.abs(b).max(initial=0.0)) or 1.0
    apart = np.abs(a - b).max(axis=1) > _APART * size
    apart |= (mine.cp[first] != other.cp[second]) | (mine.cd[first] != other.cd[second])
    if apart.any():
        raise _other_deck(deck.file, results, f"{plural(int(apart.sum()), 'grid point')} at another place or in other "
                          f"systems, such as {mine.ids[first][apart][0]}")
    for name in sorted({*inside.solids, *deck.solids}):
        ids = [np.sort(one.solids[name].ids) if name in one.solids else np.empty(0) for one in (inside, deck)]
        if not np.array_equal(ids[0], ids[1]):
            raise _other_deck(deck.file, results, f"{len(ids[0])} {name} in the results, {len(ids[1])} in the deck, or "
                              "of other numbers")


def _other_deck(deck: Path, results: Path, found: str) -> FileFormatError:
    return FileFormatError(
        "the deck is not the one that was computed", file=deck, expected=f"the model of {results.name}", found=found,
        remedy='give the deck of these results (option model), or "none" for the geometry in the .op2')
