"""`romlib solve` of a case that comes from a deck: compared with mesh and model of the study."""

from __future__ import annotations

import numpy as np
import pytest
from fullorder_example import bar

from romlib.errors import InputError
from romlib.identity.contents import identity_of
from romlib.model import Case, Model, Omission
from romlib.parallel.comm import serial
from romlib.snapshots import SnapshotsWriter
from romlib.study import Study
from romlib.study.solve import run_solve

pytest.importorskip("petsc4py")
pytest.importorskip("pymetis")
STUDY = """
[study]
name = "bar"
[mesh]
file = "bar.vtkhdf"
[materials.steel]
law = "elastic"
parameters = { young = 2e5, poisson = 0.3 }
[constraints.clamp]
nodes = "xmin"
components = ["x", "y", "z"]
[loads.push]
kind = "pressure"
faces = "ymax"
[loads.pull]
kind = "traction"
faces = "xmax"
direction = [1, 0, 0]
"""
PUSH, PULL = {"kind": "pressure", "faces": "ymax"}, {"kind": "traction", "faces": "xmax", "direction": [1, 0, 0]}


@pytest.fixture
def study(tmp_path):
    with SnapshotsWriter(tmp_path / "bar.vtkhdf", [bar()], Model(), [0.0], {}):
        pass
    (tmp_path / "study.toml").write_text(STUDY)
    return Study.read(tmp_path / "study.toml")


def deck_case(loads, young=2e5, **amplitudes) -> Case:
    """The case of a deck with these loads."""
    model = Model.model_validate({
        "materials": {"iron": {"law": "elastic", "parameters": {"young": young, "poisson": 0.3}}},
        "constraints": {"wall": {"nodes": "xmin", "components": ["x", "y", "z"]}}, "loads": loads})
    return Case(times=[0, 1], amplitudes=amplitudes, identity=identity_of([bar()], model))


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_case_of_another_material_or_load_is_refused(study, tmp_path, pieces):
    target = tmp_path / "x.vtkhdf"
    for case, what in ((deck_case({"push": PUSH}, young=1e5, push="3*t"), "young"),
                       (deck_case({"push": {**PUSH, "faces": "zmax"}}, push="3*t"), "the load 'push'")):
        with pytest.raises(InputError, match=r"bar.vtkhdf") as caught:
            run_solve(study, case, target, serial(), pieces=pieces)
        assert what in caught.value.what
    assert not target.exists()


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_case_of_the_same_model_in_other_words_is_solved(study, tmp_path, pieces):
    case = deck_case({"pressure_1": {**PUSH, "value": 2.0}}, pressure_1="3*t")
    notes: list[str] = []
    found = run_solve(study, case, tmp_path / "a.vtkhdf", serial(), pieces=pieces, on_note=notes.append)
    by_hand = Case(times=[0, 1], amplitudes={"push": "6*t", "pull": 0.0})
    expected = run_solve(study, by_hand, tmp_path / "b.vtkhdf", serial(), pieces=pieces)
    for piece, result in expected.state.pieces.items():
        np.testing.assert_allclose(found.state.pieces[piece].displacement, result.displacement, rtol=1e-8, atol=1e-14)
    assert any("'pull': it is zero" in note for note in notes) and any("2 times 'push'" in note for note in notes)


def test_an_omission_of_a_case_counts(study, tmp_path):
    case = Case(times=[0, 1], amplitudes={"push": 1.0, "pull": 0.0}, omissions=(
        Omission(name="spring", description="*SPRING (line 3)", does_work=True),))
    with pytest.raises(InputError, match="virtual work"):
        run_solve(study, case, tmp_path / "x.vtkhdf", serial())


def test_numbers_of_another_unit_are_noted_before_anything_is_solved(study, tmp_path):
    study.path.write_text(STUDY.replace("young = 2e5", "young = 2e11"))
    notes: list[str] = []
    run_solve(Study.read(study.path), Case(times=[0, 1], amplitudes={"push": "6*t", "pull": 0.0}),
              tmp_path / "a.vtkhdf", serial(), on_note=notes.append)
    assert any("young of 'steel' is 2e+11 MPa" in note and "2e+05 would be usual" in note for note in notes)
