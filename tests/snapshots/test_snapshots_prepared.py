"""A snapshots file with what a study adds to it, as one object."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.tags import TagSet
from romlib.model import FaceTag, Model, NodeTag
from romlib.model.tag import Plane
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

END = Plane(point=(1.0, 0.0, 0.0), normal=(1.0, 0.0, 0.0))


@pytest.fixture
def file(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    with SnapshotsWriter(tmp_path / "run.vtkhdf", [mesh], Model(initial_time=0.0, amplitudes={"pull": "t"}),
                         [0.5, 1.0], {"displacement": FieldSpec("node", 3)}) as writer:
        for step in range(2):
            writer.write("displacement", step, 0, np.zeros((mesh.n_node, 3)))
    with Snapshots(tmp_path / "run.vtkhdf") as opened:
        yield opened


def test_a_file_as_it_is_has_its_own_model_tags_and_name(file):
    prepared = PreparedSnapshots.of(file)
    assert prepared.model is file.model and prepared.name == "run" and prepared.path == file.path
    assert prepared.amplitudes == file.model.amplitudes
    assert set(prepared.mesh(0).node_tags) == set(file.mesh(0).node_tags)


def test_tags_are_added_to_every_piece(file):
    tags = TagSet({"tip": NodeTag(plane=END)}, {"tip": FaceTag(plane=END)}, {})
    mesh = PreparedSnapshots(file, file.model, tags).mesh(0)
    assert (mesh.points[mesh.node_tags["tip"], 0] == 1.0).all() and len(mesh.node_tags["tip"]) == 4
    assert mesh.face_tags["tip"].n_face == 1


def test_a_run_begins_with_the_initial_time_where_the_file_begins_after_it(file):
    prepared = PreparedSnapshots.of(file)
    assert prepared.times.tolist() == [0.5, 1.0] and prepared.case_times.tolist() == [0.0, 0.5, 1.0]
    later = PreparedSnapshots.of(file, file.model.model_copy(update={"initial_time": 0.5}))
    assert later.case_times.tolist() == [0.5, 1.0]


def test_other_amplitudes_leave_the_file_and_the_tags(file):
    prepared = PreparedSnapshots(file, file.model, TagSet({"tip": NodeTag(plane=END)}, {}, {}), name="a")
    driven = prepared.with_amplitudes({"pull": file.model.amplitudes["pull"], "push": file.model.amplitudes["pull"]})
    assert [*driven.amplitudes] == ["pull", "push"] and [*prepared.amplitudes] == ["pull"]
    assert (driven.name, driven.tags) == (prepared.name, prepared.tags)
