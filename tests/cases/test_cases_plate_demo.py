"""The demo's stand-in for a solver: its mesh, its stiffness, and the equilibrium of what it returns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from case_scripts import scripts_of
from scipy import sparse

from romlib.errors import ConvergenceError
from romlib.loads.forces import unit_force
from romlib.mesh.operator import StrainOperator
from romlib.mesh.skin import add_skin
from romlib.mesh.tags import add_tags
from romlib.model import Model
from romlib.study import Study

CASE = Path(__file__).resolve().parent.parent.parent / "cases" / "plate_demo"


@pytest.fixture(scope="module")
def demo():
    """The modules of the demo, which import one another as the scripts that they are."""
    with scripts_of("plate_demo", "plate", "newton", "generate") as scripts:
        yield scripts


@pytest.fixture(scope="module")
def study():
    return Study.read(CASE / "study.toml")


@pytest.fixture(scope="module")
def coarse(demo, study):
    """A coarse plate with the tags of the study, and its model under a traction that rises and falls."""
    mesh = add_skin([demo.plate.quarter_plate(3, 5, 1)])[0]
    mesh = add_tags(mesh, study.node_tags, study.face_tags, study.cell_tags)
    model = study.complete(Model(units=study.study.units))
    return mesh, Model.model_validate({**model.model_dump(), "amplitudes": {"traction": "130*sin(2*pi*t)"}})


def test_plate_has_its_volume_and_its_symmetry_planes(demo, study, coarse):
    mesh, _ = coarse
    plate = demo.plate
    exact = (plate.WIDTH * plate.HEIGHT - np.pi * plate.RADIUS**2 / 4) * plate.THICKNESS
    errors = [
        abs(StrainOperator(plate.quarter_plate(n, 5, 1)).weights.sum() / exact - 1) for n in (4, 8, 16)]
    assert errors[0] < 1e-2
    assert errors[1] < 0.3 * errors[0] and errors[2] < 0.3 * errors[1]  # chords of a circle: second order
    sizes = {name: len(mesh.node_tags[name]) for name in study.node_tags}
    assert sizes == {"symx": 12, "symy": 12, "symz": 42}
    assert mesh.face_tags["top"].n_face == 3


def test_force_on_the_edge_is_traction_times_area(demo, coarse):
    mesh, model = coarse
    force = unit_force(model.loads["traction"], mesh, model.materials, StrainOperator(mesh), name="traction")
    assert force.sum(axis=0) == pytest.approx([0.0, demo.plate.WIDTH * demo.plate.THICKNESS, 0.0], abs=1e-12)


def test_assembled_stiffness_is_the_sparse_triple_product(demo, coarse):
    mesh, model = coarse
    operator = StrainOperator(mesh)
    free = demo.newton.free_dofs(mesh, model)
    tangent = np.random.default_rng(0).normal(size=(operator.n_ip, 6, 6))
    tangent = tangent + np.swapaxes(tangent, 1, 2)
    b = operator.strain_matrix()[:, free]
    expected = b.T @ sparse.block_diag(list(operator.weights[:, None, None] * tangent)) @ b
    found = demo.newton.Assembly(mesh, operator, free).stiffness(tangent)
    assert abs(found - expected).max() < 1e-12 * abs(expected).max()


def test_every_step_is_in_equilibrium_and_plastic_strain_only_grows(demo, coarse):
    mesh, model = coarse
    times = np.linspace(0.0, 1.0, 21)
    steps = list(demo.newton.solve(mesh, model, times))
    operator = StrainOperator(mesh)
    free = demo.newton.free_dofs(mesh, model)
    pattern = unit_force(model.loads["traction"], mesh, model.materials, operator, name="traction")
    scale = 130.0 * np.abs(pattern).max()
    for step in steps:
        load = 130.0 * np.sin(2 * np.pi * step.time) * pattern
        residual = (operator.internal_force(step.stress[None])[0] - load).ravel()[free]
        assert np.abs(residual).max() <= 1e-9 * scale
    p = np.array([step.p[:, 0] for step in steps])
    assert p[-1].max() > 1e-3
    assert np.diff(p, axis=0).min() >= 0.0


def test_load_beyond_the_limit_is_refused_with_its_time(demo, coarse):
    mesh, model = coarse
    soft = model.materials["plate"]
    soft = soft.model_copy(update={"parameters": {**soft.parameters, "linear_hardening": 0.0}})
    model = Model.model_validate({**model.model_dump(), "materials": {"plate": soft.model_dump()},
                                  "amplitudes": {"traction": "1000*t"}})
    with pytest.raises(ConvergenceError, match=r"no equilibrium[\s\S]*time: "):
        list(demo.newton.solve(mesh, model, np.linspace(0.0, 1.0, 5)))


def test_files_have_what_the_study_says(demo, study, tmp_path, monkeypatch):
    from romlib.snapshots import Snapshots

    monkeypatch.setattr(demo.generate, "quarter_plate", lambda: demo.plate.quarter_plate(4, 6, 1))
    monkeypatch.setattr(demo.generate, "TIMES", np.linspace(0.0, 0.05, 3))
    seconds = demo.generate.generate(replace_training(study), "held_out", tmp_path)
    assert sorted(path.name for path in seconds) == ["reference.vtkhdf", "train_100.vtkhdf"]
    with Snapshots(tmp_path / "train_100.vtkhdf") as training, Snapshots(tmp_path / "reference.vtkhdf") as reference:
        assert set(training.fields) == {"displacement"}
        assert set(reference.fields) == {"displacement", "stress", "p"}
        assert reference.n_piece == training.n_piece == demo.generate.N_PIECE
        # Elastic at these times: the files differ by the ratio of their amplitudes, in every piece.
        for piece in range(training.n_piece):
            a, b = (file.read("displacement", piece)[-1] for file in (training, reference))
            assert np.abs(a).max() > 0
            assert np.allclose(1.3 * a, b, rtol=1e-6, atol=1e-12)
            strain = StrainOperator(reference.mesh(piece)).strain(reference.read("displacement", piece))
            assert strain.shape == reference.read("stress", piece).shape


def replace_training(study: Study) -> Study:
    """The study with its first training run only."""
    return study.model_copy(update={"training": study.training[:1]})
