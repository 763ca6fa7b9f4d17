from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.common.sink import write_snapshots

from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.mesh.skin import add_skin
from romlib.model import Model
from romlib.snapshots import FieldSpec, Snapshots


@pytest.fixture
def write(tmp_path):
    source = tmp_path / "job.frd"
    source.write_text("results")
    parts = add_skin(partition(box_mesh("hex8", (2, 1, 1)), 2))
    done: list[tuple[int, int]] = []

    def of(values, target=tmp_path / "out.vtkhdf"):
        write_snapshots(target, parts, Model(), np.array([1.0, 2.0]), {"displacement": FieldSpec("node", 3)}, values,
                        solver="test", files=[source], options={"pieces": 2},
                        progress=lambda step, total: done.append((step, total)))
        return target, parts, done

    return of


def test_records_are_asked_for_one_at_a_time_and_in_order(write):
    asked = []

    def values(record):
        asked.append(record)
        for piece in (1, 0):
            yield "displacement", piece, np.full((8, 3), 10.0 * record + piece)

    target, parts, done = write(values)
    assert asked == [0, 1] and done == [(1, 2), (2, 2)]
    with Snapshots(target) as snapshots:
        assert snapshots.n_piece == len(parts) == 2
        for piece in range(2):
            assert snapshots.read("displacement", piece)[:, 0, 0].tolist() == [piece, 10.0 + piece]


def test_a_record_that_cannot_be_read_leaves_no_file(write, tmp_path):
    def values(record):
        if record:
            raise InputError("the second record is damaged")
        yield from (("displacement", piece, np.zeros((8, 3))) for piece in range(2))

    with pytest.raises(InputError, match="second record"):
        write(values)
    assert not (tmp_path / "out.vtkhdf").exists()


def test_the_results_are_not_replaced_by_the_snapshots(write, tmp_path):
    with pytest.raises(InputError):
        write(lambda record: (), tmp_path / "job.frd")
    assert (tmp_path / "job.frd").read_text() == "results"
