"""What a converter of a solver's files is, and how romlib finds those that are installed.

A package adds one by an entry point of the group `romlib.converters` that names a class without arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import ValidationError

from romlib.errors import InputError, RomlibError
from romlib.mesh.kinematics import PLANE_STRAIN
from romlib.mesh.mesh import Mesh
from romlib.model import Case, Model, UnitSystem
from romlib.words import unknown

GROUP = "romlib.converters"
Progress = Callable[[int, int], None]
_REQUIRED = ("name", "suffixes", "can_read", "convert")


@runtime_checkable
class Converter(Protocol):
    """Turn the files of one solver into a snapshots file.

    name : as in `romlib convert NAME` ("auto" stands for all). suffixes : of the files that it reads, with the dot.

    It may have these too, which `romlib convert --list` shows. reads : what it reads, in one line; else the first line
    of its docstring. reader : the libraries that it reads with, by their names at pip, separated by commas; None for
    none. extra : the extra of romlib-mechanics that installs them; None where they have to be named themselves.
    """

    name: str
    suffixes: tuple[str, ...]

    def can_read(self, path: Path) -> bool:
        """Whether the file looks like one of this solver's, judged by its name and its beginning."""
        ...

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file `target`, whole or not at all.

        Parameters
        ----------
        source : the file, the folder or the files.
        pieces : number of subdomains to cut the mesh into; None keeps the solver's.
        units : the unit system, as in "mm, N, MPa, s, degC"; None takes the converter's default.
        options : of this converter; an unknown one is an InputError that lists those that exist.
        progress : called with the number of steps done and their total.
        """
        ...


@runtime_checkable
class CaseReader(Protocol):
    """What a converter has too where it reads the history of a deck that has no results."""

    def read_case(self, source: Path) -> Case:
        """Times and amplitudes of the deck."""
        ...


@dataclass(frozen=True, eq=False)
class DeckModel:
    """All that a deck says, with results or without.

    case : its times and amplitudes. mesh : whole, with the tags and arrays that the model names. model : with the
    omissions. sources : file and line by "materials.NAME", "constraints.NAME", "prescribed.NAME", "loads.NAME" and
    "initial_temperature", where they are known. tolerance : by how much of the size of the mesh the solver moves nodes
    before it begins, so that its results have other coordinates than the deck.
    """

    case: Case
    mesh: Mesh
    model: Model
    sources: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 0.0


@runtime_checkable
class DeckReader(Protocol):
    """What a converter has too where it can say all of a deck, so that a case is compared with what a ROM knows."""

    def read_deck(self, source: Path) -> DeckModel:
        """The deck; one that the solver could not run is refused."""
        ...


@runtime_checkable
class MeshReader(Protocol):
    """What a converter has too where it reads a mesh without results, for `romlib solve`."""

    def read_mesh(self, source: Path, *, quadrature: dict[str, str] | None = None) -> Mesh:
        """The whole mesh with its tags and arrays.

        quadrature : rule by cell type (hex8, ...), where it is not the element's default. A reader of meshes of two
        dimensions takes kinematics, "plane strain" or "axisymmetric", and thickness besides.
        """
        ...


def mesh_of(file: Path, reader: MeshReader) -> Mesh:
    """The mesh of a file of which no study says what it is: solid, or, where all its cells are in a plane, in plane
    strain, which its user may correct.

    Raises
    ------
    FileFormatError, UnsupportedError : what the reader raises of the file as a solid.
    """
    try:
        return reader.read_mesh(file)
    except RomlibError:
        if "kinematics" in signature(reader.read_mesh).parameters:
            plane: dict[str, Any] = {"kinematics": PLANE_STRAIN}
            with suppress(RomlibError):
                return reader.read_mesh(file, **plane)
        raise


def installed_converters() -> tuple[str, ...]:
    """Names of the converters that are installed, in alphabetical order; none is imported."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def find_converter(name: str) -> Converter:
    """The converter of that name.

    Raises
    ------
    InputError : it is not installed (those that are get listed), it cannot be imported (what it lacks is named), or it
        is not a converter.
    """
    entries = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not entries:
        raise InputError("no converter of this name is installed", **unknown(
            name, installed_converters(), f"install a package that has it as an entry point of {GROUP}"))
    return _loaded(entries[0])


def usable_converters() -> Iterator[Converter]:
    """Those that are installed, without the ones that lack a package."""
    for name in installed_converters():
        try:
            converter = find_converter(name)
        except InputError:
            continue
        yield converter


def deck_reader(file: Path) -> Converter | None:
    """The installed converter that reads all of a deck: its files have this suffix, and it knows this one."""
    for candidate in usable_converters():
        if isinstance(candidate, DeckReader) and file.suffix.lower() in candidate.suffixes and candidate.can_read(file):
            return candidate
    return None


def _loaded(entry: EntryPoint) -> Converter:
    try:
        converter = entry.load()()
    except Exception as error:  # whatever a foreign package raises at import
        raise InputError("a converter cannot be imported", place=f"entry point {entry.name} = {entry.value}",
                         found=str(error) or type(error).__name__, remedy="install what it needs, such as `pip install "
                         "'romlib-mechanics[converters]'`") from error
    missing = [attribute for attribute in _REQUIRED if not hasattr(converter, attribute)]
    if missing:
        raise InputError("an entry point does not name a converter", place=f"entry point {entry.name} = {entry.value}",
                         expected=", ".join(_REQUIRED), found=f"without {', '.join(missing)}")
    return converter


def checked_options(converter: str, options: dict[str, Any] | None, allowed: tuple[str, ...]) -> dict[str, Any]:
    """The options given, none for None; an unknown one is an InputError that lists those that exist."""
    options = dict(options or {})
    strange = [name for name in options if name not in allowed]
    if strange:
        raise InputError(f"unknown option of the converter {converter}", **unknown(strange[0], allowed))
    return options


def read_units(text: str | None) -> UnitSystem:
    """The unit system that the user states, or romlib's default.

    Raises
    ------
    InputError : the text cannot be read, or the units do not fit together; says what is wrong.
    """
    try:
        return UnitSystem() if text is None else UnitSystem.model_validate(text)
    except ValidationError as error:
        raise InputError("the units cannot be read", place="units", found=text,
                         expected=error.errors()[0]["msg"].removeprefix("Value error, ")) from None
