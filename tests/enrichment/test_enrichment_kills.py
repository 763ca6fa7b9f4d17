"""`romlib enrich` ended by SIGKILL at any moment: a whole ROM is there, and no finished step is solved again."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rank_scripts import kill_session, under_ranks, without_launcher

import romlib
from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.romfile import fields_path, read_rom
from romlib.enrichment.journal import Journal, folder_of

KILLS, BUDGET = 20, 3


def started(folder: Path, ranks: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*under_ranks(ranks), sys.executable, "-m", "romlib", "enrich", "study.toml", "x.rom", "--case", "hot",
         "--tolerance", "1e-3", "--budget", str(BUDGET), "--accept-errors"],
        cwd=folder, env=without_launcher(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True)


def records(folder: Path) -> dict[str, int]:
    """Finished records, and when each was made."""
    return {path.name: path.stat().st_mtime_ns for path in folder_of(folder / "x.rom").glob("[0-9]*.vtkhdf")}


def refuse_half_a_rom(folder: Path) -> None:
    """Between two renames the old ROM refuses the new fields; the next call puts that right."""
    rom = read_rom(folder / "x.rom")
    assert len(rom.cases) >= 2
    try:
        FieldsFile(fields_path(folder / "x.rom"), rom).close()
    except romlib.errors.FileFormatError as error:
        assert "belongs to another ROM" in error.what


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
def test_twenty_kills_lose_no_finished_step_and_repeat_none(own_bar: Path, ranks: int) -> None:
    random = np.random.default_rng(7)
    seen: dict[str, int] = {}
    former = {name: (own_bar / name).read_bytes() for name in ("x.rom", "x.fields.rom")}
    begin = time.monotonic()
    process = started(own_bar, ranks)
    process.communicate()
    whole = time.monotonic() - begin
    expected = read_rom(own_bar / "x.rom").enrichments
    for path in folder_of(own_bar / "x.rom").iterdir():
        path.unlink()
    for name, content in former.items():
        (own_bar / name).write_bytes(content)
    for _ in range(KILLS):
        process = started(own_bar, ranks)
        try:
            process.communicate(timeout=float(random.uniform(0.05, 0.8)) * whole)
        except subprocess.TimeoutExpired:
            kill_session(process.pid)
            process.communicate()
        refuse_half_a_rom(own_bar)
        now = records(own_bar)
        assert seen.items() <= now.items()  # none is lost, and none was made again
        seen = now
    process = started(own_bar, ranks)
    _, said = process.communicate()
    assert process.returncode == 1 and "budget" in said
    assert seen.items() <= records(own_bar).items()
    entries = Journal(folder_of(own_bar / "x.rom")).finished()
    assert [entry.kind for entry in entries] == ["elastic"] + BUDGET * ["step"] and len(expected) == len(entries)
    rom = romlib.load(own_bar / "x.rom")
    assert [entry.number for entry in rom.archive.enrichments] == [entry.number for entry in entries]
    assert np.isfinite(rom.solve("hot").displacement(piece=0)).all()
