"""A Nastran deck: bulk data, case control and the solution number, through pyNastran in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.common.child import in_child
from romlib_converters.nastran.bulk import Bulk, Grids, SolidProperty, Solids
from romlib_converters.nastran.case_control import Phase, phases_of
from romlib_converters.nastran.elements import Integration
from romlib_converters.nastran.names import refuse_unknown
from romlib_converters.nastran.systems import SystemCard

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file
from romlib.model import Omission

SUFFIXES = (".bdf", ".dat", ".nas", ".blk")
_IN = {"TWO": 2, "2": 2, "THREE": 3, "3": 3}
_FULL = ("FULL", "1")
_ELEMENTS = ("CHEXA", "CPENTA", "CTETRA", "CPYRAM", "CPYRA", "GRID")
_SECONDS, _BYTES_PER_SECOND = 120.0, 1e5  # pyNastran reads some 0.6 MB a second; includes come on top
_BEGINNING = 1 << 20  # bytes in which a deck shows that it is one


@dataclass(frozen=True, eq=False)
class Deck:
    """A deck. sol : the solution number, None where only bulk data are there. data : the other arrays and values that
    `romlib_converters.nastran.extract` gives, by its names. notes : cards that the user leaves out."""

    path: Path
    files: tuple[Path, ...]
    sol: int | None
    phases: tuple[Phase, ...]
    bulk: Bulk
    data: Mapping[str, Any]
    notes: tuple[Omission, ...] = ()

    @property
    def unfinished(self) -> bool:
        """Whether a deck with executive control lacks its last line, which the solver does without: it may be cut."""
        return self.sol is not None and "ENDDATA" not in self.cards

    @property
    def cards(self) -> Mapping[str, int]:
        """Number of cards by name."""
        cards: Mapping[str, int] = self.data["cards"]
        return cards


def is_deck(path: Path) -> bool:
    """Whether a file looks like a Nastran deck: its beginning has a bulk data card or the executive control."""
    with open(path, "rb") as stream:
        text = stream.read(_BEGINNING)
    if b"\0" in text:
        return False
    lines = [line.strip().upper() for line in text.decode("latin-1").splitlines()]
    words = {line.replace("*", " ").replace(",", " ").split(" ")[0][:8] for line in lines if line[:1] not in ("", "$")}
    return bool(words & {"GRID", *_ELEMENTS}) or ("CEND" in words and "BEGIN" in words) or (
        "SOL" in words and "CEND" in words)


def deck_beside(results: Path) -> Path | None:
    """The deck of the same stem; None where there is none."""
    names = {one.name.lower(): one for one in results.parent.iterdir() if one.is_file()}
    for suffix in SUFFIXES:
        found = names.get(results.stem.lower() + suffix)
        if found is not None and is_deck(found):
            return found
    return None


def missing_include(error: FileFormatError) -> bool:
    """Whether a deck could not be read because a file that it includes is not there."""
    return "No such bdf_filename" in str(error.found)


def read_deck(path: Path, ignored: Sequence[str] = ()) -> Deck:
    """The deck, with what it includes.

    ignored : names of cards that are left out though nobody knows them.

    Raises
    ------
    InputError : pyNastran is not installed; `ignored` has names that the deck has not. FileFormatError : pyNastran
    cannot read the deck, with its words; cards of unknown names, such as misspelt ones.
    UnsupportedError : superelements.
    """
    regular_file(path)
    seconds = _SECONDS + path.stat().st_size / _BYTES_PER_SECOND
    with in_child("romlib_converters.nastran.extract:extract", path, _is_punch(path), reader="pyNastran",
                  seconds=seconds) as found:
        data: dict[str, Any] = {name: np.array(found[name]) if isinstance(found[name], np.ndarray) else found[name]
                                for name in found}
    notes = refuse_unknown(path, data["unknown_cards"], ignored)
    if data["superelements"]:
        raise UnsupportedError("the model has superelements, whose parts romlib does not join", file=path,
                               found=f"superelement {data['superelements']}", place="GRID",
                               remedy="compute the model without superelements")
    return Deck(path, tuple(Path(one) for one in data["files"]), data["sol"], phases_of(data["case_control"]),
                _bulk(path, data), data, tuple(notes))


def _is_punch(path: Path) -> bool:
    """Whether there is bulk data alone: no line that ends executive or case control, but for a BEGIN BULK that is the
    first line of all, as some preprocessors write it."""
    first = True
    with open(path, encoding="latin-1") as stream:
        for line in stream:
            words = line.split("$")[0].strip().upper().split()
            if words[:1] == ["CEND"] or (words[:1] == ["BEGIN"] and not first):
                return False
            if words and words[0].rstrip("*").split(",")[0] in ("GRID", *_ELEMENTS):
                return True
            first = first and not words
    return True


def _bulk(path: Path, data: Mapping[str, Any]) -> Bulk:
    grids = Grids(data["grid_ids"], np.maximum(data["grid_cp"], 0), data["grid_xyz"], np.maximum(data["grid_cd"], 0))
    systems = {row[0]: SystemCard(row[0], row[1], row[2], tuple(tuple(point) for point in row[3]), tuple(row[4]))
               for row in data["systems"]}
    solids = {}
    for name in data["solid_names"]:
        table = data[f"solids_{name}"]
        solids[name] = Solids(table[:, 0], table[:, 1], table[:, 2:])
    properties = {int(number): SolidProperty(
        one["card"], one["material"], one["axes"],
        Integration(_IN.get(str(one["integration"]).upper(), 0), str(one["isop"]).upper() in _FULL), one["function"])
        for number, one in data["properties"].items()}
    used = np.unique(np.concatenate([np.empty(0, np.int64), *(one.properties for one in solids.values())]))
    cell_sets = {f"PID_{number}": np.concatenate([one.ids[one.properties == number] for one in solids.values()])
                 for number in used.tolist()}
    node_sets = {f"SET_{number}": np.array(ids, np.int64) for number, ids in data["sets"].items()}
    return Bulk(path, grids, solids, data["others"], systems, properties, node_sets, cell_sets)
