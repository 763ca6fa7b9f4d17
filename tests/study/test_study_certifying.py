"""Certificates of what `romlib` itself writes: full-order runs and results of a ROM, with temperatures in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from thermal_bar import STUDY, write_study
from thermal_plate import TRAINING

import romlib
from romlib.errors import StudyError
from romlib.parallel.comm import serial
from romlib.report.compare import Comparison, compare
from romlib.snapshots.reader import Snapshots
from romlib.study import Study
from romlib.study.solve import run_solve

pytest.importorskip("petsc4py")
COARSE = STUDY.replace("step = 0.1", "step = 0.25")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A ROM of two temperature fields, a result at a third one, and the full-order run of that."""
    folder = tmp_path_factory.mktemp("thermal")
    write_study(folder)
    (folder / "study.toml").write_text(COARSE)
    study = Study.read(folder / "study.toml")
    for case, output in (("one", "run_one"), ("two", "run_two"), ("three", "reference")):
        run_solve(study, case, folder / f"{output}.vtkhdf", serial(), fields=("stress", "p"))
    (folder / "study.toml").write_text(COARSE + TRAINING)
    with romlib.train(folder / "study.toml") as trained:
        trained.write(folder / "bar.rom")
    romlib.load(folder / "bar.rom").solve("three").write(folder / "result.vtkhdf")
    return folder


def comparison(folder: Path) -> Comparison:
    with Snapshots(folder / "result.vtkhdf") as result, Snapshots(folder / "reference.vtkhdf") as reference:
        return compare(result, reference)


@pytest.mark.parametrize("with_study", [False, True])
def test_a_result_at_a_temperature_that_training_has_not_seen_is_within_its_bounds(folder, with_study):
    """The file has its temperature, so that nothing but the file is needed; the study changes nothing."""
    found = romlib.certify(folder / "result.vtkhdf", folder / "study.toml" if with_study else None, serial())
    true = comparison(folder).fields
    for name, bound in found.bounds.items():
        assert true[name].relative > 1e-3, name  # there is an error to be found
        assert true[name].relative <= bound[-1] <= 3.0 * true[name].relative, name


def test_a_training_run_with_a_temperature_file_is_certified_as_the_study_has_it(folder):
    found = romlib.certify(folder / "run_one.vtkhdf", folder / "study.toml", serial())
    assert found.relative_residual.max() < 1e-5 and max(one.relative for one in found.estimates.values()) < 1e-6


def test_names_that_the_file_lacks_are_refused(folder):
    (folder / "wrong.toml").write_text(COARSE.replace('nodes = "xmax"', 'nodes = "xmaks"'))
    with pytest.raises(StudyError, match=r"(?s)xmaks.*did you mean 'xmax'"):
        romlib.certify(folder / "result.vtkhdf", folder / "wrong.toml", serial())
