"""Bulk data in the tables of an .op2: GEOM1 (grid points, systems), GEOM2 (elements), GEOM4 (rigid ones), EPT (PSOLID).

A table has a record for each kind of card: three words that name it, then its entries one after another.
Source: layouts as MSC and NX write them, documented in pyNastran (op2/tables/geom).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from romlib_converters.nastran.bulk import Bulk, Grids, SolidProperty, Solids
from romlib_converters.nastran.elements import CORNERS, NODES, Integration
from romlib_converters.nastran.op2 import Op2File, Record
from romlib_converters.nastran.systems import SystemCard

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.ids import IdIndex

_KEY = 3  # words before the entries of a record, which say of what card they are
_GRID = (4501, 45)
_SYSTEMS = {(2101, 21): (1, False), (2001, 20): (2, False), (2201, 22): (3, False),
            (1801, 18): (1, True), (1701, 17): (2, True), (1901, 19): (3, True)}  # kind, whether by grid points
_SOLIDS = {(7308, 73): "CHEXA", (4108, 41): "CPENTA", (5508, 55): "CTETRA", (17200, 172, 1000): "CPYRAM"}
_ENTRY = {"CHEXA": (22,), "CPENTA": (17,), "CTETRA": (12,), "CPYRAM": (16, 15)}
# Of elements that are no solids: name and words of an entry, where versions agree in them.
_OTHERS = {
    (2408, 24): ("CBAR", (16,)), (5408, 54): ("CBEAM", (18,)), (2608, 26): ("CBUSH", (14,)),
    (5608, 56): ("CBUSH1D", (8,)), (201, 2): ("CDAMP1", (6,)), (301, 3): ("CDAMP2", (6,)), (401, 4): ("CDAMP3", (4,)),
    (501, 5): ("CDAMP4", (4,)), (601, 6): ("CELAS1", (6,)), (701, 7): ("CELAS2", (8,)), (801, 8): ("CELAS3", (4,)),
    (901, 9): ("CELAS4", (4,)), (1908, 19): ("CGAP", (9,)), (1001, 10): ("CMASS1", (6,)),
    (1101, 11): ("CMASS2", (6,)), (1201, 12): ("CMASS3", (4,)), (1301, 13): ("CMASS4", (4,)),
    (1401, 14): ("CONM1", (24,)), (1501, 15): ("CONM2", (13,)), (1601, 16): ("CONROD", (8,)),
    (9108, 91): ("CQUAD", (11,)), (2958, 51): ("CQUAD4", (14, 15)), (4701, 47): ("CQUAD8", (17, 16, 18)),
    (8009, 80): ("CQUADR", (14, 15)), (3001, 30): ("CROD", (4,)), (3101, 31): ("CSHEAR", (6,)),
    (5959, 59): ("CTRIA3", (13, 14)), (4801, 48): ("CTRIA6", (13, 14, 15)), (9200, 92): ("CTRIAR", (13, 14)),
    (3701, 37): ("CTUBE", (4,)), (3901, 39): ("CVISC", (4,)), (6108, 61): ("CTRIAX6", (11,)),
    (9008, 90): ("CQUADX", (11,)), (10108, 101): ("CTRIAX", (8,)), (5201, 52): ("PLOTEL", (3,)),
    (15401, 154): ("CQUAD4", (14, 15)), (15301, 153): ("CTRIA3", (13, 14)), (7901, 79): ("CWELD", ()),
    (6901, 69): ("RBE2", ()), (7101, 71): ("RBE3", ()), (6601, 66): ("RBAR", (7,)), (6501, 65): ("RROD", (5,)),
    (7001, 70): ("RBE1", ()), (4901, 49): ("MPC", ()),
}
_WITHOUT_FORCES = ("PLOTEL",)
_SPOINTS = ((5551, 49), (707, 7))
_PROPERTIES = {(2402, 24): "PSOLID", (4706, 47): "PLSOLID", (16000, 160): "PCOMPS"}


def read_geometry(op2: Op2File) -> Bulk | None:
    """The bulk data of an .op2; None where it has no grid points or no elements.

    Raises
    ------
    FileFormatError : entries that fit no layout. UnsupportedError : grid points of superelements.
    """
    grids, systems = _grids(op2), _systems(op2)
    solids, others = _elements(op2)
    if grids is None or not (solids or others):
        return None
    used = sorted({number for one in solids.values() for number in one.used})
    sets = {f"PID_{number}": np.concatenate([one.of_property(number) for one in solids.values()])
            for number in used}
    return Bulk(op2.path, grids, solids, others, systems, _properties(op2), cell_sets=sets)


def parameter(op2: Op2File, name: str) -> str | None:
    """Value of a parameter that is a word, None where it is not among those that the file keeps."""
    for table in op2.tables:
        if table.name.startswith("PVT"):
            for record in table.records:
                words = op2.text(record, 0, record.n_byte // op2.layout.word)
                at = words.find(name.ljust(8))
                if at >= 0 and record.part > 2:
                    return words[at + 12:at + 20].strip()
    return None


def _cards(op2: Op2File, *prefixes: str) -> Iterator:
    """Key of three numbers and record of each kind of card in tables of these names."""
    for table in op2.tables:
        if table.name.startswith(prefixes):
            for record in table.records:
                if record.part > 2 and record.n_byte > 3 * op2.layout.word:
                    yield tuple(op2.words(record, _KEY).tolist()), record


def _grids(op2: Op2File) -> Grids | None:
    found = []
    for key, record in _cards(op2, "GEOM1"):
        if key[:2] == _GRID:
            found.append(_grid_entries(op2, record, key[2]))
    if not found:
        return None
    if len(found) == 1:
        one = found[0]
        return one if one.cd.min() >= 0 else replace(one, cd=np.maximum(one.cd, 0))
    ids, cp, given, cd = (np.concatenate(column) for column in zip(*((a.ids, a.cp, a.given, a.cd) for a in found)))
    if _has_twice(ids):  # some files have GEOM1 and GEOM1S
        first = _first_of_equal(np.column_stack([ids, cp, cd, given]))
        ids, cp, given, cd = ids[first], cp[first], given[first], cd[first]
    return Grids(ids, cp, given, np.maximum(cd, 0), all(one.single for one in found))


def _has_twice(ids: np.ndarray) -> bool:
    """Whether an id is there more than once."""
    return not (ids[1:] > ids[:-1]).all() and len(IdIndex(ids).twice) > 0


def _first_of_equal(rows: np.ndarray) -> np.ndarray:
    """Positions, in order, of rows (n, k) that are no copies of one before."""
    return np.sort(np.unique(rows, axis=0, return_index=True)[1])


def _grid_entries(op2: Op2File, record: Record, kind: int) -> Grids:
    """The grid points of a record; entries of 8 words, or 11 with double coordinates."""
    n_word, layout = op2.n_word(record) - _KEY, op2.layout
    layouts = [(8, layout.reals)] + [(11, np.dtype(f"{layout.order}f8"))] * (layout.word == 4)
    for size, number in layouts[::-1] if kind == 1120001 else layouts:
        found = None if n_word % size else _grid_points(op2, record, size, number)
        if found is not None:
            return found
    raise FileFormatError("the grid points are in no known layout", file=op2.path, place="GRID in GEOM1",
                          expected="entries of 8 or 11 words", found=f"{n_word} words",
                          remedy="give the deck with the option model")


def _grid_points(op2: Op2File, record: Record, size: int, number: np.dtype) -> Grids | None:
    """The grid points of a record with entries of `size` words and such coordinates; None where these are none."""
    integer, n, superelement = op2.layout.integers, (op2.n_word(record) - _KEY) // size, 0
    entry = np.dtype([("id", integer), ("cp", integer), ("x", number, 3), ("cd", integer), ("ps", integer),
                      ("seid", integer)])
    ids, cp, cd = np.empty(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)  # mostly there are no systems
    given = np.empty((n, 3), number.newbyteorder("="))
    for part, words in op2.rows(record, size, _KEY):
        rows = words.view(entry)[:, 0]
        ids[part] = rows["id"]
        for k in range(3):
            given[part, k] = rows["x"][:, k]
        for name, column in (("cp", cp), ("cd", cd)):
            if rows[name].any():
                column[part] = rows[name]
        if ids[part].min() < 1 or rows["cp"].min() < 0 or rows["cd"].min() < -1:
            return None
        superelement = superelement or int(rows["seid"].max() or rows["seid"].min())
    if _has_twice(ids):
        return None
    if superelement:
        raise UnsupportedError("the model has superelements, whose parts romlib does not join", file=op2.path,
                               place="GRID in GEOM1", found=f"superelement {superelement}",
                               remedy="compute the model without superelements")
    return Grids(ids, cp, given, cd, number.itemsize == 4)


def _systems(op2: Op2File) -> dict[int, SystemCard]:
    found: dict[int, SystemCard] = {}
    for key, record in _cards(op2, "GEOM1"):
        if key[:2] in _SYSTEMS:
            kind, by_grids = _SYSTEMS[key[:2]]
            data = op2.bytes_of(record)[3 * op2.layout.word:]
            cards = _by_grids(op2, data, kind) if by_grids else _by_points(op2, data, kind)
            if cards is None:
                raise FileFormatError("coordinate systems are in no known layout", file=op2.path,
                                      place=f"record {key} in GEOM1", found=f"{len(data) // op2.layout.word} words",
                                      remedy="give the deck with the option model")
            found.update((card.number, card) for card in cards)
    return found


def _by_grids(op2: Op2File, data: bytes, kind: int) -> list[SystemCard] | None:
    if len(data) % (6 * op2.layout.word):
        return None
    rows = np.frombuffer(data, op2.layout.integers).reshape(-1, 6)
    return [SystemCard(int(row[0]), kind, grids=tuple(row[3:].tolist())) for row in rows]


def _by_points(op2: Op2File, data: bytes, kind: int) -> list[SystemCard] | None:
    for size, number in ((13, op2.layout.reals), (22, np.dtype(f"{op2.layout.order}f8"))):
        if len(data) % (size * op2.layout.word) or (size == 22 and op2.layout.word == 8):
            continue
        rows = np.frombuffer(data, np.dtype([("head", op2.layout.integers, 4), ("x", number, (3, 3))]))
        if (rows["head"][:, 1] == kind).all() and (rows["head"][:, 3] >= 0).all():
            return [SystemCard(int(row["head"][0]), kind, int(row["head"][3]),
                               tuple(tuple(point) for point in row["x"].astype(float).tolist())) for row in rows]
    return None


def _elements(op2: Op2File) -> tuple[dict[str, Solids], dict[str, int]]:
    parts: dict[str, list[Solids]] = {}
    others: Counter[str] = Counter()
    for key, record in _cards(op2, "GEOM2", "GEOM4"):
        name = _SOLIDS.get(key) or _SOLIDS.get(key[:2])
        if name is not None:
            parts.setdefault(name, []).append(_solid_entries(op2, name, record))
        elif key[:2] in _OTHERS:
            other, sizes = _OTHERS[key[:2]]
            others[other] += _count(op2.words(record)[_KEY:], sizes)
        elif key[:2] not in _SPOINTS and key[0] not in (65535, 0) and _is_geometry(op2, record):
            others[f"card {key[0]}"] += 1
    return ({name: _joined(name, found) for name, found in parts.items()},
            {name: count for name, count in others.items() if name not in _WITHOUT_FORCES})


def _joined(name: str, parts: list[Solids]) -> Solids:
    """Elements of several records in one; those that are there again are left out."""
    if len(parts) == 1 and not _has_twice(parts[0].ids):
        return parts[0]
    rows = np.concatenate([np.column_stack([one.ids, one.properties, _widened(one.nodes, NODES[name])])
                           for one in parts])
    if _has_twice(rows[:, 0]):
        rows = rows[_first_of_equal(rows)]
    return Solids(rows[:, 0], rows[:, 1], rows[:, 2:])


def _widened(nodes: np.ndarray, width: int) -> np.ndarray:
    """Nodes (n, width), with zeros behind those that are there."""
    found = np.zeros((len(nodes), width), nodes.dtype)
    found[:, :nodes.shape[1]] = nodes
    return found


def _is_geometry(op2: Op2File, record: object) -> bool:
    """Whether a record is in GEOM2, where all are elements; GEOM4 has constraints too."""
    return any(record in table.records for table in op2.tables if table.name.startswith("GEOM2"))


def _count(words: np.ndarray, sizes: tuple[int, ...]) -> int:
    """Entries of a card: by the sizes that versions give them, else (RBE2, RBE3, MPC) by the -1 or -3 at each end."""
    for size in sizes:
        if not len(words) % size:
            return len(words) // size
    return max(1, int((words == -1).sum()), int((words == -3).sum()))


def _solid_entries(op2: Op2File, name: str, record: Record) -> Solids:
    """The elements of a record."""
    n_word = op2.n_word(record) - _KEY
    for size in _ENTRY[name]:
        found = None if n_word % size else _solids(op2, name, record, size)
        if found is not None:
            return found
    raise FileFormatError(f"the elements {name} are in no known layout", file=op2.path, place=f"{name} in GEOM2",
                          expected=f"entries of {' or '.join(map(str, _ENTRY[name]))} words",
                          found=f"{n_word} words", remedy="give the deck with the option model")


def _solids(op2: Op2File, name: str, record: Record, size: int) -> Solids | None:
    """The elements of a record with entries of `size` words; None where these are none."""
    n, corners, most = (op2.n_word(record) - _KEY) // size, CORNERS[name], NODES[name]
    integer = op2.layout.integers.newbyteorder("=")
    ids, properties, nodes = np.empty(n, np.int64), np.empty(n, integer), np.empty((n, corners), integer)
    for part, rows in op2.rows(record, size, _KEY):
        middle = rows[:, 2 + corners:2 + most]
        if rows[:, :2 + corners].min(initial=1) < 1 or middle.min(initial=0) < 0:
            return None
        if nodes.shape[1] == corners and middle.any():
            nodes = _widened(nodes, most)
        ids[part], properties[part], nodes[part] = rows[:, 0], rows[:, 1], rows[:, 2:2 + nodes.shape[1]]
    return Solids(ids, properties, nodes)


def _properties(op2: Op2File) -> dict[int, SolidProperty]:
    found: dict[int, SolidProperty] = {}
    for key, record in _cards(op2, "EPT"):
        name = _PROPERTIES.get(key[:2])
        words = op2.words(record)[_KEY:]
        if name == "PSOLID" and not len(words) % 7:
            for row, at in zip(words.reshape(-1, 7).tolist(), range(3, 3 + len(words), 7)):
                function = op2.text(record, at + 6, 1)[:4].strip()
                found[row[0]] = SolidProperty(name, row[1], row[2], Integration(row[3], row[5] == 1),
                                              function or "SMECH")
        elif name is not None and len(words):
            found[int(words[0])] = SolidProperty(name)
    return found
