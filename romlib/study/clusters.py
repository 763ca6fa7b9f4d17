"""What local bases would gain, of the training runs of a study, before anyone trains them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from romlib.clusters.dissimilarity import of_cases
from romlib.clusters.mapping import plane_map
from romlib.clusters.partition import dissimilarity_of, searched
from romlib.clusters.prospect import Prospect, Prospects, named, shown
from romlib.errors import StudyError
from romlib.model.clusters import ClusterOptions
from romlib.offline.agreement import agree
from romlib.offline.collect import displacement_grams
from romlib.offline.gather import gather, refuse_parameters
from romlib.offline.prospect import Modal, kinds_beside, prospects_of
from romlib.parallel.comm import Comm, world
from romlib.parallel.pieces import Pieces
from romlib.report.plot_cluster_map import ClusterPicture, plot_cluster_map
from romlib.study.checking import check_training
from romlib.study.runs import training_set
from romlib.study.study import Study
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.offline.training import TrainingSet


@dataclass(frozen=True, eq=False)
class Clusters:
    """name : of the study. options : its [clusters]. prospects : of both. grams : by name (n_snapshot, n_snapshot), of
    the snapshots that displacement modes are made of. runs : (n_snapshot,), position in `run_names`; times :
    (n_snapshot,); unit : of the times."""

    name: str
    options: ClusterOptions
    prospects: Prospects
    grams: Mapping[str, np.ndarray]
    run_names: tuple[str, ...]
    runs: np.ndarray
    times: np.ndarray
    unit: str

    def snapshot(self, number: int) -> tuple[str, float]:
        """Run and time of a snapshot."""
        return self.run_names[self.runs[number]], float(self.times[number])

    @property
    def shown(self) -> Prospect:
        """The one that tables and pictures look at more closely; see `romlib.clusters.prospect.shown`."""
        number = self.options.number
        return shown(self.prospects, None if number == "auto" else number)

    def plot(self, output: str | Path) -> None:
        """Write a picture (.png) of `shown`: a map of the snapshots, singular values, errors against modes.

        Raises
        ------
        InputError : matplotlib is not installed.
        """
        one, base = self.shown, self.prospects.base
        options = self.options.model_copy(update={"dissimilarity": one.dissimilarity, "geodesic": one.geodesic})
        if self.options.choose == "input":
            plain = of_cases(self.grams[str(options.gram)], self.runs, options.dissimilarity)
            there = np.searchsorted(self.runs, np.arange(len(self.run_names)))
        else:
            plain, there = dissimilarity_of(self.grams, self.runs, self.times, options)
        medoids = []
        for medoid in one.partition.medoids:
            run, time = self.snapshot(int(medoid))
            of_run = self.options.choose == "input"
            place = self.runs[medoid] if of_run else int(np.argmin(np.abs(there - medoid)))
            medoids.append((int(place), run if of_run else f"{run}, {time:.4g}"))
        same = [other for other in self.prospects.local if other.number == one.number and other is not one]
        plot_cluster_map(ClusterPicture(
            f"{self.name}: {plural(one.number, 'cluster')} by {named(one)}; times in {self.unit}",
            plane_map(searched(plain, options)), one.partition.labels[there], self.runs[there], self.run_names,
            medoids, _relative(base.singular_values[0]), [_relative(values) for values in one.singular_values],
            {"global": base.curve, **({} if one is base else {named(one): one.curve}),
             **{named(other): other.curve for other in same}}, self.prospects.tolerance), Path(output))

    def to_dict(self) -> dict[str, Any]:
        """All of it that a reader may want, for JSON; snapshots by run and time."""
        found = self.prospects
        return {"tolerance": found.tolerance, "tolerance_stated": found.stated, "held_out": found.held_out,
                "recommended": found.recommendation.number, "reason": found.recommendation.reason,
                "notes": found.recommendation.notes, "left_out": found.left_out,
                "cost": {"iteration": found.cost.iteration, "passive": found.cost.passive, "error": found.cost.error},
                "snapshots": [{"run": self.run_names[run], "time": float(time)}
                              for run, time in zip(self.runs, self.times)],
                "global": self._row(found.base), "local": [self._row(one) for one in found.local]}

    def _row(self, one: Prospect) -> dict[str, Any]:
        row = {"number": one.number, "modes": one.modes, "modes_by_cluster": one.by_cluster.tolist(),
               "points_by_cluster": one.points.tolist(), "union_of_points": one.union, "error": one.error,
               "error_held_out": one.held_out, "seconds_a_step": one.seconds, "curve": one.curve.tolist()}
        if one.number == 1:
            return row
        medoids = [dict(zip(("run", "time"), self.snapshot(int(medoid)))) for medoid in one.partition.medoids]
        return {"dissimilarity": named(one), **row, "gain": one.gain, "speed_up": one.speed_up, "medoids": medoids,
                "labels": one.partition.labels.tolist(), "sizes": [len(part) for part in one.partition.members]}


def clusters(
    study: Study | str | Path, comm: Comm | None = None, *, numbers: Sequence[int] | None = None,
    tolerance: float | None = None, hold_out: bool = False, stress: bool | None = None,
    scratch: str | Path | None = None, progress: Callable[[str], None] | None = None,
) -> Clusters:
    """Local bases of the training runs of a study beside the global one: errors, modes, points, cost. Collective.

    Parameters
    ----------
    study : read already, or its file. comm : the ranks; by default all that an MPI launcher has started, else one.
    numbers : of clusters. tolerance : of the energy errors of 90 % of the training snapshots, by default what the
        global basis of the study leaves. hold_out : also the errors of snapshots that are held out.
    stress : whether the angle of the stresses is looked at, which is replayed where no file has it; by default where
        [clusters] asks for it. scratch : folder of what is replayed; by default that of the first training file.
    progress : called on rank 0 with a sentence.

    Raises
    ------
    StudyError : the study has no training run. InputError : the runs are not runs of one model, or strain nothing.
    """
    comm = world() if comm is None else comm
    say = progress if progress is not None and comm.rank == 0 else lambda _: None
    with comm.agreement():
        declared = Study.of(study)
        if not declared.training:
            raise StudyError("the study has no training run", file=declared.path, place="[[training]]",
                             remedy="add at least one [[training]] with snapshots = \"...\"")
    check_training(declared, comm, say, names_only=True)
    options = declared.training_options
    wants_stress = options.clusters.gram == "stress" if stress is None else stress
    with ExitStack() as stack:
        with comm.agreement():
            training = training_set(declared, stack, comm.size)
        grams = _grams(declared, training, comm, wants_stress, scratch, say, stack)
        say("comparing clusters")
        found = prospects_of(training, grams, options, kinds_beside(options.clusters, wants_stress), comm,
                             numbers=numbers, tolerance=tolerance, hold_out=hold_out)
        modal = Modal.of(training)
        own = {name: gram[np.ix_(modal.kept, modal.kept)] for name, gram in grams.items()}
        return Clusters(declared.name, options.clusters, found, own, modal.run_names, modal.runs, modal.times,
                        training.model.units.time)


def _relative(values: np.ndarray) -> np.ndarray:
    return values / values[0] if values[0] > 0.0 else values


def _grams(
    study: Study, training: TrainingSet, comm: Comm, stress: bool, scratch: str | Path | None,
    say: Callable[[str], None], stack: ExitStack,
) -> dict[str, np.ndarray]:
    """Gram matrices by name; nothing is replayed, and nothing written, where the stress is not looked at."""
    if not stress:
        refuse_parameters(training, {})
        pieces = Pieces(comm, training.n_piece)
        agree(training, pieces, study.study.accept)
        say("Gram matrices of the displacement")
        return displacement_grams(training, pieces, ("displacement", "energy"))
    # Whatever the study has may be asked about, also what it could not train; energies are wanted in any case.
    options = study.training_options.model_copy(update={
        "dual_fields": ("stress",), "clusters": ClusterOptions(number="auto")})
    gathered = gather(training, options, comm, accept=study.study.accept, progress=say, scratch_folder=scratch)
    stack.callback(gathered.files.close)
    collection = gathered.collection
    return {"displacement": collection.displacement, "energy": collection.energy,
            "stress": collection.dual.grams["stress"]}
