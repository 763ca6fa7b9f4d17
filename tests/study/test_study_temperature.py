"""Temperature fields that belong to a run: a study whose runs and cases have files of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from thermal_plate import ANGLES, BOUNDS, INSTANTS, STUDY, TRAINING, field, plate, write_field, write_study
from typer.testing import CliRunner

import romlib
from romlib.check import check
from romlib.cli import app
from romlib.fem.piece import Piece
from romlib.loads.nodal_temperature import between
from romlib.model import Case, Model, TemperatureFile
from romlib.model.case import Times
from romlib.parallel.comm import serial
from romlib.report.compare import compare
from romlib.snapshots.nodal_fields import StoredTemperature
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.study import Study
from romlib.study.pipeline import train
from romlib.study.solve import run_solve

pytest.importorskip("petsc4py")
pytest.importorskip("pymetis")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A ROM that is trained on two fields, and the full-order solution of all three."""
    folder = tmp_path_factory.mktemp("plate")
    path = write_study(folder)
    study = Study.read(path)
    for name in ANGLES:
        run_solve(study, name, folder / f"run_{name}.vtkhdf", serial(), fields=["stress", "p"])
    path.write_text(STUDY + TRAINING)
    with train(path, serial()) as made:
        made.write(folder / "plate.rom")
    return folder


def errors(solution, reference: Path) -> dict[str, float]:
    target = reference.with_name(f"of_{reference.name}")
    solution.write(target, ["displacement", "stress", "p"])
    with Snapshots(target) as one, Snapshots(reference) as other:
        assert check(one)["stress"].status == "pass" or solution.hyper_reduced
        return {name: found.relative for name, found in compare(one, other).fields.items()}


def test_a_full_order_run_has_the_temperature_of_its_file(folder):
    with Snapshots(folder / "run_three.vtkhdf") as snapshots:
        stored = StoredTemperature(TemperatureFile(file=snapshots.path))
        expected = between(snapshots.times, INSTANTS, field(snapshots.mesh(0).points, ANGLES["three"]))
        np.testing.assert_allclose(stored.at(snapshots.mesh(0).node_ids), expected, rtol=1e-12)
        assert check(snapshots).passed


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_rom_reproduces_the_fields_it_was_trained_on(folder, name):
    found = errors(romlib.load(folder / "plate.rom").solve(name), folder / f"run_{name}.vtkhdf")
    assert found["displacement"] < 2e-3 and found["stress"] < 1e-2 and found["p"] < 1e-2


@pytest.mark.parametrize("hyper_reduction", [True, False])
def test_a_rom_that_two_fields_trained_solves_a_third_that_is_no_combination_of_them(folder, hyper_reduction):
    """With all points the laws' own stress is off by 8 %, and not within the bound: see the next test."""
    solution = romlib.load(folder / "plate.rom").solve("three", hyper_reduction=hyper_reduction)
    found = errors(solution, folder / "run_three.vtkhdf")
    held = BOUNDS if hyper_reduction else {name: BOUNDS[name] for name in ("displacement", "p")}
    assert all(found[name] < bound for name, bound in held.items()), found


def test_a_third_field_is_solved_as_well_as_the_modes_of_the_two_others_can(folder):
    """In elastic energy, of the error of the strain. Galerkin's method gives the best approximation of a linear
    problem (Cea), so that it is the modes that lack the response to the third field. Beyond yield the constant is at
    most the square root of the stiffness over the tangent's, E / E_t = (E + H) / H, and measured 1.24.
    """
    rom = romlib.load(folder / "plate.rom")
    with rom.open_fields() as fields, Snapshots(folder / "run_three.vtkhdf") as reference:
        modes = fields.modes(0, 0)
        piece, p = Piece(reference.mesh(0), reference.model), reference.read("p", 0)
        exact = piece.operator.strain(reference.read("displacement", 0))
    root = np.linalg.cholesky(piece.virgin_tangent() * piece.operator.weights[:, None, None])

    def energies(strain):
        """Rows (n, 6 n_ip) whose squares sum to the elastic energy of strains (n, n_ip, 6)."""
        return np.einsum("pij,npi->npj", root, strain, optimize=True).reshape(len(strain), -1)

    basis = np.linalg.qr(energies(piece.operator.strain(modes)).T)[0]
    solved = rom.solve("three").coordinates @ modes.reshape(len(modes), -1)
    error = np.linalg.norm(energies(piece.operator.strain(solved.reshape(len(exact), -1, 3)) - exact), axis=1)[1:]
    best = energies(exact) - energies(exact) @ basis @ basis.T
    ratio = error / np.linalg.norm(best, axis=1)[1:]
    elastic = p[1:].max(axis=(1, 2)) == 0.0
    assert elastic.sum() >= 2 and ratio[elastic].max() < 1.01
    assert ratio.max() < np.sqrt((70000.0 + 2250.0) / 2250.0)


