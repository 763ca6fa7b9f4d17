"""A package of somebody else with a converter, as pip would lay it out."""

from __future__ import annotations

import importlib
from pathlib import Path

GOOD = """
from pathlib import Path

import numpy as np
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.history import (
    FieldValues, SolverCells, SolverField, SolverHistory, SolverMesh, convert_history, history_options)

from romlib.mesh.box import box_mesh
from romlib.snapshots.schema import FieldSpec

BOX = box_mesh("hex8", (2, 1, 1))


class History(SolverHistory):
    solver, times = "mine 1.0", np.array([1.0])
    fields = {"displacement": SolverField(FieldSpec("node", 3))}

    def __init__(self, file, scale):
        self.files, self.scale = [file], scale
        self.mesh = SolverMesh(file, BOX.node_ids, BOX.points, (SolverCells(
            SolidElement("hex8", "hex_gauss_8"), BOX.cell_ids, BOX.node_ids[BOX.blocks[0].connectivity]),))

    def read(self, step):
        return {"displacement": FieldValues(BOX.node_ids, self.scale * BOX.points)}


class Mine:
    name = "mine"
    suffixes = (".mine",)

    def can_read(self, path):
        return path.suffix == ".mine" and path.is_file() and path.read_text().startswith("MINE")

    def convert(self, source, target, *, pieces=None, units=None, options=None, progress=None):
        options = history_options(self.name, options, ("scale",))
        convert_history(History(source, float(options.get("scale", 2.0))), target, pieces=pieces, units=units,
                        options=options, progress=progress)
"""


def install_package(folder: Path, entry_points: str, code: str) -> None:
    """Install it: a module somebody_module with `code`, and entry points of the group of converters."""
    info = folder / "somebody-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[romlib.converters]\n" + entry_points)
    (folder / "somebody_module.py").write_text(code)
    importlib.invalidate_caches()
