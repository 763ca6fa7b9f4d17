"""Binary meshes of Zset with elements in several groups, in any order."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from romlib_converters.zset.geo import MAGIC, read_geo

from romlib.errors import FileFormatError, UnsupportedError

POINTS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)], dtype=float)
NODE_IDS = (7, 3, 11, 5, 40)


def integers(*numbers):
    return struct.pack(f">{len(numbers)}i", *numbers)


def text(word):
    return integers(len(word) + 1) + word.encode() + b"\0"


def record(tag, *parts):
    return MAGIC + text(tag) + b"".join(parts)


def nodes(dimension=3):
    rows = [struct.pack(">i3d", number, *point) for number, point in zip(NODE_IDS, POINTS)]
    return record("node", integers(len(rows), dimension), *rows)


def elements(n, *groups, kind="c3d4"):
    """Each group: rows of id, position, positions of four nodes."""
    return record("element", integers(n, len(groups)), *(
        integers(len(rows)) + text(kind) + integers(4) + b"".join(integers(*row) for row in rows) for rows in groups))


GROUPS = ([(50, 1, 0, 1, 2, 3)], [(20, 2, 1, 2, 3, 4), (90, 0, 0, 1, 3, 4)])


def read(folder, *records):
    (folder / "a.geo").write_bytes(b"".join(records) + MAGIC + text("return"))
    return read_geo(folder / "a.geo")


def test_elements_stand_at_the_positions_that_their_rows_say(tmp_path):
    sets = [record("nset", integers(1), text("some"), integers(2, 4, 1)),
            record("elset", integers(1), text("part"), integers(2, 0, 1))]
    mesh = read(tmp_path, nodes(), elements(3, *GROUPS), *sets)
    assert mesh.node_ids.tolist() == list(NODE_IDS) and mesh.element_ids.tolist() == [90, 50, 20]
    np.testing.assert_array_equal(mesh.points, POINTS)
    positions, connectivity = mesh.connectivity["c3d4"]
    found = {int(mesh.element_ids[k]): row.tolist() for k, row in zip(positions, connectivity)}
    assert found == {50: [7, 3, 11, 5], 20: [3, 11, 5, 40], 90: [7, 3, 5, 40]}
    assert mesh.nsets["some"].tolist() == [3, 40] and mesh.elsets["part"].tolist() == [50, 90]


@pytest.mark.parametrize(("records", "error", "said"), [
    ((nodes(2), elements(3, *GROUPS)), UnsupportedError, "three dimensions"),
    ((nodes(), elements(2, *GROUPS)), FileFormatError, r"position does not exist(?s:.*)0 to 1(?s:.*)found: 2"),
    ((nodes(), elements(4, *GROUPS)), FileFormatError, r"miscounted(?s:.*)4 elements(?s:.*)3, at 3 positions"),
    ((nodes(), elements(3, *GROUPS, [(60, 1, 0, 1, 2, 4)])), FileFormatError, "4, at 3 positions"),
    ((nodes(), elements(1, [(50, 0, 0, 1, 2, 9)])), FileFormatError, r"position does not exist(?s:.*)found: 9"),
    ((nodes(), elements(1, GROUPS[0], kind="c3d8")), FileFormatError, "wrong number of nodes"),
    ((nodes(),), FileFormatError, "no nodes or no elements"),
    ((nodes(), record("spring")), UnsupportedError, "unknown record"),
    ((nodes(), elements(3, *GROUPS), nodes()), FileFormatError, r"record stands twice(?s:.*)node"),
    *(((nodes(), elements(3, *GROUPS), record(kind, integers(2), *(
        text(name) + integers(1, 0) for name in ("one", second)))), FileFormatError, "the name of another")
      for kind, second in (("nset", "one"), ("elset", "one"), ("elset", ""))),
    ((nodes(), elements(3, *GROUPS), record("nset", integers(1), text("so\0me"), integers(1, 0))), FileFormatError,
     "zero byte inside"),
    ((nodes(), elements(3, *GROUPS), record("nset", integers(1), text("s"), integers(3, 4, 1, 4))), FileFormatError,
     "member twice"),
    ((nodes(), elements(3, GROUPS[0], [(-20, 2, 1, 2, 3, 4), (90, 0, 0, 1, 3, 4)])), FileFormatError, "is negative"),
])
def test_records_that_contradict_each_other_are_refused(tmp_path, records, error, said):
    with pytest.raises(error, match=said):
        read(tmp_path, *records)
