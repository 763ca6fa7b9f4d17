"""The files of an Abaqus computation, and which paths are Abaqus's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from romlib_converters.abaqus.words import kind_of
from romlib_converters.common.paths import one_path

from romlib.errors import InputError

FIL, DECK, ODB = ".fil", ".inp", ".odb"


@dataclass(frozen=True)
class Computation:
    """results : the .fil."""

    results: Path


def locate(source: Path | list[Path]) -> Computation:
    """The computation of a .fil, or of a folder with one.

    Raises
    ------
    InputError : there is none, or there are several.
    """
    path = one_path(source, "Abaqus", FIL)
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix.lower() == FIL)
        if len(found) != 1:
            raise InputError("the folder must have one results file", file=path, expected="one NAME.fil",
                             found=", ".join(one.name for one in found) or "none", remedy="name the .fil itself")
        path = found[0]
    return Computation(path)


def looks_like_abaqus(path: Path) -> bool:
    """Whether a path is a results file, or a folder with one; judged by its first record."""
    if path.is_dir():
        return any(one.is_file() and kind_of(one) is not None for one in path.glob("*.fil"))
    return path.is_file() and kind_of(path) is not None
