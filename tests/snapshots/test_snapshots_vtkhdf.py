"""The mesh for VTK is written in parts: the file does not depend on how large they are."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Model
from romlib.snapshots import FieldSpec, SnapshotsWriter, vtkhdf


@pytest.mark.parametrize("mesh", [box_mesh("hex8", (3, 2, 1)), rectangle_mesh("quad4", (3, 2))])
def test_a_file_written_in_parts_is_the_same_to_the_last_byte(tmp_path, monkeypatch, mesh):
    small = replace(mesh, blocks=tuple(replace(b, connectivity=b.connectivity.astype(np.int32)) for b in mesh.blocks))

    def digest(name, one):
        with SnapshotsWriter(tmp_path / name, [one], Model(), [0.0], {"displacement": FieldSpec("node", one.dimension)}
                             ) as writer:
            writer.write("displacement", 0, 0, np.zeros(one.points.shape))
        return hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()

    whole = digest("a.vtkhdf", mesh)
    monkeypatch.setattr(vtkhdf, "_ROWS", 4)
    assert digest("b.vtkhdf", mesh) == whole
    assert digest("c.vtkhdf", small) == whole
