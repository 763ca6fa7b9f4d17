"""Code that a material names: in a file by its file name only, never by a path.

By convention the parameter `library` of a law is a shared library that the law loads. Whoever sends a snapshots file
or a ROM must not choose which code runs where it is opened: a file may name a library, and each user's own search path
says where it is. A study, which the user writes, may give a path.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from romlib.errors import FileFormatError
from romlib.model.model import Model

LIBRARY = "library"


def is_file_name(library: str) -> bool:
    """Whether this is a bare file name, without a folder in it."""
    return library not in ("", ".", "..") and all(
        kind(library).name == library for kind in (PurePosixPath, PureWindowsPath))


def refuse_library_paths(model: Model, file: str | Path) -> None:
    """Make sure that a model from or for a file names libraries by their file names.

    Raises
    ------
    FileFormatError : one of them is a path, or no text.
    """
    for name, material in model.materials.items():
        library = material.parameters.get(LIBRARY)
        if library is not None and not (isinstance(library, str) and is_file_name(library)):
            raise FileFormatError(
                "a material of the file names a library with a folder; a file must not say where code is loaded from",
                file=file, place=f"materials.{name}.parameters.{LIBRARY}", expected="a file name", found=library,
                remedy="make the file anew, or give the material in a study of your own")
