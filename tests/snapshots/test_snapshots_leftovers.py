"""What dead processes left is removed; what belongs to the living, or to nobody that can be seen, stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from romlib.snapshots import leftovers
from romlib.snapshots.atomic import atomic_target
from romlib.snapshots.leftovers import OLD, remove_leftovers, temporary_path

DIES = """
import os, signal, sys
from pathlib import Path
from romlib.snapshots.atomic import atomic_target
with atomic_target(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
WAITS = DIES.replace("os.kill(os.getpid(), signal.SIGKILL)", "print('here', flush=True); sys.stdin.read()")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def killed(target: Path) -> None:
    assert subprocess.run([sys.executable, "-c", DIES, str(target)]).returncode == -9


def test_the_next_run_of_an_output_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    killed(tmp_path / "a.rom")
    killed(tmp_path / "b.rom")
    assert len(names(tmp_path)) == 2 and all(name.endswith(".part") for name in names(tmp_path))
    with atomic_target(tmp_path / "a.rom") as temporary:
        temporary.write_text("whole")
    first, second = names(tmp_path)
    assert first.startswith(".b.rom.romlib-") and second == "a.rom"


def test_a_process_that_lives_keeps_its_files(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS, str(tmp_path / "a")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "here\n"
        with atomic_target(tmp_path / "a") as temporary:
            temporary.write_text("ours")
        assert len(names(tmp_path)) == 2 and (tmp_path / "a").read_text() == "ours"
        process.kill()
        while len(remove_leftovers(tmp_path, "a")) == 0:  # dead, though nobody has asked for its status
            time.sleep(0.01)
    assert names(tmp_path) == ["a"]


def with_process(path: Path, pid: int, start: int | None = None, host: str | None = None) -> Path:
    """The name that another process would have given."""
    head, tail = path.name.split(".romlib-")
    old_host, _, old_start, rest = tail.split("-")
    return path.with_name(f"{head}.romlib-{host or old_host}-{pid}-{start or old_start}-{rest}")


def test_a_number_that_another_process_has_now_does_not_save_a_file(tmp_path: Path) -> None:
    ours = temporary_path(tmp_path, "a")
    ours.touch()
    stale = with_process(temporary_path(tmp_path, "a"), os.getpid(), start=1)
    stale.touch()
    remove_leftovers(tmp_path, "a")
    assert names(tmp_path) == [ours.name]


def test_a_file_of_another_host_stays_for_a_week(tmp_path: Path) -> None:
    young, old = (with_process(temporary_path(tmp_path, "a"), 1, host="elsewhere_0a") for _ in range(2))
    for path in (young, old):
        path.touch()
    os.utime(old, (time.time() - OLD - 60,) * 2)
    remove_leftovers(tmp_path, "a")
    assert names(tmp_path) == [young.name]


def test_a_scratch_folder_is_as_old_as_its_newest_file(tmp_path: Path) -> None:
    folder = with_process(temporary_path(tmp_path, "scratch"), 1, host="elsewhere_0a")
    folder.mkdir()
    (folder / "0").touch()
    os.utime(folder, (0, 0))
    remove_leftovers(tmp_path, "scratch")
    assert folder.is_dir()
    os.utime(folder / "0", (0, 0))
    os.utime(folder, (0, 0))
    remove_leftovers(tmp_path, "scratch")
    assert not folder.exists()


@pytest.mark.parametrize("name", [".a.part", "a.romlib-x-1-2-0123456789ab.part", ".a.romlib-h_0-1-2-xyz.part",
                                  ".b.romlib-h_0-1-2-0123456789ab.part", ".a.romlib-h_0-1-2-0123456789ab.partly"])
def test_files_with_other_names_are_not_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    os.utime(tmp_path / name, (0, 0))
    remove_leftovers(tmp_path, "a")
    assert names(tmp_path) == [name]


def test_without_a_proc_folder_a_living_process_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert leftovers._start_without_proc(os.getpid()) == 0 and leftovers._start_without_proc(child.pid) is None


def test_a_folder_goes_in_which_another_thread_goes_on_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, remove, written = tmp_path / "scratch", shutil.rmtree, []
    folder.mkdir()

    def meanwhile(path: Path, ignore_errors: bool) -> None:
        remove(path, ignore_errors=ignore_errors)
        if len(written) < 3:
            path.mkdir()  # what a file is that was made after the folder had been listed: it stays
            written.append(path)

    monkeypatch.setattr(shutil, "rmtree", meanwhile)
    leftovers.discard(folder)
    assert len(written) == 3 and not folder.exists()
