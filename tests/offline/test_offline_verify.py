"""A ROM that misses its own training cases is refused, with what it misses and why; or written, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from small_problem import bar, pulled_bar, solve, write

import romlib
from romlib.archive.romfile import read_rom
from romlib.errors import ConvergenceError, VerificationError
from romlib.model import Model, Temperature
from romlib.offline.options import OfflineOptions
from romlib.offline.report import TrainingReport
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.offline.verify import beyond_limits, causes
from romlib.parallel.comm import serial
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 21)
TIGHT = {"pod_tolerance": 1e-6, "cubature_tolerance": 1e-5, "dual_fields": ("stress", "p")}


def build(file: Path, output: Path, model: Model | None = None, accept_errors: bool = False, **options: object
          ) -> TrainingReport:
    with Snapshots(file) as opened:
        training = TrainingSet([PreparedSnapshots.of(opened, model)])
        settings_ = OfflineOptions.model_validate({**TIGHT, **options})
        with train(training, settings_, serial(), accept_errors=accept_errors, output=output) as trained:
            return trained.write()


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bar pulled beyond yield and back."""
    mesh, model = bar(), pulled_bar()
    u, _ = solve(mesh, model, TIMES)
    return write(tmp_path_factory.mktemp("pulled") / "bar.vtkhdf", mesh, model, TIMES, u, 1)


FEW = {"pod_tolerance": None, "modes": 1}


def test_a_rom_of_one_mode_is_refused_and_its_modes_are_blamed(pulled: Path, tmp_path: Path) -> None:
    with pytest.raises(VerificationError) as caught:
        build(pulled, tmp_path / "one.rom", **FEW)
    message = str(caught.value)
    assert "online displacement: " in message and "(at most 0.05)" in message
    assert "The modes leave out" in message and "--accept-errors" in message and "error_limits" in message
    assert list(tmp_path.iterdir()) == []


def test_accepted_errors_are_in_the_report_the_manifest_and_every_solution(pulled: Path, tmp_path: Path) -> None:
    report = build(pulled, tmp_path / "one.rom", accept_errors=True, **FEW)
    assert any("accepted with errors" in note and "modes leave out" in note for note in report.notes)
    accepted = read_rom(tmp_path / "one.rom").manifest.accepted
    assert any(line.startswith("online displacement: ") for line in accepted)
    solution = romlib.load(tmp_path / "one.rom").solve("bar")
    assert any("accepted with errors" in note and accepted[0] in note for note in solution.notes)


def test_a_limit_of_the_study_decides(pulled: Path, tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=r"online p: [\d.e-]+ \(at most 1e-07\)"):
        build(pulled, tmp_path / "strict.rom", error_limits={"p": 1e-7})
    loose = {name: 10.0 for name in ("displacement", "stress", "p")}
    report = build(pulled, tmp_path / "loose.rom", error_limits=loose, **FEW)
    assert not any("accepted" in note for note in report.notes)
    assert read_rom(tmp_path / "loose.rom").manifest.accepted == []


def test_a_good_rom_has_nothing_accepted_even_where_it_may(pulled: Path, tmp_path: Path) -> None:
    report = build(pulled, tmp_path / "good.rom", accept_errors=True)
    assert report.notes == [] or not any("accepted" in note for note in report.notes)
    rom = romlib.load(tmp_path / "good.rom")
    assert rom.archive.manifest.accepted == [] and rom.solve("bar").notes == ()


