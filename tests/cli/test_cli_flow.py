"""The whole flow through the commands, on a bar whose solution is known."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pulled_bar import HARDENING, STUDY, TIMES, YIELD, write_bar
from terminal import as_json, run

from romlib.launcher import launched_ranks
from romlib.snapshots.reader import Snapshots


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Snapshots in two pieces, study, trained ROM."""
    folder = tmp_path_factory.mktemp("bar")
    write_bar(folder / "pull.vtkhdf", 2)
    write_bar(folder / "reference.vtkhdf", 1, load=330.0)
    (folder / "study.toml").write_text(STUDY)
    trained = run("offline", folder / "study.toml", "-o", folder / "bar.rom", "--json")
    (folder / "training.json").write_text(trained.stdout)
    return folder


def test_the_check_measures_and_passes(folder):
    report = as_json("check", folder / "pull.vtkhdf", "--study", folder / "study.toml")
    values = {item["name"]: item for item in report["items"]}
    assert report["passed"] and values["equilibrium"]["status"] == "pass" and values["equilibrium"]["value"] < 1e-9
    table = run("check", folder / "pull.vtkhdf", "--study", folder / "study.toml").stdout
    assert "equilibrium" in table and "passed" in table


def test_a_failed_check_exits_with_1_and_stops_offline(folder, tmp_path):
    study = folder / "wrong_load.toml"
    study.write_text(STUDY.replace('"300*t"', '"250*t"'))
    assert not as_json("check", folder / "pull.vtkhdf", "--study", study, code=1)["passed"]
    result = run("offline", study, "-o", tmp_path / "x.rom", code=1)
    assert "equilibrium" in result.stderr and not list(tmp_path.iterdir())
    skipped = run("offline", study, "-o", tmp_path / "x.rom", "--skip-check", code=1)  # the verification finds it too
    assert "romlib check" in skipped.stderr and not list(tmp_path.iterdir())
    run("offline", study, "-o", tmp_path / "x.rom", "--skip-check", "--accept-errors")
    assert (tmp_path / "x.rom").is_file()


def test_runs_of_two_models_are_refused_before_the_law_is_called(folder, tmp_path):
    write_bar(folder / "wide.vtkhdf", 2, width=2.0)
    study = folder / "two_models.toml"  # of which the first run would fail its check
    study.write_text(STUDY.replace('"300*t"\n', '"250*t"\n[[training]]\nsnapshots = "wide.vtkhdf"\n'
                                   'amplitudes.traction = "300*t"\n'))
    refused = run("offline", study, "-o", tmp_path / "x.rom", code=2).stderr
    assert "not runs of one model" in refused and "wide.vtkhdf" in refused and "equilibrium" not in refused


def test_tolerances_of_the_study_reach_the_check(folder):
    study = folder / "loose.toml"
    study.write_text(STUDY.replace('"300*t"', '"299.9*t"'))
    run("check", folder / "pull.vtkhdf", "--study", study, code=1)
    study.write_text(STUDY.replace('"300*t"', '"299.9*t"') + "[check]\nequilibrium = 0.01\nload_balance = 0.01\n")
    run("check", folder / "pull.vtkhdf", "--study", study)


def test_offline_reports_stages_sizes_and_errors(folder):
    report = json.loads((folder / "training.json").read_text())
    assert report["sizes"]["modes"] == 2 and report["sizes"]["pieces"] == 2
    assert {"POD", "cubature"} <= {stage["name"] for stage in report["stages"]}
    assert all(stage["wall"][0] >= 0 and stage["peak_memory"][0] > 0 for stage in report["stages"])
    assert report["errors"]["online displacement"] < 1e-6
    rows = {row["quantity"]: row for row in report["calibration"]}
    assert set(rows) == {"displacement", "stress", "p"}
    assert all(row["pairs"] >= 1 and row["ratio_min"] <= row["ratio_median"] <= row["ratio_max"]
               for row in rows.values())
    assert (folder / "bar.fields.rom").is_file()


