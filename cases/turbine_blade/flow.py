"""The commands of the case, run one after the other in a folder, and what they cost."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from blade import blade, write_mesh
from rich.console import Console

import romlib
from romlib.online.rom import ReducedOrderModel
from romlib.study import Study

HERE = Path(__file__).resolve().parent
ROM = "blade.rom"
N_REPEAT = 9
# One thread a rank; and in a container, where one is root, Open MPI wants to be told that this is meant.
MPI_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
console = Console(highlight=False)


@dataclass(frozen=True)
class Online:
    """An online run in one process on one core: median seconds, wall and CPU, and the run's counts."""

    wall: float
    core: float
    steps: int
    iterations: int


@dataclass(frozen=True)
class FullOrder:
    """A full-order run: seconds of wall time on all ranks; core seconds, the fewest of that run and of one on one rank.
    """

    wall: float
    core: float
    iterations: int


@dataclass(frozen=True)
class Flow:
    """A folder for the files, and the number of MPI ranks for what is not online."""

    folder: Path
    ranks: int

    def prepare(self, dofs: int, element_type: str = "hex8") -> int:
        """Copy the study, make the mesh; its degrees of freedom."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "study.toml", self.folder)
        mesh = blade(dofs, element_type)
        write_mesh(self.folder / "mesh.vtkhdf", mesh, max(4, self.ranks))
        return 3 * mesh.n_node

    def train(self) -> None:
        """Full-order runs of all training cases."""
        for run in Study.read(self.folder / "study.toml").training:
            self.solve(run.snapshots.stem)

    def solve(self, case: str, fields: Sequence[str] = ()) -> dict[str, Any]:
        """`romlib solve` on a case, into a file of its name; the report it prints for programs, and core_seconds."""
        more = f" --fields {','.join(fields)}" if fields else ""
        line = f"{self.launcher}romlib solve study.toml --case {case} -o {case}.vtkhdf{more}"
        console.print(f"\n$ {line}", style="cyan", markup=False)
        used = _children()
        report: dict[str, Any] = json.loads(self.command(f"{line} --json", quiet=True))
        # Other work on the machine lengthens the wall time; the processes' own time has their start-up in it, and the
        # spinning of ranks that wait for one another: for a fair core time, solve on one rank.
        report["core_seconds"] = min(self.ranks * report["seconds"]["total"], _children() - used)
        console.print(f"  {report['degrees_of_freedom']} unknowns, {report['steps']} steps, {report['iterations']} "
                      f"Newton iterations, {report['seconds']['total']:.1f} s", markup=False)
        return report

    def reference(self, case: str) -> FullOrder:
        """Solve a case with stress and p to compare with, on all ranks, and once more on one for the core time."""
        fields = ("stress", "p")
        alone = replace(self, ranks=1).solve(case, fields)
        report = self.solve(case, fields) if self.ranks > 1 else alone
        return FullOrder(float(report["seconds"]["total"]), min(alone["core_seconds"], report["core_seconds"]),
                         int(report["iterations"]))

    @property
    def launcher(self) -> str:
        """What goes before a command that runs on several ranks."""
        return f"mpirun --oversubscribe -n {self.ranks} " if self.ranks > 1 else ""

    def command(self, line: str, *, quiet: bool = False) -> str:
        """Run a command line in the folder, with the romlib of this Python first on the path; its output if quiet."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        environment = {**MPI_ENVIRONMENT, **os.environ, "PATH": path}
        if not quiet:
            console.print(f"\n$ {line}", style="cyan", markup=False)
        done = subprocess.run(shlex.split(line), cwd=self.folder, env=environment, text=True, check=False,
                              stdout=subprocess.PIPE if quiet else None, stderr=subprocess.PIPE if quiet else None)
        if done.returncode:
            sys.exit(f"{done.stderr or ''}\nthis command failed with exit status {done.returncode}: {line}")
        return done.stdout or ""

    def rom(self) -> ReducedOrderModel:
        """The ROM that `romlib offline` left."""
        return romlib.load(self.folder / ROM)


def _children() -> float:
    """CPU seconds of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def online_time(rom: ReducedOrderModel, case: str, repeat: int = N_REPEAT) -> Online:
    """Median over several runs in a process that has solved before, so that compiled code is loaded."""
    solution = rom.solve(case)
    wall, core = np.empty(repeat), np.empty(repeat)
    for k in range(repeat):
        start, used = time.perf_counter(), time.process_time()
        solution = rom.solve(case)
        wall[k], core[k] = time.perf_counter() - start, time.process_time() - used
    return Online(float(np.median(wall)), float(np.median(core)), solution.n_step - 1, int(solution.iterations.sum()))
