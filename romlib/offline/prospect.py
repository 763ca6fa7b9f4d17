"""What local bases of a training set would gain, by its Gram matrices and the cost of a step; no ROM is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from romlib.clusters.dissimilarity import norms
from romlib.clusters.gain import Fields
from romlib.clusters.prospect import ProspectData, Prospects, prospects
from romlib.model.clusters import OF_CASES, OF_SNAPSHOTS, ClusterOptions
from romlib.offline.collect import Collection
from romlib.offline.displacement import prescribed_names
from romlib.offline.online_cost import measure_cost
from romlib.offline.options import OfflineOptions
from romlib.offline.pod import lifting_combination, pod
from romlib.offline.rows import Rows
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm

NUMBERS = (1, 2, 4, 8, 16)


def prospects_of(
    training: TrainingSet, grams: Mapping[str, np.ndarray], options: OfflineOptions, kinds: Sequence[ClusterOptions],
    comm: Comm, *, numbers: Sequence[int] | None = None, tolerance: float | None = None, hold_out: bool = False,
) -> Prospects:
    """Local bases of a training set beside the global one that the options ask for; the same on every rank. Collective.

    Parameters
    ----------
    grams : by name (n_snapshot, n_snapshot): "displacement", "energy", and "stress" where it is compared. Those of the
        snapshots that displacement modes are made of count (`Modal`).
    kinds : what is compared, the first of them recommended of. numbers : of clusters, by default those of `NUMBERS`
        that there are enough snapshots (or runs) for. tolerance, hold_out : see `romlib.clusters.prospect.prospects`.
    """
    def made() -> Prospects:
        data = data_of(training, grams, options)
        most = int(data.runs[-1]) + 1 if kinds[0].choose == "input" else len(data.runs)
        wanted = [number for number in NUMBERS if number <= most] if numbers is None else numbers
        n_mode = pod(data.fields.pod, tolerance=options.pod_tolerance, n_mode=options.modes).n_mode
        return prospects(data, kinds, wanted, n_mode, tolerance, hold_out)

    return comm.on_root_for_long(made)  # times that were measured differ between ranks


@dataclass(frozen=True, eq=False)
class Modal:
    """The snapshots that displacement modes are made of, by the roles of their files.

    kept : (n,), their numbers. runs, times : (n,), position in `run_names`, and time of each.
    """

    kept: np.ndarray
    runs: np.ndarray
    times: np.ndarray
    run_names: tuple[str, ...]

    @classmethod
    def of(cls, training: TrainingSet) -> Modal:
        """Those of a training set; InputError where there is none."""
        kept = training.rows_for("displacement", Rows.of(training.n_snapshot, None)).kept
        numbers, runs = np.unique(training.run_of[kept], return_inverse=True)
        return cls(kept, runs, training.times[kept], tuple(training.runs[number].name for number in numbers))


def data_of(training: TrainingSet, grams: Mapping[str, np.ndarray], options: OfflineOptions) -> ProspectData:
    """What prospects are made from, the cost of a step measured. Of this process alone."""
    modal = Modal.of(training)
    own = np.ix_(modal.kept, modal.kept)
    of_modes = {name: gram[own] for name, gram in grams.items()}
    names = prescribed_names(training.model)
    amplitudes = training.amplitudes(names)[modal.kept]
    remove = np.eye(len(modal.kept)) - amplitudes @ lifting_combination(amplitudes, names)
    norm = of_modes["energy" if options.pod_norm == "energy" else "displacement"]
    best, energy = (remove @ (0.5 * (gram + gram.T)) @ remove.T for gram in (norm, of_modes["energy"]))
    return ProspectData(Fields(best, energy, norms(of_modes["energy"])), of_modes, modal.runs, modal.times,
                    training.runs[0].snapshots.n_ip_total, options.cubature_tolerance, measure_cost(training))


def kinds_beside(options: ClusterOptions, stress: bool) -> list[ClusterOptions]:
    """First what the options say, then the other dissimilarities, angles plain and geodesic.

    stress : whether that of the stress is one of them; where it is not, that of the displacement in the energy takes
    its place.
    """
    if options.choose == "input":
        names = [(kind, along) for kind in OF_CASES for along in (True, False)]
    else:
        names = [(kind, along) for kind in OF_SNAPSHOTS if kind != "stress" or stress
                 for along in ((True, False) if kind in ("stress", "energy", "displacement") else (False,))]
    chosen = "energy" if options.gram == "stress" and not stress else options.dissimilarity
    first = chosen, options.geodesic and chosen not in ("time", "random")
    return [options.model_copy(update={"dissimilarity": kind, "geodesic": along})
            for kind, along in dict.fromkeys([first, *names])]


def settle_number(collection: Collection) -> None:
    """Put the number of clusters that is recommended into the options, where they leave it open. Collective."""
    options = collection.options.clusters
    if options.number != "auto":
        return
    with collection.stages.stage("clusters"):
        grams = {"displacement": collection.displacement, "energy": collection.energy}
        if options.gram == "stress":
            grams["stress"] = collection.dual.grams["stress"]
        found = prospects_of(collection.training, grams, collection.options, [options], collection.pieces.comm)
        chosen = found.recommendation
        collection.stages.say("clusters", f"number {chosen.number}: {chosen.reason}")
    collection.options = collection.options.model_copy(
        update={"clusters": options.model_copy(update={"number": chosen.number})})
