"""kill -9 at any moment: the output is the old one or the new one, never a mixture, and the next run cleans up.

ROMLIB_KILLS sets the number of random moments for each command; the seed is fixed. How long a command takes differs
from run to run, so that the moments follow what was seen: a third of them is anywhere in the run, a third about its
end, and a third in the renames, which are slowed down for it.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pulled_bar import TIMES, displacement, study_with_a_mesh
from rank_scripts import without_launcher
from typer.testing import CliRunner

import romlib
from romlib.cli import app
from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter

KILLS = int(os.environ.get("ROMLIB_KILLS", "1"))
MANY = 50
LOADS = (250.0, 300.0)  # of the old run and of the new one
RENAMES = """
import os, signal, sys
replace, left = os.replace, [int(sys.argv[1])]
def counted(*names):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    replace(*names)
os.replace = counted
sys.argv = ["romlib", *sys.argv[2:]]
from romlib.cli import main
main()
"""
SLOW_RENAMES = """
import os, sys, time
replace = os.replace
def slow(*names):
    open(marker, "w").close()
    time.sleep(0.3)
    replace(*names)
    time.sleep(0.3)
os.replace = slow
marker = sys.argv[1]
sys.argv = ["romlib", *sys.argv[2:]]
from romlib.cli import main
main()
"""


@dataclass(frozen=True)
class Work:
    """A command with an output, started in a folder of inputs. load : of the runs, which tells their results apart."""

    words: str
    output: str
    ranks: int = 1

    def start(self, folder: Path, script: str | None = None, *arguments: str) -> subprocess.Popen:
        words = [sys.executable, *(["-m", "romlib"] if script is None else ["-c", script, *arguments]),
                 *self.words.split()]
        if self.ranks > 1:
            words = ["mpirun", "--oversubscribe", "-n", str(self.ranks), *words]
        return subprocess.Popen(words, cwd=folder, env=without_launcher(), stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, start_new_session=True)

    def done_here(self, folder: Path) -> None:
        """In this process, on one rank: how an output came about that a run is to replace does not matter."""
        before = Path.cwd()
        os.chdir(folder)
        try:
            result = CliRunner().invoke(app, self.words.split(), prog_name="romlib")
        finally:
            os.chdir(before)
        assert result.exit_code == 0, result.output

    def done(self, folder: Path) -> None:
        process = self.start(folder)
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors


WORKS = {
    "convert": Work("convert meshio series.pvd -o out.vtkhdf", "out.vtkhdf"),
    "offline": Work("offline study.toml -o out.rom", "out.rom", ranks=2),
    "online": Work("online x.rom --case harder -o out.vtkhdf", "out.vtkhdf"),
    "solve": Work("solve study.toml --case harder -o out.vtkhdf", "out.vtkhdf", ranks=2),
}


def write_inputs(folder: Path, load: float) -> Path:
    """A bar pulled by load x t, as snapshots, as a series of VTU files, with its study and its ROM."""
    meshio = pytest.importorskip("meshio")
    folder.mkdir()
    mesh = box_mesh("hex8", (6, 4, 4), (3.0, 1.0, 1.0))
    pieces = list(number_shared_nodes(partition(mesh, 2)))
    for name, times in (("mesh", [0.0]), ("pull", TIMES)):
        with SnapshotsWriter(folder / f"{name}.vtkhdf", pieces, Model(), times, {"displacement": FieldSpec("node", 3)},
                             solver="exact") as writer:
            for step, t in enumerate(times):
                for piece, part in enumerate(pieces):
                    writer.write("displacement", step, piece, displacement(part.points, t, load))
    entries = []
    for k, t in enumerate(TIMES):
        meshio.Mesh(mesh.points, [("hexahedron", mesh.blocks[0].connectivity)],
                    point_data={"displacement": displacement(mesh.points, t, load)}).write(folder / f"s{k}.vtu")
        entries.append(f'<DataSet timestep="{t}" file="s{k}.vtu"/>')
    (folder / "series.pvd").write_text(
        f'<?xml version="1.0"?><VTKFile type="Collection"><Collection>{"".join(entries)}</Collection></VTKFile>')
    (folder / "study.toml").write_text(study_with_a_mesh(load))
    Work("offline study.toml -o x.rom", "x.rom").done_here(folder)
    return folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    return {"old": write_inputs(folder / "old", LOADS[0]), "new": write_inputs(folder / "new", LOADS[1])}


def content(output: Path) -> str:
    """Whose result it is: "old" or "new"; "refused" for a ROM beside the fields file of another."""
    if output.suffix == ".rom":
        try:
            with romlib.load(output).open_fields() as fields:
                assert np.isfinite(fields.modes(0)).all()
        except FileFormatError as error:
            assert "belongs to another ROM" in str(error)
            return "refused"
        solution = romlib.load(output).solve("pull")
        size = max(np.abs(solution.displacement(-1, piece)).max() for piece in range(2))
    else:
        with Snapshots(output) as file:
            last = file.n_step - 1
            size = max(np.abs(file.read("displacement", piece, last)).max() for piece in range(file.n_piece))
    old, new = (displacement(np.array([3.0, 0.0, 0.0]), 1.0, load)[0] for load in LOADS)
    assert min(abs(size - old), abs(size - new)) < 1e-3 * old, size
    return "old" if abs(size - old) < abs(size - new) else "new"


class Folder:
    """Where the new run meets the output of the old one."""

    def __init__(self, inputs: dict[str, Path], work: Work, place: Path) -> None:
        self.work, self.place = work, place
        shutil.copytree(inputs["old"], place)
        if work.output == "out.rom":  # the inputs have it under another name
            for suffix in ("", ".fields"):
                shutil.copy(place / f"x{suffix}.rom", place / f"out{suffix}.rom")
        elif work.ranks == 1:
            work.done_here(place)
        else:
            work.done(place)
        self.old = {path.name: path.read_bytes() for path in place.glob("out.*")}
        for path in inputs["new"].iterdir():
            shutil.copy(path, place / path.name)
        start = time.monotonic()
        work.done(place)
        self.seconds = time.monotonic() - start
        self.whole = {path.name for path in place.iterdir()}
        assert content(place / work.output) == "new"

    def back(self) -> None:
        """The old output again; what a killed run has left beside it stays."""
        for name, data in self.old.items():
            (self.place / name).write_bytes(data)
        assert content(self.place / self.work.output) == "old"

    def temporary(self) -> set[str]:
        return {path.name for path in self.place.iterdir()} - self.whole


def kill_all(process: subprocess.Popen) -> None:
    """Of a launcher and what it has started, everything at once."""
    family, k = [process.pid], 0
    while k < len(family):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{family[k]}/task/{family[k]}/children").read_text()
            family += [int(pid) for pid in text.split()]
        k += 1
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def kill_and_look(folder: Folder, process: subprocess.Popen, kill: Callable[[subprocess.Popen], object]) -> str:
    kill(process)
    found = content(folder.place / folder.work.output)
    others = {name for name in folder.temporary() if ".romlib-" not in name}
    assert not others, others
    return found


@pytest.fixture(scope="module")
def folder_of(inputs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Folder]:
    """The folder of a command, made when it is first asked for; every test begins with `back`."""
    made: dict[str, Folder] = {}

    def find(name: str) -> Folder:
        if WORKS[name].ranks > 1 and shutil.which("mpirun") is None:
            pytest.skip("no mpirun on this machine")
        if name not in made:
            made[name] = Folder(inputs, WORKS[name], tmp_path_factory.mktemp(name) / "run")
        return made[name]

    return find


@pytest.fixture(params=list(WORKS))
def folder(request: pytest.FixtureRequest, folder_of: Callable[[str], Folder]) -> Folder:
    if request.param == "solve":
        pytest.importorskip("petsc4py", reason="petsc4py is not installed")
    return folder_of(request.param)


class Moments:
    """When to kill: anywhere, about the end, in the renames. `end` follows the ends of the runs themselves."""

    def __init__(self, folder: Folder, seed: int) -> None:
        self.folder, self.random, self.end = folder, random.Random(seed), folder.seconds

    def kill(self, number: int) -> str:
        """Start, kill, and say what is there."""
        process = (self._in_the_renames() if number % 3 == 2 else self._about_the_end() if number % 3 else
                   self._started(self.random.uniform(0.0, 1.1) * self.end))
        in_time = process.poll() is None
        if number % 3 == 1:  # half of them come too late, so that it stays the end
            self.end *= 1.03 if in_time else 0.95
        found = kill_and_look(self.folder, process, kill_all)
        return found if in_time else f"{found} (too late)"

    def _started(self, seconds: float) -> subprocess.Popen:
        process = self.folder.work.start(self.folder.place)
        time.sleep(seconds)
        return process

    def _about_the_end(self) -> subprocess.Popen:
        return self._started(self.end + self.random.uniform(-0.4, 0.1))

    def _in_the_renames(self) -> subprocess.Popen:
        marker = self.folder.place.parent / "renaming"
        marker.unlink(missing_ok=True)
        process = self.folder.work.start(self.folder.place, SLOW_RENAMES, str(marker))
        end = time.monotonic() + 200
        while not marker.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(self.random.uniform(0.0, 1.5 if self.folder.work.output == "out.rom" else 0.8))
        return process


def killed_at_random(folder: Folder, n: int, seed: int) -> None:
    moments, found = Moments(folder, seed), []
    for number in range(n):
        folder.back()
        found.append(moments.kill(number))
    possible = {"old", "new", "new (too late)", *(("refused",) if folder.work.output == "out.rom" else ())}
    assert set(found) <= possible, found
    folder.work.done(folder.place)
    assert folder.temporary() == set() and content(folder.place / folder.work.output) == "new"
    counts = {name: [sum(one == name for one in found[kind::3]) for kind in range(3)] for name in sorted(set(found))}
    print(f"{folder.work.words}: {n} kills; anywhere, about the end, in the renames: {counts}")
    assert n < MANY or {"old", "new"} <= set(found)


def test_an_output_is_the_old_or_the_new_one(folder: Folder) -> None:
    killed_at_random(folder, KILLS, seed=9)


@pytest.mark.slow
def test_an_output_is_the_old_or_the_new_one_at_many_moments(folder: Folder) -> None:
    killed_at_random(folder, MANY, seed=200)


@pytest.mark.parametrize(("before", "expected"), [(0, "old"), (1, "refused"), (2, "new")])
def test_between_the_renames_a_mixed_pair_is_refused(
    folder_of: Callable[[str], Folder], before: int, expected: str
) -> None:
    """At two ranks, of which the first is killed at its first or second rename, or not at all."""
    folder = folder_of("offline")
    folder.back()
    process = folder.work.start(folder.place, RENAMES, str(before))
    assert kill_and_look(folder, process, lambda started: started.communicate(timeout=100)) == expected
    assert (process.returncode == 0) == (before == 2)
    if before < 2:
        folder.work.done(folder.place)
    assert folder.temporary() == set() and content(folder.place / folder.work.output) == "new"
