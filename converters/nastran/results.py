"""Displacements and temperatures at grid points of an .op2: which tables have them, at which times, in which frame.

A table of results alternates an ident of 146 words with the rows that it describes. Of the ident are used (words
from 1): 1 ten times the kind of analysis and the device; 2 the table code, in thousands the sorting; 4 the subcase;
5 the load set, time or load factor; 9 the format; 10 the words of a row; 23 whether it is of heat; 83 the subtitle, 115
the label. A row has ten times the number of the point and the device, the kind of point, and six reals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from romlib_converters.nastran.op2 import Op2File, Record, Table

from romlib.errors import FileFormatError, UnsupportedError

IDENT_WORDS = 146
GRID, SCALAR = 1, 2  # kinds of points in rows
STATICS, TRANSIENT, NONLINEAR = 1, 6, 10
HISTORIES = {STATICS: "linear statics", TRANSIENT: "transient response", NONLINEAR: "nonlinear statics"}
OTHER_ANALYSES = {
    2: "vibration modes", 3: "differential stiffness", 4: "differential stiffness", 5: "a frequency response",
    7: "the state before buckling", 8: "buckling modes", 9: "complex eigenmodes", 11: "old geometric nonlinear statics",
    12: "a control of loads (contran)"}
_DISPLACEMENT, _EIGENVECTOR = 1, 7
_BASIC = ("BOUGV1", "BOUG1")  # displacement in the basic frame
_NODAL = ("OUGV1", "OUG1", "OUGV2", "OUG2")  # in the frame CD of each grid point
UNSURE = "OUGV1PAT"  # versions differ in its frame
_WANTED = ("OUG", "BOUG", "TOUG", "OPHIG", "BOPHIG", "OPHSA", "OUXY", "OPG", "OVG", "OAG")
_STEP = re.compile(r"SUBCASE\s+\d+\s+STEP\s+(\d+)\s*$")
_RANDOM = ("ATO", "CRM", "PSD", "RMS", "NO1", "NO2")


@dataclass(frozen=True)
class Ident:
    """What an ident says. value : load set, time or load factor, by `analysis`. heat : of a thermal analysis."""

    table: str
    place: str
    analysis: int
    code: int
    sort: int
    subcase: int
    value: float
    form: int
    width: int
    heat: bool
    subtitle: str
    label: str

    @property
    def step(self) -> int:
        """Number of the step of a subcase (SOL 400), which the label ends with; 0 where there is none."""
        match = _STEP.search(self.label)
        return int(match[1]) if match else 0

    @property
    def kind(self) -> str:
        """The analysis in words."""
        return HISTORIES.get(self.analysis) or OTHER_ANALYSES.get(self.analysis, f"analysis {self.analysis}")


@dataclass(frozen=True)
class Stored:
    """Results at points at one time: what they are of, and where their rows are."""

    ident: Ident
    rows: Record


def stored_results(op2: Op2File) -> list[Stored]:
    """Every displacement-like result of the file in its order, histories or not; velocities and forces are left out.

    Raises
    ------
    FileFormatError : an ident that is too short, or rows without one.
    """
    found = []
    for table in op2.tables:
        if table.name.startswith(_WANTED) and not any(word in table.name for word in _RANDOM):
            found += [one for one in _of_table(op2, table) if one.ident.code in (_DISPLACEMENT, _EIGENVECTOR)]
    return found


def random_tables(op2: Op2File) -> list[str]:
    """Names of tables with results of a random analysis."""
    return [table.name for table in op2.tables
            if table.name.startswith(("OUG", "BOUG")) and any(word in table.name for word in _RANDOM)]


def displacements(found: Iterable[Stored]) -> tuple[list[Stored], bool]:
    """Those that a history may be made of, and whether they are in the basic frame.

    The tables of the frames of the points are preferred, as every file has them.
    """
    histories = [one for one in found if one.ident.analysis in HISTORIES and not one.ident.heat
                 and one.ident.code == _DISPLACEMENT]
    for names, basic in ((_NODAL, False), (_BASIC, True), ((UNSURE,), False)):
        mine = [one for one in histories if one.ident.table in names]
        if mine:
            return mine, basic
    return [], False


def temperatures(found: Iterable[Stored]) -> list[Stored]:
    """Temperatures at points, of a thermal or coupled analysis."""
    return [one for one in found if one.ident.heat and one.ident.analysis in HISTORIES and one.ident.sort == 1
            and one.ident.form == 1]


def refuse_form(op2: Op2File, one: Stored) -> None:
    """UnsupportedError for complex results and for those sorted by points."""
    if one.ident.form not in (0, 1):
        raise UnsupportedError("the displacements are complex numbers, of which no history in time can be made",
                               file=op2.path, place=one.ident.place, expected="real displacements",
                               found=f"format {one.ident.form}",
                               remedy="compute a static, nonlinear or transient response (SOL 101, 106, 129, 400, 401)")
    if one.ident.sort != 1:
        raise UnsupportedError("the displacements are sorted by points and not by times", file=op2.path,
                               place=one.ident.place, expected="SORT1", found="SORT2",
                               remedy="ask for DISPLACEMENT(SORT1,PLOT)=ALL in the deck")


def _of_table(op2: Op2File, table: Table) -> list[Stored]:
    found, ident = [], None
    for record in table.records:
        if record.part < 3:
            continue
        if record.part % 2:
            short = record.n_byte < IDENT_WORDS * op2.layout.word
            if short and table.name not in (*_NODAL, *_BASIC, UNSURE):
                return []  # another table of such a name: TOUGS1 of a recovery of data has a matrix's columns
            ident = _ident(op2, table, record)
        elif ident is None:
            raise FileFormatError("results without an ident", file=op2.path, place=table.place,
                                  expected="an ident in part 3", found=f"part {record.part}")
        else:
            found.append(Stored(ident, record))
            ident = None
    return found


def _ident(op2: Op2File, table: Table, record: Record) -> Ident:
    words = op2.words(record)
    place = f"{table.place}, part {record.part}"
    if len(words) < IDENT_WORDS:
        raise FileFormatError("an ident is too short", file=op2.path, place=place, expected=f"{IDENT_WORDS} words",
                              found=f"{len(words)} words")
    analysis, code = int(words[0]) // 10, int(words[1])
    value = float(words[4]) if analysis in (STATICS, 2, 7, 8, 9) else shortest(words[4:5].view(op2.layout.reals)[0])
    return Ident(table.name, place, analysis, code % 1000, _sort(table.name, code), int(words[3]), value, int(words[8]),
                 int(words[9]), int(words[22]) > 0, op2.text(record, 82, 32).strip(),
                 " ".join(op2.text(record, 114, 32).split()))


def _sort(name: str, code: int) -> int:
    """1: by times, 2: by points. Codes of 2000 and above are of other formats too; the name has it as well."""
    return 2 if code // 1000 in (2, 3, 5, 7) or name.endswith("2") else 1


def shortest(value: np.floating) -> float:
    """The number of a few digits that a single precision one stands for: 0.01 for 0.0099999998."""
    return float(str(value))
