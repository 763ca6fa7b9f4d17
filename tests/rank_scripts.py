"""Starting a script on several ranks from a test that runs on one: fixtures for the conftest.py of a room."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from romlib.launcher import launched_ranks

_LAUNCHER_PREFIXES = ("OMPI_", "PMIX_", "PMI_", "MPI_LOCAL", "MV2_", "PRTE_", "ORTE_")


def without_launcher() -> dict[str, str]:
    """The environment without what an MPI launcher has put there; one thread a rank."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_LAUNCHER_PREFIXES)}
    environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_NUM_THREADS="1")
    return environment


def under_ranks(n: int) -> list[str]:
    """The words before a command that several ranks run; none for one. Skips where there is no launcher."""
    if n == 1:
        return []
    if launched_ranks() is not None:
        pytest.skip("mpirun cannot be started inside an MPI run")
    if shutil.which("mpirun") is None:
        pytest.skip("no mpirun on this machine")
    return ["mpirun", "--oversubscribe", "-n", str(n)]


def kill_session(leader: int) -> None:
    """kill -9 for every process of a session: the launcher puts ranks into process groups of their own."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            session = int(stat.read_text().rsplit(")", 1)[1].split()[3])
            if session == leader:
                os.kill(int(stat.parent.name), signal.SIGKILL)
        except (OSError, ValueError):  # it has ended
            continue


@pytest.fixture
def plain_environment() -> dict[str, str]:
    """`without_launcher`."""
    return without_launcher()


@pytest.fixture
def run_ranks(tmp_path: Path, plain_environment: dict[str, str]) -> Callable[..., list[Any]]:
    """Run the body of a script on n ranks; it calls `report(value)`, and the values come back in rank order.

    A run that does not end within the time limit fails the test: that is how a waiting rank shows.
    """
    under_ranks(2)
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")

    def run(body: str, n: int, *, code: int = 0, limit: float = 60.0) -> list[Any]:
        script = tmp_path / "script.py"
        script.write_text(
            "import json, pathlib\n"
            "import numpy as np\n"
            "from romlib.parallel import Comm, pieces_of_rank, world\n"
            "comm = world()\n"
            "def report(value):\n"
            f"    (pathlib.Path({str(tmp_path)!r}) / f'rank{{comm.rank}}.json').write_text(json.dumps(value))\n"
            + body)
        command = [*under_ranks(n), sys.executable, str(script)]
        done = subprocess.run(
            command, env=plain_environment, capture_output=True, text=True, timeout=limit, check=False)
        assert (done.returncode == 0) == (code == 0), done.stderr
        return [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in range(n)]

    return run
