"""What an author knows of a file is compared: ids with gaps, sets, faces, types of cells, fields at points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from romlib_converters.common.history import SolverField, convert_history
from synthetic_history import IDS, POINTS, PRISM, SyntheticHistory, displacement

from romlib.mesh.box import box_mesh
from romlib.snapshots import FieldSpec, Snapshots
from romlib.testing.known import Known, differences_from, mesh_faults

FACES = [IDS[[0 + 6, 1 + 6, 4 + 6, 3 + 6]], IDS[[1 + 6, 2 + 6, 5 + 6, 4 + 6]]]
ALL = Known(
    displacement=displacement, fields={"temperature": lambda x, t: 1.0 + t * x.sum(axis=1),
                                       "p": lambda x, t: np.full(len(x), t)},
    times=[0.0, 1.0, 2.0], n_node=14, n_cell=3, cell_types={"hex8": 2, "wedge6": 1}, node_ids=IDS[:14],
    cell_ids=[7, 12, 30], node_tags={"LEFT": IDS[[0, 3, 6, 9]]}, cell_tags={"BRICKS": [7, 30]},
    face_tags={"PRESSED": FACES}, omissions=("elements_MASS21",))


class Uniform(SyntheticHistory):
    """With a temperature at nodes, and a p that is the time."""

    def __init__(self, file):
        super().__init__(file)
        self.with_field("temperature", SolverField(FieldSpec("node", 1)))
        self.with_field("p", SolverField(FieldSpec("ip", 1)))

    def read(self, step):
        found = dict(super().read(step))
        found["p"] = [replace(part, values=np.full_like(part.values, self.times[step])) for part in found["p"]]
        return found


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("known")
    (folder / "job.results").write_text("results")
    convert_history(Uniform(folder / "job.results"), folder / "out.vtkhdf", pieces=2)
    with Snapshots(folder / "out.vtkhdf") as file:
        yield file


def test_what_is_right_is_found_right_in_pieces_too(sound):
    problems, error = differences_from(ALL, sound)
    assert problems == [] and error < 1e-12


@pytest.mark.parametrize("wrong, words", [
    ({"node_ids": IDS[:13]}, f"node ids: with id {IDS[13]}"),
    ({"cell_ids": [7, 30, 31]}, "without id 31 and with id 12"), ({"cell_types": {"hex8": 3}}, "cell types: expected"),
    ({"node_tags": {"LEFT": IDS[[0, 3, 6]]}}, "node tag LEFT: with"),
    ({"node_tags": {"RIGHT": IDS[:1]}}, "node tag RIGHT: there is none; found LEFT"),
    ({"cell_tags": {"BRICKS": [7]}}, "cell tag BRICKS: with id 30"),
    ({"face_tags": {"PRESSED": FACES[:1]}}, "face tag PRESSED: 0 faces missing, 1 too many"),
    ({"face_tags": {"PRESSED": [FACES[0], IDS[PRISM[:3]]]}}, "1 face missing, 1 too many"),
    ({"face_tags": {"HELD": FACES}}, "face tag HELD: there is none"),
    ({"fields": {"p": lambda x, t: np.full(len(x), 1.01 * t)}}, "p: differs from the known one by 9.90e-03"),
    ({"fields": {"stress": lambda x, t: x}}, "fields: no stress"),
    ({"omissions": ("elements_COMBIN14",)}, "omissions: 'elements_COMBIN14' is not said"),
])
def test_each_thing_that_differs_is_named(sound, wrong, words):
    problems, _ = differences_from(replace(ALL, **wrong), sound)
    assert len(problems) == 1 and words in problems[0], problems


def test_a_node_of_no_cell_and_a_cell_inside_out_are_faults_of_a_mesh():
    mesh = box_mesh("hex8", (1, 1, 1))
    loose = replace(mesh, points=np.vstack([mesh.points, [9.0, 9.0, 9.0]]), node_ids=np.arange(9))
    assert mesh_faults(mesh) == [] and "1 node without a cell" in mesh_faults(loose)
    block = replace(mesh.blocks[0], connectivity=mesh.blocks[0].connectivity[:, [4, 5, 6, 7, 0, 1, 2, 3]])
    assert "Jacobian" in mesh_faults(replace(mesh, blocks=(block,)))[0]
    assert POINTS.shape == (15, 3)
