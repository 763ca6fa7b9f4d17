"""Writes small databases of LS-DYNA: what the converter's tests read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

END = -999999.0


@dataclass
class D3plotWriter:
    """solids : (n, 9), positions from 1 and part. stored : points of a solid, of 6 stresses and the plastic strain.

    order, word : of the layout. extra : (n, 2), nodes nine and ten. again : whether these are repeated behind the
    numbers, as some writers do. control : words of the block, over all others.
    """

    points: np.ndarray
    solids: np.ndarray
    node_ids: np.ndarray | None = None
    solid_ids: np.ndarray | None = None
    part_ids: Sequence[int] = (1,)
    stored: int = 1
    order: str = "<"
    word: int = 4
    deletes: str = ""
    temperature: bool = False
    shells: int = 0
    beams: int = 0
    again: bool = False
    extra: np.ndarray | None = None
    material_types: Sequence[int] = ()
    control: dict[int, int] = field(default_factory=dict)

    @property
    def ints(self) -> np.dtype:
        return np.dtype(f"{self.order}i{self.word}")

    @property
    def reals(self) -> np.dtype:
        return np.dtype(f"{self.order}f{self.word}")

    def geometry(self) -> bytes:
        """Control block, geometry, numbers."""
        n, m = len(self.points), len(self.solids)
        words = np.zeros(64 + self.control.get(57, 0), self.ints)
        arbitrary = self.node_ids is not None
        narbs = 16 + n + m + self.beams + self.shells + len(self.part_ids) if arbitrary else 0
        for at, value in {11: 1, 15: 5 if self.material_types else 4, 16: n, 18: 2, 19: 1 if self.temperature else 0,
                          20: 1, 23: -m if self.extra is not None else m, 24: 1, 27: 7 * self.stored,
                          28: self.beams, 30: 6, 31: self.shells,
                          33: 3, 36: {"": 0, "elements": -10000, "nodes": -1}[self.deletes], 39: narbs, 43: 999,
                          44: 999, 51: len(self.part_ids), **self.control}.items():
            words[at] = value
        words[14:15] = np.array([971.0]).astype(self.reals).view(self.ints)
        parts = [words.tobytes()]
        if self.material_types:
            parts.append(np.array([0, len(self.material_types), *self.material_types], self.ints).tobytes())
        parts += [self.points.astype(self.reals).tobytes(), self.solids.astype(self.ints).tobytes()]
        if self.extra is not None:
            parts.append(self.extra.astype(self.ints).tobytes())
        parts.append(np.tile(np.array([1, 2, 3, 0, 0, 1], self.ints), self.beams).tobytes())
        parts.append(np.tile(np.array([1, 2, 3, 4, 1], self.ints), self.shells).tobytes())
        if arbitrary:
            head = np.zeros(16, self.ints)
            head[0], head[5:10], head[13] = -1, (n, m, self.beams, self.shells, 0), len(self.part_ids)
            parts += [head.tobytes(), *(np.asarray(ids).astype(self.ints).tobytes() for ids in (
                self.node_ids, self.solid_ids, np.arange(1, self.beams + 1), np.arange(1, self.shells + 1),
                self.part_ids))]
        if self.extra is not None and self.again:
            parts.append(self.extra.astype(self.ints).tobytes())
        return b"".join(parts)

    def state(self, time: float, displacement: np.ndarray, values: np.ndarray | None = None,
              alive: np.ndarray | None = None, heat: np.ndarray | None = None) -> bytes:
        """A state. values : (n, 7 * stored). alive : (n,), of solids or nodes."""
        m = len(self.solids)
        parts = [[time, 0.0, 0.0], (self.points + displacement).ravel()]
        if self.temperature:
            parts.append(heat)
        parts.append(np.full(self.control.get(65, 0) * m, 3.0))
        parts += [(np.zeros((m, 7 * self.stored)) if values is None else values).ravel(),
                  np.full(6 * self.beams, 5.0), np.full(3 * self.shells, 7.0)]
        if self.deletes == "elements":
            parts += [np.ones(m) if alive is None else alive, np.ones(self.shells), np.ones(self.beams)]
        elif self.deletes == "nodes":
            parts.append(np.ones(len(self.points)) if alive is None else alive)
        return np.concatenate([np.asarray(part, float) for part in parts]).astype(self.reals).tobytes()

    def write(self, folder: Path, states: Sequence[bytes], a_file: int = 2, padding: int = 0) -> Path:
        """d3plot with the geometry, and `a_file` states in each of the following files. padding : zero words."""
        end = np.array([END]).astype(self.reals).tobytes() + bytes(padding * self.word)
        (folder / "d3plot").write_bytes(self.geometry() + end)
        for number in range(0, len(states), a_file):
            name = folder / f"d3plot{number // a_file + 1:02d}"
            name.write_bytes(b"".join(states[number:number + a_file]) + end)
        return folder / "d3plot"
