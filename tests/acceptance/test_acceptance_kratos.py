"""A perforated plate computed by Kratos, read through meshio: two training runs, one that the ROM has not seen.

The files have the mesh and the displacement. Limits are those of a peer on the same data, with its numbers of points.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import romlib

pytestmark = pytest.mark.data

UNITS = "mm, N, MPa, s"
STUDY = """
[study]
name = "plate"
units = "mm, N, MPa, s"
[materials.plate]
cells = "all"
law = "mises"
parameters = { young = 70000, poisson = 0.2, yield = 243, linear_hardening = 2250 }
[tags.symx]
nodes = { array = "symx" }
[tags.symy]
nodes = { array = "symy" }
[tags.symz]
nodes = { array = "symz" }
[tags.loaded]
faces = { array = "group", value = 2 }
[constraints.symx]
nodes = "symx"
components = ["x"]
[constraints.symy]
nodes = "symy"
components = ["y"]
[constraints.symz]
nodes = "symz"
components = ["z"]
[loads.traction]
kind = "traction"
faces = "loaded"
direction = [0, 1, 0]
"""
TRAINING = """
[[training]]
snapshots = "train_A95.vtkhdf"
amplitudes.traction = "95*sin(2*pi*t)"
[[training]]
snapshots = "train_A120.vtkhdf"
amplitudes.traction = "120*sin(2*pi*t)"
"""
OFFLINE = """
[offline]
modes = {modes}
cubature_tolerance = {tolerance}
cubature_training = "{training}"
dual_fields = ["stress", "p"]
[cases.test]
times = {{ stop = 1.0, step = 0.025 }}
amplitudes.traction = "110*sin(2*pi*t)"
"""
# modes, tolerance and training set of the cubature; then limits: points, and Frobenius error of the displacement
ROMS = {
    "9 modes": (9, "5e-5", "snapshots", 150, 4.5e-4),
    "9 modes, more points": (9, "1e-5", "full_rom", 220, 3.6e-4),
    "19 modes": (19, "2e-5", "snapshots", 400, 2.2e-4),
}
PEERS_ITERATIONS = 126


@pytest.fixture(scope="module")
def plate(romlib_command, data_dir, tmp_path_factory) -> Path:
    """The folder with the three snapshots files."""
    folder = tmp_path_factory.mktemp("plate")
    for name in ("train_A95", "train_A120", "test_A110"):
        done = romlib_command("convert", "meshio", data_dir / "kratos_plate" / f"{name}.xdmf", "--units", UNITS,
                              "-o", folder / f"{name}.vtkhdf", "--json")
        assert done.json()["counts"]["integration_points"] == 15360
    return folder


@pytest.fixture(scope="module")
def solved(romlib_command, plate):
    """The ROM of a name, its solution of the test case, and the summary; each made once."""
    made = {}

    def solve(name: str):
        if name not in made:
            modes, tolerance, training, *_ = ROMS[name]
            study = plate / f"{name}.toml"
            study.write_text(STUDY + TRAINING + OFFLINE.format(modes=modes, tolerance=tolerance, training=training))
            rom, result = study.with_suffix(".rom"), study.with_suffix(".vtkhdf")
            done = romlib_command("offline", study, "-o", rom, "--json")
            assert done.exit_code == 0, f"{done}"
            summary = romlib_command("online", rom, "--case", "test", "-o", result, "--json").json()
            made[name] = rom, result, study, summary
        return made[name]

    return solve


@pytest.mark.parametrize("run, amplitude", [("train_A95", 95), ("train_A120", 120), ("test_A110", 110)])
def test_snapshots_are_in_equilibrium(romlib_command, plate, within, run, amplitude):
    """Residual of the free dofs with the replayed stress, over the peak load: l2 norms, largest over time."""
    study = plate / f"check_{run}.toml"
    training = f'[[training]]\nsnapshots = "{run}.vtkhdf"\namplitudes.traction = "{amplitude}*sin(2*pi*t)"\n'
    study.write_text(STUDY + training)
    report = romlib_command("check", plate / f"{run}.vtkhdf", "--study", study, "--json").json()
    within({item["name"]: item["value"] for item in report["items"]}, {"load_balance": 1e-9, "equilibrium": 1e-8})


@pytest.mark.parametrize("name", ROMS)
def test_rom_solves_a_load_it_has_not_seen(solved, errors_against, plate, within, name):
    """Stress and cumulated plastic strain are compared with those that the law gives along the displacement."""
    *_, points, limit = ROMS[name]
    _, result, study, summary = solved(name)
    fields = errors_against(result, plate / "test_A110.vtkhdf", "--study", study)
    assert fields["stress"]["reference_replayed"] and fields["p"]["reference_replayed"]
    figures = {"displacement, Frobenius": fields["displacement"]["frobenius"], "points": summary["integration_points"],
               "Newton iterations": summary["newton_iterations"]}
    limits = {"displacement, Frobenius": limit, "points": points, "Newton iterations": PEERS_ITERATIONS}
    for field in ("stress", "p"):
        for norm in ("relative_l2", "frobenius"):
            figures[f"{field}, {norm}"], limits[f"{field}, {norm}"] = fields[field][norm], 1e-2
    assert summary["steps"] == 40
    within(figures, limits)


@pytest.mark.parametrize("name", ROMS)
def test_weights_sum_to_the_volume(solved, name):
    """The mesh has straight edges along the hole: its volume is a little more than that of the quarter plate."""
    model = romlib.load(solved(name)[0]).archive
    weights, volume = model.clusters[0].weights, model.manifest.volume
    assert 0.0 < volume - (10 * 18 - np.pi * 5**2 / 4) * 2 < 0.1
    assert (weights >= 0).all()
    assert abs(weights.sum() / volume - 1.0) <= 1e-10, f"{weights.sum()} of {volume}"


def test_python_reads_as_promised(solved, errors_against, tmp_path):
    rom_file, result, *_ = solved("9 modes")
    rom = romlib.load(rom_file)
    solution = rom.solve(times=np.arange(41) * 0.025, amplitudes={"traction": "110*sin(2*pi*t)"})
    probe = solution.probe("p", point=(5.0, 0.0, 0.0))  # where the hole meets the axis
    assert probe.values[0] == 0 and probe.values[-1] > 0.005
    solution.write(tmp_path / "result.vtkhdf", fields=["displacement", "stress", "p"])
    errors = {name: field["relative_l2"] for name, field in errors_against(tmp_path / "result.vtkhdf", result).items()}
    assert max(errors.values()) <= 1e-12, errors
