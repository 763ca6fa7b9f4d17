"""The control block of a d3plot: what the database has, and how long its parts are.

A d3plot is a sequence of words, of 4 bytes, or of 8 where the run was in double precision, in either byte order. The
first 64 words say how many there are of everything. Source: LS-DYNA Database Binary Output Files (Livermore Software).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from romlib_converters.common.kinds import refuse_no_history
from romlib_converters.common.records import Layout

from romlib.errors import FileFormatError, UnsupportedError

WORDS = 64
D3PLOT, D3PART, INTFOR, D3EIGV = 1, 5, 4, 11
KINDS = (D3PLOT, INTFOR, D3PART, D3EIGV)
_COMPRESSED = 76_893_465  # in NMMAT: femzip
_MOST = 1 << 31  # of anything
_NAMES = {
    "filetype": 11, "ndim": 15, "numnp": 16, "nglbv": 18, "it": 19, "iu": 20, "iv": 21, "ia": 22, "nel8": 23,
    "nv3d": 27, "nel2": 28, "nv1d": 30, "nel4": 31, "nv2d": 33, "neiph": 34, "neips": 35, "maxint": 36, "nmsph": 37,
    "narbs": 39, "nelt": 40, "nv3dt": 42, "ioshl1": 43, "ioshl2": 44, "ioshl3": 45, "ioshl4": 46, "ialemat": 47,
    "ncfdv1": 48, "nadapt": 50, "nmmat": 51, "npefg": 54, "nel48": 55, "idtdt": 56, "extra": 57}
_EXTRA = {"nel20": 64, "nt3d": 65, "nel27": 66, "nel21p": 68, "nel15t": 69, "nel20t": 71, "nel40p": 72, "nel64": 73}
_QUADRATIC = {"nel20": "20-node hexahedra", "nel27": "27-node hexahedra", "nel21p": "21-node wedges",
              "nel15t": "15-node tetrahedra", "nel20t": "20-node tetrahedra", "nel40p": "40-node wedges",
              "nel64": "64-node hexahedra"}


def layout_of(head: bytes) -> Layout | None:
    """The layout of a control block, judged by its first 64 words; None where they are none."""
    for word in (4, 8):
        for order in "<>":
            layout = Layout(word, order)
            if len(head) < WORDS * word:
                continue
            words = np.frombuffer(head[:WORDS * word], layout.integers)
            kind = int(words[11]) % 1000
            counts = words[[16, 28, 31, 40]]
            version = float(words[14:15].view(layout.reals)[0])
            if kind in KINDS and 2 <= words[15] <= 9 and (counts >= 0).all() and (counts < _MOST).all() and (
                    version == 0.0 or 1.0 <= version < 1e5):
                return layout
    return None


class Control:
    """The numbers of a control block. Counts are attributes of the names that the manual has, in lower case.

    Raises
    ------
    UnsupportedError : a database that has no states of a whole structure, or elements that romlib lacks.
    FileFormatError : numbers that contradict each other.
    """

    def __init__(self, head: bytes, layout: Layout, file: Path) -> None:
        words = np.frombuffer(head[:len(head) // layout.word * layout.word], layout.integers)
        self.layout, self.file = layout, file
        self._numbers = {name: int(words[at]) for name, at in _NAMES.items()}
        extra = max(self._numbers["extra"], 0)
        self._numbers |= {name: int(words[at]) if at < min(WORDS + extra, len(words)) else 0
                          for name, at in _EXTRA.items()}
        self.end = WORDS + extra  # words
        self.title = head[:10 * layout.word].split(b"\0")[0].decode("latin-1").strip()
        version = float(words[14:15].view(layout.reals)[0])
        self.version = f"{version:g}" if version else ""
        self._refuse()

    def __getitem__(self, name: str) -> int:
        return self._numbers[name]

    @property
    def n_solid(self) -> int:
        """Number of solids."""
        return abs(self["nel8"])

    @property
    def has_ten_nodes(self) -> bool:
        """Whether solids have two more nodes: tetrahedra of ten."""
        return self["nel8"] < 0

    @property
    def n_stress(self) -> int:
        """Stress components of a point of a solid."""
        return 6 if self["ioshl1"] in (999, 1000) else 0

    @property
    def has_plastic_strain(self) -> bool:
        """Whether points of solids have the effective plastic strain."""
        return self["ioshl2"] in (999, 1000)

    @property
    def width(self) -> int:
        """Values of a point of a solid: stress, plastic strain, other variables."""
        return self.n_stress + int(self.has_plastic_strain) + self["neiph"]

    @property
    def n_point(self) -> int:
        """Points of a solid of which values are stored: one or eight."""
        return 8 if self.width and self["nv3d"] // self.width >= 8 else 1

    @property
    def has_material_types(self) -> bool:
        """Whether there is a list of the material types of parts."""
        return self["ndim"] in (5, 7)

    @property
    def deletes(self) -> str:
        """What states say of erosion: "elements", "nodes", or nothing."""
        if self["maxint"] <= -10000:
            return "elements"
        return "nodes" if self["maxint"] < 0 else ""

    def nodal(self) -> Iterator[tuple[str, int]]:
        """Variables of nodes in a state, in order, and their components."""
        heat, scaled = self["it"] % 10, self["it"] // 10 % 10 == 1
        gradient, residual = self["idtdt"] % 10 == 1, self["idtdt"] // 10 % 10 == 1
        for name, there, n_comp in (
                ("position", self["iu"] != 0, 3), ("temperature", heat in (1, 2, 3), 3 if heat == 3 else 1),
                ("heat_flux", heat in (2, 3), 3), ("mass_scaling", scaled, 1), ("temperature_rate", gradient, 1),
                ("residual", residual, 6), ("velocity", self["iv"] != 0, 3), ("acceleration", self["ia"] != 0, 3)):
            if there:
                yield name, n_comp

    def _refuse(self) -> None:
        kind = self["filetype"] % 1000
        if kind == D3EIGV:
            refuse_no_history("modal", self.file, found="d3eigv")
        if kind != D3PLOT:
            raise UnsupportedError("the database is not that of a whole structure", file=self.file, expected="a d3plot",
                                   found={INTFOR: "an interface force file (intfor)", D3PART: "a d3part"}[kind],
                                   remedy="convert the d3plot")
        if self["nmmat"] == _COMPRESSED or self.file.suffix.lower() == ".fz":
            raise UnsupportedError("the database is compressed by femzip", file=self.file, expected="a plain d3plot",
                                   remedy="decompress it with femunzip")
        for name, what in (("ncfdv1", "fluid dynamics"), ("nadapt", "adaptive remeshing: the mesh changes in time")):
            if self[name]:
                raise UnsupportedError(f"a database of {what}", file=self.file, place=f"control word {name.upper()}",
                                       found=self[name], expected="0")
        if self["ndim"] == 2:
            raise UnsupportedError("a two-dimensional database", file=self.file, place="control word NDIM",
                                   expected="3 or 4 to 9", found=2)
        for name, what in _QUADRATIC.items():
            if self[name]:
                raise UnsupportedError(f"{what} are not read", file=self.file, place=f"control word {name.upper()}",
                                       found=self[name], expected="0")
        counts = ("numnp", "nglbv", "nv3d", "nel2", "nv1d", "nel4", "nv2d", "neiph", "nmsph", "nelt", "nv3dt",
                  "ialemat", "nel48", "nt3d", "narbs")
        wrong = [name for name in counts if not 0 <= self[name] < _MOST]
        if wrong or self.n_solid >= _MOST:
            raise FileFormatError("the control block contradicts itself", file=self.file,
                                  place=f"control word {(wrong or ['nel8'])[0].upper()}", expected="a count",
                                  found=self[(wrong or ["nel8"])[0]])
        if not self.n_solid:
            others = {"thick shells": self["nelt"], "beams": self["nel2"], "shells": self["nel4"]}
            there = ", ".join(f"{count} {name}" for name, count in others.items() if count)
            raise UnsupportedError("the database has no solids", file=self.file, found=there or "no elements",
                                   expected="hexahedra, wedges, tetrahedra")
        if not self["iu"]:
            raise FileFormatError("the states have no coordinates of nodes", file=self.file, place="control word IU",
                                  expected="1", found=0, remedy="write them: *DATABASE_EXTENT_BINARY")
