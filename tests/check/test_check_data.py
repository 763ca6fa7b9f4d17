"""The check on real solver files: the figures that the method stands on."""

from __future__ import annotations

import pytest

from romlib.check import check
from romlib.mesh.tags import TagSet
from romlib.model import Model
from romlib.model.tag import FaceTag, NodeTag
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

pytestmark = pytest.mark.data
PLATE_NODES = {name: NodeTag(array=name) for name in ("symx", "symy", "symz")}
PLATE_FACES = {"loaded": FaceTag(array="group", value=2)}


def converted(name, source, folder, pieces=None, units=None):
    converters = pytest.importorskip(f"romlib_converters.{name}", reason=f"the converter {name} is not installed")
    target = folder / "converted.vtkhdf"
    getattr(converters, f"{name.capitalize()}Converter")().convert(source, target, pieces=pieces, units=units)
    return target


def plate_model(amplitude, **options):
    return Model.model_validate({
        "materials": {"plate": {"law": "mises", "parameters": {
            "young": 70000.0, "poisson": 0.2, "yield": 243.0, "linear_hardening": 2250.0, **options}}},
        "constraints": {name: {"nodes": name, "components": [name[-1]]} for name in PLATE_NODES},
        "loads": {"traction": {"kind": "traction", "faces": "loaded", "direction": [0, 1, 0]}},
        "amplitudes": {"traction": f"{amplitude}*sin(2*pi*t)"}})


@pytest.mark.parametrize("pieces", [1, 4])
def test_zset_cube_is_reproduced(data_dir, tmp_path, pieces):
    path = converted("zset", data_dir / "zset" / "MecaSequential" / "cube.inp", tmp_path, pieces)
    with Snapshots(path) as snapshots:
        report = check(snapshots)
    assert report.passed
    assert report["elements"].value == pytest.approx(1.0, rel=1e-6)
    assert report["strain"].value <= 1e-6
    assert report["stress"].value <= 1e-5
    assert report["state p"].value <= 1e-5
    assert report["state plastic_strain"].value <= 1e-5
    assert report["equilibrium"].value <= 1e-5
    if pieces == 1:  # a stored internal force cannot be cut
        assert report["internal_force"].value <= 1e-6


def test_zset_subdomains_are_reproduced_and_in_equilibrium_across_the_interface(data_dir, tmp_path):
    path = converted("zset", data_dir / "zset" / "MecaParallel" / "cube.inp", tmp_path)
    with Snapshots(path) as snapshots:
        assert snapshots.n_piece == 2 and snapshots.n_shared > 0
        report = check(snapshots)
    assert report.passed
    assert report["internal_force"].value <= 1e-6
    assert report["stress"].value <= 1e-5
    assert "of the largest strain" in report["state p"].detail  # it hardly yields
    assert report["equilibrium"].value <= 1e-4  # the deck stops at a ratio of 1e-2: 2e-5 is what the solver left


@pytest.mark.parametrize(("file", "amplitude", "pieces"), [
    ("train_A95", 95, 1), ("train_A120", 120, 3), ("test_A110", 110, 1)])
def test_kratos_plate_is_in_equilibrium_by_displacement_and_law_alone(data_dir, tmp_path, file, amplitude, pieces):
    path = converted("meshio", data_dir / "kratos_plate" / f"{file}.xdmf", tmp_path, pieces, "mm, N, MPa, s")
    with Snapshots(path) as snapshots:
        plate = PreparedSnapshots(snapshots, plate_model(amplitude), TagSet(PLATE_NODES, PLATE_FACES, {}))
        report, wrong = check(plate), check(plate, plate_model(amplitude, linear_hardening=2200.0))
    assert report.passed
    assert report["load_balance"].value <= 1e-9
    assert report["equilibrium"].value <= 1e-8
    assert [item.name for item in wrong.failed] == ["equilibrium"]
