"""What stored digits resolve: seen in the values, carried through strain, stress and forces, and never a mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.check import check
from romlib.check.resolution import Precision, Resolution, precision_of
from romlib.errors import LawError
from romlib.fem.piece import Piece
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.snapshots.reader import Snapshots


def in_digits(values: np.ndarray, digits: int) -> np.ndarray:
    return np.array([float(f"{value:.{digits - 1}e}") for value in values.ravel()]).reshape(values.shape)


def run(path, model=None):
    with Snapshots(path) as snapshots:
        return check(snapshots, model)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), digits=st.integers(4, 9), size=st.integers(-8, 8))
def test_digits_of_a_text_are_seen_in_its_values(seed: int, digits: int, size: int) -> None:
    values = np.random.default_rng(seed).standard_normal((40, 3)) * 10.0**size
    assert precision_of(in_digits(values, digits), "float64") == Precision(digits)
    assert precision_of(values.astype(np.float32).astype(float), "float64") == Precision()
    assert precision_of(values, "float32") == Precision()
    assert precision_of(values, "float64") is None


@pytest.mark.parametrize("values", [
    np.zeros((30, 3)), np.full((30, 3), 0.001), np.linspace(0, 1, 33)[:, None] * [1e-3, 0, 0],
    np.arange(99.0).reshape(33, 3) / 8, np.array([[0.12345, 0.0, 0.0]]), np.full((30, 3), np.nan)])
def test_round_numbers_are_not_taken_for_few_digits(values: np.ndarray) -> None:
    assert precision_of(values, "float64") is None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), digits=st.sampled_from([None, 5, 6, 7]), shift=st.floats(0.0, 50.0))
def test_the_noise_is_as_large_as_what_rounding_does(seed: int, digits: int | None, shift: float) -> None:
    """A smooth displacement on top of a rigid motion: the difference that rounding makes to strain and stress."""
    mesh = box_mesh("hex8", (4, 3, 3))
    operator, random = StrainOperator(mesh), np.random.default_rng(seed)
    u = mesh.points @ random.standard_normal((3, 3)) * 1e-2 + shift * random.uniform(0.1, 1.0, 3)
    rounded = u.astype(np.float32).astype(float) if digits is None else in_digits(u, digits)
    tangent = np.broadcast_to(2e5 * np.eye(6), (operator.n_ip, 6, 6))
    found = Resolution()
    found.add_displacement(Precision(digits), rounded, operator, tangent)
    difference = operator.strain((rounded - u)[None])[0]
    size = np.linalg.norm(difference, axis=1).max()
    assert size <= found.strain <= 30.0 * size + 1e-30
    stress = np.linalg.norm(2e5 * difference, axis=1).max()
    assert stress <= found.stress <= 30.0 * stress + 1e-20
    force = np.linalg.norm(operator.internal_force(2e5 * difference[None])[0], axis=1).max()
    assert force <= found.force <= 30.0 * force + 1e-20


def stiff(case, young: float) -> Model:
    """The material of the case with another modulus, which hardly matters where everything yields."""
    data = case.model.model_dump()
    data["materials"]["steel"]["parameters"]["young"] = young
    return Model.model_validate(data)


@pytest.fixture
def moved(case):
    """The displacement of the case on top of a translation of 2 mm, without constraints and loads that it breaks."""
    model = Model.model_validate({**case.model.model_dump(), "constraints": {}})
    return model, case.fields["displacement"] + np.array([2.0, 1.0, 0.5])


def test_single_precision_of_a_large_motion_raises_the_tolerances_and_says_so(written, case, moved):
    model, u = moved
    shifted = u.astype(np.float32).astype(float)
    report = run(written(displacement=shifted), model)
    for name in ("strain", "stress"):
        item = report[name]
        assert item.value > 1e-5 and item.status == "pass", name
        assert item.value <= item.tolerance <= 1e-3 and "single precision" in item.compared, name
        assert "raised from 1.0e-05" in item.compared
    exact = run(written(displacement=u), model)
    assert exact["stress"].tolerance == 1e-5 and "precision" not in exact["stress"].compared


def test_the_raised_tolerance_masks_no_wrong_law(written, case, moved):
    model, u = moved
    wrong = written(displacement=u.astype(np.float32).astype(float), stress=case.fields["stress"] * 1.005)
    item = run(wrong, model)["stress"]
    assert item.status == "fail" and "raised" in item.detail and item.tolerance < item.value


def test_six_digits_of_a_large_motion_are_too_few_and_the_number_is_said(written, case, moved):
    model, u = moved
    report = run(written(displacement=np.stack([in_digits(step, 6) for step in u])), model)
    item = report["stress"]
    assert item.status == "fail" and item.tolerance == 1e-5
    assert "stored with 6 digits" in item.meaning and "no larger than what these digits leave open" in item.meaning
    resolved = float(item.meaning.split("to ")[1].split(" ")[0])
    assert item.value <= resolved <= 30 * item.value


def test_equilibrium_of_a_displacement_alone_knows_its_digits(written, case):
    path = written(names=("displacement",), displacement=np.stack(
        [in_digits(step, 5) for step in case.fields["displacement"]]))
    item = run(path)["equilibrium"]
    assert item.value > 1e-4
    assert "5 digits" in (item.compared if item.status == "pass" else item.meaning)


def test_digits_of_a_printed_stress_count_where_forces_are_made_of_it(written, case):
    printed = np.stack([in_digits(step, 4) for step in case.fields["stress"]])
    item = run(written(stress=printed))["internal_force"]
    assert item.value > 1e-5 and item.status == "pass" and "stress is stored with 4 digits" in item.compared
    assert run(written(stress=case.fields["stress"] * 1.001))["internal_force"].status == "fail"


def test_a_law_that_cannot_give_a_tangent_raises_no_tolerance_and_no_error(written, case, moved, monkeypatch):
    def fail(*_):
        raise LawError("the law crashed")

    monkeypatch.setattr(Piece, "virgin_tangent", fail)
    model, u = moved
    report = run(written(displacement=u.astype(np.float32).astype(float)), model)
    assert report["strain"].status == "pass" and report["strain"].tolerance > 1e-5
    assert report["stress"].status == "fail" and report["stress"].tolerance == 1e-5
