"""What a training has come to, beside its errors: sizes, a row a local basis, and notes."""

from __future__ import annotations

from typing import Any

import numpy as np

from romlib.archive.rom import Rom
from romlib.offline.bases import Bases
from romlib.offline.collect import Collection
from romlib.offline.options import OfflineOptions
from romlib.offline.reduce import Reduction
from romlib.offline.verify import causes


def sizes(collection: Collection, bases: Bases, rom: Rom) -> dict[str, int]:
    """Numbers by what they count; with several bases, modes of the largest one, and points of all together."""
    basis = bases.whole.basis
    n_point = int(np.count_nonzero(np.max([one.weights for one in rom.clusters], axis=0)))
    several = {} if bases.switching is None else {"local bases": bases.switching.n_local}
    return {"pieces": collection.pieces.n, "snapshots": int(collection.training.trains.sum()),
            "nodes": rom.manifest.n_node, "integration points": rom.manifest.n_ip, **several,
            "modes": max(one.n_mode for one in rom.clusters),
            "liftings": basis.n_lift, "cubature points": n_point,
            "points for reconstruction only": rom.points.n_point - n_point,
            **{f"modes of {dual.name}": dual.decomposition.n_mode for dual in bases.whole.duals.fields}}


def cluster_rows(bases: Bases, rom: Rom) -> list[dict[str, Any]]:
    """One plain mapping a basis; none where there is only one.

    cluster : its number. kind : "local" or "global". snapshots : that are nearest to it; of all that it is made of
    "trained_on". modes, points. run, time : of the snapshot in its middle.
    """
    if bases.switching is None:
        return []
    found, rows = bases.switching, []
    for k, (reduction, cluster) in enumerate(zip(bases.reductions, rom.clusters)):
        middle = found.medoids[k] if k != found.fallback else None
        rows.append({
            "cluster": k, "kind": "global" if middle is None else "local",
            "snapshots": None if middle is None else int((found.labels == k).sum()),
            "trained_on": len(reduction.rows.kept), "modes": cluster.n_mode, "points": cluster.n_weighted,
            "run": None if middle is None else found.run_names[found.runs[middle]],
            "time": None if middle is None else float(found.times[middle])})
    return rows


def notes(collection: Collection, bases: Bases, rom: Rom, beyond: list[str]) -> list[str]:
    """Sentences on what is other than was asked for. beyond : as of `romlib.offline.verify.beyond_limits`."""
    found, options = list(bases.notes), collection.options
    for k, reduction in enumerate(bases.reductions):
        local = reduction is not bases.whole
        prefix = f"cluster {k}: " if local else ""
        found += [prefix + sentence for sentence in _of_basis(reduction, options, local)]
    if beyond:
        found.append(f"accepted with errors beyond the limits: {'; '.join(beyond)}. "
                     f"{' '.join(causes(beyond, rom.manifest.errors, options))}")
    return found


def _of_basis(reduction: Reduction, options: OfflineOptions, local: bool) -> list[str]:
    notes, basis, selection = [], reduction.basis, reduction.selection
    if basis.without_energy:
        several = len(basis.without_energy) > 1
        notes.append(
            f"displacement mode{'s' if several else ''} {', '.join(map(str, basis.without_energy))} "
            f"({basis.lost:.1e} of the displacement in L2) {'have' if several else 'has'} no elastic energy and "
            f"{'were' if several else 'was'} dropped: hourglass motions that a reduced rule does not see, or rigid "
            "motions")
    if basis.decomposition.n_dropped and not local:
        notes.append(f"{basis.decomposition.n_dropped} eigenvalues of the displacement are rounding and were dropped")
    if selection.error > options.cubature_tolerance:
        why = "it has all the points of cubature_points" if len(selection.weights) == options.cubature_points else (
            f"it was chosen by {selection.n_combined} random combinations of the integrands" if selection.n_combined
            else "its candidates cannot do better with non-negative weights")
        notes.append(
            f"the cubature stopped at {selection.error:.3g}, short of {options.cubature_tolerance:.3g}: {why}")
    return notes
