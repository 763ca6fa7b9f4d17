"""Code that a material names: in a file by its file name only, never by a path, and marked as the file's choice.

By convention the parameter `library` of a law is a shared library that the law loads. Whoever sends a snapshots file
or a ROM must not choose which code runs where it is opened: a file may name a library, each user's own search path
says where it is, and the law has to recognise it before it calls anything (`romlib.laws.registry.build_law`). A study,
which the user writes, may give a path. What may happen when a file is opened: docs/security.md.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from romlib.errors import FileFormatError
from romlib.model.model import Model

LIBRARY = "library"
_LONGEST_NAME = 255


def is_file_name(library: str) -> bool:
    """Whether this is a bare file name, without a folder in it."""
    return library not in ("", ".", "..") and len(library) <= _LONGEST_NAME and library.isprintable() and all(
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
                file=file, place=f"materials.{name}.parameters.{LIBRARY}", expected="a file name", found=repr(library),
                remedy="make the file anew, or give the material in a study of your own")


def model_of_file(model: Model, file: str | Path) -> Model:
    """The model that was read from a file, its materials marked as the file's: see `Material.file`.

    Raises
    ------
    FileFormatError : see `refuse_library_paths`.
    """
    refuse_library_paths(model, file)
    return model.model_copy(update={
        "materials": {name: material.of_file(file) for name, material in model.materials.items()}})
