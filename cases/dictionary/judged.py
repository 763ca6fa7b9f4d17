"""True errors of runs of a ROM against full order, with the bounds that the ROM has for them, and what each costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.loads.nodal_temperature import NodalTemperature
from romlib.mesh.mass import mass_matrix
from romlib.mesh.operator import StrainOperator
from romlib.model import Case
from romlib.online.rom import ReducedOrderModel
from romlib.snapshots import Snapshots
from romlib.solution.solution import Solution

QUANTITIES = ("displacement", "stress", "p")


class Norms:
    """L2 norms over the volume of a mesh, piece by piece."""

    def __init__(self, mesh_file: Path) -> None:
        with Snapshots(mesh_file) as file:
            meshes = [file.mesh(piece) for piece in range(file.n_piece)]
        self._mass = [mass_matrix(mesh) for mesh in meshes]
        self._weights = [StrainOperator(mesh).positive_weights for mesh in meshes]

    def square(self, field: str, piece: int, values: np.ndarray) -> np.ndarray:
        """(n_step,) of values (n_step, n, n_comp) on a piece."""
        if field == "displacement":
            return np.array([np.einsum("ni,ni->", u, self._mass[piece] @ u) for u in values])
        return np.einsum("i,tij,tij->t", self._weights[piece], values, values)


@dataclass(frozen=True)
class Reference:
    """A full-order run in memory: by field and piece, (n_step, n, n_comp); squares : of its norms, (n_step,)."""

    fields: Mapping[str, list[np.ndarray]]
    squares: Mapping[str, np.ndarray]

    @classmethod
    def read(cls, path: Path, norms: Norms) -> Reference:
        """Of a file with displacement, stress and p."""
        with Snapshots(path) as file:
            fields = {name: [file.read(name, piece) for piece in range(file.n_piece)] for name in QUANTITIES}
        return cls(fields, {name: np.sum([norms.square(name, piece, values) for piece, values in enumerate(parts)],
                                         axis=0) for name, parts in fields.items()})


@dataclass(frozen=True)
class Judged:
    """A run. errors, bounds : by quantity, of the whole run; a bound that is withheld is NaN.

    proposed, probability, novelty : of `romlib.archive.dictionary.Choice`; None where the classifier was not asked.
    """

    name: str
    cluster: int
    proposed: int | None
    probability: float | None
    novelty: float | None
    errors: dict[str, float]
    bounds: dict[str, float]


def judge(solution: Solution, name: str, reference: Reference, norms: Norms, least: Mapping[str, float]) -> Judged:
    """max_t ||a - b|| / max_t ||b||, b the full order; least : by quantity, what max_t ||b|| counts as at least."""
    errors = {}
    for field in QUANTITIES:
        aside = np.sum([norms.square(field, piece, solution.field(field, slice(None), piece) - values)
                        for piece, values in enumerate(reference.fields[field])], axis=0)
        size = max(float(np.sqrt(reference.squares[field].max())), least[field])
        errors[field] = float(np.sqrt(aside.max())) / size
    bounds = {name: float(np.asarray(found)[-1]) for name, found in solution.error_bound.items()}
    choice = solution.choice
    chosen = (None, None, None) if choice is None else (choice.proposed, choice.probability, choice.novelty)
    return Judged(name, int(solution.clusters[-1]), *chosen, errors,
                  {field: bounds.get(field, np.nan) for field in QUANTITIES})


def cost(rom: ReducedOrderModel, case: Case, cluster: int | None, repeat: int = 9) -> float:
    """Milliseconds of processor time, the choice of the basis included: the least of several runs in a process.

    The temperature is in memory, as for many cases one after the other.
    """
    assert case.temperature is not None
    with Snapshots(case.temperature.file) as file:
        parts = [(file.mesh(piece).node_ids, file.read("temperature", piece)[:, :, 0]) for piece in range(file.n_piece)]
        ids, first = np.unique(np.concatenate([part[0] for part in parts]), return_index=True)
        heat = NodalTemperature(file.times, np.concatenate([part[1] for part in parts], axis=1)[:, first], ids)
    used = []
    for _ in range(repeat):
        start = time.process_time()
        rom.solve(times=case.times, amplitudes=case.amplitudes, temperature=heat, cluster=cluster)
        used.append(time.process_time() - start)
    return 1e3 * min(used)
