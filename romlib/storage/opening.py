"""Opening an HDF5 file of unknown origin: what is in it, found without leaving the file and without loading code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from romlib.errors import FileFormatError
from romlib.files import regular_file
from romlib.storage.headers import RawFile
from romlib.storage.texts import read_text_attribute
from romlib.words import plural

LOST = "copy the file again from where it was made, or make it anew"
DAMAGE = (ValueError, TypeError, LookupError, OSError, RuntimeError, ArithmeticError, AttributeError, MemoryError)
_LINKS = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "a link to another file"}


@contextmanager
def damage(path: str | Path, place: str = "") -> Iterator[None]:
    """Turn what h5py, json and others raise on damaged contents into a FileFormatError with file and place."""
    try:
        yield
    except DAMAGE as error:
        detail = " ".join(str(error).split())[:300]
        raise FileFormatError("the contents of the file cannot be read", file=path, place=place or None,
                              found=f"{type(error).__name__}: {detail}", remedy=LOST) from error


def open_hdf5(path: str | Path, made_by: str) -> h5py.File:
    """Open a file for reading, or say why it is none.

    Parameters
    ----------
    made_by : the command that writes such files.

    Raises
    ------
    InputError : no such file. FileFormatError : not HDF5, or truncated.
    """
    path = regular_file(path, "the file does not exist", remedy=f"check the path; `{made_by}` makes such files")
    try:
        if not h5py.is_hdf5(path):
            is_text = path.suffix.lower() == ".toml"
            raise FileFormatError("the file is not HDF5" if is_text else "the file is truncated, or not HDF5",
                                  file=path,
                                  expected=f"a file that `{made_by}` wrote",
                                  found="a study or a case" if is_text else plural(path.stat().st_size, "byte"),
                                  remedy=f"name a file that `{made_by}` wrote here; a study has an option of its own"
                                  if is_text else LOST)
        return h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError("the file is truncated or damaged", file=path, found=" ".join(str(error).split()),
                              remedy=f"write it again with {made_by}, or copy it again") from error


def kind_of(path: str | Path) -> str:
    """Which file of romlib this is: "rom", "fields", "state", "snapshots"; "" for any other HDF5 file. Follows no link.

    Raises
    ------
    InputError, FileFormatError : as `open_hdf5`, and where the file's root cannot be read.
    """
    with open_hdf5(path, "romlib") as file, damage(path):
        try:
            raw = RawFile(Path(path))
        except ValueError:
            return ""
        with closing(raw):
            return _kind(file, raw)


def _kind(file: h5py.File, raw: RawFile) -> str:
    kind = text_attribute(file.id, "romlib_kind", raw)
    if kind:
        return kind if kind in ("rom", "fields", "state") else ""
    group = child(file.id, "romlib")
    return "" if group is None or text_attribute(group, "kind", raw) != "snapshots" else "snapshots"


def child(group: h5py.h5g.GroupID, name: str) -> h5py.h5g.GroupID | None:
    """A group that a hard link names; None for everything else."""
    links = group.links
    if not links.exists(name.encode()) or links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
        return None
    if h5py.h5o.get_info(group, name.encode()).type != h5py.h5o.TYPE_GROUP:
        return None
    return h5py.h5o.open(group, name.encode())


def text_attribute(item: h5py.h5g.GroupID, name: str, raw: RawFile) -> str:
    """A text attribute of an object; "" where there is none, or it is no single text."""
    if not h5py.h5a.exists(item, name.encode()):
        return ""
    attribute = h5py.h5a.open(item, name.encode())
    if attribute.shape != () or attribute.get_type().get_class() != h5py.h5t.STRING:
        return ""
    return read_text_attribute(item, attribute, raw)


def integer_attribute(item: h5py.h5g.GroupID, name: str) -> int | None:
    """An integer attribute; None where there is none, or it is no single integer."""
    if not h5py.h5a.exists(item, name.encode()):
        return None
    attribute = h5py.h5a.open(item, name.encode())
    if attribute.shape != () or attribute.get_type().get_class() != h5py.h5t.INTEGER:
        return None
    value = np.empty((), dtype=attribute.dtype)
    attribute.read(value)
    return int(value)


@dataclass(frozen=True)
class Found:
    """An object of a file. kind : h5py.Group or h5py.Dataset. address : of its header in the file."""

    kind: type
    address: int


def objects_of(file: h5py.File, path: Path) -> dict[str, Found]:
    """Every object of a file by its path; the root is "/".

    Raises
    ------
    FileFormatError : a link that leaves its place (soft, external, defined by a user), an object with two names, or one
        that is neither group nor dataset. None is followed. No filter plugin is loaded meanwhile: a file whose groups
        need one cannot be read.
    """
    found: dict[str, Found] = {"/": Found(h5py.Group, 0)}
    wrong: list[tuple[str, str]] = []

    def link(name: bytes, info: h5py.h5l.LinkInfo) -> int | None:
        if info.type == h5py.h5l.TYPE_HARD:
            return None
        wrong.append((f"/{_decoded(name)}", _LINKS.get(info.type, "a link of an unknown kind")))
        return 1

    def visit(name: bytes, info: h5py.h5o.ObjInfo) -> int | None:
        place = "/" if name == b"." else f"/{_decoded(name)}"
        if info.rc != 1 and place != "/":
            wrong.append((place, "an object with several names"))
        elif info.type == h5py.h5o.TYPE_GROUP:
            found[place] = Found(h5py.Group, info.addr)
        elif info.type == h5py.h5o.TYPE_DATASET:
            found[place] = Found(h5py.Dataset, info.addr)
        else:
            wrong.append((place, "neither a group nor a dataset"))
        return 1 if wrong else None

    with damage(path), _without_plugins():
        file.id.links.visit(link, info=True)
        if not wrong:
            h5py.h5o.visit(file.id, visit, info=True)
    if wrong:
        raise FileFormatError("the file has something that romlib does not write, and was not followed: a file is one "
                              "file", file=path, place=wrong[0][0], expected="groups and datasets, each under one name",
                              found=wrong[0][1], remedy="ask for the file as romlib wrote it")
    return found


def _decoded(name: bytes) -> str:
    return name.decode("utf-8")


@contextmanager
def _without_plugins() -> Iterator[None]:
    """No folder in which HDF5 looks for code of filters; put back afterwards, for who else uses HDF5."""
    with h5py._hl.base.phil:
        folders = [h5py.h5pl.get(k) for k in range(h5py.h5pl.size())]
        for _ in folders:
            h5py.h5pl.remove(0)
        try:
            yield
        finally:
            for folder in folders:
                h5py.h5pl.append(folder)
