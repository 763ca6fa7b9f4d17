"""The blade from an Ansys deck: its tags and shapes, what holds and loads it, what it shares with the other blade."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from case_scripts import CASES, scripts_of

from romlib.errors import InputError
from romlib.loads.forces import unit_force
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.study import Study

CASE = CASES / "real_blade"
BOUNDS = (0.009, 0.12, 1.4)  # per cent, of displacement, von Mises stress and p: twice what the README has
pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def case():
    with scripts_of("real_blade", "mesh") as scripts:
        yield scripts.mesh


@pytest.fixture(scope="module")
def deck(data_dir):
    return data_dir / "ansys" / "turbine_blade.cdb"


@pytest.fixture(scope="module")
def blade(case, deck):
    return case.real_blade(deck)


@pytest.fixture(scope="module")
def study():
    return Study.read(CASE / "study.toml")


def area_vectors(mesh, connectivity):
    """Area times outward normal (n_face, 3) of quadrangles and triangles."""
    p = mesh.points[connectivity]
    if connectivity.shape[1] == 3:
        return 0.5 * np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    return 0.5 * np.cross(p[:, 2] - p[:, 0], p[:, 3] - p[:, 1])


def test_material_and_missions_are_those_of_the_other_blade(study):
    other = Study.read(CASES / "turbine_blade" / "study.toml")
    assert study.materials == other.materials and study.offline == other.offline
    assert [name for name in study.cases if name not in ("train_last_row", "mission_drawn")] == list(other.cases)
    for name in other.cases:
        chosen = study.cases[name]
        assert chosen.times == other.cases[name].times
        for load in ("rotation", "gas", "hot_spot"):
            assert chosen.amplitudes[load] == other.cases[name].amplitudes[load]


def test_one_training_run_just_reaches_the_last_row_of_the_tables_and_others_lie_on_both_sides(blade, study):
    parameters = study.materials["nickel"].parameters
    (last,) = {parameters[name]["temperature"][-1] for name in ("young", "K", "R0")}
    warm, hot = blade.node_arrays["warm"], blade.node_arrays["hot_spot"]
    largest = {}
    for run in study.training:
        amplitudes = study.cases[run.snapshots.stem].amplitudes
        largest[run.name] = max(float((20.0 + a * warm + b * hot).max()) for a, b in zip(
            amplitudes["warming"].value, amplitudes["hot_spot"].value))
    assert largest.pop("last_row") == pytest.approx(last)
    assert min(largest.values()) < last < max(largest.values())


def test_flanks_of_the_fir_tree_are_planes_with_the_normals_of_the_study(blade, study):
    (skin,) = [block for block in blade.face_tags["skin"].blocks if block.face_type == "quad4"]
    for k in range(1, 5):
        constraint = study.constraints[f"flank_{k}"]
        on = np.isin(skin.connectivity, blade.node_tags[constraint.nodes]).all(axis=1)
        normals = area_vectors(blade, skin.connectivity[on])
        normals /= np.linalg.norm(normals, axis=1)[:, None]
        assert on.sum() == 57
        assert normals == pytest.approx(np.tile(constraint.normal, (57, 1)), abs=2e-5)
        assert constraint.normal[1] > 0.7  # outwards: the flanks carry the pull of the rotation


def test_nothing_is_held_twice_and_no_rigid_motion_is_free(blade, study):
    rows, nodes = [], []
    for constraint in study.constraints.values():
        of = blade.node_tags[constraint.nodes]
        nodes.append(of)
        x = blade.points[of] - blade.points.mean(axis=0)
        normal = np.array(constraint.normal or (0.0, 0.0, 1.0))
        rows.append(np.hstack([np.tile(normal, (len(of), 1)), np.cross(x, normal)]))
    every = np.concatenate(nodes)
    assert len(np.unique(every)) == len(every)
    singular = np.linalg.svd(np.concatenate(rows) / [1, 1, 1, 10, 10, 10], compute_uv=False)
    assert singular[-1] > 1e-2 * singular[0]


def test_pressure_side_is_the_concave_side_and_pushes_to_the_other(blade, study):
    model = study.complete(Model(units=study.study.units))
    force = unit_force(model.loads["gas"], blade, model.materials, StrainOperator(blade), name="gas").sum(axis=0)
    vectors = np.concatenate([area_vectors(blade, block.connectivity)
                              for block in blade.face_tags["pressure_side"].blocks])
    assert force == pytest.approx(-0.2 * vectors.sum(axis=0), rel=1e-3)
    assert force[0] > 0.0 and force[2] > 0.0  # towards the suction side, and down the stream
    assert abs(force[1]) < 0.02 * force[0]
    assert np.linalg.norm(vectors.sum(axis=0)) > 0.8 * np.linalg.norm(vectors, axis=1).sum()


def test_root_is_cold_and_the_hot_spot_is_on_the_leading_edge(blade):
    warm, hot = blade.node_arrays["warm"], blade.node_arrays["hot_spot"]
    flanks = np.concatenate([blade.node_tags[f"FIRTREE{k}"] for k in range(1, 5)])
    assert not warm[flanks].any() and hot[flanks].max() < 1e-3
    (hottest,) = blade.node_tags["hottest"]
    assert hot[hottest] == 1.0 == hot.max() and warm[hottest] == 1.0
    aerofoil = blade.points[:, 1] > 140.0
    assert blade.points[hottest, 2] < blade.points[aerofoil, 2].min() + 2.0


def test_a_deck_without_the_components_is_refused_by_their_names(case, data_dir):
    with pytest.raises(InputError, match=r"(?s)node components are missing.*FIRTREE1"):
        case.real_blade(data_dir / "ansys" / "HexBeam.cdb")


def test_a_missing_deck_is_said_before_anything_is_computed(tmp_path):
    done = subprocess.run([sys.executable, str(CASE / "run.py"), "no.cdb"], cwd=tmp_path, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 2 and "there is no file no.cdb" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_rom_of_the_blade_stays_near_full_order_on_the_held_out_mission(deck, tmp_path):
    pytest.importorskip("petsc4py")
    done = subprocess.run([sys.executable, str(CASE / "run.py"), str(deck), "--folder", str(tmp_path / "out")],
                          cwd=tmp_path, capture_output=True, text=True, check=False, timeout=3000,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "160"})
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("mission: inside"))
    u, von_mises, p = (float(word) for word in line.replace("%", "").split()[2:5])
    assert u < BOUNDS[0] and von_mises < BOUNDS[1] and p < BOUNDS[2]
    assert all((Path(tmp_path) / "out" / name).is_file() for name in ("mesh.png", "p.png", "cycles.png"))
