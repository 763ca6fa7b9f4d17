"""One cube as a result file of Ansys, and what the converter makes of such files or refuses."""

from __future__ import annotations

import numpy as np
import pytest
from cdb_files import CUBE
from romlib_converters.ansys import AnsysConverter
from rst_files import Rst, Set

from romlib.snapshots.reader import Snapshots

IDS = [7 + 10 * k for k in range(8)]
NODES = dict(zip(IDS, CUBE.tolist(), strict=True))
STRETCH = np.array([[1e-3, 2e-4, 0.0], [0.0, -3e-4, 1e-4], [0.0, 0.0, 5e-4]])
MOVED = CUBE @ STRETCH.T


def cube(sets=None, **parts):
    """One SOLID45 without extra shapes: plain trilinear displacement at 2 x 2 x 2 points."""
    sets = [Set(1.0, MOVED), Set(2.0, 2.0 * MOVED)] if sets is None else sets
    return Rst(**{"nodes": NODES, "types": [(1, 45, {1: 1})], "elements": [(12, 1, 3, IDS)], "sets": sets, **parts})


def converted(rst, tmp_path, **options):
    path = rst.write(tmp_path / "file.rst")
    AnsysConverter().convert(path, tmp_path / "out.vtkhdf", options=options)
    return Snapshots(tmp_path / "out.vtkhdf")


def refused(rst, tmp_path, error, word, **options):
    path = rst.write(tmp_path / "file.rst") if isinstance(rst, Rst) else rst
    with pytest.raises(error, match=word) as caught:
        AnsysConverter().convert(path, tmp_path / "out.vtkhdf", options=options)
    assert not (tmp_path / "out.vtkhdf").exists() and caught.value.file is not None
    return caught.value
