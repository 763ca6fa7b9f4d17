"""Processes: output in a file, time limit, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from romlib.external import process as module
from romlib.external.process import run_process

# A child that does not listen to SIGTERM, whose number it writes down; then it waits for far longer than the test.
CHILD = """
import os, pathlib, signal, subprocess, sys, time
script = ("import os, pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
          "pathlib.Path('child').write_text(str(os.getpid())); time.sleep(600)")
subprocess.Popen([sys.executable, '-c', script])
while not (pathlib.Path('child').exists() and pathlib.Path('child').read_text()):
    time.sleep(0.01)
"""


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    monkeypatch.setattr(module, "GRACE", 0.3)


def python(body: str, folder: Path, timeout: float | None = None):
    log = folder / "log"
    ended = run_process([sys.executable, "-c", body], folder, dict(os.environ), log, timeout)
    return ended, log.read_text()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked for its status does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


def test_output_of_both_kinds_is_in_the_log_in_order(tmp_path):
    body = "import sys\nprint('out', flush=True)\nprint('error', file=sys.stderr, flush=True)\nprint('end')"
    ended, log = python(body, tmp_path)
    assert log.split() == ["out", "error", "end"]
    assert ended.status == 0 and not ended.timed_out and 0 < ended.seconds < 30


def test_it_runs_in_the_folder_and_reads_nothing(tmp_path):
    _, log = python("import os, sys; print(os.getcwd()); print(repr(sys.stdin.read()))", tmp_path)
    assert log.split() == [str(tmp_path.resolve()), "''"]
    assert Path.cwd() != tmp_path


@pytest.mark.parametrize("body, status", [("raise SystemExit(7)", 7), ("import os; os.abort()", -signal.SIGABRT)])
def test_status_is_that_of_the_process(tmp_path, body, status):
    assert python(body, tmp_path)[0].status == status


def test_the_log_can_be_read_while_it_runs(tmp_path):
    body = "import time; print('first', flush=True); time.sleep(600)"
    seen = []

    def look():
        for _ in range(500):
            time.sleep(0.01)
            if (tmp_path / "log").is_file() and "first" in (tmp_path / "log").read_text():
                seen.append(True)
                return

    thread = threading.Thread(target=look)
    thread.start()
    python(body, tmp_path, timeout=1.0)
    thread.join()
    assert seen


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see other processes")
@pytest.mark.parametrize("then", ["time.sleep(600)", "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
def test_past_the_limit_children_end_too(tmp_path, then):
    ended, _ = python(CHILD + then, tmp_path, timeout=1.5)
    assert ended.timed_out and ended.status < 0 and ended.seconds < 30
    time.sleep(0.05)
    assert not alive(int((tmp_path / "child").read_text()))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see other processes")
def test_what_an_ended_command_leaves_running_is_ended(tmp_path):
    ended, _ = python(CHILD, tmp_path)
    assert ended.status == 0 and not ended.timed_out
    time.sleep(0.05)
    assert not alive(int((tmp_path / "child").read_text()))


def test_a_process_past_its_limit_may_put_its_things_in_order(tmp_path):
    body = ("import signal, sys, time\n"
            "def end(*_): print('licence returned', flush=True); sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, end); time.sleep(600)")
    ended, log = python(body, tmp_path, timeout=0.7)
    assert ended.timed_out and "licence returned" in log


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 5), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_who_ends_romlib_ends_the_process(tmp_path, number, status):
    """Ctrl-C, or a batch system. The child has another session, so that only romlib can end it."""
    script = f"""
import os, pathlib, sys
from romlib.external.process import run_process
body = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
try:
    run_process([sys.executable, '-c', body], pathlib.Path({str(tmp_path)!r}), dict(os.environ),
                pathlib.Path({str(tmp_path)!r}) / 'log', None)
except KeyboardInterrupt:
    sys.exit(5)
"""
    outer = subprocess.Popen([sys.executable, "-c", script])
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()):
        time.sleep(0.01)
    outer.send_signal(number)
    assert outer.wait(timeout=30) == status
    assert not alive(int(pid.read_text()))


def test_handlers_of_the_user_stay(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    python("pass", tmp_path)
    assert signal.getsignal(signal.SIGTERM) == before
    found = []
    thread = threading.Thread(target=lambda: found.append(python("print('in a thread')", tmp_path)[1]))
    thread.start()
    thread.join()
    assert found == ["in a thread\n"]


def test_a_program_that_cannot_be_started_is_an_os_error(tmp_path):
    with pytest.raises(OSError):
        run_process([str(tmp_path / "absent")], tmp_path, {}, tmp_path / "log", None)


def test_waiting_costs_no_cpu_time(tmp_path):
    used = time.process_time()
    python("import time; time.sleep(1.0)", tmp_path, timeout=600.0)
    assert time.process_time() - used < 0.2
