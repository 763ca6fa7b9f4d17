"""Whatever a file argument names instead of a sound file: one message that names it, status 2, and no waiting."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from pulled_bar import STUDY, write_bar
from typer.testing import CliRunner

from romlib.cli import app

runner = CliRunner()

# Command with the place of the argument that is tried; the other files are sound.
COMMANDS = {
    "info": ("info", "FILE"),
    "check": ("check", "FILE"),
    "check --study": ("check", "pull.vtkhdf", "--study", "FILE"),
    "offline": ("offline", "FILE", "-o", "out.rom"),
    "online": ("online", "FILE", "--case", "harder"),
    "solve": ("solve", "FILE", "--case", "harder", "-o", "out.vtkhdf"),
    "solve --case-file": ("solve", "study.toml", "--case-file", "FILE", "-o", "out.vtkhdf"),
    "compare A": ("compare", "FILE", "pull.vtkhdf"),
    "compare B": ("compare", "pull.vtkhdf", "FILE"),
    "compare --study": ("compare", "pull.vtkhdf", "pull.vtkhdf", "--study", "FILE"),
    "plot": ("plot", "FILE", "--field", "displacement", "-o", "out.png"),
    "convert zset": ("convert", "zset", "FILE", "-o", "out.vtkhdf"),
    "convert zset --case": ("convert", "zset", "FILE", "-o", "out.toml", "--case"),
    "convert calculix": ("convert", "calculix", "FILE", "-o", "out.vtkhdf"),
    "convert calculix --case": ("convert", "calculix", "FILE", "-o", "out.toml", "--case"),
    "convert meshio": ("convert", "meshio", "FILE", "-o", "out.vtkhdf"),
    "external": ("external", "zset", "FILE", "-o", "out.vtkhdf", "--command", "true", "--result", "x"),
}
KINDS = ("missing", "folder", "empty", "garbage", "too long", "pipe", "device", "endless device", "loop",
         "no right", "in a file")
# Suffixes that a converter looks at before anything else.
SUFFIX = {"convert zset": ".inp", "convert zset --case": ".inp", "convert calculix": ".inp",
          "convert calculix --case": ".inp", "convert meshio": ".vtu", "external": ".inp"}


def hostile(kind: str, folder: Path, suffix: str, monkeypatch) -> str:
    """A path of that kind, and what a message must contain."""
    path = folder / f"strange{suffix}"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "garbage":
        path.write_bytes(bytes(range(256)) * 10)
    elif kind == "too long":
        return "strange" + "x" * 5000 + suffix
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/null")
    elif kind == "endless device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "in a file":
        (folder / "strange").write_text("x")
        return f"strange/file{suffix}"
    elif kind == "no right":
        path.write_text("x")
        refuse_to_open(path, monkeypatch)
    return path.name


def refuse_to_open(path: Path, monkeypatch) -> None:
    """As for a user without the right to read it; root, who runs tests in containers, may read everything."""
    opened = os.open

    def refusing(name, *arguments, **options):
        if os.path.basename(os.fspath(name)) == path.name:
            raise PermissionError(13, "Permission denied", str(name))
        return opened(name, *arguments, **options)

    monkeypatch.setattr(os, "open", refusing)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    (folder / "study.toml").write_text(STUDY)
    write_bar(folder / "pull.vtkhdf")
    return folder


@pytest.fixture
def folder(sound, tmp_path, monkeypatch):
    for path in sound.iterdir():
        os.link(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)

    def late(*_):
        raise TimeoutError("the command waits")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield tmp_path
    signal.alarm(0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_hostile_file_is_refused_by_name(folder, monkeypatch, command, kind):
    if command == "external" and kind in ("empty", "garbage"):
        return  # a deck is for the solver to judge
    name = hostile(kind, folder, SUFFIX.get(command, ""), monkeypatch)
    before = {path.name for path in folder.iterdir()}
    result = runner.invoke(app, [name if word == "FILE" else word for word in COMMANDS[command]])
    assert result.exit_code == 2, f"{result.output}\n{result.exception!r}"
    assert "Traceback" not in result.stderr and result.stderr.count("error: ") == 1, result.stderr
    assert "strange" in result.stderr and "\0" not in result.stderr and len(result.stderr) < 20_000
    assert {path.name for path in folder.iterdir()} == before
    words = {"folder": "folder", "pipe": "pipe", "device": "device", "endless device": "device",
             "no right": "Permission denied"}
    if kind in words and not (kind == "folder" and command.startswith("convert")):
        assert words[kind] in result.stderr, result.stderr


@pytest.mark.parametrize("arguments", [
    ("online", "x.rom", "--case", "c", "--tolerance", "nan"), ("online", "x.rom", "--case", "c", "--tolerance", "-1"),
    ("convert", "zset", "a.inp", "-o", "x.vtkhdf", "--pieces", "0"),
    ("convert", "zset", "a.inp", "-o", "x.vtkhdf", "--pieces", "many"),
    ("plot", "pull.vtkhdf", "--field", "displacement", "-o", "x.png", "--time", "nan"),
    ("plot", "pull.vtkhdf", "--field", "displacement", "-o", "x.png", "--time", "inf"),
    ("plot", "pull.vtkhdf", "--field", "displacement", "-o", "x.png", "--scale", "nan"),
    ("plot", "pull.vtkhdf", "--field", "displacement", "-o", "x.png", "--step", "99"),
    ("plot", "pull.vtkhdf", "--field", "nothing", "-o", "x.png"),
    ("solve", "study.toml", "--case", "harder", "-o", "x.vtkhdf", "--tolerance", "nan"),
    ("solve", "study.toml", "--case", "harder", "-o", "x.vtkhdf", "--pieces", "0"),
    ("external", "zset", "study.toml", "-o", "x.vtkhdf", "--command", "true", "--result", "x", "--timeout", "nan"),
    ("external", "zset", "study.toml", "-o", "x.vtkhdf", "--command", "true", "--result", "x", "--timeout", "-1"),
    ("external", "zset", "study.toml", "-o", "x.vtkhdf", "--command", "'", "--result", "x"),
    ("external", "zset", "study.toml", "-o", "x.vtkhdf", "--command", "true", "--result", "x", "--failure", "("),
    ("compare", "pull.vtkhdf", "pull.vtkhdf", "--fields", "nothing"),
], ids=lambda arguments: " ".join((arguments[0], *arguments[-2:])))
def test_a_hostile_option_is_refused(folder, arguments):
    before = {path.name for path in folder.iterdir()}
    result = runner.invoke(app, list(arguments))
    assert result.exit_code == 2, f"{result.output}\n{result.exception!r}"
    assert "Traceback" not in result.stderr and result.stderr
    assert {path.name for path in folder.iterdir()} == before


def test_more_pieces_than_cells_are_refused(folder):
    (folder / "mesh.toml").write_text(STUDY + '[mesh]\nfile = "pull.vtkhdf"\n')
    result = runner.invoke(app, ["solve", "mesh.toml", "--case", "harder", "-o", "x.vtkhdf", "--pieces", "1000000000"])
    assert result.exit_code == 2 and "Traceback" not in result.stderr, result.output
    assert "pieces" in result.stderr
