"""Modes that are the best of the displacement in the elastic energy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_problem import bar, pulled_bar, solve, write

from romlib.offline.energy import elastic_stiffness
from romlib.offline.options import OfflineOptions
from romlib.offline.train import Trained, train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import serial
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 17)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A soft end that is pushed sideways moves far, and strains little where the clamp is bent."""
    mesh, model = bar(), pulled_bar(
        loads={"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.2, 0.0]},
               "press": {"kind": "pressure", "faces": "ymax", "value": 1.0}},
        amplitudes={"pull": "150*sin(2*pi*t)", "press": "100*t*t"})
    return write(tmp_path_factory.mktemp("norm") / "run.vtkhdf", mesh, model, TIMES, solve(mesh, model, TIMES)[0], 2)


def trained(file: Path, **options: object) -> Trained:
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file))])
    return train(training, OfflineOptions(**{"cubature_tolerance": 1e-4, **options}), serial(), accept_errors=True,
                 scratch_folder=file.parent)


def energy_left(made: Trained) -> float:
    """What the modes leave of the elastic energy of all snapshots, as a root of the sum of squares."""
    collection, basis = made.collection, made.reduction.basis
    stiffness, _ = elastic_stiffness(collection.training, basis, collection.pieces)
    combination = basis.modes @ basis.correction
    products = combination.T @ collection.energy
    inside = np.einsum("ms,ms->", products, np.linalg.solve(stiffness, products))
    return float(np.sqrt(max(np.trace(collection.energy) - inside, 0.0) / np.trace(collection.energy)))


def test_they_leave_less_energy_than_as_many_modes_of_the_displacement_and_are_orthonormal_all_the_same(
    file: Path
) -> None:
    with trained(file, modes=4) as plain, trained(file, modes=4, pod_norm="energy") as best:
        assert energy_left(best) < 0.99 * energy_left(plain)
        pod = best.reduction.basis.decomposition
        assert energy_left(best) == pytest.approx(pod.truncation_error, rel=1e-3)
        coordinates, norms = best.reduction.basis.coordinates, best.reduction.basis.remainders
        assert ((coordinates**2).sum(axis=1) <= norms**2 * (1.0 + 1e-8)).all()  # L2, as errors are measured
        assert best.report.errors["online displacement"] < 0.02


def test_their_tolerance_is_one_of_the_energy_and_bounds_are_calibrated_with_it(file: Path) -> None:
    with trained(file, pod_tolerance=1e-2, pod_norm="energy") as made:
        assert energy_left(made) <= 1e-2
        assert made.rom.archive.indicator is not None and made.rom.archive.indicator.factors["stress"] >= 1.0
