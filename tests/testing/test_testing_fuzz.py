"""The fuzzer: what it counts, what it calls wrong, and that a crash ends one mutation only."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.testing import fuzz
from romlib.testing.content import differences
from romlib.testing.targets import Outcome

# A converter of a package of its own: it behaves as the first word of its file says.
CONVERTER = '''
import os, time
from pathlib import Path
import numpy as np
from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

class Strange:
    name, suffixes = "strange", (".txt",)

    def can_read(self, path):
        return Path(path).suffix == ".txt"

    def convert(self, source, target, *, pieces=None, units=None, options=None, progress=None):
        if not source.is_file():
            raise FileFormatError("no file", file=source)
        text = source.read_bytes()
        if text != b"sound":
            KIND
        mesh = box_mesh("hex8", (1, 1, 1))
        with SnapshotsWriter(target, [mesh], Model(), np.array([0.0]), {"displacement": FieldSpec("node", 3)},
                             solver="strange") as writer:
            writer.write("displacement", 0, 0, np.full((8, 3), float(len(text))))
'''
KINDS = {
    "refused": ('raise FileFormatError("damaged", file=source)', "refused"),
    "traceback": ('raise KeyError("x")', "fault"),
    "crash": ("os.abort()", "fault"),
    "exit": ("os._exit(0)", "fault"),
    "hang": ("time.sleep(60)", "fault"),
    "memory": ("np.ones(10**9)", "fault"),
    "disk": ('open(str(target) + "x", "wb").truncate(2**31)', "fault"),
    "left behind": ('Path(str(target) + ".part").touch(); raise FileFormatError("damaged", file=source)', "fault"),
    "silent": ("pass", "silent"),
}


@pytest.fixture
def strange(tmp_path, monkeypatch):
    def install(code: str):
        package = tmp_path / "site"
        (package / "strange-1.0.dist-info").mkdir(parents=True)
        (package / "strange-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
        (package / "strange-1.0.dist-info" / "entry_points.txt").write_text(
            "[romlib.converters]\nstrange = strange:Strange\n")
        (package / "strange.py").write_text(CONVERTER.replace("KIND", code))
        monkeypatch.syspath_prepend(package)
        monkeypatch.setenv("PYTHONPATH", str(package))
        monkeypatch.delitem(sys.modules, "strange", raising=False)
        file = tmp_path / "file.txt"
        file.write_text("sound")
        return file
    return install


@pytest.mark.parametrize("kind", KINDS)
def test_each_end_of_a_mutation_is_told_apart(strange, kind):
    code, verdict = KINDS[kind]
    count = 1 if kind == "hang" else 2
    report = fuzz.run("strange", [strange(code)], count=count, settings=fuzz.Settings(timeout=4.0))
    assert [one.number for one in report.judged] == list(range(count))
    assert [one.outcome.verdict for one in report.judged] == [verdict] * count, report.judged
    assert bool(report.wrong) == (verdict == "fault")
    text = "\n".join(report.lines())
    words = {"traceback": "KeyError", "crash": "status -6", "exit": "status 0", "hang": "no end after", "memory":
             "MemoryError", "disk": "OSError", "left behind": "left behind", "silent": "not judged"}
    assert words.get(kind, "") in text


def test_the_command_prints_counts_and_tells_by_its_status(strange, capsys):
    file = strange('raise KeyError("x")')
    assert fuzz.main(["strange", str(file), "--count", "3", "--seed", "4"]) == 1
    text = capsys.readouterr().out
    assert "strange: 3 mutations, seed 4" in text and "fault                3" in text and "KeyError" in text
    assert fuzz.main(["strange", str(file) + "x"]) == 2
    assert "no such file" in capsys.readouterr().err
    assert fuzz.main(["strnge", str(file)]) == 2
    assert "no converter" in capsys.readouterr().err


def test_one_mutation_is_repeated_and_its_files_kept(strange, tmp_path, capsys):
    file = strange('raise FileFormatError("damaged", file=source)')
    report = fuzz.run("strange", [file], count=6, seed=1)
    folder = tmp_path / "kept"
    assert fuzz.main(["strange", str(file), "--seed", "1", "--only", "5", "--keep", str(folder)]) == 0
    text = capsys.readouterr().out
    assert report.judged[5].what in text and "refused" in text
    assert folder.is_dir()


def test_sound_files_that_are_refused_end_the_run(strange):
    file = strange('raise FileFormatError("damaged", file=source)')
    file.write_text("not sound")
    with pytest.raises(InputError, match="damaged"):
        fuzz.run("strange", [file], count=2)


def test_a_strict_target_calls_silent_changes_wrong():
    report = fuzz.FuzzReport("rom", 0, strict=True)
    report.judged = [fuzz.Judged(k, "x", Outcome(verdict)) for k, verdict in enumerate(("equal", "silent", "fault"))]
    assert [one.number for one in report.wrong] == [1, 2]
    report.strict = False
    assert [one.number for one in report.wrong] == [2]


def test_differences_are_named_and_measured():
    given = {"a": np.array([1.0, 2.0, np.nan]), "b": "x", "c": 1, "d": np.array([1, 2])}
    assert differences(given, dict(given)) == {}
    found = differences(given, {**given, "a": np.array([1.0, 2.2, np.nan]), "b": "y"})
    assert found["a"] == pytest.approx(0.1) and found["b"] == np.inf
    assert set(differences(given, {"a": np.array([1.0, np.nan, 2.0]), "b": "x", "c": True})) == {"a", "c", "d"}
    assert differences(given, {**given, "a": np.array([1.0, 2.0 + 1e-12, np.nan])}, 1e-9) == {}


def test_the_module_runs_as_a_command():
    done = subprocess.run([sys.executable, "-m", "romlib.testing.fuzz", "--help"], capture_output=True, text=True,
                          check=True)
    assert "TARGET" in done.stdout and done.stderr == ""
