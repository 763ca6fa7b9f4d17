"""Which formats are installed, whether their readers are, and which of them a file is of, by its content."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

import h5py

from romlib.errors import FileFormatError, InputError
from romlib.files import file_or_folder, instead_of, kind_of, shown
from romlib.snapshots.converter import (
    GROUP,
    Converter,
    MeshReader,
    find_converter,
    installed_converters,
    mesh_of,
    usable_converters,
)
from romlib.words import listed

AUTO = "auto"  # in place of the name of a converter: by content
_BEGINNING = 24  # bytes of a file that no converter knows, for the message
_MESHES = {".msh": "meshio"}  # which converter reads a mesh of a suffix that its results do not have
_LOOKED_AT = 50  # files of a folder that no converter knows, for the message


@dataclass(frozen=True)
class Format:
    """A converter that is installed.

    name : as in `romlib convert NAME`. reads : what it reads, in one line. suffixes : of its files. reader : the
    library that it reads with, "" for none. state : "ready", or what is missing and the line that installs it.
    package : where it is from.
    """

    name: str
    reads: str
    suffixes: tuple[str, ...]
    reader: str
    state: str
    package: str

    @property
    def ready(self) -> bool:
        """Whether a file can be converted."""
        return self.state == "ready"


def installed_formats() -> list[Format]:
    """One a converter, in alphabetical order; what cannot be imported is listed with the reason."""
    packages = {entry.name: f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value
                for entry in entry_points(group=GROUP)}
    return [_format(name, packages[name]) for name in installed_converters()]


def _format(name: str, package: str) -> Format:
    try:
        converter = find_converter(name)
    except InputError as error:
        return Format(name, "", (), "", f"cannot be loaded: {error.found}", package)
    reads = getattr(converter, "reads", None) or (inspect.getdoc(type(converter)) or "").partition("\n")[0]
    return Format(name, str(reads), tuple(converter.suffixes), str(getattr(converter, "reader", None) or ""),
                  missing_reader(converter) or "ready", package)


def missing_reader(converter: Converter) -> str:
    """Which library a converter lacks, with the line that installs it; "" where it has all, or needs none.

    Its attribute `reader` names distributions or modules, separated by commas; `extra` is the extra of romlib that has
    them, without which the names themselves are given to pip.
    """
    named = [part.strip() for part in str(getattr(converter, "reader", None) or "").split(",") if part.strip()]
    missing = [name for name in named if not _is_installed(name)]
    if not missing:
        return ""
    extra = getattr(converter, "extra", None)
    wanted = f"'romlib-mechanics[{extra}]'" if extra else " ".join(missing)
    return f"needs {listed(missing)}: pip install {wanted}"


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        try:
            return importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):  # of a package that is not there, or of a name that no module has
            return False
    return True


def converter_for(name: str, source: Path | Sequence[Path]) -> Converter:
    """The converter of that name; of "auto", the one that knows the files.

    Raises
    ------
    InputError : see `find_converter` and `recognised`. FileFormatError : a file is empty.
    """
    for path in [source] if isinstance(source, (str, Path)) else source:
        if Path(path).is_file() and not Path(path).stat().st_size:
            raise FileFormatError("the file is empty", file=path, expected="results of a solver", found="no byte",
                                  remedy="look whether the solver has ended well and the disk was not full; copy the "
                                         "file again")
    return recognised(source) if name == AUTO else find_converter(name)


def recognised(source: Path | Sequence[Path]) -> Converter:
    """The installed converter that knows a file, a folder, or all of several files, by their content.

    Raises
    ------
    InputError : nothing that can be read is there (a pipe would hang); none does, and what each was asked; or several
        do, and how to name one.
    """
    paths = [source] if isinstance(source, (str, Path)) else list(source)
    paths = [one for path in paths for one in _of_pattern(Path(path))]
    for path in paths:
        if kind_of(file_or_folder(path)) is None:
            raise InputError("no such file or folder", file=shown(path), remedy=instead_of(path))
    tried: list[str] = []
    known: list[Converter] = []
    for name in installed_converters():
        try:
            converter = find_converter(name)
            answer = all(bool(converter.can_read(path)) for path in paths)
        except Exception as error:  # whatever a foreign package raises, the others are asked
            what = error.found if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            tried.append(f"{name} (cannot tell: {what})")
            continue
        tried.append(f"{name} ({', '.join(converter.suffixes)})")
        if answer:
            known.append(converter)
    if not known and len(paths) > 1:
        _refuse_several(paths)
    if not known and paths and paths[0].is_dir():
        _refuse_folder(paths[0])
    place = ", ".join(path.name for path in paths[:5]) + (", ..." if len(paths) > 5 else "")
    if not known:
        _refuse_damaged(paths)
        _refuse_mesh(paths)
        raise InputError("no installed converter knows this by its content", file=paths[0] if paths else None,
                         expected=f"files of one of {', '.join(tried)}", found=_seen(paths),
                         remedy=_beside(paths) or f"name the format (romlib convert {_likely(paths)} ...), whose "
                                "message then says what is wrong; romlib convert --list shows what each reads")
    if len(known) > 1:
        names = [converter.name for converter in known]
        raise InputError(f"{place} may be of several formats", file=paths[0], expected="a format that is named",
                         found=", ".join(names), remedy=f"name one: romlib convert {names[0]} ..., "
                         f"or romlib convert {names[1]} ...")
    return known[0]


def _of_pattern(path: Path) -> list[Path]:
    """The files of a pattern such as out_*.vtu, where there are some; else the path itself."""
    if path.exists() or not re.search(r"[*?\[]", path.name):
        return [path]
    return sorted(path.parent.glob(path.name)) or [path]


def _refuse_several(paths: Sequence[Path]) -> None:
    """InputError where each file is known, or some are, and no converter knows all of them."""
    named = {path: names_that_know(path) for path in paths}
    if not any(named.values()):
        return
    seen = ", ".join(f"{path.name} ({listed(names) if names else 'unknown'})" for path, names in [*named.items()][:8])
    raise InputError("the files are not all of one format", file=next(path for path in paths if named[path]),
                     expected="files that one converter reads together", found=seen,
                     remedy="convert each by itself, or leave out what belongs to another computation")


def _refuse_damaged(paths: Sequence[Path]) -> None:
    """FileFormatError where the first file is HDF5 that cannot be opened, whatever it was."""
    if not (paths and paths[0].is_file() and h5py.is_hdf5(paths[0])):
        return
    try:
        with h5py.File(paths[0], "r"):
            pass
    except OSError as reason:
        raise FileFormatError("the HDF5 file is damaged, or cut short", file=paths[0], found=str(reason),
                              remedy="let the program that writes it end, or copy it again") from reason


def _refuse_mesh(paths: Sequence[Path]) -> None:
    """InputError where the one file has a mesh that a converter reads, and no results."""
    if len(paths) == 1 and paths[0].is_file() and _has_mesh(paths[0]):
        raise InputError("the file has a mesh, and no results that a converter knows", file=paths[0],
                         expected="a displacement over time", remedy="name it in a study as [mesh] file, for romlib "
                         f"solve (romlib init study {paths[0]}); or convert the results of its run")


def _has_mesh(path: Path) -> bool:
    suffix = path.suffix.lower()
    for reader in usable_converters():
        if isinstance(reader, MeshReader) and (suffix in reader.suffixes or reader.name == _MESHES.get(suffix)):
            with suppress(Exception):  # whatever a foreign package raises, this one reads no mesh here
                mesh_of(path, reader)
                return True
    return False


def _beside(paths: Sequence[Path]) -> str:
    """What to name in place of a file that goes with a known one of its name: job.dat with job.frd, d3plot03 with
    d3plot; "" where there is none."""
    if len(paths) != 1 or not paths[0].is_file():
        return ""
    path = paths[0]
    same = [one for one in sorted(path.parent.iterdir()) if one != path and one.is_file()
            and (one.stem == path.stem or (not one.suffix and path.stem.rstrip("0123456789") == one.stem))]
    for one in same[:_LOOKED_AT]:
        if names := names_that_know(one):
            return f"name {one.name}, which lies beside it and is known: romlib convert {names[0]} {one}"
    return ""


def _likely(paths: Sequence[Path]) -> str:
    """The name of the one converter whose files have such a suffix, else NAME."""
    names = [converter.name for converter in usable_converters() if paths and paths[0].suffix in converter.suffixes]
    return names[0] if len(names) == 1 else "NAME"


def _refuse_folder(folder: Path) -> None:
    """InputError where a folder is empty, or has files that are known by themselves and are no results together."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if not files:
        raise InputError("the folder has no files", file=folder, expected="the files of one computation",
                         remedy="name the folder, or the file, that the solver wrote")
    named = [(path, names) for path in files[:_LOOKED_AT] if (names := names_that_know(path))]
    if named:
        seen = ", ".join(f"{path.name} ({listed(names)})" for path, names in named[:8])
        raise InputError("no converter takes this folder as one computation", file=folder,
                         expected="a file, or a folder with the files of one computation", found=seen,
                         remedy=f"name a file: romlib convert {named[0][1][0]} {named[0][0]} ...")


def names_that_know(path: Path) -> list[str]:
    """Names of the installed converters that know a file, or a folder, by itself, by its content."""
    names = []
    for name in installed_converters():
        with suppress(Exception):  # whatever a foreign package raises, the others are asked
            if find_converter(name).can_read(path):
                names.append(name)
    return names


def _seen(paths: Sequence[Path]) -> str:
    """What a file looks like, in a few characters."""
    if not paths:
        return "no file"
    path = paths[0]
    if path.is_dir():
        suffixes = sorted({entry.suffix for entry in path.iterdir() if entry.suffix})
        return f"a folder with files {', '.join(suffixes[:8]) or 'without suffixes'}"
    with open(path, "rb") as stream:
        start = stream.read(_BEGINNING)
    return f"a file {path.suffix or 'without suffix'} that begins with {start!r}" if start else "an empty file"
