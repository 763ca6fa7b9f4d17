"""Blocks of solids that CalculiX itself runs, and what their check has to show."""

from __future__ import annotations

import subprocess

import numpy as np
from romlib_converters.calculix import CalculixConverter

from romlib.check import check
from romlib.mesh.box import box_mesh
from romlib.snapshots.reader import Snapshots

KINDS = {"C3D8": "hex8", "C3D4": "tet4", "C3D10": "tet10", "C3D6": "wedge6", "C3D15": "wedge15", "C3D20R": "hex20",
         "C3D20": "hex20"}
# *PLASTIC beyond reach: with it CalculiX takes the increments of the deck, without it one a step
MATERIAL = ("*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3\n*PLASTIC\n1.e5,0.\n*DENSITY\n7.8e-9\n"
            "*SOLID SECTION,ELSET=EALL,MATERIAL=M\n")
HOT = ("*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3,0.\n100000.,0.25,1000.\n*EXPANSION,ZERO=100.\n1.e-5,0.\n2.e-5,1000.\n"
       "*PLASTIC\n600.,0.,0.\n800.,0.1,0.\n300.,0.,1000.\n400.,0.1,1000.\n*SOLID SECTION,ELSET=EALL,MATERIAL=M\n")
TABLES = ("*AMPLITUDE,NAME=A\n0.,0.5,0.5,2.,0.5,1.,1.,1.5\n*AMPLITUDE,NAME=B,TIME=TOTAL TIME\n"
          "0.,0.,1.5,1.,3.,-2.\n")
FOOT = "*BOUNDARY\nFOOT,1,3\n"


def block(kind, bent=True):
    """Two elements a side; node sets FOOT, TOP, RIGHT; elements numbered backwards."""
    mesh = box_mesh(KINDS[kind], (2, 2, 2), (2.0, 2.0, 2.0))
    x, y, z = mesh.points.T
    linear = KINDS[kind] in ("hex8", "tet4", "wedge6")
    points = np.column_stack([x + 0.05 * z * y, y + 0.03 * x * z, z + 0.04 * x * y]) if bent and linear else mesh.points
    lines = ["*NODE,NSET=NALL", *(f"{k},{a!r},{b!r},{c!r}" for k, (a, b, c) in enumerate(points.tolist(), 1))]
    lines.append(f"*ELEMENT,TYPE={kind},ELSET=EALL")
    nodes = mesh.blocks[0].connectivity + 1
    for number, row in zip(range(len(nodes), 0, -1), nodes):
        ids = [str(number), *map(str, row)]
        lines.append(",\n".join(",".join(ids[k:k + 12]) for k in range(0, len(ids), 12)))
    for tag, name in (("zmin", "FOOT"), ("zmax", "TOP"), ("xmax", "RIGHT")):
        lines += [f"*NSET,NSET={name}", *(f"{k + 1}," for k in mesh.node_tags[tag])]
    return "\n".join([*lines, "*ELSET,ELSET=E1", "1", ""])


def step(cards, option="", times="0.25,1.", output="*NODE OUTPUT,DOUBLE"):
    return (f"*STEP,INC=100{option}\n*STATIC,DIRECT\n{times}\n*CONTROLS,PARAMETERS=FIELD\n1.E-10,1.E-8\n{cards}"
            f"{output}\nU,RF,NT\n*EL PRINT,ELSET=EALL\nS,E\n*END STEP\n")


def solved(folder, text):
    (folder / "job.inp").write_text(text)
    subprocess.run(["ccx", "job"], cwd=folder, check=False, capture_output=True, timeout=120,
                   env={"OMP_NUM_THREADS": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"})
    CalculixConverter().convert(folder / "job.inp", folder / "job.vtkhdf")
    return Snapshots(folder / "job.vtkhdf")


def closes(snapshots, force=1e-12):
    report = check(snapshots)
    assert report.passed, [(item.name, item.value, item.detail) for item in report.failed]
    assert report["equilibrium"].value <= force and report["internal_force"].value <= 1e-12
    assert report["stress"].value <= 5e-7 and report["strain"].value <= 5e-7  # printed in seven digits
    assert report["constraints"].value <= 1e-12
    return report


def names(snapshots):
    return [(one.name, one.does_work) for one in snapshots.model.omissions]
