"""A written solution says what was solved: its laws, replayed along its displacement, give its stress again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import romlib
from romlib.check import check
from romlib.loads.nodal_temperature import NodalTemperature, between
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Case, Model
from romlib.online.rom import ReducedOrderModel
from romlib.snapshots.reader import Snapshots

MODEL = Model.model_validate({
    "materials": {"steel": {
        "law": "mises",
        "parameters": {"young": {"temperature": [0, 500], "value": [2e5, 1e5]}, "poisson": 0.3, "yield": 150.0,
                       "linear_hardening": 2e4},
        "thermal_expansion": {"coefficient": 1e-5, "reference_temperature": 0.0}}},
    "constraints": {"foot": {"nodes": "xmin", "components": ["x"]}},
    "loads": {"pull": {"kind": "traction", "faces": "xmax", "direction": [1, 0, 0]},
              "heat": {"kind": "temperature", "field": {"array": "hot"}},
              "room": {"kind": "temperature", "field": 20.0}},
    "amplitudes": {"pull": "100*t", "heat": "50*t", "room": 1.0}})


@pytest.fixture(scope="module", params=[1, 3], ids=["one piece", "three pieces"])
def rom(request, tmp_path_factory) -> ReducedOrderModel:
    """A bar in homogeneous modes, all of its points; its training had a temperature of its own."""
    mesh = box_mesh("hex8", (3, 2, 2), (3.0, 1.0, 1.0))
    mesh.node_arrays["hot"] = 1.0 + mesh.points[:, 0]
    pieces = [mesh] if request.param == 1 else number_shared_nodes(partition(mesh, request.param))
    made, data = hand_made_rom(pieces, MODEL, [affine(0), affine(1), affine(2)], dual={"stress": (6, True)})
    made.manifest.n_node = mesh.n_node
    return romlib.load(write_both(tmp_path_factory.mktemp("rom") / "bar.rom", made, data))


def replayed(solution, path: Path):
    """The check of a written solution; the stress as it was integrated at all points."""
    solution.write(path, ["displacement", "stress"])
    with Snapshots(path) as snapshots:
        return check(snapshots), snapshots.model


def node_ids(rom: ReducedOrderModel) -> np.ndarray:
    with rom.open_fields() as fields:
        return np.unique(np.concatenate([fields.mesh(piece).node_ids for piece in range(fields.n_piece)]))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), n_instant=st.integers(1, 12), n_step=st.integers(2, 8))
def test_nodal_temperatures_are_in_the_file(rom, tmp_path, seed: int, n_instant: int, n_step: int) -> None:
    random, ids = np.random.default_rng(seed), node_ids(rom)
    instants = np.sort(random.choice(np.linspace(0.0, 1.0, 101), n_instant, replace=False))
    given_ = NodalTemperature(instants, random.uniform(20.0, 300.0, (n_instant, len(ids))), ids)
    solution = rom.solve(times=np.linspace(0.0, 1.0, n_step), amplitudes={"pull": "120*t"}, temperature=given_,
                         hyper_reduction=False)
    report, model = replayed(solution, tmp_path / "out.vtkhdf")
    assert report["stress"].status == "pass" and report["stress"].value < 1e-9
    assert not {"heat", "room"} & (set(model.loads) | set(model.amplitudes))
    fields = {name for name, load in model.loads.items() if load.kind == "temperature"}
    taken = given_.values if n_instant <= n_step else between(solution.times, instants, given_.values)
    assert len(fields - {"solved_temperature_start"}) == np.linalg.matrix_rank(taken)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heat=st.floats(-50.0, 300.0), room=st.floats(0.1, 3.0), start=st.sampled_from([0.0, 0.25]))
def test_amplitudes_of_the_run_are_in_the_file_and_its_strain_free_temperature_is_the_trained_one(
    rom, tmp_path, heat: float, room: float, start: float
) -> None:
    """Also where the run begins with another temperature, or at another time, than the training."""
    solution = rom.solve(Case.model_validate({"times": {"start": start, "stop": 1.0, "step": 0.125}, "amplitudes": {
        "heat": f"{heat} * (1 + t)", "room": room, "pull": "80*t"}}), hyper_reduction=False)
    report, model = replayed(solution, tmp_path / "out.vtkhdf")
    assert report["stress"].status == "pass" and report["stress"].value < 1e-9
    assert model.initial_time == start and model.amplitudes["pull"].expression == "80*t"


def test_a_temperature_that_is_known_at_some_nodes_only_is_said_to_be_missing(rom, tmp_path) -> None:
    """As where it is given at the nodes of the selected points: no check can take the file for the whole truth."""
    rom.archive.manifest.n_node += 1
    try:
        ids = node_ids(rom)
        solution = rom.solve(times=[0.0, 1.0], temperature=NodalTemperature([0.0], np.full((1, len(ids)), 50.0), ids))
        solution.write(tmp_path / "out.vtkhdf")
    finally:
        rom.archive.manifest.n_node -= 1
    with Snapshots(tmp_path / "out.vtkhdf") as snapshots:
        assert [entry.name for entry in snapshots.model.omissions if entry.does_work] == ["solved_temperature"]
        assert not check(snapshots).passed


def test_the_file_says_whether_all_points_were_integrated(rom, tmp_path) -> None:
    for hyper_reduction, words in ((True, "selected points"), (False, "all integration points")):
        rom.solve(times=[0.0, 1.0], hyper_reduction=hyper_reduction).write(tmp_path / "out.vtkhdf")
        with Snapshots(tmp_path / "out.vtkhdf") as snapshots:
            assert words in snapshots.solver
