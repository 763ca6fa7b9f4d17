"""States of a d3plot: where they are in the files, and what is where in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.lsdyna.control import Control
from romlib_converters.lsdyna.family import Words
from romlib_converters.lsdyna.geometry import END, Geometry

from romlib.errors import FileFormatError


@dataclass(frozen=True)
class Place:
    """A state: number of its file, and the word where it begins."""

    file: int
    word: int


class States:
    """The states of a database. times : (n_state,). open_files : names of files without the word that ends them.

    Raises
    ------
    FileFormatError : a file ends in the middle of a state; no states at all.
    """

    def __init__(self, files: list[Path], words: Words, control: Control, geometry: Geometry) -> None:
        self._control = control
        self._used = np.unique(geometry.solids) - 1 if control.deletes == "nodes" else np.empty(0, np.int64)
        self._files = [words, *(Words(path, control.layout) for path in files[1:])]
        self._offsets, self.length = _layout(control, geometry)
        self.open_files: list[str] = []
        self.places = [place for number, one in enumerate(self._files)
                       for place in self._of_file(one, number, geometry.end if number == 0 else 0)]
        if not self.places:
            raise FileFormatError("the database has no states", file=words.path,
                                  expected=f"states of {self.length} words behind the geometry",
                                  found=f"{len(files)} files", remedy="keep d3plot01, d3plot02, ... beside the d3plot")
        self.times = np.array([_shortest(self._words(k, 0, 1)[0]) for k in range(len(self.places))])

    def place(self, step: int) -> str:
        """Of a state, for messages."""
        return f"state {step + 1} ({self._files[self.places[step].file].path.name})"

    def nodal(self, step: int, name: str, n_comp: int) -> Iterator[tuple[slice, np.ndarray]]:
        """A variable of the nodes (n, n_comp), as it is stored, of some thousand at a time, and which they are."""
        return self._rows(step, self._offsets[name], self._control["numnp"], n_comp)

    def has(self, name: str) -> bool:
        """Whether states have a variable."""
        return name in self._offsets

    def solids(self, step: int) -> Iterator[tuple[slice, np.ndarray]]:
        """All variables of the solids (n, nv3d), likewise."""
        return self._rows(step, self._offsets["solids"], self._control.n_solid, self._control["nv3d"])

    def alive(self, step: int) -> bool:
        """Whether no solid, or node, has been taken out up to a state."""
        control = self._control
        if control.deletes == "elements":
            return bool((self._words(step, self._offsets["deleted"], control.n_solid) != 0.0).all())
        if control.deletes == "nodes":
            return bool((self._words(step, self._offsets["deleted"], control["numnp"])[self._used] != 0.0).all())
        return True

    def _rows(self, step: int, offset: int, count: int, width: int) -> Iterator[tuple[slice, np.ndarray]]:
        place = self.places[step]
        return self._files[place.file].rows(place.word + offset, count, self._control.layout.reals, width,
                                            f"state {step + 1}")

    def _words(self, step: int, offset: int, count: int) -> np.ndarray:
        place = self.places[step]
        return self._files[place.file].reals(place.word + offset, count, f"state {step + 1}")

    def _of_file(self, words: Words, number: int, start: int) -> list[Place]:
        """States of a file; behind them are the END word, zeros, or nothing."""
        if not words.count:
            raise FileFormatError("a file of the database is empty", file=words.path, expected="states",
                                  found="0 bytes", remedy="copy it again; or remove it and those after it to convert "
                                  "what is before")
        found: list[Place] = []
        at, ended = start, False
        while at < words.count:
            first = words.reals(at, 1, "a state")[0]
            left = words.count - at
            ended = bool(first == END)
            if ended:
                break
            if left < self.length:
                if not words.zero(at, left, "a state"):
                    raise FileFormatError(
                        "the file ends in the middle of a state", file=words.path, place=f"word {at}",
                        expected=f"{self.length} words", found=f"{left} words",
                        remedy="let the run end, or remove this file and those after it to convert what is before")
                break
            if not first and words.zero(at, self.length, "a state"):
                break
            if not np.isfinite(first):
                raise FileFormatError("the time of a state is not a finite number", file=words.path,
                                      place=f"word {at}", found=first)
            found.append(Place(number, at))
            at += self.length
        if not ended and (number or found):  # a geometry without states has its end elsewhere
            self.open_files.append(words.path.name)
        return found


def _layout(control: Control, geometry: Geometry) -> tuple[dict[str, int], int]:
    """Where variables begin in a state, in words, and the words of a state."""
    offsets: dict[str, int] = {}
    at = 1 + control["nglbv"]
    for name, n_comp in control.nodal():
        offsets[name] = at
        at += n_comp * control["numnp"]
    at += control["nt3d"] * control.n_solid
    offsets["solids"] = at
    at += control["nv3d"] * control.n_solid
    at += control["nv3dt"] * control["nelt"] + control["nv1d"] * control["nel2"]
    at += control["nv2d"] * (control["nel4"] - geometry.rigid_shells)
    offsets["deleted"] = at
    if control.deletes == "elements":
        at += control.n_solid + control["nelt"] + control["nel4"] + control["nel2"]
    elif control.deletes == "nodes":
        at += control["numnp"]
    at += geometry.bodies * (12 if control["ndim"] == 9 else 24)
    return offsets, at


def _shortest(value: np.floating) -> float:
    """The number of few digits that a single precision one stands for."""
    return float(str(value))
