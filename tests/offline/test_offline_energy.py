"""Motions without elastic energy are dropped from the displacement modes, and named; the ROM does what it did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg
from small_problem import pulled_bar, solve, write

import romlib
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.offline.energy import energetic_modes, energy_scaling
from romlib.offline.options import OfflineOptions
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import serial
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 13)
OPTIONS = OfflineOptions(pod_tolerance=1e-7, cubature_tolerance=1e-6, dual_fields=("stress",), dual_tolerance=1e-6)


def row_of_reduced_cells(cell_type: str):
    """A row of two cells under a rule that has fewer points than they have motions."""
    rules = {"hex20": "hex_gauss_8", "hex8": "hex_gauss_1", "tet10": "tet_1"}
    return box_mesh(cell_type, (2, 1, 1), size=(2.0, 1.0, 1.0), quadrature=rules[cell_type])


def hourglass(mesh, held) -> np.ndarray:
    """(n_node, 3), no strain at any point, zero at the held nodes, unit size."""
    matrix = StrainOperator(mesh).strain_matrix().toarray()
    free = np.setdiff1d(np.arange(3 * mesh.n_node), (3 * held[:, None] + np.arange(3)).ravel())
    basis = linalg.null_space(matrix[:, free])
    assert basis.shape[1] > 0, "the rule sees every motion of this mesh"
    motion = np.zeros(3 * mesh.n_node)
    motion[free] = basis[:, 0]
    return (motion / np.abs(motion).max()).reshape(-1, 3)


def build(files: list[Path], output: Path, options: OfflineOptions = OPTIONS, accept_errors: bool = False):
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    return train(training, options, output, serial(), accept_errors=accept_errors)


@pytest.mark.parametrize("n_piece", [1, 2])
@pytest.mark.parametrize("size", [1e-5, 1e-2])
def test_an_hourglass_motion_in_the_snapshots_is_dropped_and_named(tmp_path, n_piece, size):
    """The field is a stretch of the row, which its cells strain by, and a motion that no point of theirs sees."""
    mesh = row_of_reduced_cells("hex20")
    held = mesh.node_tags["xmin"]
    model = Model.model_validate({
        "materials": {"m": {"law": "elastic", "parameters": {"young": 1000.0, "poisson": 0.0}}},
        "constraints": {"clamp": {"nodes": "xmin", "components": ["x", "y", "z"]}},
        "loads": {"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.0, 0.0]}},
        "amplitudes": {"pull": "10*t"}})
    stretch = np.zeros((mesh.n_node, 3))
    stretch[:, 0] = 0.01 * mesh.points[:, 0]
    u = TIMES[:, None, None] * stretch + size * np.sin(5 * TIMES)[:, None, None] * hourglass(mesh, held)
    # The ROM has the stretch alone: what it lacks of the training is the motion without energy, however large.
    report = build([write(tmp_path / "a.vtkhdf", mesh, model, TIMES, u, n_piece)], tmp_path / "a.rom",
                   accept_errors=True)
    assert report.sizes["modes"] == 1
    note, = (note for note in report.notes if "no elastic energy" in note)
    assert note.startswith("displacement mode ")
    found = romlib.load(tmp_path / "a.rom").solve("a").displacement(-1, piece=0)
    assert np.isfinite(found).all()


def test_without_such_motions_nothing_is_dropped(tmp_path):
    mesh, model = box_mesh("hex8", (3, 1, 1), size=(4.0, 1.0, 1.0)), pulled_bar()
    u, _ = solve(mesh, model, TIMES)
    report = build([write(tmp_path / "a.vtkhdf", mesh, model, TIMES, u)], tmp_path / "a.rom")
    assert not any("energy" in note for note in report.notes)
    assert report.errors["online displacement"] <= 1e-5


def test_a_rigid_motion_alone_cannot_be_trained_on(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    model = pulled_bar(constraints={})
    u = TIMES[:, None, None] * np.ones((mesh.n_node, 3))
    with pytest.raises(InputError, match="no displacement mode of the training runs has elastic energy"):
        build([write(tmp_path / "a.vtkhdf", mesh, model, TIMES, u)], tmp_path / "a.rom")
    assert not (tmp_path / "a.rom").exists()


def test_snapshots_of_nothing_are_refused(tmp_path):
    mesh, model = box_mesh("hex8", (2, 1, 1)), pulled_bar()
    with pytest.raises(InputError, match="displacement are all zero"):
        build([write(tmp_path / "a.vtkhdf", mesh, model, TIMES, np.zeros((len(TIMES), mesh.n_node, 3)))],
              tmp_path / "a.rom")


@pytest.mark.parametrize("history", [np.ones, lambda n: np.repeat([0.0, 1.0], [n // 2, n - n // 2])])
def test_snapshots_that_repeat_train_one_mode(tmp_path, history):
    mesh, model = box_mesh("hex8", (2, 1, 1)), pulled_bar(materials={"m": {
        "law": "elastic", "parameters": {"young": 1000.0, "poisson": 0.3}}})
    u, _ = solve(mesh, model, TIMES[:2])
    report = build([write(tmp_path / "a.vtkhdf", mesh, model, TIMES, history(len(TIMES))[:, None, None] * u[-1])],
                   tmp_path / "a.rom", accept_errors=True)  # such a history is not the load's
    assert report.sizes["modes"] == 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(0, 4), st.floats(1e-4, 1e4))
def test_the_modes_that_are_kept_span_the_energy_and_can_be_scaled(seed, n, n_free, spread):
    """K of n independent strains seen through n + n_free modes: n of them are kept, with unit energy."""
    rng = np.random.default_rng(seed)
    strains = rng.standard_normal((n, 30)) * spread ** rng.random((n, 1))
    mix = rng.standard_normal((n + n_free, n))
    mix[rng.permutation(n + n_free)[:n_free // 2]] = 0.0  # some have no strain, the others repeat that of others
    stiffness = mix @ strains @ strains.T @ mix.T
    keep = energetic_modes(stiffness)
    rank = np.linalg.matrix_rank(mix, tol=1e-6)
    assert len(keep) <= rank
    kept = stiffness[np.ix_(keep, keep)]
    scaling = energy_scaling(kept, len(keep))
    np.testing.assert_allclose(scaling @ kept @ scaling.T, np.eye(len(keep)), atol=1e-3)


def test_a_lifting_without_energy_is_left_out_of_the_scaling():
    scaling = energy_scaling(np.diag([4.0, 1e-30]), 1)
    np.testing.assert_array_equal(scaling, np.diag([0.5, 0.0]))
