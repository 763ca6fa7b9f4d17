"""Abaqus: results .fil (ASCII and binary), decks .inp, and what `export_odb.py` writes of an .odb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from romlib_converters.abaqus.fil import FilFile
from romlib_converters.abaqus.results import FilHistory, solver_mesh
from romlib_converters.abaqus.source import FIL, Computation, locate, looks_like_abaqus
from romlib_converters.common.history import convert_history, history_options

from romlib.errors import InputError
from romlib.snapshots.converter import Progress

_OPTIONS = ("incomplete",)


class AbaqusConverter:
    """Abaqus's files as a snapshots file.

    Options
    -------
    incomplete : take a truncated .fil up to its last complete increment. And those of
    `romlib_converters.common.history.history_options`.
    """

    name = "abaqus"
    suffixes = (FIL,)
    reads = "results .fil (ASCII and binary)"
    extra: str | None = None
    reader: str | None = None

    def can_read(self, path: Path) -> bool:
        """Whether a path is a results file, judged by its first record, or a folder with one."""
        return looks_like_abaqus(Path(path))

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file of a computation; see `romlib.snapshots.converter.Converter`.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = history_options(self.name, options, _OPTIONS)
        computation = locate(source)
        convert_history(self._history(computation, options), Path(target), pieces=pieces, units=units, options=options,
                        progress=progress)

    def _history(self, computation: Computation, options: dict[str, Any]) -> FilHistory:
        incomplete = options.get("incomplete", False)
        if not isinstance(incomplete, bool):
            raise InputError("true or false is needed", place="option incomplete", found=incomplete)
        fil = FilFile(computation.results)
        return FilHistory(fil, solver_mesh(fil.model, fil.path), incomplete=incomplete)
