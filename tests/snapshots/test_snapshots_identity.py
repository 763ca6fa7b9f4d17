"""A snapshots file knows its model by content, whatever pieces it has."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from damaged_files import without_checksums

from romlib.errors import FileFormatError
from romlib.identity.cases import model_differences
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.model import Model
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.tables import SNAPSHOTS
from romlib.snapshots.writer import SnapshotsWriter

MODEL = Model.model_validate({
    "materials": {"m": {"law": "elastic", "parameters": {"young": 1.0, "poisson": 0.3}}},
    "constraints": {"c": {"nodes": "xmin", "components": ["x"]}},
    "loads": {"p": {"kind": "pressure", "faces": "xmax"}}})


def write(path, n_piece=1, model=MODEL, **known):
    with SnapshotsWriter(path, partition(box_mesh("hex8", (3, 2, 2)), n_piece), model, [0.0], {}, **known):
        pass
    return Snapshots(path)


def test_the_identity_of_a_file_does_not_depend_on_its_pieces(tmp_path):
    one, three = write(tmp_path / "1.vtkhdf"), write(tmp_path / "3.vtkhdf", 3)
    assert not any(model_differences(one.identity, three.identity).values())
    assert one.identity.loads["p"].value == pytest.approx(three.identity.loads["p"].value) == (-1.0, 0.0, 0.0)
    other = MODEL.model_copy(update={"materials": {}})
    assert model_differences(one.identity, write(tmp_path / "o.vtkhdf", 2, other).identity)["materials"]


def test_an_identity_that_is_known_is_written_as_it_is(tmp_path):
    known = write(tmp_path / "a.vtkhdf").identity.model_copy(update={"units": "as given"})
    assert write(tmp_path / "b.vtkhdf", identity=known).identity == known


def test_a_file_without_identity_has_none_and_a_damaged_one_is_refused(tmp_path):
    path = tmp_path / "a.vtkhdf"
    write(path).close()
    without_checksums(path, SNAPSHOTS)
    with h5py.File(path, "r+") as file:
        del file["romlib/identity"]
    with Snapshots(path) as snapshots:
        assert snapshots.identity is None
    with h5py.File(path, "r+") as file:
        file["romlib"].create_dataset("identity", data='{"nodes": 3}')
    with Snapshots(path) as snapshots, pytest.raises(FileFormatError, match="identity"):
        snapshots.identity  # noqa: B018
    assert np.isfinite(write(tmp_path / "b.vtkhdf").identity.nodes.norm)
