"""What CalculiX's own results say: the force on the top edge, and p at the integration points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.fem.piece import Piece
from romlib.loads.amplitudes import evaluate
from romlib.model import Case, Model
from romlib.online.rom import ReducedOrderModel
from romlib.snapshots import Snapshots
from romlib.study import Study


def edge_force(file: Snapshots, tag: str = "TOP", component: int = 1) -> np.ndarray:
    """Sum of the internal forces of a node tag, (n_step,): what the edge is pulled with."""
    total = np.zeros(file.n_step)
    for piece in range(file.n_piece):
        nodes = file.mesh(piece).node_tags.get(tag)
        if nodes is not None:
            total += file.read("internal_force", piece)[:, nodes, component].sum(axis=1)
    return total


def last_p(file: Snapshots, study: Study) -> list[np.ndarray]:
    """p at the last time, by piece (n_ip,): the first STATEV, or by the UMAT where the file has no STATEV."""
    if "statev" in file.fields:
        return [file.read("statev", piece, file.n_step - 1)[:, 0] for piece in range(file.n_piece)]
    return [_replayed(file, study.complete(file.model), piece)[-1] for piece in range(file.n_piece)]


def _replayed(file: Snapshots, model: Model, piece: int) -> np.ndarray:
    law = Piece(file.mesh(piece), model)
    strain = law.operator.strain(file.read("displacement", piece))
    return law.replay(model.amplitudes, ["p"]).block(file.times, strain)["p"][..., 0]


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference over time, over the largest reference."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@dataclass(frozen=True)
class Curve:
    """stretch : of the top edge, mm. reduced, reference : the force on it, N. Each (n_step,), at the file's times."""

    stretch: np.ndarray
    reduced: np.ndarray
    reference: np.ndarray

    @classmethod
    def of(cls, rom: ReducedOrderModel, case: Case, file: Snapshots) -> Curve:
        solution = rom.solve(case)
        ((name, conjugate),) = solution.reactions.items()  # of the one prescribed displacement, per unit of amplitude
        trained = rom.archive.model.constraints[name]
        at = np.searchsorted(solution.times, file.times - 1e-9)
        stretch = trained.value * evaluate(case.amplitudes[name], file.times)
        return cls(stretch, conjugate[at] / trained.value, edge_force(file, trained.nodes))