def test_a_history_of_many_instants_with_few_digits_is_kept_in_few_fields_and_that_is_said(tmp_path):
    """By the command that solves it, in the file of the run, and where it trains."""
    path, instants, said = write_study(tmp_path), np.linspace(0.0, 2.0, 61), list[str]()
    spec = {"temperature": FieldSpec("node")}
    with SnapshotsWriter(tmp_path / "one.vtkhdf", [plate()], Model(), instants, spec) as file:
        for k, values in enumerate(field(plate().points, ANGLES["one"], instants)):
            file.write("temperature", k, 0, np.round(values, 3))
    path.write_text(STUDY.replace("step = 0.1", "step = 0.03333333333333333") + TRAINING)
    study = Study.read(path)
    run_solve(study, "one", tmp_path / "run_one.vtkhdf", serial(), on_note=said.append)
    with Snapshots(tmp_path / "run_one.vtkhdf") as solved:
        (omission,) = solved.model.omissions
        assert said == [omission.description] and "61 instants is kept as 7 fields" in said[0]
        assert len(solved.model.loads) == 7 and check(solved).passed
        prepared = study.prepare(solved)
        assert prepared.notes == (f"one.vtkhdf: {said[0]}",) and len(prepared.model.loads) == 7


def test_a_file_arrays_and_another_mesh_are_one_history(folder, tmp_path):
    rom, mesh = romlib.load(folder / "plate.rom"), plate()
    case = Case(times={"stop": 2.0, "step": 0.1})
    by_file = rom.solve(case, temperature=folder / "three.vtkhdf")
    kept = rom._problem
    given = romlib.NodalTemperature(INSTANTS, field(mesh.points, ANGLES["three"]), mesh.node_ids)
    np.testing.assert_allclose(rom.solve(case, temperature=given).coordinates, by_file.coordinates, atol=1e-14)
    assert rom._problem is kept  # the laws and the modes are built once
    fine = TemperatureFile(file=write_field(tmp_path / "fine.vtkhdf", ANGLES["three"], plate(16, 20)), interpolate=True)
    other = rom.solve(case, temperature=fine)
    scale = np.abs(by_file.coordinates).max()
    np.testing.assert_allclose(other.coordinates, by_file.coordinates, atol=0.01 * scale)


def test_a_field_that_none_of_the_training_is_like_is_noted_and_a_trained_one_is_not(folder):
    rom, mesh, times = romlib.load(folder / "plate.rom"), plate(), np.linspace(0.0, 2.0, 21)
    trained = rom.archive.temperature.trained
    np.testing.assert_allclose(trained.modes @ trained.modes.T, np.eye(len(trained.modes)), atol=1e-12)
    assert trained.lowest.shape == trained.highest.shape == (2, len(trained.modes))
    assert rom.solve("one").notes == ()
    for change, words in ((lambda t: 20.0 + 1.5 * (t - 20.0), "beyond their range"),
                          (lambda t: t + 100.0 * (t > 20.1) * mesh.points[:, 1], "away from all combinations")):
        given = romlib.NodalTemperature(INSTANTS, change(field(mesh.points, ANGLES["one"])), mesh.node_ids)
        (note,) = rom.solve(times=times, temperature=given).notes
        assert words in note and "extrapolates" in note


