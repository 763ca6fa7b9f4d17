"""The turbine blade: its mesh, its tags, its study, and a coarse solution with the shape that the missions promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from case_scripts import scripts_of

from romlib.check import check
from romlib.errors import InputError
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import unit_force
from romlib.mesh.operator import StrainOperator
from romlib.model import Case, Model
from romlib.snapshots import Snapshots
from romlib.study import Study

CASE = Path(__file__).resolve().parent.parent.parent / "cases" / "turbine_blade"


@pytest.fixture(scope="module")
def case():
    """The modules of the case, which import one another as the scripts that they are."""
    with scripts_of("turbine_blade", "section", "blade", "judge") as scripts:
        yield scripts


@pytest.fixture(scope="module")
def study():
    return Study.read(CASE / "study.toml")


@pytest.fixture(scope="module")
def coarse(case):
    return case.blade.blade(5_000)


def vector_area(mesh, tag):
    """Sum over the faces of a tag of area times outward normal, and sum of areas."""
    normals = np.concatenate([_face_normals(mesh.points, block) for block in mesh.face_tags[tag].blocks])
    return normals.sum(axis=0), np.linalg.norm(normals, axis=1).sum()


def _face_normals(points, block):
    """Area vectors (n_face, 3) of faces with straight or curved edges, by half the cross product of the diagonals."""
    p = points[block.connectivity[:, :4]]
    return 0.5 * np.cross(p[:, 2] - p[:, 0], p[:, 3] - p[:, 1])


@pytest.mark.parametrize(("dofs", "element_type"), [(5_000, "hex8"), (20_000, "hex8"), (60_000, "hex8"),
                                                    (20_000, "hex20")])
def test_one_number_decides_the_size_and_no_cell_is_folded(case, dofs, element_type):
    mesh = case.blade.blade(dofs, element_type)
    assert abs(3 * mesh.n_node / dofs - 1) < 0.15
    assert len(np.unique(np.round(mesh.points, 7), axis=0)) == mesh.n_node  # blocks are joined
    weights = StrainOperator(mesh).weights.reshape(mesh.n_cell, -1)  # the operator refuses Jacobians <= 0
    assert (weights.min(axis=1) > 0.2 * weights.max(axis=1)).all()
    used = np.unique(mesh.blocks[0].connectivity)
    assert len(used) == mesh.n_node


def test_skin_is_closed_and_encloses_the_volume_of_the_cells(coarse):
    total, area = vector_area(coarse, "skin")
    assert np.abs(total).max() < 1e-12 * area
    # Divergence theorem: the integral of x . n over the skin is three times the volume.
    (block,) = coarse.face_tags["skin"].blocks
    ones = {name: unit for name, unit in zip("xyz", np.eye(3))}
    forces = [surface_traction(coarse, block, direction) for direction in ones.values()]
    found = sum((force[:, i] * coarse.points[:, i]).sum() for i, force in enumerate(forces)) / 3.0
    assert found == pytest.approx(StrainOperator(coarse).weights.sum(), rel=1e-3)


def surface_traction(mesh, block, direction):
    """Nodal values of the integral of N_a n . direction over faces, in the component of the direction."""
    out = np.zeros((mesh.n_node, 3))
    normals = _face_normals(mesh.points, block)
    along = (normals @ direction) / 4.0
    for corner in range(4):
        np.add.at(out, block.connectivity[:, corner], along[:, None] * direction)
    return out


def test_volume_converges_with_the_size_of_the_cells(case):
    volumes = [StrainOperator(case.blade.blade(dofs)).weights.sum() for dofs in (5_000, 20_000, 80_000, 320_000)]
    steps = np.abs(np.diff(volumes)) / volumes[-1]
    assert steps[-1] < 2e-3
    assert steps[-1] < 0.6 * steps[0]


def test_tags_are_where_their_names_say(case, coarse):
    blade, points = case.blade, coarse.points
    assert np.all(points[coarse.node_tags["root"], 2] == 0.0)
    assert np.allclose(points[coarse.node_tags["tip"], 2], blade.TIP)
    assert np.ptp(points[coarse.node_tags["root_x"], 0]) < 1e-9 and len(coarse.node_tags["root_x"]) >= 3
    assert np.ptp(points[coarse.node_tags["root_y"], 1]) < 1e-9 and len(coarse.node_tags["root_y"]) >= 3
    held = set(coarse.node_tags["root_x"]) & set(coarse.node_tags["root_y"])
    assert held <= set(coarse.node_tags["root"])
    (hottest,) = coarse.node_tags["hottest"]
    assert hottest in coarse.node_tags["leading_edge"]
    hot = coarse.node_arrays["hot_spot"]
    assert hot[hottest] == hot.max() and 0.9 < hot.max() <= 1.0 and hot.min() >= 0.0
    assert abs(points[hottest, 2] - blade.HOT_HEIGHT) < 3.0


def test_both_sides_of_the_aerofoil_look_apart_and_the_tip_looks_out(case, coarse):
    pressure, area = vector_area(coarse, "pressure_side")
    suction, _ = vector_area(coarse, "suction_side")
    tip, tip_area = vector_area(coarse, "tip")
    assert pressure[1] > 0.6 * area and suction[1] < -0.6 * area
    assert tip[2] == pytest.approx(tip_area)
    heights = coarse.points[np.unique(coarse.face_tags["pressure_side"].blocks[0].connectivity), 2]
    assert heights.min() == pytest.approx(case.blade.PLATFORM) and heights.max() == pytest.approx(case.blade.TIP)


def test_channels_are_open_at_the_root_and_closed_at_the_tip(case, coarse):
    channels = coarse.face_tags["channels"].blocks[0]
    heights = coarse.points[channels.connectivity, 2]
    assert heights.min() == 0.0 and heights.max() == pytest.approx(case.blade.CAP)
    ends = np.all(np.isclose(heights, case.blade.CAP), axis=1)
    assert ends.any()
    # All that bounds the channels, with their open ends at the root, is closed: its z part is what the caps have.
    total, _ = vector_area(coarse, "channels")
    assert total[2] < 0.0


def test_unknown_element_and_impossible_size_are_refused_by_name(case):
    with pytest.raises(InputError, match=r"no such element[\s\S]*hex8"):
        case.blade.blade(5_000, "tet4")
    with pytest.raises(InputError, match="degrees of freedom"):
        case.blade.blade(300)


def test_mesh_file_has_everything_that_the_study_names(case, study, coarse, tmp_path):
    case.blade.write_mesh(tmp_path / "mesh.vtkhdf", coarse, 3)
    with Snapshots(tmp_path / "mesh.vtkhdf") as file:
        assert file.n_piece == 3
        pieces = [file.mesh(piece) for piece in range(3)]
    tags = set().union(*(piece.node_tags for piece in pieces))
    assert {constraint.nodes for constraint in study.constraints.values()} <= tags
    assert all("pressure_side" in piece.face_tags and "hot_spot" in piece.node_arrays for piece in pieces)
    assert sum(StrainOperator(piece).weights.sum() for piece in pieces) == pytest.approx(
        StrainOperator(coarse).weights.sum())
    (hottest,) = coarse.node_tags["hottest"]
    assert case.judge.hottest(tmp_path / "mesh.vtkhdf") == pytest.approx(coarse.points[hottest])


def test_held_out_missions_are_inside_the_training_range_and_one_is_beyond(study):
    def peaks(name):
        chosen = study.cases[name]
        times = np.linspace(0.0, chosen.times.stop, 500)
        peak = {load: evaluate(chosen.amplitudes[load], times).max() for load in ("rotation", "hot_spot")}
        return {**peak, "duration": chosen.times.stop}

    training = [peaks(run.snapshots.stem) for run in study.training]
    low, high = ({key: pick(run[key] for run in training) for key in training[0]} for pick in (min, max))
    for name in ("mission", "mission_hot"):
        assert all(low[key] < value < high[key] for key, value in peaks(name).items())
    beyond = peaks("beyond")
    assert beyond["rotation"] == pytest.approx(1.05 * high["rotation"])
    assert beyond["hot_spot"] == pytest.approx(1.05 * high["hot_spot"])
    assert study.cases["mission_20"].times.stop == 20 * study.cases["mission"].times.stop


def test_centrifugal_force_is_mass_times_distance_from_the_axis(case, study, coarse):
    model = study.complete(Model(units=study.study.units))
    operator = StrainOperator(coarse)
    load = model.loads["rotation"]
    force = unit_force(load, coarse, model.materials, operator, name="rotation").sum(axis=0)
    density = model.materials["nickel"].density
    expected = density * load.speed**2 * (operator.weights * (operator.coordinates[:, 2] + case.blade.RADIUS)).sum()
    assert force[2] == pytest.approx(expected, rel=1e-12)


def test_pressure_bends_towards_the_suction_side(study, coarse):
    model = study.complete(Model(units=study.study.units))
    force = unit_force(model.loads["gas"], coarse, model.materials, StrainOperator(coarse), name="gas").sum(axis=0)
    normal, _ = vector_area(coarse, "pressure_side")
    assert force == pytest.approx(-0.2 * normal, rel=1e-6)
    assert force[1] < 0.0


@pytest.fixture(scope="module")
def folder(case, coarse, tmp_path_factory):
    """The study beside a mesh file of the coarse blade."""
    path = tmp_path_factory.mktemp("blade")
    (path / "study.toml").write_text((CASE / "study.toml").read_text())
    case.blade.write_mesh(path / "mesh.vtkhdf", coarse, 1)
    return path


def solved(folder, name, times, amplitudes):
    """Solve a case of the study at full order, other amplitudes than these as in the mission; the file."""
    pytest.importorskip("petsc4py")
    from romlib.parallel.comm import world
    from romlib.study.solve import run_solve

    study = Study.read(folder / "study.toml")
    mission = study.cases["mission"]
    chosen = Case.model_validate({"times": times, "amplitudes": {**mission.model_dump()["amplitudes"], **amplitudes}})
    run_solve(study, chosen, folder / f"{name}.vtkhdf", world(), fields=("stress", "p"))
    return Snapshots(folder / f"{name}.vtkhdf")


def constant(value):
    return {"kind": "table", "time": [0.0, 1.0], "value": [value, value]}


def test_blade_expands_freely_where_it_is_warmed_evenly(folder):
    still = {"rotation": constant(0.0), "gas": constant(0.0), "hot_spot": constant(0.0)}
    with solved(folder, "warm", [0.0, 120.0, 240.0], still) as file:
        assert np.abs(file.read("displacement", 0)[-1]).max() > 0.3
        assert np.abs(file.read("stress", 0)).max() < 1e-3  # MPa: the supports hold no expansion back


def test_take_off_flows_at_the_hot_spot_only_and_passes_the_check(case, study, folder, coarse):
    with solved(folder, "take_off", list(np.arange(0.0, 361.0, 40.0)), {}) as file:
        p = file.read("p", 0)[-1, :, 0]
        model, report = file.model, check(file)
    coordinates = StrainOperator(coarse).coordinates
    assert 1e-4 < p.max() < 1e-2
    assert abs(coordinates[p.argmax(), 2] - case.blade.HOT_HEIGHT) < case.blade.HOT_SPAN
    flowing = coordinates[p > 0.1 * p.max()]
    assert np.abs(flowing[:, 2] - case.blade.HOT_HEIGHT).max() < 2.0 * case.blade.HOT_SPAN
    assert report.passed
    assert set(model.amplitudes) == {"rotation", "gas", "warming", "hot_spot"}