def test_a_rom_that_cannot_solve_its_training_case_is_refused_or_says_so(
    pulled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConvergenceError("the residual does not fall", time=0.4, residuals=[1.0])

    monkeypatch.setattr("romlib.offline.verify.solve", fail)
    with pytest.raises(VerificationError, match=r"cannot solve one of its own training cases[\s\S]*does not fall"):
        build(pulled, tmp_path / "none.rom")
    assert list(tmp_path.iterdir()) == []
    build(pulled, tmp_path / "some.rom", accept_errors=True)
    manifest = read_rom(tmp_path / "some.rom").manifest
    assert "online displacement" not in manifest.errors and "cannot solve" in manifest.accepted[0]


def test_few_points_are_noted_and_blamed(pulled: Path, tmp_path: Path) -> None:
    report = build(pulled, tmp_path / "few.rom", accept_errors=True, cubature_points=5)
    assert report.sizes["cubature points"] == 5
    assert any("it has all the points of cubature_points" in note for note in report.notes)
    assert any("The cubature stopped at" in line for line in causes(
        ["online p: 1"], report.errors, OfflineOptions(cubature_points=5)))


@settings(max_examples=50, deadline=None)
@given(pod=st.floats(1e-8, 0.5), cubature=st.floats(1e-8, 0.5), dual=st.floats(1e-8, 0.5), error=st.floats(0.0, 10.0))
def test_limits_are_ten_tolerances_or_five_per_cent(pod: float, cubature: float, dual: float, error: float) -> None:
    options = OfflineOptions(pod_tolerance=pod, cubature_tolerance=cubature, dual_tolerance=dual)
    own = max(0.05, 10 * max(pod, cubature))
    assert bool(beyond_limits({"online displacement": error}, "", options)) == (error > own)
    assert bool(beyond_limits({"online stress": error}, "", options)) == (error > max(own, 10 * dual))
    assert not beyond_limits({"POD of stress": error}, "", options)


def test_what_is_not_a_number_is_beyond_every_limit() -> None:
    assert beyond_limits({"online p": float("nan")}, "", OfflineOptions(dual_fields=("p",), error_limits={"p": 9.0}))


def test_limits_are_of_fields_that_the_rom_gives() -> None:
    with pytest.raises(ValidationError, match=r"'q'.*displacement, stress"):
        OfflineOptions(error_limits={"q": 0.1})
    with pytest.raises(ValidationError):
        OfflineOptions(error_limits={"stress": 0.0})


@pytest.fixture(scope="module")
def heated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model]:
    """A bar clamped at one end whose temperature varies across it: no load, stress in equilibrium with itself.

    Statically determinate but for the clamp: what it carries balances within the bar.
    """
    mesh = bar()
    x, y, _ = mesh.points.T
    mesh.node_arrays["hot"] = 1.0 + (2.0 * y - 1.0) ** 2 * (1.0 + x)
    data = pulled_bar().model_dump()
    data["materials"]["steel"]["thermal_expansion"] = {"coefficient": 1.2e-5, "reference_temperature": 0.0}
    data |= {"loads": {"heat": {"kind": "temperature", "field": {"array": "hot"}}},
             "amplitudes": {"heat": "120*sin(2*pi*t)"}}
    model = Model.model_validate(data)
    u, _ = solve(mesh, model, TIMES)
    return write(tmp_path_factory.mktemp("heated") / "bar.vtkhdf", mesh, model, TIMES, u, 1), model


def test_heat_alone_is_integrated_with_few_points_although_no_work_is_left(
    heated: tuple[Path, Model], tmp_path: Path
) -> None:
    file, model = heated
    assert all(isinstance(load, Temperature) for load in model.loads.values())
    report = build(file, tmp_path / "hot.rom", pod_tolerance=1e-4, cubature_tolerance=1e-3, dual_tolerance=1e-3)
    assert "in equilibrium with themselves" in report.details["cubature"]
    assert report.errors["cubature on its training set"] <= 1e-3
    assert report.errors["cubature on the snapshots"] <= 2e-3
    assert report.errors["online displacement"] <= 1e-3 and report.errors["online stress"] <= 2e-2
    assert report.sizes["cubature points"] < 0.6 * report.sizes["integration points"]


def test_no_training_case_extrapolates(heated: tuple[Path, Model], pulled: Path, tmp_path: Path) -> None:
    """Also where the file begins after the initial time, as those of some solvers do."""
    for file in (heated[0], pulled):
        with Snapshots(file) as whole:
            u = np.stack([whole.read("displacement", 0, slice(k, k + 1))[0] for k in range(1, len(TIMES))])
            later = write(tmp_path / "later.vtkhdf", whole.mesh(0), whole.model, TIMES[1:], u, 1)
        for training in (file, later):
            build(training, tmp_path / "all.rom", pod_tolerance=1e-3, cubature_tolerance=1e-3, dual_tolerance=1e-2)
            rom = romlib.load(tmp_path / "all.rom")
            for name in rom.archive.cases:
                assert rom.solve(name).notes == ()
