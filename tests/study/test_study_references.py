"""Names of a study that one training run has and another does not have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import StudyError
from romlib.mesh.box import box_mesh
from romlib.model import Model, Omission
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.study import Study, validate_against

PULL = {"kind": "traction", "faces": "xmax", "direction": [1, 0, 0]}
SPRING = Omission(name="spring", description="*SPRING", does_work=True)


def run(folder, name, load, omissions=()):
    model = Model.model_validate({"loads": {load: PULL}, "amplitudes": {load: 1.0}})
    with SnapshotsWriter(folder / f"{name}.vtkhdf", [box_mesh("hex8")], model.model_copy(
            update={"omissions": omissions}), [0.0], {"displacement": FieldSpec("node", 3)}) as writer:
        writer.write("displacement", 0, 0, [[0.0] * 3] * 8)


@pytest.fixture
def study(tmp_path):
    run(tmp_path, "a", "pull")
    run(tmp_path, "b", "push", (SPRING,))

    def made(first="pull", second="push", case="push", accept="spring"):
        (tmp_path / "study.toml").write_text(f"""
            [study]
            name = "x"
            accept = ["{accept}"]
            [[training]]
            snapshots = "a.vtkhdf"
            amplitudes.{first} = 2.0
            [[training]]
            snapshots = "b.vtkhdf"
            amplitudes.{second} = 3.0
            [cases.c]
            times = [0, 1]
            amplitudes.{case} = 1.0
            """)
        return Study.read(tmp_path / "study.toml")

    return made


def validate(study):
    for training in study.training:
        with Snapshots(training.snapshots) as snapshots:
            validate_against(study, snapshots)


def test_loads_and_omissions_of_any_run_may_be_named(study):
    validate(study())


@pytest.mark.parametrize("wrong, place", [
    ({"first": "push"}, "training #1.amplitudes.push"), ({"second": "pull"}, "training #2.amplitudes.pull"),
    ({"case": "pulled"}, "cases.c.amplitudes.pulled"), ({"accept": "Spring"}, "study.accept")])
def test_what_no_run_has_is_refused_and_what_another_run_has_is_not_this_ones(study, wrong, place):
    with pytest.raises(StudyError) as caught:
        validate(study(**wrong))
    assert place in (caught.value.place or caught.value.what)
    if wrong.get("accept"):
        assert caught.value.remedy == "did you mean 'spring'?"


def test_a_flag_that_was_taken_for_a_tag_is_answered_with_how_to_make_one(tmp_path):
    mesh = box_mesh("hex8")
    flagged = replace(mesh, node_arrays={**mesh.node_arrays, "symx": np.zeros(mesh.n_node)})
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [flagged], Model(), [0.0],
                         {"displacement": FieldSpec("node", 3)}) as writer:
        writer.write("displacement", 0, 0, np.zeros((mesh.n_node, 3)))
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "x"\n[constraints.fix]\nnodes = "symx"\ncomponents = ["x"]\n')
    with Snapshots(tmp_path / "a.vtkhdf") as snapshots, pytest.raises(StudyError) as error:
        validate_against(Study.read(tmp_path / "study.toml"), snapshots)
    assert '[tags.symx] nodes = { array = "symx" }' in str(error.value)
