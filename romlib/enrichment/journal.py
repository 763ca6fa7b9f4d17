"""The records of a ROM's enrichment, in a folder beside it: what was solved at full order is never solved again.

For each addition there is 0001.json, which says what is wanted and then what came of it, and 0001.vtkhdf, the record
itself, which appears when it is whole. An addition is finished when both are there. Runs of ROMs that were brought
towards equilibrium are beside them; they can be made again.
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
_DIGEST = 16  # hexadecimal digits of a case in the name of a file
_EQUILIBRATED = f"equilibrated-{_DIGEST * '[0-9a-f]'}-{4 * '[0-9]'}.vtkhdf"


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

    def equilibrated(self, digest: str, number: int) -> Path:
        """The run of a case by the ROM that has so many additions, brought towards equilibrium; digest of the case."""
        return self.folder / f"equilibrated-{digest[:_DIGEST]}-{number:04d}.vtkhdf"

    def run(self) -> Path:
        """The displacement of a run of the ROM, while something is made of it."""
        return self.folder / "run.vtkhdf"

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

    def latest_equilibrated(self, n_addition: int) -> list[Path]:
        """Of each case, the newest of the runs that were brought towards equilibrium.

        n_addition : that there are; a run of a ROM with more is none of these.
        """
        latest: dict[str, Path] = {}
        for path in sorted(self.folder.glob(_EQUILIBRATED)):
            of_case, number = path.stem.rsplit("-", 1)
            if int(number) <= n_addition:
                latest[of_case] = path
        return [latest[of_case] for of_case in sorted(latest)]

    def forget_equilibrated(self, keep: Sequence[Path]) -> None:
        """Remove those of earlier versions."""
        for path in self.folder.glob(_EQUILIBRATED):
            if path not in keep:
                path.unlink(missing_ok=True)

    def _description(self, number: int) -> Path:
        return self.folder / f"{number:04d}.json"


def next_number(entries: Sequence[Enrichment]) -> int:
    """Of the addition that comes next."""
    return max((entry.number for entry in entries), default=0) + 1