def test_a_case_that_says_no_temperature_is_not_given_that_of_a_run(folder):
    with pytest.raises(romlib.RomlibError, match="does not say its own"):
        romlib.load(folder / "plate.rom").solve(times=[0.0, 1.0])


def test_a_case_of_the_rom_has_its_temperature_beside_the_rom(folder, tmp_path):
    rom = romlib.load(folder / "plate.rom")
    assert rom.archive.cases["three"].temperature.file == Path("three.vtkhdf")
    (tmp_path / "plate.rom").write_bytes((folder / "plate.rom").read_bytes())
    with pytest.raises(romlib.RomlibError, match="no such file with a temperature") as caught:
        romlib.load(tmp_path / "plate.rom").solve("three")
    assert caught.value.file == str(tmp_path / "three.vtkhdf")


def test_the_command_line_takes_a_file_and_a_field(folder, tmp_path):
    def online(*arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["online", str(folder / "plate.rom"), *map(str, arguments)],
                                    env={"COLUMNS": "200"})
        assert result.exit_code == code, result.output
        return result.output

    (tmp_path / "case.toml").write_text("times = { stop = 2.0, step = 0.1 }\n")
    result, target = tmp_path / "result.vtkhdf", folder / "three.vtkhdf"
    told = online("--case-file", tmp_path / "case.toml", "--temperature", f"{target}:temperature", "-o", result)
    assert "is held after its last time" not in told and "away from all combinations" in told
    with Snapshots(result) as one, Snapshots(folder / "run_three.vtkhdf") as other:
        found = {name: one.relative for name, one in compare(one, other, fields=list(BOUNDS)).fields.items()}
    assert all(found[name] < bound for name, bound in BOUNDS.items()), found
    (tmp_path / "case.toml").write_text("times = { stop = 2.5, step = 0.5 }\n")
    told = online("--case-file", tmp_path / "case.toml", "--temperature", f"{target}:temperature")
    assert "is held after its last time 2" in told
    assert "no scalar field" in online("--case-file", tmp_path / "case.toml", "--temperature",
                                       f"{folder / 'three.vtkhdf'}:heat", code=2)
    assert "three.vtkhdf" in online("--case-file", tmp_path / "case.toml", "--temperature", target, "-o", target,
                                    code=2)
    assert target.is_file()


def test_a_temperature_in_a_file_and_an_amplitude_of_a_temperature_load_are_one_too_many(tmp_path):
    text = STUDY.replace("[cases.one]", '[loads.heat]\nkind = "temperature"\nfield = 1.0\n[cases.one]').replace(
        'temperature = "one.vtkhdf"', 'temperature = "one.vtkhdf"\namplitudes.heat = "20*t"')
    write_study(tmp_path).write_text(text)
    with pytest.raises(romlib.RomlibError, match="one temperature"):
        run_solve(Study.read(tmp_path / "study.toml"), "one", tmp_path / "x.vtkhdf", serial())


def test_a_run_that_begins_in_the_middle_is_free_of_strain_where_the_whole_is(tmp_path):
    """Nothing states the temperature free of strain: it is that of the file at the initial time of the whole."""
    path = write_study(tmp_path)
    path.write_text(path.read_text().replace("[initial]\ntemperature = 20.0\n", ""))
    study, fields = Study.read(path), ["stress", "p", "plastic_strain"]
    run_solve(study, "one", tmp_path / "whole.vtkhdf", serial(), fields=fields, write_state=tmp_path / "end.state")
    part = study.cases["one"].model_copy(update={"times": Times(values=(1.0, 1.1, 1.2))})
    run_solve(study, part, tmp_path / "part.vtkhdf", serial(), fields=fields, start=tmp_path / "whole.vtkhdf",
              start_time=1.0)
    with Snapshots(tmp_path / "whole.vtkhdf") as whole, Snapshots(tmp_path / "part.vtkhdf") as found:
        expected = whole.read("stress", 0)[np.flatnonzero(np.isclose(whole.times, 1.2))[0]]
        np.testing.assert_allclose(found.read("stress", 0)[-1], expected, atol=1e-5 * np.abs(expected).max())
