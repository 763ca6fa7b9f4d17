"""What the command line says when the input is wrong, and what it leaves behind: nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import h5py
import pytest
from pulled_bar import STUDY, write_bar
from typer.testing import CliRunner

from romlib.cli import app
from romlib.cli.failures import exit_code
from romlib.errors import CheckError, ConvergenceError, InputError, RomlibError
from romlib.model import Case
from romlib.study import read_case_file

runner = CliRunner()


def refused(*arguments: object, code: int = 2) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    assert result.stdout == "" and "Traceback" not in result.stderr
    return result.stderr.replace("\n", " ")


@pytest.fixture
def bar(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    return write_bar(tmp_path / "pull.vtkhdf")


@pytest.mark.parametrize("command", [
    ("info",), ("check",), ("plot", "--field", "p", "-o", "x.png"), ("online", "--case", "c"),
    ("offline", "-o", "x.rom"), ("compare", "b.vtkhdf")])
def test_a_missing_file_is_named(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert "absent.toml" in refused(command[0], "absent.toml", *command[1:])
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_is_refused(tmp_path, bar):
    (tmp_path / "notes.txt").write_text("hello")
    assert "does not know this file" in refused("info", tmp_path / "notes.txt")
    assert "folder" in refused("info", tmp_path)
    assert "romlib_kind" in refused("online", bar, "--case", "x")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    assert "other.h5" in refused("info", tmp_path / "other.h5")


def test_a_truncated_file_is_refused(tmp_path, bar):
    data = bar.read_bytes()
    cut = tmp_path / "cut.vtkhdf"
    cut.write_bytes(data[: len(data) // 2])
    assert "cut.vtkhdf" in refused("info", cut) and "cut.vtkhdf" in refused("check", cut)


@pytest.mark.parametrize(("right", "wrong", "words"), [
    ('nodes = "xmin"', 'nodes = "xmim"', ["constraints.x.nodes", "did you mean 'xmin'"]),
    ('faces = "end"', 'faces = "ends"', ["loads.traction.faces", "end, skin"]),
    ("box = { min = [3, 0, 0]", "box = { min = [3, 0.6, 0]", ["tags.end.faces", "empty"]),
    ('amplitudes.traction = "300*t"', "", ["training #1.amplitudes.traction", "no amplitude"]),
    ('amplitudes.traction = "330*t"', "amplitudes.tracton = 1", ["cases.harder.amplitudes.tracton", "'traction'"]),
    ('name = "bar"', 'name = "bar"\naccept = ["contact"]', ["study.accept", "contact"]),
    ("yield = 243", "yeild = 243", ["materials.bar", "yeild", "did you mean 'yield'"]),
    ('law = "mises"', 'law = "misis"', ["materials.bar", "misis", "elastic"]),
    ('"mm, N, MPa, s"', '"m, N, Pa, s"', ["different units"]),
])
def test_a_name_that_does_not_exist_is_refused_before_training(tmp_path, bar, right, wrong, words):
    assert right in STUDY
    study = tmp_path / "study.toml"
    study.write_text(STUDY.replace(right, wrong))
    message = refused("offline", study, "-o", tmp_path / "x.rom")
    for word in words:
        assert word in message
    assert {path.name for path in tmp_path.iterdir()} == {"study.toml", "pull.vtkhdf"}


def test_arguments_that_are_missing_or_malformed_are_named(tmp_path):
    assert "KEY=VALUE" in refused("convert", "meshio", "a.xdmf", "-o", tmp_path / "x.vtkhdf", "--option", "times")
    assert "FORMAT" in refused("convert")


def test_an_unknown_format_lists_the_installed_ones(tmp_path):
    message = refused("convert", "other", "a.op2", "-o", tmp_path / "x.vtkhdf")
    assert "meshio" in message and "zset" in message


def test_errors_become_exit_codes():
    assert exit_code(InputError("x")) == 2 and exit_code(RomlibError("x")) == 2
    assert exit_code(CheckError("x")) == 1 and exit_code(ConvergenceError("x", time=1.0)) == 1
    assert exit_code(PermissionError("x")) == 2 and exit_code(ZeroDivisionError()) == 3


def test_a_fault_of_romlib_shows_where_it_is(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("romlib.report.installed.installed_plugins", broken)
    result = runner.invoke(app, ["plugins"])
    assert result.exit_code == 3 and "Traceback" in result.stderr and "please report" in result.stderr


def test_help_is_quick_and_names_every_command():
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "romlib", "--help"], capture_output=True, text=True, check=True)
    assert time.perf_counter() - start < 5.0  # a loaded machine; what matters is what is not imported:
    for module in ("numpy", "h5py", "numba", "pydantic", "mpi4py", "pyvista"):
        assert f" {module}\n" not in done.stderr
    for command in ("convert", "check", "offline", "online", "compare", "plot", "info", "plugins"):
        assert f" {command} " in done.stdout
        assert runner.invoke(app, [command, "--help"]).exit_code == 0
    assert runner.invoke(app, ["--version"]).stdout.startswith("romlib ")


def test_plugins_lists_what_is_installed():
    found = json.loads(runner.invoke(app, ["plugins", "--json"]).stdout)
    assert {"zset", "meshio"} <= {row["name"] for row in found["converters"]}
    assert all(row["state"] == "ready" for row in found["laws"]) and {"mises", "elastic", "chaboche"} <= {
        row["name"] for row in found["laws"]}


class DeckOfOneStep:
    """A converter that reads a history."""

    name, suffixes = "deck", (".deck",)

    def can_read(self, path):
        return True

    def convert(self, source, target, **options):
        raise NotImplementedError

    def read_case(self, source):
        return Case.model_validate({"times": [0, 1], "amplitudes": {"traction": "3*t"}})


def test_convert_writes_the_case_of_a_deck(tmp_path, monkeypatch):
    monkeypatch.setattr("romlib.snapshots.formats.find_converter", lambda name: DeckOfOneStep())
    output = tmp_path / "case.toml"
    result = runner.invoke(app, ["convert", "deck", "a.deck", "-o", str(output), "--case"])
    assert result.exit_code == 0 and read_case_file(output) == DeckOfOneStep().read_case(None)
    assert "one deck" in refused("convert", "deck", "a.deck", "b.deck", "-o", output, "--case")


def test_a_converter_without_histories_says_so(tmp_path):
    assert "cannot read the history" in refused("convert", "meshio", "a.vtu", "-o", tmp_path / "c.toml", "--case")
