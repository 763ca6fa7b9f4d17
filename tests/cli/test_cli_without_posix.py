"""Check, offline on one process, online and compare where the system has no more than Windows has: a stand-in on Linux,
which hides the modules, signals and calls that only POSIX systems have.
"""

from __future__ import annotations

import subprocess
import sys

from pulled_bar import STUDY, write_bar
from rank_scripts import without_launcher

HIDDEN = """
import os, pathlib, shutil, signal, sys
shutil._use_fd_functions = False  # of rmtree, which takes another way there
for module in ("resource", "fcntl", "pwd", "grp", "termios", "mpi4py", "petsc4py"):
    sys.modules[module] = None
for name in ("SIGHUP", "SIGKILL", "SIGALRM"):
    delattr(signal, name)
for name in ("chown", "fchmod", "killpg", "setsid", "fork", "sched_getaffinity", "getuid"):
    delattr(os, name)
opened = os.open
def open_no_folder(path, flags, *rest, **options):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return opened(path, flags, *rest, **options)
def kill(*arguments):
    raise AssertionError("os.kill ends processes on Windows")
os.open, os.kill = open_no_folder, kill
proc = "/proc/"
reads = pathlib.Path.read_text
def read_text(self, *arguments, **options):
    if str(self).startswith(proc):
        raise FileNotFoundError(2, "No such file or directory", str(self))
    return reads(self, *arguments, **options)
pathlib.Path.read_text = read_text
import romlib.snapshots.atomic as atomic
class Windows:
    name = "nt"
    def __getattr__(self, name):
        return getattr(os, name)
atomic.os = Windows()
import romlib.snapshots.leftovers as leftovers
leftovers.os = Windows()
from romlib.cli import main
sys.argv[0] = "romlib"
main()
"""


def test_the_stages_of_one_process_run_without_what_only_posix_has(tmp_path):
    write_bar(tmp_path / "pull.vtkhdf", 2)
    write_bar(tmp_path / "reference.vtkhdf", 1, load=330.0)
    (tmp_path / "study.toml").write_text(STUDY)
    (case,) = [line.split(".")[1].rstrip("]") for line in STUDY.splitlines() if line.startswith("[cases.")]
    for command in (
        ["check", "pull.vtkhdf", "--study", "study.toml"], ["offline", "study.toml", "-o", "bar.rom"],
        ["offline", "study.toml", "-o", "bar.rom"],  # replaces a file
        ["online", "bar.rom", "--case", case, "-o", "result.vtkhdf"], ["compare", "result.vtkhdf", "result.vtkhdf"],
        ["info", "bar.rom"],
    ):
        done = subprocess.run([sys.executable, "-c", HIDDEN, *command], cwd=tmp_path, capture_output=True, text=True,
                              env=without_launcher(), check=False)
        assert done.returncode == 0, (command, done.stderr)
    assert (tmp_path / "bar.fields.rom").is_file() and not list(tmp_path.glob(".*.part"))
