"""The strip of local bases under curves: its stretches, and that it is drawn where a file has clusters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from report_example import ELASTIC, SPECS, TIMES, bar, plastic_strain

from romlib.mesh.operator import StrainOperator
from romlib.report.plot_clusters import stretches
from romlib.report.plot_history import plot_quantity
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.writer import SnapshotsWriter

image = pytest.importorskip("matplotlib.image")


def test_stretches_end_where_the_last_step_of_a_cluster_ends() -> None:
    times, clusters = np.array([0.0, 1.0, 2.0, 4.0, 5.0]), np.array([7, 1, 1, 0, 1])
    assert stretches(times, clusters) == [(0.0, 2.0, 1), (2.0, 4.0, 0), (4.0, 5.0, 1)]
    assert stretches(times[:2], clusters[:2]) == [(0.0, 1.0, 1)]
    assert stretches(times[:1], clusters[:1]) == []


def test_a_picture_over_time_shows_the_local_bases(tmp_path: Path) -> None:
    pictures = []
    for name, clusters in (("a", None), ("b", np.arange(len(TIMES)) // 2)):
        path = tmp_path / name / "result.vtkhdf"  # whose name is the title
        path.parent.mkdir()
        with SnapshotsWriter(path, [bar()], ELASTIC, TIMES, {"p": SPECS["p"]}, clusters=clusters) as writer:
            points = StrainOperator(bar()).coordinates
            for step, time in enumerate(TIMES):
                writer.write("p", step, 0, plastic_strain(points, float(time)))
        with Snapshots(path) as file:
            plot_quantity(file, "p", tmp_path / f"{name}.png")
        pictures.append(image.imread(tmp_path / f"{name}.png")[..., :3])
    height = pictures[0].shape[0]
    changed = np.abs(pictures[1] - pictures[0]).max(axis=2).any(axis=1)
    assert changed.any() and np.flatnonzero(changed).min() > 0.75 * height  # at the foot only
