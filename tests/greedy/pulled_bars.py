"""A search over bars that are pulled by different loads, run by a small solver that knows their solution."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from pulled_bar import HARDENING, POISSON, STUDY, TIMES, YIELD, YOUNG, displacement

from romlib.greedy.bounds import Bounds
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.mesh.skin import add_skin
from romlib.model import Case, ExpressionAmplitude, Model
from romlib.online.rom import ReducedOrderModel
from romlib.snapshots import FieldSpec, SnapshotsWriter

# Reads "time, load" from its deck; a line of the deck may be a statement of Python, by which tests let it fail or wait.
SOLVER = f"""
import pathlib, sys
import meshio, numpy as np
deck, mesh = pathlib.Path(sys.argv[1]), np.load("mesh.npz")
lines = deck.read_text().splitlines()
rows = np.array([line.split(",") for line in lines if line[:1].isdigit()], float)
factor = 1.0
for line in lines:
    if line[:1] == "!":
        exec(line[1:])
with meshio.xdmf.TimeSeriesWriter(deck.stem + ".xdmf") as writer:
    writer.write_points_cells(mesh["points"], [("hexahedron", mesh["cells"])])
    p = 0.0
    for time, stress in rows:
        p = max(p, (stress - {YIELD}) / {HARDENING})
        along, across = stress / {YOUNG} + p, -{POISSON} * stress / {YOUNG} - 0.5 * p
        writer.write_data(time, point_data={{"displacement": factor * mesh["points"] * [along, across, across]}})
with open(pathlib.Path(__file__).resolve().parent / "finished.txt", "a") as log:
    print(lines[0], file=log)
"""
DECK = "{case}\n!pass\n{amplitude:traction}\n"
TRAINED = {"pull": 300.0, "less": 250.0}
GREEDY = f"""
[greedy]
candidates = ["pull270", "pull280", "pull340"]
tolerance = 0.05
budget = 2
[greedy.solver]
command = [{sys.executable!r}, "solver.py", "{{deck}}"]
converter = "meshio"
deck = "bar.inp"
files = ["solver.py", "mesh.npz"]
results = ["{{stem}}.xdmf"]
source = "{{stem}}.xdmf"
units = "mm, N, MPa, s"
# more
"""


def write_search(folder: Path, deck: str = DECK, n_piece: int = 1) -> Path:
    """Study, training runs of 250 and 300, deck and solver in a folder; the study."""
    mesh = box_mesh("hex8", (3, 2, 2), (3.0, 1.0, 1.0))
    block = mesh.blocks[0]
    np.savez(folder / "mesh.npz", points=mesh.points, cells=block.connectivity)
    whole = Mesh(mesh.points, (replace(block, cell_ids=block.cell_ids - 1),), mesh.node_ids - 1)  # meshio begins with 0
    pieces = add_skin(list(number_shared_nodes(partition(whole, n_piece))) if n_piece > 1 else [whole])
    for name, load in TRAINED.items():
        with SnapshotsWriter(folder / f"{name}.vtkhdf", pieces, Model(), TIMES, {"displacement": FieldSpec("node", 3)},
                             solver="exact") as writer:
            for step, time in enumerate(TIMES):
                for piece, part in enumerate(pieces):
                    writer.write("displacement", step, piece, displacement(part.points, time, load))
    (folder / "solver.py").write_text(SOLVER)
    (folder / "bar.inp").write_text(deck)
    runs = '[[training]]\nsnapshots = "less.vtkhdf"\namplitudes.traction = "250*t"\n[offline]'
    cases = "".join(f'[cases.pull{load}]\ntimes = {{ stop = 1.0, step = 0.1 }}\namplitudes.traction = "{load}*t"\n'
                    for load in (270, 280, 340))
    tags = "".join(f"[tags.{axis}0]\nnodes = {{ plane = {{ point = [0, 0, 0], normal = {normal} }} }}\n"
                   for axis, normal in zip("xyz", np.eye(3, dtype=int).tolist(), strict=True))
    study = re.sub(r'"([xyz])min"', r'"\g<1>0"', STUDY).replace("[offline]", runs)  # the solver writes no tags
    (folder / "study.toml").write_text(study + tags + cases + GREEDY)
    return folder / "study.toml"


def finished(folder: Path) -> list[str]:
    """The candidates whose solver has ended well, in order."""
    log = folder / "finished.txt"
    return log.read_text().splitlines() if log.exists() else []


def bounds_by_load(rom: ReducedOrderModel, case: Case) -> Bounds:
    """A bound that is known: how far the case's load is from the nearest that trained, in hundreds of MPa."""
    amplitude = case.amplitudes["traction"]
    assert isinstance(amplitude, ExpressionAmplitude)
    load = float(amplitude.expression.split("*")[0])
    trained = [TRAINED.get(Path(name).stem) or float(Path(name).stem[4:]) for name in rom.archive.manifest.inputs]
    return Bounds({"stress": min(abs(load - one) for one in trained) / 100.0})
