"""A face that is pulled and turned by two amplitudes: full order, check, offline, and a ROM for other histories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import romlib
from romlib.check import check
from romlib.errors import InputError
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.record import Output, solve_to_file
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.mesh.skin import add_skin
from romlib.model import ArrayReference, Constraint, Material, Model
from romlib.offline.options import OfflineOptions
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces
from romlib.snapshots import Snapshots
from romlib.snapshots.prepared import PreparedSnapshots

pytest.importorskip("petsc4py")
pytest.importorskip("pymetis")
TIMES = np.linspace(0.0, 1.0, 13)
RUNS = {"a": {"pull": "0.012*sin(2*pi*t)", "turn": "0.02*t"}, "b": {"pull": "0.008*t", "turn": "0.03*sin(2*pi*t)"}}
HELD_OUT = {"pull": "0.010*sin(2*pi*t)", "turn": "0.02*sin(pi*t)"}


def shaft():
    """A bar along x whose end has the field of a rotation about its axis."""
    mesh = box_mesh("hex8", (5, 2, 2), size=(2.5, 1.0, 1.0))
    arm = mesh.points - np.array([0.0, 0.5, 0.5])
    return replace(mesh, node_arrays={"turn": np.cross([1.0, 0.0, 0.0], arm)})


def model(amplitudes):
    return Model(
        materials={"steel": Material(law="mises", parameters={
            "young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 5e3})},
        constraints={
            "clamp": Constraint(nodes="xmin", components=("x", "y", "z")),
            "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed", value=1.0),
            "turn": Constraint(nodes="xmax", components=("y", "z"), kind="prescribed",
                               value=ArrayReference(array="turn"))},
        amplitudes=amplitudes)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("turned")
    pieces = add_skin(partition(shaft(), 2))
    for name, amplitudes in RUNS.items():
        solve_to_file(Output(folder / f"{name}.vtkhdf"), pieces, dict(enumerate(pieces)), model(amplitudes), TIMES,
                      Pieces(serial(), len(pieces)))
    return folder


def build(folder, amplitudes=RUNS):
    files = {name: Snapshots(folder / f"{name}.vtkhdf") for name in RUNS}
    training = TrainingSet([PreparedSnapshots.of(file, model(amplitudes[name])) for name, file in files.items()])
    options = OfflineOptions(pod_tolerance=1e-6, cubature_tolerance=1e-5, dual_fields=("p",), dual_tolerance=1e-5)
    with train(training, options, serial()) as trained:
        return trained.write(folder / "shaft.rom")


def test_the_face_moves_as_the_field_says():
    found = solve_to_arrays(shaft(), model(HELD_OUT), TIMES)
    mesh, end = shaft(), shaft().node_tags["xmax"]
    expected = 0.02 * np.sin(np.pi * TIMES)[:, None, None] * mesh.node_arrays["turn"][end]
    expected[..., 0] = (0.010 * np.sin(2 * np.pi * TIMES))[:, None]
    np.testing.assert_allclose(found.displacement[:, end], expected, atol=1e-16)
    # Conjugate to the amplitude of the rotation is the moment about the axis.
    moment = np.einsum("tni,ni->t", found.reaction[:, end], mesh.node_arrays["turn"][end])
    np.testing.assert_allclose(found.reactions["turn"], moment, rtol=1e-12, atol=1e-12 * np.abs(moment).max())


def test_the_check_compares_the_field(runs):
    with Snapshots(runs / "a.vtkhdf") as file:
        items = {item.name: item for item in check(file, file.model, serial()).items}
        assert items["constraints"].value <= 1e-12
        other = file.model.model_copy(update={"amplitudes": model(HELD_OUT).amplitudes})
        wrong = {item.name: item for item in check(file, other, serial()).items}
        assert wrong["constraints"].status == "fail" and "'turn'" in wrong["constraints"].detail


def test_the_rom_moves_both_apart_and_gives_force_and_moment(runs):
    report = build(runs)
    assert report.sizes["liftings"] == 2
    assert report.errors["liftings at the prescribed dofs"] <= 1e-12
    solution = romlib.load(runs / "shaft.rom").solve(times=TIMES, amplitudes=HELD_OUT)
    expected = solve_to_arrays(shaft(), model(HELD_OUT), TIMES)
    size = np.abs(expected.displacement).max()
    with Snapshots(runs / "a.vtkhdf") as file:
        for piece in range(2):
            nodes = file.mesh(piece).node_ids - 1
            found = solution.displacement(piece=piece)
            assert np.abs(found - expected.displacement[:, nodes]).max() <= 0.02 * size
            held = np.isin(nodes, shaft().node_tags["xmax"])
            np.testing.assert_allclose(found[:, held], expected.displacement[:, nodes[held]], atol=1e-12 * size)
    for name, history in expected.reactions.items():
        assert np.abs(solution.reactions[name] - history).max() <= 0.05 * np.abs(history).max(), name


def test_a_boundary_that_moves_otherwise_is_refused_by_name(runs):
    with pytest.raises(InputError, match=r"does not move as the amplitudes[\s\S]*'turn'"):
        build(runs, {**RUNS, "b": {"pull": "0.008*t", "turn": "0.03*sin(2*pi*t)*t"}})
