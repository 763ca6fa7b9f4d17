"""A plate of a user material whose .fil the test writes: what is converted is what was solved."""

from __future__ import annotations

import numpy as np
import pytest
from abaqus_fil import FilWriter, begin_increment, plain_tensor, write_model, write_nodal, write_points
from abaqus_plate import KINDS, PROPS, TRAINING, plate, solved, write_deck, write_fil
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


def test_results_with_their_deck_need_no_study_to_pass_the_check(folder, tmp_path):
    """Loads, constraints, and the constants of the user material come from the deck, the library from the user."""
    write_fil(folder / "slow.vtkhdf", tmp_path / "job.fil", binary=True)
    times = np.linspace(0.0, 1.0, 11)
    pull, bend = ("\n".join(f"{t:.17g}, {value:.17g}" for t, value in zip(times, values))
                  for values in (220.0 * np.sin(np.pi * times), 60.0 * times))
    write_deck(plate(), tmp_path / "job.inp", pull, bend)
    AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "job.vtkhdf",
                              options={"umat": "libJ2EVP.so:J2EVP"})
    with Snapshots(tmp_path / "job.vtkhdf") as file:
        assert not file.model.omissions
        assert sorted(file.mesh(0).face_tags) == ["skin", "xmax", "ymax"]
        assert file.model.materials["STEEL"].parameters["depvar"] == 7
        (tmp_path / "study.toml").write_text(  # a file is not believed where code is loaded from
            f'[study]\nname = "job"\n[mesh]\nfile = "job.vtkhdf"\n[materials.STEEL]\nlaw = "umat"\n'
            f'[materials.STEEL.parameters]\nlibrary = "{folder}/libJ2EVP.so"\nsymbol = "J2EVP"\nprops = {PROPS}\n'
            'depvar = 7\nvariables = { p = 1, plastic_strain = [2, 3, 4, 5, 6, 7] }\n')
        report = check(Study.read(tmp_path / "study.toml").prepare(file))
        assert report.passed, report.rows()
        assert report["stress"].value < 1e-12 and report["equilibrium"].value < 1e-6
        assert report["load_balance"].value < 1e-5


@pytest.mark.parametrize("angle", [0.7])
def test_tensors_in_local_axes_with_their_directions_are_turned(folder, tmp_path, angle):
    c, s = np.cos(angle), np.sin(angle)
    frame = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
        [[1.0, 0.0, 0.0], [0.0, 0.6, -0.8], [0.0, 0.8, 0.6]])
    write_fil(folder / "slow.vtkhdf", tmp_path / "job.fil", binary=True, frame=frame)
    AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "job.vtkhdf")
    with Snapshots(tmp_path / "job.vtkhdf") as found, Snapshots(folder / "slow.vtkhdf") as expected:
        for name in ("stress", "plastic_strain"):
            other = expected.read(name, 0)[1:]
            np.testing.assert_allclose(found.read(name, 0), other, rtol=0.0, atol=1e-14 * np.abs(other).max())


@pytest.mark.parametrize("kind", ["C3D20", "C3D10", "C3D15", "C3D6", "C3D4"])
def test_strain_of_every_element_comes_back_from_its_displacement(tmp_path, kind):
    """Node order, rule and order of points: stress of the file against stress of the displacement."""
    mesh = plate(kind)
    x, y, z = mesh.points.T
    u = 1e-3 * np.column_stack([x * y + z, 0.3 * x * x - y * z, x * z + 0.2 * y])
    strain = StrainOperator(mesh).strain(u[None])[0]
    block, n = mesh.blocks[0], mesh.n_cell
    with FilWriter(tmp_path / "a.fil", binary=False) as writer:
        write_model(writer, mesh.node_ids, mesh.points, [
            (number, kind.ljust(8), mesh.node_ids[nodes]) for number, nodes in zip(block.cell_ids, block.connectivity)],
            {}, {})
        begin_increment(writer, 1.0, 1.0)
        points = StrainOperator(mesh).coordinates.reshape(n, -1, 3)
        write_points(writer, kind.ljust(8), block.cell_ids, {
            21: plain_tensor(strain.reshape(n, -1, 6), engineering=True), 8: points})
        write_nodal(writer, 101, mesh.node_ids, u)
        writer.end_increment()
    AbaqusConverter().convert(tmp_path / "a.fil", tmp_path / "a.vtkhdf")
    with Snapshots(tmp_path / "a.vtkhdf") as found:
        assert [one.quadrature for one in found.mesh(0).blocks] == [KINDS[kind][1]]
        np.testing.assert_allclose(found.read("strain", 0, 0), strain, atol=1e-17)


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
