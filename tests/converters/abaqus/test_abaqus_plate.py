"""A plate of a user material whose .fil the test writes: what is converted is what was solved."""

from __future__ import annotations

import numpy as np
import pytest
from abaqus_plate import TRAINING, solved, write_fil
from romlib_converters.abaqus import AbaqusConverter

import romlib
from romlib.check import check
from romlib.mesh.operator import StrainOperator
from romlib.parallel.comm import serial
from romlib.report.compare import compare
from romlib.snapshots import Snapshots
from romlib.study import Study

pytest.importorskip("petsc4py")
FACES = """
[tags.xmax]
faces = { plane = { point = [2, 0, 0], normal = [1, 0, 0] } }
[tags.ymax]
faces = { plane = { point = [0, 1, 0], normal = [-0.1, 1, 0] } }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the plate's study, its library, and slow.vtkhdf, fast.vtkhdf, between.vtkhdf at full order."""
    folder = tmp_path_factory.mktemp("plate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("ROMLIB_LIBRARY_PATH", str(folder))
        solved(folder, cases=("slow", "fast", "between"))
        yield folder


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "ascii"])
def test_what_is_converted_is_what_was_solved(folder, tmp_path, binary):
    write_fil(folder / "slow.vtkhdf", tmp_path / "slow.fil", binary=binary)
    AbaqusConverter().convert(tmp_path / "slow.fil", tmp_path / "slow.vtkhdf")
    with Snapshots(tmp_path / "slow.vtkhdf") as found, Snapshots(folder / "slow.vtkhdf") as expected:
        assert not found.model.omissions
        assert found.solver == "Abaqus 2024"
        np.testing.assert_allclose(found.times, expected.times[1:], rtol=0.0 if binary else 1e-15)
        np.testing.assert_array_equal(found.mesh(0).node_ids, expected.mesh(0).node_ids)
        np.testing.assert_array_equal(found.mesh(0).cell_ids, expected.mesh(0).cell_ids)
        strain = StrainOperator(expected.mesh(0)).strain(expected.read("displacement", 0)[1:])
        for name in ("displacement", "p", "stress", "strain", "plastic_strain"):
            one = found.read(name, 0)
            other = strain if name == "strain" else expected.read(name, 0)[1:]
            exact = binary and name in ("displacement", "p")
            np.testing.assert_allclose(one, other, rtol=0.0, atol=0.0 if exact else 4e-16 * np.abs(other).max())


def test_a_rom_of_results_of_a_user_material_meets_the_solver(folder, tmp_path):
    """Conversion, check at the format's precision, offline, and online on a case that was not trained."""
    for name, binary in (("slow", True), ("fast", False)):
        write_fil(folder / f"{name}.vtkhdf", tmp_path / f"{name}.fil", binary=binary)
        AbaqusConverter().convert(tmp_path / f"{name}.fil", tmp_path / f"{name}_fil.vtkhdf", pieces=1)
    text = (folder / "study.toml").read_text().replace('"plate.vtkhdf"', '"slow_fil.vtkhdf"')
    for tag in ("xmin", "ymin", "zmin"):
        text = text.replace(f'nodes = "{tag}"', f'nodes = "{tag.upper()}"')
    (tmp_path / "study.toml").write_text(text.replace("[cases.slow]", f"{FACES}[cases.slow]", 1) + TRAINING)
    study = Study.read(tmp_path / "study.toml")
    for name in ("slow", "fast"):
        with Snapshots(tmp_path / f"{name}_fil.vtkhdf") as file:
            report = check(study.prepare(file))
            assert report.passed, report.rows()
            assert report["stress"].value < 1e-12 and report["equilibrium"].value < 1e-6
    with romlib.train(study, serial()) as trained:
        trained.write(tmp_path / "plate.rom")
    romlib.load(tmp_path / "plate.rom").solve("between").write(tmp_path / "rom.vtkhdf")
    with Snapshots(tmp_path / "rom.vtkhdf") as found, Snapshots(folder / "between.vtkhdf") as expected:
        errors = compare(found, expected).fields
    assert errors["displacement"].relative < 5e-3
    assert errors["stress"].relative < 2e-2
