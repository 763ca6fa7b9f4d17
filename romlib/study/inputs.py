"""The files that a study or a case file names: what an output of a run with it may not replace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from romlib.study.toml_file import read_toml

_KEYS = ("snapshots", "file", "csv", "library", "temperature", "deck")
_LISTS = ("files",)


def files_of(path: str | Path, kind: str = "study", trains: bool = True) -> list[Path]:
    """A study (or case file), and every file that it names: snapshots, mesh, tables, libraries, decks.

    trains : False where the run makes the training files of the study and does not read them (`romlib solve`).

    Raises
    ------
    StudyError : the file cannot be read as TOML.
    """
    path = Path(path)
    _, raw = read_toml(path, kind)
    if not trains:
        raw = {key: value for key, value in raw.items() if key not in ("training", "validation")}
    return [path, *dict.fromkeys(path.parent / name for name in _named(raw))]


def _named(value: Any) -> Iterator[str]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        if key in _KEYS and isinstance(entry, str) and "\0" not in entry:
            yield entry
        if key in _LISTS and isinstance(entry, list):
            yield from (name for name in entry if isinstance(name, str) and "\0" not in name)
        yield from _named(entry)
