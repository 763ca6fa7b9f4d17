"""The commands of the case, run one after the other in a folder, and what they cost."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blade import blade, write_mesh
from commands import Commands, console

import romlib
from romlib.online.rom import ReducedOrderModel
from romlib.study import Study

HERE = Path(__file__).resolve().parent
ROM = "blade.rom"


@dataclass(frozen=True)
class FullOrder:
    """A full-order run: seconds of wall time on all ranks; core seconds, the fewest of that run and of one on one rank.
    """

    wall: float
    core: float
    iterations: int


@dataclass(frozen=True)
class Flow(Commands):
    """The commands of this case."""

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
        self.show(line)
        used = _children()
        report: dict[str, Any] = json.loads(self.run(f"{line} --json", quiet=True))
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

    def rom(self) -> ReducedOrderModel:
        """The ROM that `romlib offline` left."""
        return romlib.load(self.folder / ROM)


def _children() -> float:
    """CPU seconds of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
