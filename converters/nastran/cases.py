"""Which of the results of an .op2 make one history in time, and at which times.

Nonlinear statics give load factors that go on from subcase to subcase; transient analyses times; linear statics a state
for each subcase, which becomes one a unit of time. Modes, frequency responses and buckling are refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.common.kinds import refuse_no_history
from romlib_converters.nastran.op2 import Op2File
from romlib_converters.nastran.results import (
    HISTORIES,
    STATICS,
    TRANSIENT,
    UNSURE,
    Stored,
    displacements,
    random_tables,
    refuse_form,
    stored_results,
    temperatures,
)

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.model import Omission
from romlib.words import listed, plural

_KINDS = {2: "modal", 5: "harmonic", 7: "buckling", 8: "buckling", 9: "modal"}


@dataclass(frozen=True, eq=False)
class Course:
    """Records in the order of time. times : (n,). basic : whether they are in the basic frame already.

    analysis : of all of them. phases : (n, 2), numbers of the subcase and of the step of each. heat : temperatures of
    the same times, or none. notes : what was left out.
    """

    records: tuple[Stored, ...]
    times: np.ndarray
    basic: bool
    analysis: int
    phases: np.ndarray
    heat: tuple[Stored, ...] = ()
    notes: tuple[Omission, ...] = ()


def course_of(op2: Op2File, subcase: int | None = None) -> Course:
    """The history of a file, or of one of its subcases.

    Raises
    ------
    UnsupportedError : modes, frequency responses and the like; complex results; results sorted by points.
    FileFormatError : no displacements, or times that go back. InputError : the subcase does not exist.
    """
    found = stored_results(op2)
    records, basic = displacements(found)
    if not records:
        _refuse(op2, found)
    for one in records:
        refuse_form(op2, one)
    records = _chosen(op2.path, records, subcase)
    kinds = {one.ident.analysis for one in records}
    if len(kinds) > 1:
        raise UnsupportedError("subcases of several kinds of analysis make no history", file=op2.path,
                               found=listed([HISTORIES[kind] for kind in sorted(kinds)]), place="subcases "
                               + ", ".join(str(number) for number in _numbers(records)),
                               remedy="convert one of them: the option subcase")
    analysis = records[0].ident.analysis
    records = _without_repeats(records)
    times = _times(op2.path, records, analysis)
    notes = _notes(found, analysis, records)
    heat = _heat(temperatures(found), records, notes)
    phases = np.array([(one.ident.subcase, one.ident.step) for one in records])
    return Course(tuple(records), times, basic, analysis, phases, heat, tuple(notes))


def is_unsure(course: Course) -> bool:
    """Whether versions of the solver differ in the frame of these displacements."""
    return course.records[0].ident.table == UNSURE


def _numbers(records: Sequence[Stored]) -> list[int]:
    return list(dict.fromkeys(one.ident.subcase for one in records))


def _refuse(op2: Op2File, found: Sequence[Stored]) -> None:
    """Say what there is in place of a history of displacements."""
    random = random_tables(op2)
    if random:
        refuse_no_history("random vibration", op2.path, found=", ".join(random))
    if not found:
        names = ", ".join(dict.fromkeys(table.name for table in op2.tables))
        raise FileFormatError("the file has no displacements", file=op2.path, expected="a table OUGV1 or OUG1",
                              found=names or "no tables",
                              remedy="ask for DISPLACEMENT(SORT1,PLOT)=ALL in the case control, with PARAM,POST,-1")
    heat = next((one for one in found if one.ident.heat), None)
    if heat is not None:
        raise UnsupportedError("the results are temperatures and no displacements", file=op2.path,
                               place=heat.ident.place, expected="a structural analysis", found=heat.ident.kind,
                               remedy="convert the structural analysis; temperatures go into it by the option "
                                      "temperature of the study")
    first = found[0].ident
    if first.form not in (0, 1):
        refuse_no_history("harmonic" if first.analysis == 5 else "complex", op2.path, place=first.place,
                          found=first.kind)
    refuse_no_history(_KINDS.get(first.analysis, first.kind), op2.path, place=first.place, found=first.kind)


def _chosen(file: Path, records: list[Stored], subcase: int | None) -> list[Stored]:
    if subcase is None:
        return records
    mine = [one for one in records if one.ident.subcase == subcase]
    if not mine:
        raise InputError("the results have no such subcase", file=file, place="option subcase",
                         expected=", ".join(map(str, _numbers(records))), found=subcase)
    return mine


def _without_repeats(records: list[Stored]) -> list[Stored]:
    """Records in an order in which those of one subcase and time, of several tables, are beside each other."""
    order: dict[tuple[int, float], list[Stored]] = {}
    for one in records:
        order.setdefault((one.ident.subcase, one.ident.value), []).append(one)
    return [one for same in order.values() for one in same]


def _times(file: Path, records: list[Stored], analysis: int) -> np.ndarray:
    """Times of the records (n,), not falling."""
    if analysis == STATICS:
        numbers = _numbers(records)
        return np.array([float(numbers.index(one.ident.subcase) + 1) for one in records])
    times = np.array([one.ident.value for one in records])
    falls = np.flatnonzero(np.diff(times) < 0.0)
    if len(falls):
        k = int(falls[0])
        first, second = records[k].ident, records[k + 1].ident
        several, known = first.subcase != second.subcase, ", ".join(map(str, _numbers(records)))
        raise FileFormatError(
            "the times go back" + (" from one subcase to the next: they are no one history" if several else ""),
            file=file, place=second.place, expected=f"more than {times[k]:g} (subcase {first.subcase})",
            found=f"{times[k + 1]:g} (subcase {second.subcase})",
            remedy=f"convert one of the subcases {known}: the option subcase" if several
            else "write the results of one analysis, with time going on through its steps")
    return times


def _notes(found: Sequence[Stored], analysis: int, records: Sequence[Stored]) -> list[Omission]:
    notes = []
    others = sorted({one.ident.kind for one in found if one.ident.analysis not in HISTORIES})
    if others:
        notes.append(Omission(name="other_results", does_work=False, description=(
            f"results that are no history are left out: {', '.join(others)}")))
    if analysis == TRANSIENT:
        notes.append(Omission(name="inertia", does_work=True, description=(
            "a transient analysis: of a dynamic one (SOL 109, 112, 129), forces of inertia and damping are in the "
            "solver's balance and not in romlib's; of a quasi-static one (SOL 400, 401) accept this omission")))
    if analysis == STATICS and len(_numbers(records)) > 1:
        notes.append(Omission(name="linear_subcases", does_work=False, description=(
            f"{plural(len(_numbers(records)), 'subcase')} of linear statics, each a state of its own, stand at the "
            "times 1, 2, ...")))
    return notes


def _heat(heat: list[Stored], records: Sequence[Stored], notes: list[Omission]) -> tuple[Stored, ...]:
    """Temperatures at the times of the displacements, in their order; none where one is missing."""
    if not heat:
        return ()
    by_key = {(one.ident.subcase, one.ident.value): one for one in heat}
    mine = [by_key.get((one.ident.subcase, one.ident.value)) for one in records]
    if all(one is not None for one in mine):
        return tuple(one for one in mine if one is not None)
    notes.append(Omission(name="field_temperature", does_work=False, description=(
        "temperatures are left out: they are not at all times of the displacements")))
    return ()
