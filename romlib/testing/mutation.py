"""One damaged copy of a set of files, the same for the same seed and number wherever it is made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import h5py

from romlib.archive.romfile import fields_path
from romlib.errors import InputError
from romlib.testing import damage_bytes, damage_hdf5, forgery

_STRUCTURE = 0.7  # part of the mutations of an HDF5 file that edit its objects; the rest its bytes
_WHOLE_FILE = 0.02


@dataclass(frozen=True)
class Files:
    """Sound files. folder : their common folder. names : relative to it, the ones to damage and those beside them."""

    folder: Path
    names: tuple[str, ...]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Files:
        """Files, and all files of folders among them.

        Raises
        ------
        InputError : no file, or one that is not there.
        """
        if not paths:
            raise InputError("there is nothing to damage", expected="one file or more")
        found: list[Path] = []
        for path in (Path(p).resolve() for p in paths):
            if not path.exists():
                raise InputError("there is no such file", file=path)
            found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        folder = Path(os.path.commonpath([path.parent for path in found]))
        return cls(folder, tuple(dict.fromkeys(str(path.relative_to(folder)) for path in found)))


def mutate(files: Files, seed: int, number: int, folder: Path, forged: bool = False) -> str:
    """Write copies into the empty `folder`, one of them damaged; says which file and what was done to it.

    forged : change what HDF5 files say and make their checksums anew, of a ROM and its fields file too, instead.
    """
    rng = Random(f"{seed}/{number}")
    name = rng.choice(files.names)
    for other in files.names:
        target = folder / other
        target.parent.mkdir(parents=True, exist_ok=True)
        if other != name:
            (shutil.copyfile if forged else _same)(files.folder / other, target)
    if forged:
        return f"{name}: {_forge(rng, files, name, folder)}"
    return f"{name}: {_damage(rng, files.folder / name, folder / name)}"


def _same(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _forge(rng: Random, files: Files, name: str, folder: Path) -> str:
    shutil.copyfile(files.folder / name, folder / name)
    if not h5py.is_hdf5(folder / name):
        content, words = damage_bytes.damage(rng, (folder / name).read_bytes())
        (folder / name).write_bytes(content)
        return words
    words = forgery.damage(rng, folder / name)
    for rom in files.names:
        fields = fields_path(folder / rom)
        if rom != name and str(fields.relative_to(folder)) == name:
            forgery.repair_pair(folder / rom, fields)
    return words


def _damage(rng: Random, source: Path, target: Path) -> str:
    if rng.random() < _WHOLE_FILE:
        kind = rng.choice(("missing", "empty", "a folder", "a link to itself"))
        if kind == "empty":
            target.write_bytes(b"")
        elif kind == "a folder":
            target.mkdir()
        elif kind == "a link to itself":
            target.symlink_to(target.name)
        return kind
    if h5py.is_hdf5(source) and rng.random() < _STRUCTURE:
        shutil.copyfile(source, target)
        return damage_hdf5.damage(rng, target)
    content, words = damage_bytes.damage(rng, source.read_bytes())
    target.write_bytes(content)
    return words
