"""The speed-up of the online run at several sizes of the blade: the whole flow at each, and a table for the README.

    python cases/turbine_blade/sizes.py [--sizes 6000 20000 50000] [--folder out/turbine_blade_sizes] [--ranks 2]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the online run on one core, like a rank of the others

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_common"))

import numpy as np
from flow import ROM, Flow
from judge import FIELDS, hottest, judge
from timing import online_time

MISSION = "mission"
HEADER = ("degrees of freedom", "integration points", "modes", "points", "full order, s", "core s", "reduced, ms",
          "speed-up, wall", "core", "offline, s", "error of u", "von Mises", "p")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[6_000, 20_000, 50_000])
    parser.add_argument("--folder", type=Path, default=Path("out/turbine_blade_sizes"))
    parser.add_argument("--ranks", type=int, default=2)
    arguments = parser.parse_args()
    lines = [f"| {' | '.join(HEADER)} |", f"|{'--:|' * len(HEADER)}"]
    for dofs in arguments.sizes:
        lines.append(f"| {' | '.join(row(Flow(arguments.folder / str(dofs), arguments.ranks), dofs))} |")
        (arguments.folder / "sizes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return 0


def row(flow: Flow, dofs: int) -> list[str]:
    """Train and solve at one size; a row of the table."""
    n_dof = flow.prepare(dofs)
    flow.train()
    flow.run(f"{flow.launcher}romlib offline study.toml -o {ROM}")
    full = flow.reference(MISSION)
    rom = flow.rom()
    online = online_time(rom, MISSION)
    judgement = judge(rom.solve(MISSION), flow.folder / f"{MISSION}.vtkhdf", hottest(flow.folder / "mesh.vtkhdf"))
    manifest, basis = rom.archive.manifest, rom.archive.clusters[0]
    return [f"{n_dof:,}", f"{manifest.n_ip:,}", f"{basis.n_mode}", f"{np.count_nonzero(basis.weights)}",
            f"{full.wall:.1f}", f"{full.core:.1f}", f"{1e3 * online.wall:.1f}", f"{full.wall / online.wall:,.0f}",
            f"{full.core / online.core:,.0f}", f"{sum(max(s['wall']) for s in manifest.stages):.0f}",
            *(f"{100 * judgement.error(field):.2g} %" for field in FIELDS)]


if __name__ == "__main__":
    sys.exit(main())
