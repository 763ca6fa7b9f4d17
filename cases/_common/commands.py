"""Commands of a case, run one after the other in its folder, and printed so that they can be typed again."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

# One thread a rank; and in a container, where one is root, Open MPI wants to be told that this is meant.
MPI_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
console = Console(highlight=False)


def heading(text: str) -> None:
    """A heading of what is printed."""
    console.print(f"\n[bold]{text}[/bold]")


def possible_ranks(wanted: int) -> int:
    """The number of ranks that can be started here: one without mpi4py or mpirun, as pip alone installs romlib."""
    lacking = [name for name, there in (("mpi4py", importlib.util.find_spec("mpi4py")), ("mpirun", _which("mpirun")))
               if there is None]
    if wanted > 1 and lacking:
        console.print(f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not installed: one rank instead "
                      f"of {wanted}; the results are the same", style="yellow")
        return 1
    return wanted


def _which(program: str) -> str | None:
    return shutil.which(program, path=_path())


def _path() -> str:
    """With the programs of this Python first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


@dataclass(frozen=True)
class Commands:
    """folder : where commands run. ranks : of MPI, for what is not online; one where there is no MPI, which is said.
    environment : variables to add.
    """

    folder: Path
    ranks: int
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", possible_ranks(self.ranks))

    @property
    def launcher(self) -> str:
        """What goes before a command that runs on several ranks."""
        return f"mpirun --oversubscribe -n {self.ranks} " if self.ranks > 1 else ""

    def run(self, line: str, *, quiet: bool = False) -> str:
        """Run a command line in the folder, with the romlib of this Python first on the path; its output if quiet.

        A command that fails ends the case.
        """
        environment = {**MPI_ENVIRONMENT, **os.environ, "PATH": _path(), **self.environment}
        if not quiet:
            self.show(line)
        done = subprocess.run(shlex.split(line), cwd=self.folder, env=environment, text=True, check=False,
                              stdout=subprocess.PIPE if quiet else None, stderr=subprocess.PIPE if quiet else None)
        if done.returncode:
            sys.exit(f"{done.stderr or ''}\nthis command failed with exit status {done.returncode}: {line}")
        return done.stdout or ""

    def show(self, line: str) -> None:
        """Print a command as one types it."""
        console.print(f"\n$ {line}", style="cyan", markup=False, soft_wrap=True)