def test_online_solves_a_case_and_compare_finds_the_exact_solution(folder, tmp_path):
    result = tmp_path / "result.vtkhdf"
    summary = as_json("online", folder / "bar.rom", "--case", "harder", "-o", result)
    assert summary["steps"] == 10 and summary["newton_iterations"] >= 10 and summary["hyper_reduction"]
    with Snapshots(result) as snapshots:
        assert snapshots.times == pytest.approx(TIMES)
        p = np.concatenate([snapshots.read("p", piece, -1) for piece in range(2)])
        assert p == pytest.approx((330.0 - YIELD) / HARDENING, rel=1e-6)
    errors = as_json("compare", result, folder / "reference.vtkhdf", "--study", folder / "study.toml",
                     "--plot", tmp_path / "errors.png")
    for name in ("displacement", "stress", "p"):
        assert errors["fields"][name]["relative_l2"] < 1e-6 and errors["fields"][name]["frobenius"] < 1e-6
    assert errors["fields"]["stress"]["reference_replayed"] and (tmp_path / "errors.png").stat().st_size > 10_000
    table = run("compare", result, folder / "reference.vtkhdf").stdout
    assert "displacement" in table and "give the study" in table.replace("\n", " ")


def test_a_case_file_and_no_hyper_reduction(folder, tmp_path):
    case = tmp_path / "case.toml"
    (tmp_path / "load.csv").write_text("time,MPa\n0,0\n1,330\n")
    case.write_text('times = { stop = 1.0, step = 0.1 }\namplitudes.traction = "load.csv"\n')
    result = tmp_path / "result.vtkhdf"
    summary = as_json("online", folder / "bar.rom", "--case-file", case, "--no-hyper-reduction", "-o", result,
                      "--fields", "displacement")
    assert not summary["hyper_reduction"] and summary["integration_points"] == summary["integration_points_full_model"]
    with Snapshots(result) as snapshots:
        assert list(snapshots.fields) == ["displacement"]
    assert as_json("compare", result, folder / "reference.vtkhdf")["fields"]["displacement"]["relative_l2"] < 1e-6


def test_online_without_output_writes_nothing(folder):
    before = sorted(folder.iterdir())
    output = run("online", folder / "bar.rom", "--case", "harder").stdout
    assert "Newton iterations" in output and sorted(folder.iterdir()) == before


def test_online_asks_for_one_case_and_lists_those_there_are(folder, tmp_path):
    message = run("online", folder / "bar.rom", code=2).stderr
    assert "--case" in message and "pull, harder" in message
    assert "harder" in run("online", folder / "bar.rom", "--case", "hard", code=2).stderr
    run("online", folder / "bar.rom", "--case", "harder", "--case-file", tmp_path / "c.toml", code=2)
    assert "--output" in run("online", folder / "bar.rom", "--case", "harder", "--fields", "p", code=2).stderr


def test_info_describes_every_kind_of_file(folder, tmp_path):
    case = tmp_path / "case.toml"
    case.write_text("times = [0, 1]\namplitudes.traction = 3\n")
    for path, kind, words in (
            (folder / "pull.vtkhdf", "snapshots", ["displacement", "2, sharing", "skin"]),
            (folder / "bar.rom", "rom", ["2 modes", "harder", "330*t", "pull.vtkhdf"]),
            (folder / "bar.fields.rom", "fields", ["Singular values", "stress, p"]),
            (folder / "study.toml", "study", ["300*t", "pod_tolerance", "there"]), (case, "case", ["traction"])):
        assert as_json("info", path)["kind"] == kind
        text = run("info", path).stdout
        for word in words:
            assert word in text, f"{word} in\n{text}"


def test_plot_draws_fields_and_curves(folder, tmp_path):
    pytest.importorskip("pyvista")
    summary = as_json("plot", folder / "pull.vtkhdf", "--field", "displacement.x", "--time", "0.5",
                      "-o", tmp_path / "u.png")
    assert summary["step"] == 5 and summary["lowest"] == 0.0
    assert summary["highest"] == pytest.approx(3 * 150 / 70000) == summary["largest at nodes"]["value"]
    assert summary["largest at nodes"]["coordinates"][0] == 3.0
    run("plot", folder / "pull.vtkhdf", folder / "reference.vtkhdf", "--field", "displacement", "--time", "all",
        "-o", tmp_path / "h.png")
    assert {path.name for path in tmp_path.iterdir()} == {"u.png", "h.png"}


