"""A dictionary of bases: from training runs of two kinds to a ROM that chooses a basis by the input of a case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_problem import bar, pulled_bar, solve, write

import romlib
from romlib.archive.romfile import read_rom
from romlib.errors import InputError
from romlib.offline.options import OfflineOptions
from romlib.offline.train import Trained, train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm, serial, world
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.solution.solution import Solution

TIMES = np.linspace(0.0, 1.0, 7)
LOADS = {"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.0, 0.0]},
         "push": {"kind": "traction", "faces": "ymax", "direction": [0.0, 1.0, 0.2]}}
RUNS = {"a": (215.0, 0.1), "b": (230.0, 0.2), "c": (220.0, 0.3), "d": (10.0, 5.0), "e": (5.0, 6.0), "f": (20.0, 5.5)}


def amplitudes(pull: float, push: float) -> dict[str, str]:
    return {"pull": f"{pull}*t", "push": f"{push}*sin(2*t)"}


def trained(files: list[Path], comm: Comm, number: int = 2, **clusters: Any) -> Trained:
    options = OfflineOptions(
        pod_norm="energy", pod_tolerance=1e-3, cubature_tolerance=1e-3, dual_fields=("stress", "p"),
        dual_tolerance=1e-3, calibration=False,
        clusters={"number": number, "choose": "input", "minimum_modes": 3, **clusters})
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    return train(training, options, comm, scratch_folder=files[0].parent)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three runs that are pulled and three that are bent, in two pieces, the same files for every rank."""
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("runs"))

    def make() -> list[Path]:
        mesh, made = bar(), []
        for name, (pull, push) in RUNS.items():
            model = pulled_bar(loads=LOADS, amplitudes=amplitudes(pull, push))
            made.append(write(folder / f"{name}.vtkhdf", mesh, model, TIMES, solve(mesh, model, TIMES)[0], 2))
        return made

    return comm.on_root(make)


@pytest.fixture(scope="module")
def path(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dictionary") / "x.rom"
    with trained(files, serial()) as made:
        made.write(path)
    return path


def test_the_runs_of_each_kind_make_a_basis_and_the_dictionary_tells_them_apart(path: Path) -> None:
    rom = read_rom(path)
    assert rom.dictionary is not None and rom.switching is None and rom.fallback == 2 and len(rom.clusters) == 3
    choosing, labels = rom.dictionary.choosing, rom.dictionary.labels
    assert choosing.cases == tuple(RUNS)
    assert labels.tolist() in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    assert choosing.kind == "logistic regression" and choosing.scores[choosing.kind] == 1.0 and choosing.folds == 3
    assert "scikit-learn" in choosing.versions and choosing.nearest_temperature is None
    assert {"pull: largest", "push: at 50 % of the time", "duration"} < set(choosing.features)


@pytest.mark.parametrize("pull, push, like", [(222.0, 0.15, "a"), (12.0, 5.2, "d")])
def test_a_new_case_is_solved_in_the_basis_of_its_like_and_another_basis_does_worse(
        path: Path, pull: float, push: float, like: str) -> None:
    rom = romlib.load(path)
    labels = dict(zip(RUNS, rom.archive.dictionary.labels.tolist()))
    case = {"times": TIMES, "amplitudes": amplitudes(pull, push)}
    solution, whole = rom.solve(**case), rom.solve(**case, cluster=2)
    assert solution.choice.cluster == labels[like] and solution.choice.probability > 0.8
    wrong = rom.solve(**case, cluster=1 - labels[like])

    def error(one: Solution) -> float:
        """Against the global basis, at the last time."""
        there, here = (np.concatenate([of.field("displacement", -1, piece)[0] for piece in range(2)])
                       for of in (whole, one))
        return float(np.linalg.norm(here - there) / np.linalg.norm(there))

    assert error(solution) < 0.02 and error(wrong) > 5.0 * error(solution)


def test_training_cases_are_verified_in_the_basis_that_the_user_gets(path: Path, files: list[Path]) -> None:
    rom = romlib.load(path)
    for name in RUNS:
        assert (rom.solve(name).clusters == rom.archive.dictionary.of_case(name)).all()
    assert rom.archive.manifest.errors["online displacement"] < 0.01


def test_the_numbers_of_the_training_say_how_well_cases_are_assigned(files: list[Path]) -> None:
    lines: list[str] = []
    options = OfflineOptions(pod_tolerance=1e-3, calibration=False, clusters={
        "number": 2, "choose": "input", "minimum_modes": 3, "keep_global": False})
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    with train(training, options, serial(), scratch_folder=files[0].parent, progress=lines.append,
               accept_errors=True) as made:
        assert made.rom.archive.fallback is None and len(made.rom.archive.clusters) == 2
        assert [row["kind"] for row in made.report.clusters] == ["local", "local"]
    said = next(line for line in lines if "right in cross-validation (3 folds)" in line)
    assert "logistic regression 100 %" in said


def test_one_training_run_has_no_dictionary(files: list[Path]) -> None:
    with pytest.raises(InputError, match="several training runs") as caught:
        trained(files[:1], serial())
    assert 'choose = "state"' in str(caught.value)


def test_more_clusters_than_runs_are_refused(files: list[Path]) -> None:
    with pytest.raises(InputError, match="not as many training runs as clusters"):
        trained(files[:2], serial(), number=3)


def test_as_many_clusters_as_runs_leave_the_nearest_run(files: list[Path]) -> None:
    with trained([files[1], files[4]], serial()) as made:
        dictionary = made.rom.archive.dictionary
        assert dictionary.choosing.kind == "nearest case" and not len(dictionary.classifier)
        assert made.rom.solve("b").choice.probability > 0.99


@pytest.mark.mpi
def test_any_number_of_ranks_learns_the_same(files: list[Path]) -> None:
    with trained(files, world()) as made, trained(files, serial()) as alone:
        found, expected = made.rom.archive.dictionary, alone.rom.archive.dictionary
        assert found.choosing == expected.choosing
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_allclose(found.values, expected.values, rtol=1e-12)
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-8)
        assert len(set(world().allgather(found.classifier.tobytes()))) == 1
