"""The files of an Abaqus computation, and which paths are Abaqus's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from romlib_converters.abaqus.odb import is_export
from romlib_converters.abaqus.words import kind_of
from romlib_converters.common.paths import one_path

from romlib.errors import InputError
from romlib.files import instead_of

FIL, DECK, ODB = ".fil", ".inp", ".odb"
SCRIPT = Path(__file__).with_name("export_odb.py")
_EXPORTED = "_odb"  # what the script adds to the name of the output database
_LOOKED_AT = 1 << 16  # bytes at each end of a deck
_ABAQUS = re.compile(
    rb"^[ \t]*\*(?!\*)[ \t]*(part|assembly|instance|file format|preprint|output[ \t]*,[ \t]*(field|history))",
    re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Computation:
    """results : the .fil, or the folder that `export_odb.py` wrote. deck : None where there is none, or none is wanted.
    """

    results: Path
    deck: Path | None


def locate(source: Path | list[Path], options: dict[str, Any]) -> Computation:
    """The computation of a .fil, of a deck beside one, of a folder with one, or of one that `export_odb.py` wrote.

    Raises
    ------
    InputError : there is none, or there are several.
    """
    path = one_path(source, "Abaqus", FIL)
    if path.suffix.lower() == ODB and path.is_file():
        refuse_odb(path)
    if path.is_dir() and is_export(path):
        name = path.name[:-len(_EXPORTED)] if path.name.endswith(_EXPORTED) else path.name
        return Computation(path, _deck(options, path.parent / f"{name}{DECK}"))
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix.lower() == FIL)
        if len(found) != 1:
            raise InputError("the folder must have one results file", file=path, expected="one NAME.fil",
                             found=", ".join(one.name for one in found) or "none", remedy="name the .fil itself")
        path = found[0]
    results = path if path.suffix.lower() != DECK else path.with_suffix(FIL)
    if not results.is_file():
        raise InputError("the computation has no results", file=results, expected=results.name, found="no such file",
                         remedy="let Abaqus write them: *NODE FILE and *EL FILE in the deck. The history of a deck "
                                "without results can be read as a case")
    return Computation(results, _deck(options, path.with_suffix(DECK)))


def _deck(options: dict[str, Any], beside: Path) -> Path | None:
    named = str(options.get("deck", ""))
    if named.lower() == "none":
        return None
    deck = Path(named) if named else beside
    if named and not deck.is_file():
        raise InputError("the deck does not exist", file=deck, place="option deck", remedy=instead_of(deck))
    return deck if deck.is_file() else None


def refuse_odb(path: Path) -> NoReturn:
    """An output database is read by Abaqus alone: says how to let it write what is converted.

    Raises
    ------
    InputError : always.
    """
    raise InputError(
        "an output database is read by Abaqus alone", file=path, expected="results .fil, or what export_odb.py writes",
        found=path.name, remedy=f"where Abaqus is, run `abaqus python {SCRIPT} {path.name}` and convert the folder "
                                f"{path.stem}{_EXPORTED} that it writes; or let Abaqus write a .fil (*FILE FORMAT, "
                                "*NODE FILE, *EL FILE)")


def library_of(options: dict[str, Any]) -> dict[str, Any]:
    """Library and symbol of the option umat, as parameters of the law; empty where it is not given.

    Raises
    ------
    InputError : it is not LIBRARY:SYMBOL.
    """
    if "umat" not in options:
        return {}
    library, _, symbol = str(options["umat"]).rpartition(":")
    if not library or not symbol or "/" in library or "\\" in library:
        raise InputError("a library, by the name of its file, and a symbol are needed", place="option umat",
                         expected="libNAME.so:SYMBOL", found=options["umat"],
                         remedy="the library is looked for in the folders of ROMLIB_LIBRARY_PATH; a study may have a "
                                "path")
    return {"library": library, "symbol": symbol}


def looks_like_abaqus(path: Path) -> bool:
    """Whether a path is a results file, a deck that CalculiX would not read, or a folder with results; by contents."""
    if path.is_dir():
        return is_export(path) or any(one.is_file() and kind_of(one) is not None for one in path.glob("*.fil"))
    if not path.is_file():
        return False
    if path.suffix.lower() == ODB:
        return True  # to say what to do with it
    return _is_deck(path) if path.suffix.lower() == DECK else kind_of(path) is not None


def _is_deck(path: Path) -> bool:
    """Whether the beginning or the end of a deck has a card that Abaqus has and CalculiX lacks."""
    with open(path, "rb") as stream:
        beginning = stream.read(_LOOKED_AT)
        stream.seek(max(path.stat().st_size - _LOOKED_AT, 0))
        return _ABAQUS.search(beginning) is not None or _ABAQUS.search(stream.read(_LOOKED_AT)) is not None