@pytest.mark.parametrize(("options", "words"), [
    (("-o", "x.png", "--limits", "1"), "2 numbers"), (("-o", "x.png", "--view", "1,a,2"), "3 numbers"),
    (("-o", "x.jpg"), "expected: .png"), (("-o", "x.gif"), "shows all times"), (("other", "-o", "x.png"), "--time all"),
    (("-o", "x.gif", "--time", "all", "--fps", "0"), "0.1 to 50"), (("-o", "x.png", "--time", "9"), "take one of"),
    (("-o", "x.png", "--frames", "9"), "changes nothing of a picture of one time"),
    (("-o", "x.png", "--time", "all", "--scale", "2"), "changes nothing of curves over time"),
    (("-o", "x.png", "--time", "0.5", "--step", "1"), "either --time or --step")])
def test_plot_refuses_what_it_cannot_draw_by_name(folder, tmp_path, options, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = run("plot", folder / "pull.vtkhdf", "--field", "displacement", *options, code=2)
    assert words in " ".join(refused.stderr.replace("│", " ").split()) and not list(tmp_path.iterdir())


def test_plot_takes_no_input_for_its_output(folder):
    before = (folder / "pull.vtkhdf").read_bytes()
    for output in ("pull.vtkhdf", "reference.vtkhdf"):
        refused = run("plot", folder / "pull.vtkhdf", "--field", "displacement", "--against",
                      folder / "reference.vtkhdf", "-o", folder / output, code=2)
        assert "would replace an input" in refused.stderr
    assert (folder / "pull.vtkhdf").read_bytes() == before


def test_the_online_command_needs_no_mpi(folder):
    script = (
        "import sys\nsys.modules['mpi4py'] = sys.modules['petsc4py'] = None\n"
        "from romlib.cli import app\n"
        f"app(['online', {str(folder / 'bar.rom')!r}, '--case', 'harder', '--json'], standalone_mode=False)\n"
        "assert not {'romlib.offline.train', 'romlib.fullorder', 'romlib.parallel.mpi'} & set(sys.modules)\n")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 10


@pytest.fixture
def on_two_ranks():
    """Run the command line under mpirun -n 2."""
    if launched_ranks() is not None or shutil.which("mpirun") is None:
        pytest.skip("mpirun is not here, or this is an MPI run already")
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "OMP_NUM_THREADS": "1"}

    def run(*arguments: object) -> subprocess.CompletedProcess:
        command = ["mpirun", "--oversubscribe", "-n", "2", sys.executable, "-m", "romlib", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_two_ranks_train_the_same_rom(folder, tmp_path, on_two_ranks):
    done = on_two_ranks("offline", folder / "study.toml", "-o", tmp_path / "bar.rom", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ranks"] == 2
    assert done.stderr.count("  POD:") == 1
    run("online", tmp_path / "bar.rom", "--case", "harder", "-o", tmp_path / "two.vtkhdf")
    run("online", folder / "bar.rom", "--case", "harder", "-o", tmp_path / "one.vtkhdf")
    errors = as_json("compare", tmp_path / "two.vtkhdf", tmp_path / "one.vtkhdf")["fields"]
    assert {name for name in errors} == {"displacement", "stress", "p"}
    assert all(field["relative_l2"] < 1e-8 for field in errors.values())


@pytest.mark.parametrize(("study", "code", "words"), [
    (STUDY.replace("pod_tolerance", "pod_tolerence"), 2, "did you mean 'pod_tolerance'"),
    (STUDY.replace('"300*t"', '"250*t"'), 1, "equilibrium"),
    (STUDY.replace("pull.vtkhdf", "absent.vtkhdf"), 2, "absent.vtkhdf")])
def test_an_error_on_two_ranks_is_said_once_and_ends_both(folder, tmp_path, on_two_ranks, study, code, words):
    path = folder / "bad.toml"
    path.write_text(study)
    done = on_two_ranks("offline", path, "-o", tmp_path / "x.rom")
    assert done.returncode == code
    assert done.stderr.count("error: ") == 1 and words in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
