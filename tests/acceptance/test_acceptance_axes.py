"""Grains of a cubic crystal and steel, heated and pulled: from `romlib solve` to a ROM, at one rank and at two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import romlib
from romlib.archive.romfile import read_rom, write_rom
from romlib.errors import FileFormatError, InputError
from romlib.mesh.box import box_mesh
from romlib.snapshots import Snapshots

pytest.importorskip("petsc4py", reason="the full-order solver needs petsc4py")
meshio = pytest.importorskip("meshio", reason="the mesh is written by meshio")

STUDY = """
[study]
name = "bar"
units = "mm, N, MPa, s"
[mesh]
file = "bar.vtu"
[tags]
steel = { cells = { array = "steel" } }
crystal = { cells = { array = "crystal" } }
left = { nodes = { plane = { point = [0, 0, 0], normal = [1, 0, 0] } } }
right = { faces = { plane = { point = [8, 0, 0], normal = [1, 0, 0] } } }
top = { faces = { plane = { point = [0, 2, 0], normal = [0, 1, 0] } } }
[initial]
temperature = 20.0
[materials.steel]
law = "mises"
cells = "steel"
parameters = { young = 200000, poisson = 0.3, yield = 150, linear_hardening = 5000 }
thermal_expansion = { coefficient = 1.2e-5, reference_temperature = 20 }
[materials.crystal]
law = "cubic"
cells = "crystal"
parameters = { C11 = 246500, C12 = 147300, C44 = 124700 }
orientation = { first = { array = "first" }, plane = { array = "plane" } }
thermal_expansion = { coefficient = [1e-5, 2e-5, 3e-5], reference_temperature = 20 }
[constraints]
left = { nodes = "left", components = ["x", "y", "z"] }
[loads]
pull = { kind = "traction", faces = "right", direction = [1, 0.1, 0] }
press = { kind = "pressure", faces = "top" }
heat = { kind = "temperature", field = 1.0 }
[cases.train]
times = { stop = 1.0, step = 0.1 }
amplitudes = { pull = "170*sin(2*pi*t)", press = "20*t", heat = "20 + 200*t" }
[cases.test]
times = { stop = 1.0, step = 0.1 }
amplitudes = { pull = "160*sin(2*pi*t)", press = "18*t", heat = "20 + 180*t" }
[[training]]
snapshots = "train.vtkhdf"
[offline]
dual_fields = ["stress", "p", "plastic_strain"]
pod_tolerance = 1e-4
cubature_tolerance = 1e-4
"""


@pytest.fixture(scope="module")
def folder(romlib_command, tmp_path_factory) -> Path:
    """Mesh, study, training run of two ranks, reference of one, and ROMs of one rank and of two."""
    folder = tmp_path_factory.mktemp("axes")
    mesh = box_mesh("hex8", (8, 2, 2), (8.0, 2.0, 2.0))
    cells = mesh.blocks[0].connectivity
    x = mesh.points[cells].mean(axis=1)[:, 0]
    first, plane = np.random.default_rng(0).normal(size=(2, 4, 3))
    grain = (x // 2).astype(int)
    meshio.Mesh(mesh.points, [("hexahedron", cells)], cell_data={
        "first": [first[grain]], "plane": [plane[grain]], "steel": [(x < 2).astype(float)],
        "crystal": [(x > 2).astype(float)]}).write(folder / "bar.vtu")
    study = folder / "study.toml"
    study.write_text(STUDY)
    train, test = folder / "train.vtkhdf", folder / "test.vtkhdf"
    romlib_command.started("solve", study, "--case", "train", "-o", train, "--pieces", "3", ranks=2)
    done = romlib_command("solve", study, "--case", "test", "-o", test, "--fields", "stress,p,plastic_strain")
    assert done.exit_code == 0, f"{done}"
    for ranks in (1, 2):
        words = "offline", study, "-o", folder / f"bar{ranks}.rom", "--accept-errors"
        done = romlib_command.started(*words, ranks=ranks) if ranks > 1 else romlib_command(*words)
        assert done.exit_code == 0, f"{done}"
    return folder


@pytest.fixture(scope="module")
def reference(folder):
    with Snapshots(folder / "test.vtkhdf") as file:
        return {name: file.read(name, 0) for name in ("displacement", "stress", "p", "plastic_strain")}


def apart(found, expected):
    there = ~np.isnan(expected)
    return np.linalg.norm((found - expected)[there]) / np.linalg.norm(expected[there])


def field(solution, name):
    """As the reference has it, which is of one piece: by id of node, or by cell and point."""
    names = {"displacement": lambda mesh: mesh.node_ids}
    values, ids = [], []
    for piece in range(solution.reader.n_piece):
        mesh = solution.reader.mesh(piece)
        ids.append(mesh.node_ids if name in names else np.repeat(mesh.cell_ids, mesh.points_of_cells) * 100 + np.tile(
            np.arange(8), mesh.n_cell))
        values.append(np.stack([solution.field(name, k, piece=piece) for k in range(len(solution.times))]))
    _, once = np.unique(np.concatenate(ids), return_index=True)
    return np.concatenate(values, axis=1)[:, once]


def test_the_rom_has_the_axes_of_its_points_and_meets_the_reference(folder, reference):
    rom = read_rom(folder / "bar1.rom")
    axes, crystal = rom.points.orientation, rom.points.material_index == 1
    assert 0 < crystal.sum() < len(crystal)
    np.testing.assert_array_equal(axes[~crystal], np.tile(np.eye(3), ((~crystal).sum(), 1, 1)))
    assert len(np.unique(np.round(axes[crystal], 9), axis=0)) == 3  # grains
    solution = romlib.load(folder / "bar1.rom").solve("test")
    for name, most in (("displacement", 3e-3), ("stress", 2e-2), ("p", 1e-2), ("plastic_strain", 2e-2)):
        assert apart(field(solution, name), reference[name]) < most, name


def test_full_integration_of_the_same_modes_agrees(folder, reference):
    solution = romlib.load(folder / "bar1.rom").solve("test", hyper_reduction=False)
    assert apart(field(solution, "displacement"), reference["displacement"]) < 3e-3
    assert apart(field(solution, "stress"), reference["stress"]) < 2e-2


def test_one_rank_and_two_make_the_same_rom(folder):
    one, two = (read_rom(folder / f"bar{ranks}.rom") for ranks in (1, 2))
    np.testing.assert_array_equal(one.points.cell_ids, two.points.cell_ids)
    np.testing.assert_array_equal(one.points.orientation, two.points.orientation)
    np.testing.assert_allclose(one.clusters[0].weights, two.clusters[0].weights, rtol=1e-8)
    solutions = [romlib.load(folder / f"bar{ranks}.rom").solve("test") for ranks in (1, 2)]
    stress = [field(solution, "stress") for solution in solutions]
    assert apart(stress[0], stress[1]) < 1e-9


@pytest.mark.parametrize("hyper_reduction", [True, False])
def test_a_run_goes_on_from_its_state_with_the_states_of_the_laws_as_they_were(folder, tmp_path, hyper_reduction):
    model = romlib.load(folder / "bar1.rom")
    whole = model.solve("test", hyper_reduction=hyper_reduction)
    times = whole.times
    begun = model.solve("test", times=times[:6], hyper_reduction=hyper_reduction)
    begun.write_state(tmp_path / "begun.state")
    rest = model.solve("test", times=times[5:], start=tmp_path / "begun.state", hyper_reduction=hyper_reduction)
    assert apart(field(rest, "stress")[-1], field(whole, "stress")[-1]) < 1e-9


def test_a_state_of_other_axes_is_refused(folder):
    model = romlib.load(folder / "bar1.rom")
    saved = model.solve("test", times=[0.0, 0.1]).state()
    blocks = [replace(block, orientation=block.orientation[:, [1, 2, 0]]) for block in saved.blocks]
    with pytest.raises(InputError, match="other material axes"):
        model.solve("test", times=[0.1, 0.2], start=replace(saved, blocks=blocks))


@pytest.mark.parametrize(("change", "said"), [
    (lambda axes: None, "lacks the axes of a material"), (lambda axes: axes[:-1], "wrong shape"),
    (lambda axes: 1.01 * axes, "orthogonal unit vectors"), (lambda axes: axes[:, [1, 0, 2]], "left-handed"),
    (lambda axes: axes * np.nan, "orthogonal unit vectors")])
def test_a_rom_whose_axes_are_none_is_refused(folder, tmp_path, change, said):
    rom = read_rom(folder / "bar1.rom")
    rom.points.orientation = change(rom.points.orientation)
    with pytest.raises(FileFormatError, match=said):
        write_rom(tmp_path / "other.rom", rom)


def test_a_study_that_names_an_array_that_is_not_there_says_so(folder, romlib_command, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(STUDY.replace('"first" }', '"frist" }').replace("train.vtkhdf", str(folder / "train.vtkhdf")))
    done = romlib_command("offline", study, "-o", tmp_path / "x.rom")
    assert done.exit_code != 0
    assert "materials.crystal.orientation.first.array" in f"{done}" and "first" in f"{done}"
