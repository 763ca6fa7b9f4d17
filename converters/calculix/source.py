"""The files of a CalculiX computation, and what they tell of the records: times, digits, missing increments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.calculix.frd import FrdFile, FrdRecord, read_frd
from romlib_converters.calculix.sta import sta_times
from romlib_converters.common.omissions import missing_increments
from romlib_converters.common.paths import one_path
from romlib_converters.keyword.history import Step

from romlib.errors import FileFormatError, InputError
from romlib.files import instead_of
from romlib.model import Omission

DIGITS, TRUNCATED = "digits", "truncated"
_TIME_DIGITS = 5e-6  # of a time in a .frd: it has six digits


@dataclass(frozen=True)
class Computation:
    """Results, and beside them the deck, the printed values and the list of increments (None where there is none)."""

    frd: Path
    deck: Path | None
    dat: Path | None
    sta: Path | None


def locate(source: Path | list[Path], options: dict[str, Any]) -> Computation:
    """The computation of a deck, a .frd, or a folder with one .frd; whether the results are there is not looked at.

    A .inp that is named, or lies beside the .frd, is its deck, whatever it begins with.

    Raises
    ------
    InputError : there is none, or there are several.
    """
    path = one_path(source, "CalculiX", ".frd")
    if path.is_dir():
        found = sorted(path.glob("*.frd"))
        if len(found) != 1:
            raise InputError("the folder must have one result file", file=path, expected="one NAME.frd",
                             found=", ".join(one.name for one in found) or "none", remedy="name the .frd itself")
        path = found[0]
    frd = path if path.suffix.lower() == ".frd" else path.with_suffix(".frd")
    beside = path if path.suffix.lower() == ".inp" else path.with_suffix(".inp")
    deck = Path(str(options["deck"])) if "deck" in options else beside
    if "deck" in options and not deck.is_file():
        raise InputError("the deck does not exist", file=deck, place="option deck", remedy=instead_of(deck))
    dat = path.with_suffix(".dat")
    wanted = options.get("dat", True)
    if not isinstance(wanted, bool):
        raise InputError("true or false is needed", place="option dat", found=wanted)
    sta = path.with_suffix(".sta")
    return Computation(frd, deck if deck.is_file() else None, dat if wanted and dat.is_file() else None,
                       sta if sta.is_file() else None)


def open_results(path: Path, incomplete: object) -> FrdFile:
    """The .frd, whole, or what is whole of it where that is asked for.

    Raises
    ------
    FileFormatError : it ends early (the last complete increment is named), or has no displacement at all.
    """
    if not isinstance(incomplete, bool):
        raise InputError("true or false is needed", place="option incomplete", found=incomplete)
    if not path.is_file():
        raise InputError("the computation has no results", file=path, expected=path.name, found="no such file",
                         remedy="run the solver; the history of a deck without results can be read as a case")
    frd = read_frd(path)
    if not frd.records:
        raise FileFormatError("the results have no complete increment with a displacement", file=path,
                              expected="blocks DISP", found=frd.truncated or "none",
                              remedy="ask for U in *NODE FILE, and look at the solver's log")
    if frd.truncated and not incomplete:
        raise FileFormatError("the result file is truncated", file=path, place=frd.truncated,
                              expected="a last line ' 9999'",
                              found=f"the last complete increment is {frd.records[-1].place}",
                              remedy="compute again; or take what is there with --option incomplete=true")
    return frd


def record_times(
    records: list[FrdRecord], steps: list[Step], lengths: dict[tuple[int, int], float]
) -> tuple[np.ndarray, bool]:
    """Total times of the records, and whether they are known better than in the six digits of the .frd.

    They are those of a deck's fixed increments, or sums of the lengths of increments that the .sta has.
    """
    times = np.array([record.time for record in records])
    exact = times.copy()
    fixed = 0
    for k, record in enumerate(records):
        step = steps[record.step - 1] if 0 < record.step <= len(steps) else None
        if step is None:
            continue
        ends = step.increments[record.increment - 1:record.increment] if step.fixed else np.empty(0)
        for end in (*ends, step.end):
            if abs(end - times[k]) <= _TIME_DIGITS * abs(end):
                exact[k], fixed = end, fixed + 1
                break
    if fixed == len(records):
        return exact, True
    found = sta_times(lengths, [(record.step, record.increment) for record in records], times, steps)
    return (exact, False) if found is None else (found, True)


def notes_of(
    frd: FrdFile, steps: list[Step], times: np.ndarray, known: bool, lengths: dict[tuple[int, int], float]
) -> list[Omission]:
    """What a user of the file has to know: few digits, increments that are missing, an early end.

    known : whether the times have more than six digits. lengths : of the increments, from the .sta.
    """
    notes = []
    if not frd.records[0].blocks["DISP"].binary:
        notes.append(Omission(name=DIGITS, does_work=False, description=(
            f"{frd.path.name} is text, in which the displacement has six digits: `romlib check` says what stress and "
            "forces that resolves, 1e-4 at best and per cents where it moves much and strains little. For float64 "
            "write *NODE OUTPUT, DOUBLE and *ELEMENT OUTPUT, DOUBLE in the deck instead of *NODE FILE and *EL FILE, "
            "and compute again")))
    elif frd.records[0].blocks["DISP"].layout.real == "<f4":
        notes.append(Omission(name=DIGITS, does_work=False, description=(
            f"{frd.path.name} is binary in single precision: `romlib check` says what stress and forces that "
            "resolves. For float64 write *NODE OUTPUT, DOUBLE and *ELEMENT OUTPUT, DOUBLE in the deck, and compute "
            "again")))
    missing = _missing(frd.records, steps, lengths if known else {})
    if missing:
        notes.append(missing_increments(
            missing[0], f" ({missing[1]})",
            "Write every increment: no FREQUENCY, no TIME POINTS in the output cards", does_work=False))
    if frd.truncated:
        notes.append(Omission(name=TRUNCATED, does_work=False, description=(
            f"{frd.path.name} is truncated: {frd.truncated}; the last increment taken is {frd.records[-1].place}")))
    shortest = float(np.diff(times, prepend=0.0).min())
    if shortest <= 0.0:
        raise FileFormatError("the times of the increments must increase", file=frd.path, expected="increasing times",
                              found=", ".join(f"{one:g}" for one in times[:6]),
                              remedy="compute again; for short increments late in a history keep the file .sta")
    if not known:
        notes.append(Omission(name="time_digits", does_work=False, description=(
            "the times of the increments are known in the six digits of the .frd: rates of a viscous law to "
            f"{5e-6 * float(times[-1]) / shortest:.1g} only. The file .sta beside it "
            "would have them in more")))
    return notes


def _missing(
    records: list[FrdRecord], steps: list[Step], lengths: dict[tuple[int, int], float]
) -> tuple[int, str] | None:
    """How many increments lie between those of the file, and the first gap in words.

    A step whose last record is not at its end lacks the rest: as many as .sta or deck know, or one at least.
    """
    count, first, before, step, time = 0, "", 0, 1, 0.0
    for record in records:
        while record.step > step:
            if step <= len(steps) and steps[step - 1].end - time > _TIME_DIGITS * steps[step - 1].end:
                taken = sum(one == step for one, _ in lengths)
                fixed = len(steps[step - 1].increments) if steps[step - 1].fixed else 0
                count += max((taken or fixed) - before, 1)
                first = first or f"step {step}, after increment {before}"
            step, before = step + 1, 0
        if record.increment > before + 1:
            count += record.increment - before - 1
            first = first or f"step {record.step}, between increments {before} and {record.increment}"
        before, time = record.increment, record.time
    return (count, first) if count else None
