"""Opening a file of a known kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py

from romlib.errors import FileFormatError, SchemaError
from romlib.storage.contents import Contents
from romlib.storage.headers import RawFile
from romlib.storage.manifest import Manifest, has_checksums
from romlib.storage.opening import damage, open_hdf5
from romlib.storage.schema import FileSchema

Recognise = Callable[[h5py.File, RawFile, Path], int | None]
OLDEST = 1
WITHOUT_CHECKSUMS = 1  # the last version that had none


def open_contents(
    path: str | Path, schema: FileSchema, made_by: str, recognise: Recognise
) -> Contents:
    """Open a file and check its head.

    Parameters
    ----------
    made_by : the command that writes such files. recognise : gives the schema version that a file states (None: none),
        or raises FileFormatError where it is a file of another kind.

    Raises
    ------
    InputError : no such file. SchemaError : another schema version. FileFormatError : everything else that is wrong.
    """
    path = Path(path)
    file, raw = open_hdf5(path, made_by), None
    try:
        with damage(path):
            raw = RawFile(path)
            version = recognise(file, raw, path)
            _check_version(version, schema, path, made_by)
            checksums = has_checksums(file, schema)
            if version == WITHOUT_CHECKSUMS and checksums:
                raise FileFormatError("the file states an older version of its schema than it has", file=path,
                                      place=schema.version_attribute, expected="2 or more: it has checksums",
                                      found=version, remedy="ask for the file as romlib wrote it")
            manifest = None if version == WITHOUT_CHECKSUMS else Manifest(file, schema, path, raw)
            return Contents(file, schema, path, manifest, raw)
    except BaseException:
        if raw is not None:
            raw.close()
        file.close()
        raise


def _check_version(version: int | None, schema: FileSchema, path: Path, made_by: str) -> None:
    group, _, attribute = schema.version_attribute.partition("@")
    place = f"{group}, attribute {attribute}"
    if version is None:
        raise FileFormatError("the file does not state its schema version", file=path, place=place,
                              expected=f"{OLDEST} to {schema.version}")
    if not OLDEST <= version <= schema.version:
        newer = version > schema.version
        raise SchemaError(
            f"the {schema.what} was written by {'a newer' if newer else 'an older'} version of romlib", file=path,
            place=place, expected=f"schema {OLDEST} to {schema.version}", found=f"schema {version}",
            remedy="upgrade romlib" if newer else f"write the file again with {made_by}")
