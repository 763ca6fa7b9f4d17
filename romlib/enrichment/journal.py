"""The records of a ROM's enrichment, in a folder beside it: what was solved at full order is never solved again.

For each addition there is 0001.json, which says what is wanted and then what came of it, and 0001.vtkhdf, the record
itself, which appears when it is whole. An addition is finished when both are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from romlib.archive.enrichment import Enrichment
from romlib.errors import FileFormatError, InputError
from romlib.files import regular_file
from romlib.snapshots.atomic import write_atomically

_MOST_BYTES = 2**20


def folder_of(rom: Path) -> Path:
    """Where the records of a ROM are: x.rom -> x.enrichment."""
    return rom.with_name(f"{rom.stem if rom.suffix == '.rom' else rom.name}.enrichment")


class Journal:
    """The folder; used on rank 0 alone, but for the names of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> None:
        """Make the folder; InputError where that cannot be."""
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError("the folder for the records of the enrichment cannot be made", file=self.folder,
                             found=error.strerror, remedy="put the ROM where files can be written") from error

    def record(self, number: int) -> Path:
        """The snapshots file of an addition."""
        return self.folder / f"{number:04d}.vtkhdf"

    def replayed(self, number: int) -> Path:
        """The displacement of a run of the ROM that has so many additions."""
        return self.folder / f"replayed-{number:04d}.vtkhdf"

    def write(self, entry: Enrichment) -> Enrichment:
        """Say what an addition is, or what came of it; the entry itself."""
        write_atomically(self._description(entry.number), (entry.model_dump_json(indent=1) + "\n").encode())
        return entry

    def finished(self) -> list[Enrichment]:
        """All additions whose record is there, in order.

        Raises
        ------
        FileFormatError : a description that is damaged, or a record without one.
        """
        if not self.folder.is_dir():
            return []
        found = []
        for record in sorted(self.folder.glob("[0-9][0-9][0-9][0-9].vtkhdf")):
            path = record.with_suffix(".json")
            try:
                regular_file(path, "a record of an enrichment has no description")
                if path.stat().st_size > _MOST_BYTES:
                    raise FileFormatError("the description of a record is too long", file=path)
                entry = Enrichment.model_validate_json(path.read_bytes())
            except (ValidationError, InputError, UnicodeDecodeError) as error:
                raise FileFormatError(
                    "the description of a record of an enrichment is missing or damaged", file=path,
                    found=str(error).splitlines()[0],
                    remedy=f"remove {record.name} beside it, which is then solved again where it is needed") from error
            if self._description(entry.number) != path:
                raise FileFormatError("the description of a record is that of another one", file=path,
                                      expected=int(path.stem), found=entry.number, remedy="put the files back as they "
                                                                                        "were, or remove the folder")
            found.append(entry)
        return found

    def latest_replayed(self) -> Path | None:
        """The newest of the replayed runs, or None."""
        return max(self.folder.glob("replayed-[0-9][0-9][0-9][0-9].vtkhdf"), default=None)

    def forget_replayed(self, keep: Path | None) -> None:
        """Remove the replayed runs of earlier versions."""
        for path in self.folder.glob("replayed-[0-9][0-9][0-9][0-9].vtkhdf"):
            if path != keep:
                path.unlink(missing_ok=True)

    def _description(self, number: int) -> Path:
        return self.folder / f"{number:04d}.json"


def next_number(entries: Sequence[Enrichment]) -> int:
    """Of the addition that comes next."""
    return max((entry.number for entry in entries), default=0) + 1
