"""A dent that travels along a row of elastic cells and back: two training runs of displacement, and their study."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

STUDY = """
[study]
name = "row"
units = "mm, N, MPa, s"
[materials.m]
law = "elastic"
parameters = { young = 1000, poisson = 0.0 }
[constraints.side]
nodes = "ymin"
components = ["x", "y", "z"]
[loads.pull]
kind = "traction"
faces = "xmax"
direction = [1, 0, 0]
[[training]]
snapshots = "there.vtkhdf"
amplitudes.pull = "0*t"
[[training]]
snapshots = "back.vtkhdf"
amplitudes.pull = "0*t"
[offline]
pod_tolerance = 1e-2
"""


def write_run(path: Path, places: np.ndarray, n_piece: int = 2) -> Path:
    """A dent that travels along a row of cells: displacement only, at rest in the beginning."""
    mesh = box_mesh("hex8", (30, 1, 1), (30.0, 1.0, 1.0))
    pieces = list(number_shared_nodes(partition(mesh, n_piece))) if n_piece > 1 else [mesh]
    model = Model.model_validate({"units": "mm, N, MPa, s"})
    with SnapshotsWriter(path, pieces, model, np.arange(len(places) + 1.0),
                         {"displacement": FieldSpec("node", 3)}) as writer:
        for p, piece in enumerate(pieces):
            x, y, _ = piece.points.T
            for step, place in enumerate([np.nan, *places]):
                u = np.zeros((piece.n_node, 3))
                if step:
                    u[:, 1] = 0.01 * y * np.exp(-((x - place) / 1.5) ** 2)
                writer.write("displacement", step, p, u)
    return path


def write_study(folder: Path) -> Path:
    """Both runs, and the study of them; the folder."""
    write_run(folder / "there.vtkhdf", np.linspace(0.0, 30.0, 40))
    write_run(folder / "back.vtkhdf", np.linspace(29.6, 0.3, 38))
    (folder / "study.toml").write_text(STUDY)
    return folder
