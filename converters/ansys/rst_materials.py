"""Materials in a .rst: pointers to the properties of each material, then to its tables (TB)."""

from __future__ import annotations

import numpy as np
from romlib_converters.ansys.materials import AnsysMaterial, Hardening, Property
from romlib_converters.ansys.records import item, pointer
from romlib_converters.ansys.rst import RstFile

from romlib.model import Omission

# Labels of properties in the order of their pointers (mpcom.inc); tables follow.
_LABELS = ("EX", "EY", "EZ", "NUXY", "NUYZ", "NUXZ", "GXY", "GYZ", "GXZ", "ALPX", "ALPY", "ALPZ", "DENS", "MU",
           "DAMP", "KXX", "KYY", "KZZ", "RSVX", "RSVY", "RSVZ", "C", "HF", "VISC", "EMIS", "ENTH", "LSST", "PRXY",
           "PRYZ", "PRXZ", "MURX", "MURY", "MURZ", "PERX", "PERY", "PERZ", "MGXX", "MGYY", "MGZZ", "EGXX", "EGYY",
           "EGZZ", "SBKX", "SBKY", "SBKZ", "SONC", "DMPS", "ELIM", "USR1", "USR2", "USR3", "USR4", "FLUI", "ORTH",
           "CABL", "RIGI", "HGLS", "BVIS", "QRAT", "REFT", "CTEX", "CTEY", "CTEZ", "THSX", "THSY", "THSZ", "DMPR",
           "LSSM", "BETD", "ALPD", "RH", "DXX", "DYY", "DZZ", "BETX", "BETY", "BETZ", "CSAT", "CREF", "CVH")
_MODERN = -101  # the first value of the pointers since release 14
_ROOM = 100  # temperatures before the values of a property
_IDS = (81, 82)  # tables that say who made the material
_BISO = 101
# A bilinear table with one temperature begins so; then follow the temperature, the yield stress at six temperatures and
# the tangent modulus at six.
_BISO_HEAD = (4, 1, 1, 2, 3, 6, 1, 3, 1, 1, 0, 33)
_BISO_SIZE, _YIELD, _TANGENT = 33, 21, 27


def stored_materials(rst: RstFile) -> tuple[list[AnsysMaterial], list[Omission]]:
    """The materials of a file, and what is said of those that cannot be read."""
    n, at = item(rst.geometry, 13), pointer(rst.geometry, 34, 35)
    if not n or not at:
        return [], []
    index = rst.records.integers(at, "the pointers of materials")
    if index[0] == _MODERN:
        step, left = divmod(len(index) - 5, n)
        rows = index[3:3 + n * step].reshape(n, step) if not left and step > len(_LABELS) else None
    else:  # no numbers of materials: with one material there is no question
        rows = np.concatenate([[_only_number(rst)], index])[None] if n == 1 else None
    if rows is None:
        return [], [Omission(name="materials", does_work=True, description=(
            f"the table of {n} materials has a layout that is not known: their laws are left to the study"))]
    return [_read(rst, at, row) for row in rows], []


def _only_number(rst: RstFile) -> int:
    numbers = np.unique(rst.database.elements.materials)
    return int(numbers[0]) if len(numbers) == 1 else 1


def _read(rst: RstFile, at: int, row: np.ndarray) -> AnsysMaterial:
    found = AnsysMaterial(int(row[0]))
    for label, offset in zip(_LABELS, row[1:].tolist(), strict=False):
        if not offset:
            continue
        values = rst.records.numbers(at + offset, f"{label} of material {found.number}")
        n = len(values) - _ROOM
        if n < 1:
            found.others.append(f"{label} has a layout that is not known")
            continue
        found.properties[label] = Property(tuple(values[:n].tolist()), tuple(values[_ROOM:].tolist()))
    tables = 1 + len(_LABELS) + np.flatnonzero(row[1 + len(_LABELS):])
    for number in tables.tolist():
        if number in _IDS:
            continue
        values = rst.records.numbers(at + int(row[number]), f"a table of material {found.number}")
        if number == _BISO and len(values) == _BISO_SIZE and tuple(values[:12]) == _BISO_HEAD \
                and not values[12:_YIELD].any() and not np.delete(values[_YIELD:], [0, _TANGENT - _YIELD]).any():
            found.hardening.append(Hardening("BISO", {1: float(values[_YIELD]), 2: float(values[_TANGENT])},
                                             place="TB,BISO"))
        else:
            found.others.append(f"its table {number - len(_LABELS)} (TB) is not read")
    return found
