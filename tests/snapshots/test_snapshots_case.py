"""The name of the case in a file: kept where the file is of the kind that an older romlib does not read anyway."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.model import Model
from romlib.snapshots.info import info
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter


@pytest.mark.parametrize(("nodal", "case", "kept"), [(True, "two peaks", "two peaks"), (True, "", ""),
                                                     (False, "two peaks", "")])
def test_a_case_is_kept_with_values_at_nodes(tmp_path, nodal, case, kept):
    mesh = box_mesh("hex8", (1, 1, 1), (1.0, 1.0, 1.0))
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], Model(), [0.0], {"p": FieldSpec("ip", 1)}, nodal=nodal,
                         case=case) as writer:
        writer.write("p", 0, 0, np.ones((8, 1)))
    with Snapshots(tmp_path / "a.vtkhdf") as file:
        assert file.case == kept
    assert info(tmp_path / "a.vtkhdf")["case"] == kept
