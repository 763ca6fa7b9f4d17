"""What local bases of a study would gain: the same on any ranks, without stress where none is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from travelling_dent import STUDY, write_run, write_study

from romlib.errors import InputError, StudyError
from romlib.model.clusters import ClusterOptions
from romlib.offline import online_cost
from romlib.offline.dual import DualHistory
from romlib.offline.online_cost import measure_cost
from romlib.offline.options import OfflineOptions
from romlib.offline.prospect import kinds_beside
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import world
from romlib.snapshots.reader import Snapshots
from romlib.study import Study
from romlib.study.clusters import clusters


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study and two runs of it, the same for every rank."""
    comm = world()
    made = comm.on_root(lambda: tmp_path_factory.mktemp("row"))

    return comm.on_root(lambda: write_study(made))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are measured with one repetition here."""
    monkeypatch.setattr(online_cost, "_ENOUGH", 1e-4)


@pytest.mark.mpi
def test_a_study_has_prospects_whose_clusters_do_not_depend_on_ranks(folder):
    found = clusters(folder / "study.toml", world(), numbers=[1, 5], hold_out=True)
    assert {one.number for one in found.prospects.local} == {5}
    stress = next(one for one in found.prospects.local if one.dissimilarity == "stress" and one.number == 5)
    assert stress.gain > 2.0 and stress.modes < found.prospects.base.modes
    labels = found.prospects.local[0].partition.labels
    assert labels[0] == labels[1] and labels[41] == labels[42]  # at rest, as what comes next
    seen = world().allgather((labels.tolist(), found.prospects.recommendation.reason, found.prospects.tolerance))
    assert all(one == seen[0] for one in seen)
    row = found.to_dict()
    assert row["local"][0]["medoids"][0]["run"] in ("there", "back") and row["held_out"] == "each run in turn"
    assert row["snapshots"][0] == {"run": "there", "time": 0.0} and len(row["local"][0]["labels"]) == 80


def test_the_laws_are_not_replayed_where_no_stress_is_asked_for(folder, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("replayed")

    monkeypatch.setattr(DualHistory, "prepare", refuse)
    before = set(folder.iterdir())
    found = clusters(folder / "study.toml", numbers=[2], stress=False)
    assert found.prospects.local[0].dissimilarity == "energy"
    assert "stress" not in {one.dissimilarity for one in found.prospects.local} and set(folder.iterdir()) == before
    study = Study.read(folder / "study.toml")
    other = study.model_copy(update={"clusters": ClusterOptions(dissimilarity="displacement")})
    assert clusters(other, numbers=[2]).prospects.local[0].dissimilarity == "displacement"
    with pytest.raises(AssertionError, match="replayed"):
        clusters(study, numbers=[2])


def test_a_picture_is_drawn_of_snapshots_and_of_runs(folder, tmp_path):
    study = Study.read(folder / "study.toml")
    for name, options in (("state", ClusterOptions(number=4, dissimilarity="energy")),
                          ("input", ClusterOptions(number=2, choose="input"))):
        found = clusters(study.model_copy(update={"clusters": options}), numbers=[options.number], stress=False)
        assert found.shown.number == options.number
        found.plot(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


def test_fields_of_a_rom_are_not_looked_at_and_of_one_run_parts_are_held_out(folder):
    study = Study.read(folder / "study.toml")
    runs = (study.training[0], study.training[1].model_copy(update={"role": "replayed"}))
    found = clusters(study.model_copy(update={"training": runs}), numbers=[4], hold_out=True, stress=False)
    assert found.run_names == ("there",) and len(found.runs) == 41
    assert found.prospects.held_out == "every other tenth of the one run"
    assert found.prospects.base.held_out < 1.0 and found.prospects.local[0].held_out < 1.0


def test_what_is_compared_begins_with_what_the_study_says():
    kinds = [(one.dissimilarity, one.geodesic) for one in kinds_beside(ClusterOptions(), stress=True)]
    assert kinds[:2] == [("stress", True), ("stress", False)] and len(set(kinds)) == len(kinds) == 9
    assert kinds_beside(ClusterOptions(dissimilarity="l2"), stress=False)[0].dissimilarity == "l2"
    assert kinds_beside(ClusterOptions(), stress=False)[0].dissimilarity == "energy"
    of_runs = kinds_beside(ClusterOptions(choose="input", dissimilarity="chordal"), stress=False)
    assert [(one.dissimilarity, one.geodesic) for one in of_runs] == [
        ("chordal", True), ("grassmann", True), ("grassmann", False), ("chordal", False)]


def test_an_open_number_is_settled_by_what_is_recommended(folder):
    def runs() -> TrainingSet:
        study = Study.read(folder / "study.toml")
        return TrainingSet([study.prepare(Snapshots(folder / f"{name}.vtkhdf")) for name in ("there", "back")])

    options = OfflineOptions(pod_tolerance=0.4, cubature_tolerance=0.4, dual_tolerance=0.4, calibration=False,
                             clusters=ClusterOptions(number="auto", minimum_modes=3))
    said: list[str] = []
    with train(runs(), options, world(), accept_errors=True, scratch_folder=folder, progress=said.append) as made:
        number = made.collection.options.clusters.number
        assert isinstance(number, int) and len(made.rom.archive.clusters) == (1 if number == 1 else number + 1)
    assert any(line.startswith(f"clusters: number {number}: the global basis needs") for line in said)


def test_what_costs_are_measured_of_is_plausible(folder):
    study = Study.read(folder / "study.toml")
    cost = measure_cost(TrainingSet([study.prepare(Snapshots(folder / "there.vtkhdf"))]))
    assert 0.0 < cost.step(10, 100) < cost.step(60, 500) < 10.0
    assert cost.step(10, 100, 400) >= cost.step(10, 100)


def test_a_study_without_training_runs_and_runs_without_strain_are_refused(folder, tmp_path):
    study = Study.read(folder / "study.toml")
    with pytest.raises(StudyError, match="no training run"):
        clusters(study.model_copy(update={"training": ()}))
    write_run(tmp_path / "there.vtkhdf", np.full(4, 900.0))
    write_run(tmp_path / "back.vtkhdf", np.full(4, 900.0))
    (tmp_path / "study.toml").write_text(STUDY)
    with pytest.raises(InputError, match=r"no elastic energy|all zero"):
        clusters(tmp_path / "study.toml", stress=False)
