"""romlib's own files and converters under the fuzzer: a few hundred damages each; thousands by the command."""

from __future__ import annotations

import calculix_deck
import h5py
import numpy as np
import pytest
from meshio_example import box_example, write_vtu, write_xdmf
from pulled_bar import STUDY, write_bar
from romlib_converters.meshio import MeshioConverter

import romlib
from romlib.errors import InputError
from romlib.testing import check_converter, fuzz
from romlib.testing.targets import target_of

CASE = """
description = "x"
times = { start = 0.0, stop = 1.0, step = 0.25 }
amplitudes.traction = { time = [0, 1], value = [0, 120], period = 1.0, start = 0.0, end = 5.0 }
amplitudes.heat = "20*sin(2*t)"
amplitudes.spin = "load.csv"
"""
LAWS = """
[study]
name = "laws"
[materials.a]
law = "chaboche"
parameters = { young = 7e4, poisson = 0.2, R0 = 243, K = 100.0, n = 5.0, kinematic = [{ C = 1000.0, D = 10.0 }] }
[materials.b]
law = "mises"
parameters = { young = { temperature = [0, 100], value = [7e4, 6e4] }, poisson = 0.2, yield = 243 }
thermal_expansion = { coefficient = 1e-5, reference_temperature = 20.0 }
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A study, its snapshots, and its ROM."""
    folder = tmp_path_factory.mktemp("bar")
    (folder / "study.toml").write_text(STUDY)
    write_bar(folder / "pull.vtkhdf", n_piece=2)
    with romlib.train(folder / "study.toml", skip_check=True) as made:
        made.write(folder / "bar.rom")
    return folder


def sound(report):
    assert not report.wrong and not report.counts["silent"], "\n".join(report.lines())
    return report.counts


def test_no_damage_of_a_rom_changes_an_answer_in_silence(trained):
    counts = sound(fuzz.run("rom", [trained / "bar.rom", trained / "bar.fields.rom"], count=100, seed=30))
    assert counts["refused"] > 50 and counts["equal"] > 5


def test_no_damage_of_a_snapshots_file_changes_an_array_in_silence(trained):
    counts = sound(fuzz.run("snapshots", [trained / "pull.vtkhdf"], count=100, seed=31))
    assert counts["refused"] > 50 and counts["equal"] > 5


@pytest.mark.parametrize("kind, names", [("rom", ("bar.rom", "bar.fields.rom")), ("snapshots", ("pull.vtkhdf",))])
def test_what_a_forger_writes_with_right_checksums_is_an_answer_or_a_refusal(trained, kind, names):
    report = fuzz.run(kind, [trained / name for name in names], count=40, seed=37, settings=fuzz.Settings(forged=True))
    assert not report.wrong, "\n".join(report.lines())
    words = [one.outcome.words for one in report.judged if one.outcome.verdict == "refused"]
    assert sum("damaged: its" in text for text in words) < 0.1 * len(words)  # the checksums are seldom the reason


def test_no_damage_of_a_study_or_a_case_ends_in_a_traceback(trained, tmp_path):
    counts = sound(fuzz.run("study", [trained / "study.toml"], count=200, seed=32))
    assert counts["refused"] > 100
    (tmp_path / "case.toml").write_text(CASE)
    (tmp_path / "load.csv").write_text("t,v\n0,0\n0.5,3\n1,2.5\n")
    counts = sound(fuzz.run("study", [tmp_path / "case.toml", tmp_path / "load.csv"], count=200, seed=33))
    assert counts["refused"] > 100
    (tmp_path / "laws.toml").write_text(LAWS)
    sound(fuzz.run("study", [tmp_path / "laws.toml"], count=100, seed=34))


@pytest.mark.parametrize("kind", ["xdmf", "vtu"])
def test_the_converter_of_meshio_conforms(tmp_path, kind):
    example = box_example(n_step=3)
    files = [write_xdmf(example, tmp_path)] if kind == "xdmf" else write_vtu(example, tmp_path)
    report = check_converter(
        MeshioConverter(), [*files, tmp_path], sources=len(files), times=example.times, n_node=len(example.points),
        n_cell=len(example.cells[0][1]), mutations=40,
        displacement=lambda x, t: example.node[round(10 * t)]["displacement"][positions(example.points, x)])
    assert report.verdicts["refused"] > 10


def positions(points, wanted):
    """Where each of `wanted` is among the points."""
    return np.array([int(np.abs(points - x).sum(axis=1).argmin()) for x in wanted])


@pytest.mark.parametrize("form", ["long", "float64"])
def test_no_damage_of_calculix_files_ends_in_a_traceback(tmp_path, form):
    deck = calculix_deck.write(tmp_path, form)
    report = fuzz.run("calculix", [deck, tmp_path], count=100, seed=35)
    assert not report.wrong, "\n".join(report.lines())


def test_no_damage_of_meshio_files_ends_in_a_traceback(tmp_path):
    report = fuzz.run("meshio", [write_xdmf(box_example(n_step=3), tmp_path), tmp_path], count=100, seed=36)
    assert not report.wrong, "\n".join(report.lines())


def test_cells_that_become_badly_shaped_are_refused_in_a_history_and_caught_in_a_mesh(tmp_path):
    """By the converter of results, and of a mesh alone by what a study does first."""
    (tmp_path / "sound").mkdir()
    example = box_example(n_step=2)
    sound = write_xdmf(example, tmp_path / "sound")
    target = target_of("meshio")
    target.open(sound.parent, [sound.name])
    mesh = target_of("mesh:meshio")
    mesh.open(sound.parent, [sound.name])
    with h5py.File(sound.with_suffix(".h5"), "r+") as file:
        (points,) = [one for one in file.values() if np.array_equal(one, example.points)]
        points[:2] = points[:2][::-1]
    for one, verdict in ((target, "refused"), (mesh, "caught by the check")):
        assert one.judge(sound.parent, [sound.name]).verdict == verdict


def test_damage_of_a_mesh_without_results_is_refused_or_a_mesh(tmp_path):
    deck = tmp_path / "box.inp"
    deck.write_text("*NODE, NSET=ALL\n" + "".join(
        f"{k + 1}, {k & 1}.0, {k >> 1 & 1}.0, {k >> 2}.0\n" for k in range(8))
        + "*ELEMENT, TYPE=C3D8, ELSET=E\n1, 1, 2, 4, 3, 5, 6, 8, 7\n")
    report = fuzz.run("mesh:calculix", [deck], count=60, seed=7)
    assert not report.wrong and not report.strict, "\n".join(report.lines())
    assert report.counts["refused"] > 10
    with pytest.raises(InputError, match="no converter of this name"):
        fuzz.run("mesh:nothing", [deck], count=1)
