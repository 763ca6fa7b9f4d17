"""The journal of a greedy search: what became of each candidate, in one file that is replaced whole.

Its folder belongs to one search at a time, and holds the runs. A run that is whole is a file that is there: the journal
says what was begun and what was decided, so that a kill at any moment costs the step that was being made.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from romlib.errors import FileFormatError, InputError, SchemaError
from romlib.greedy.bounds import Bounds
from romlib.snapshots.atomic import write_atomically

VERSION = 1
NAME, LOCK = "journal.json", "lock"
Status = Literal["open", "chosen", "solved", "checked", "trained", "failed"]
UNDERWAY: tuple[Status, ...] = ("chosen", "solved", "checked")


@dataclass(frozen=True)
class Record:
    """One candidate.

    mark : digest of the case. status : how far its run is. stage : that failed: "solver",
    "conversion", "check" or "training"; message : how. attempt : number of its folder, which a kill or a new try
    raises. runs : how often it was chosen. order : of the last runs: 1 for the first. seconds : of the solver.
    first, chosen, last : bounds by quantity of the first ROM, of the one that it was chosen by, and of the last ROM;
    None where withheld. reason : why the last ROM has no bound. error : of the ROM that it was chosen by, against the
    run, by field.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    mark: str
    status: Status = "open"
    stage: str = ""
    message: str = ""
    attempt: int = 1
    runs: int = 0
    order: int = 0
    seconds: float | None = None
    first: dict[str, float | None] = field(default_factory=dict)
    chosen: dict[str, float | None] = field(default_factory=dict)
    last: dict[str, float | None] = field(default_factory=dict)
    reason: str = ""
    error: dict[str, float | None] = field(default_factory=dict)


@dataclass
class Journal:
    """folder : of the search. records : by candidate. checked : the training runs of the study passed the check."""

    folder: Path
    records: dict[str, Record]
    checked: bool = False

    @classmethod
    def read(cls, folder: Path, marks: Mapping[str, str]) -> Journal:
        """The journal of a folder, or a new one where the folder is empty.

        marks : by candidate. One that is new, or failed and is another one now, is open; one that has gone, and was
        never run or failed, is forgotten.

        Raises
        ------
        InputError : the folder has files but no journal; a candidate that was run is another one now, or has gone.
        FileFormatError, SchemaError : the journal is damaged, or of another version.
        """
        path = folder / NAME
        if not path.is_file():
            others = sorted(entry.name for entry in folder.iterdir() if entry.name != LOCK and entry.name[0] != ".")
            if others:
                raise InputError("the folder of the greedy search has files, but no journal", file=folder,
                                 found=", ".join(others[:5]), expected="an empty folder, or that of an earlier search",
                                 remedy="move it away, or name another folder: --folder")
            return cls(folder, {name: Record(mark) for name, mark in marks.items()})
        records, checked = _read(path)
        for name, record in records.items():
            if record.status not in ("open", "failed") and marks.get(name) != record.mark:
                raise InputError(
                    "a candidate that was run is not the one of this study any more" if name in marks else
                    "a candidate that was run is not in this study any more", file=path, place=f"candidate {name!r}",
                    expected="the case that was run", remedy="undo the change; for a new search name another folder: "
                    "--folder")
        journal = cls(folder, {name: replace(records.get(name, Record(mark)), mark=mark)
                               for name, mark in marks.items()}, checked)
        for name in journal.of("failed"):
            if records[name].mark != marks[name]:
                journal.try_again(name)
        return journal

    def write(self) -> None:
        """Replace the file."""
        content = {"kind": "romlib greedy", "version": VERSION, "checked": self.checked,
                   "candidates": {name: asdict(record) for name, record in self.records.items()}}
        write_atomically(self.folder / NAME, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())

    def put(self, name: str, **changes: Any) -> None:
        """Change the record of a candidate; `write` makes it last."""
        self.records[name] = replace(self.records[name], **changes)

    def try_again(self, name: str, keep: bool = False) -> None:
        """Open a candidate that failed. keep : what its solver has finished, unless that is what failed."""
        record = self.records[name]
        anew = record.stage == "solver" or not keep
        self.put(name, status="open", stage="", message="", attempt=record.attempt + anew)

    def of(self, *status: Status) -> list[str]:
        """The candidates of that status: those that were run in the order of the runs, then those that were not."""
        found = [name for name, record in self.records.items() if record.status in status]
        return sorted(found, key=lambda name: (self.records[name].order == 0, self.records[name].order))

    @property
    def n_run(self) -> int:
        """Runs of the solver that were begun; one that a kill has cut off, and that was begun anew, is one."""
        return sum(record.runs for record in self.records.values())


def _read(path: Path) -> tuple[dict[str, Record], bool]:
    try:
        content = json.loads(path.read_bytes())
        kind, version = content["kind"], content["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from None
    if kind != "romlib greedy" or version != VERSION:
        raise SchemaError("the journal of the greedy search cannot be read by this version of romlib", file=path,
                          expected=f"romlib greedy, version {VERSION}", found=f"{kind}, version {version}")
    try:
        return TypeAdapter(dict[str, Record]).validate_python(content["candidates"]), bool(content["checked"])
    except (ValidationError, KeyError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> FileFormatError:
    return FileFormatError("the journal of the greedy search is damaged", file=path,
                           found=" ".join(str(error).split())[:300],
                           remedy="restore it from a copy, or begin a new search: --folder")


def storable(bounds: Bounds) -> dict[str, float | None]:
    """Bounds as JSON has them: None where there is none."""
    return {name: value if math.isfinite(value) else None for name, value in bounds.values.items()}


def mark_of(*descriptions: Any) -> str:
    """A digest of plain values."""
    return hashlib.sha256(json.dumps(descriptions, sort_keys=True, default=str).encode()).hexdigest()[:16]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Have the folder to oneself; the system lets go of it whenever the process ends.

    Raises
    ------
    InputError : another search has it; a system without such locks (Windows).
    """
    try:
        import fcntl
    except ImportError:
        raise InputError("a greedy search cannot have its folder to itself on this system", file=folder,
                         expected="locks of files (Linux, macOS)",
                         remedy="run it there, or in the Windows Subsystem for Linux") from None
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise InputError("another greedy search is at work in this folder", file=folder,
                                 remedy="wait for its end, or name another folder: --folder") from None
        yield  # file systems that know no locks are used without
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
