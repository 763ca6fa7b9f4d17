"""Ctrl-C, SIGTERM and the death of a rank: one line, the right exit status, nothing left, and no rank that hangs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pulled_bar import STUDY, write_bar
from rank_scripts import without_launcher

from romlib.launcher import launched_ranks

SCRIPT = Path(__file__).with_name("interrupted.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_bar(tmp_path / "pull.vtkhdf", 2)
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


def heard() -> None:
    """What a suite ignores that was started in the background, or by nohup, a user's command would not."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Started:
    """A training that has come to the place where it waits."""

    def __init__(self, folder: Path, how: str, ranks: int = 1) -> None:
        words = [sys.executable, str(SCRIPT), how, "offline", str(folder / "study.toml"), "-o", str(folder / "x.rom")]
        if ranks > 1:
            # Open MPI waits so many seconds (one, by default) before it kills, whether there is somebody left or not.
            words = ["mpirun", "--oversubscribe", "--mca", "odls_base_sigkill_timeout", "4", "-n", str(ranks), *words]
        self.process = subprocess.Popen(words, env=without_launcher(), text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, start_new_session=True,
                                        preexec_fn=heard)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("waiting"), f"{line}{self.process.communicate()}"
        self.pid = int(line.split()[1])

    def ended(self) -> tuple[int, str]:
        try:
            _, errors = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            pytest.fail("it hangs")
        return self.process.returncode, errors


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"pull.vtkhdf", "study.toml"}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("how", ["sleep", "spin", "swallow", "convert", "load"])
def test_a_signal_ends_a_training_in_order(folder: Path, number: signal.Signals, status: int, how: str) -> None:
    if how != "sleep" and number != signal.SIGTERM and (how == "load" or number == signal.SIGHUP):
        return  # the way is the same for all three
    started = Started(folder, how)
    assert any(name.startswith(".romlib-scratch") for name in left(folder))
    os.kill(started.pid, number)
    code, errors = started.ended()
    assert code == status
    assert errors.splitlines()[-1] == f"error: stopped by {number.name}; unfinished files were removed"
    assert "Traceback" not in errors and left(folder) == set()


INTERRUPTED_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)
wanted = sys.argv.pop(1)
sys.meta_path.insert(0, Finder)
import runpy
runpy.run_module("romlib", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("module", ["romlib.cli", "romlib.cli.interrupts", "romlib.launcher", "romlib.cli.commands"])
def test_ctrl_c_while_romlib_itself_is_imported_leaves_no_traceback(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_IMPORT, module, "--version"], capture_output=True,
                          text=True, env=without_launcher(), preexec_fn=heard)
    ours = module == "romlib.cli.commands"  # the handlers are there
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == ("error: stopped by SIGINT; unfinished files were removed\n" if ours else "")


SIGNALLED_AT_THE_END = """
import os, sys
class Late:
    def __del__(self, kill=os.kill, process=os.getpid(), number=int(sys.argv.pop(1))):
        kill(process, number)
late = Late()  # goes when Python has taken the handlers away, and modules are cleared
from romlib.cli import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_when_the_command_is_done_changes_nothing(number: signal.Signals) -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED_AT_THE_END, str(int(number)), "--version"], text=True,
                          capture_output=True, env=without_launcher(), preexec_fn=heard)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("romlib ")


@pytest.fixture
def launcher() -> None:
    if launched_ranks() is not None or shutil.which("mpirun") is None:
        pytest.skip("mpirun cannot be started here")
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("launcher")
def test_a_signal_to_the_launcher_ends_all_ranks(folder: Path, number: signal.Signals) -> None:
    started = Started(folder, "sleep", ranks=2)  # rank 1 waits in MPI
    started.process.send_signal(number)
    code, errors = started.ended()
    assert code != 0 and errors.count("error: stopped by SIGTERM") == 1 and "Traceback" not in errors
    assert left(folder) == set()


@pytest.mark.usefixtures("launcher")
def test_a_rank_that_is_killed_takes_the_others_with_it_and_the_next_run_cleans_up(folder: Path) -> None:
    started = Started(folder, "sleep", ranks=2)
    os.kill(started.pid, signal.SIGKILL)
    code, _ = started.ended()
    assert code == 128 + signal.SIGKILL
    assert len([name for name in left(folder) if name.startswith(".romlib-scratch")]) == 1  # that of the dead rank
    done = subprocess.run([sys.executable, "-m", "romlib", "offline", str(folder / "study.toml"), "-o",
                           str(folder / "x.rom")], capture_output=True, text=True)
    assert done.returncode == 0 and left(folder) == {"x.rom", "x.fields.rom"}
