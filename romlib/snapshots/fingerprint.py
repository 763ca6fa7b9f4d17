"""A fingerprint of what a file was made from, to tell whether two files come from the same inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from romlib.errors import InputError

_BLOCK = 1 << 20


class Fingerprint(str):
    """The text of a fingerprint, which knows what it is one of. files : that were read for it."""

    __slots__ = ("files",)
    files: tuple[Path, ...]


def fingerprint(files: Iterable[Path], options: Mapping[str, Any] | None = None) -> Fingerprint:
    """SHA-256 (hexadecimal) of the contents of the files, in the order given, and of JSON-like options.

    It does not depend on where the files lie, on their names, on times or on the machine. A writer that is given it
    refuses to replace one of the files.

    Raises
    ------
    InputError : a file cannot be read.
    """
    total, read = hashlib.sha256(), tuple(Path(path) for path in files)
    for path in read:
        content = hashlib.sha256()
        try:
            with open(path, "rb") as stream:
                while block := stream.read(_BLOCK):
                    content.update(block)
        except OSError as error:
            raise InputError("an input file cannot be read", file=path, found=error.strerror) from error
        total.update(content.digest())
    total.update(json.dumps(dict(options or {}), sort_keys=True, default=str).encode())
    result = Fingerprint(total.hexdigest())
    result.files = read
    return result
