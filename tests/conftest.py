"""Fixtures that every test room shares."""

from __future__ import annotations

import os
import signal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The first example of a test may wait for numba to compile: time says nothing about the property.
settings.register_profile("romlib", deadline=None)
settings.load_profile("romlib")

for name in ("COLUMNS", "LINES"):  # pytest-xdist tells its workers a size, and tables would be cut to it
    os.environ.pop(name, None)

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background: Ctrl-C would not be passed on
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ROMLIB_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real solver files; the test is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no real solver files at {DATA}: set ROMLIB_TEST_DATA to their folder")
    return DATA


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of a file run in one worker (pytest-xdist), and so do all of a folder whose fixtures are made once.

    Its own marks for groups are lost where pytest keeps the names of tests (9.2).
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = ROOT / nodeid.partition("::")[0]
            whole = file.parent != ROOT / "tests" and _has_session_fixtures(file.parent)
            return str(file.parent if whole else file)

    return Together(config, log)


@cache
def _has_session_fixtures(folder: Path) -> bool:
    conftest = folder / "conftest.py"
    return conftest.is_file() and 'scope="session"' in conftest.read_text()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests on real data were skipped: a suite that passes without them proves less."""
    reports = {
        state: [report for report in terminalreporter.stats.get(state, []) if "data" in getattr(report, "keywords", {})]
        for state in ("passed", "failed", "skipped")}
    n_run = len(reports["passed"]) + len(reports["failed"])
    n_skipped = len(reports["skipped"])
    hint = " (set ROMLIB_TEST_DATA to the folder of the real solver files)" if n_skipped else ""
    terminalreporter.write_line(f"data tests: {n_run} run, {n_skipped} skipped{hint}")
