"""Records of Ansys, compressed in each of its ways; a second reader, meshio++, unpacks them alike."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.ansys.unpack import unpack
from rst_cube import cube, refused

from romlib.errors import UnsupportedError


def words(data: bytes, flags: int) -> np.ndarray:
    """A record, as words."""
    n = len(data) // 4
    return np.concatenate([np.array([n, np.int32(np.uint32(flags << 24))], np.int32), np.frombuffer(data, "<i4"),
                           np.array([n], np.int32)]).astype(np.int32)


@pytest.mark.parametrize(("data", "flags", "expected"), [
    (np.array([1.5, -2.0], "<f8").tobytes(), 0, [1.5, -2.0]),
    (np.array([1.5, -2.0, 3.0], "<f4").tobytes(), 0x40, [1.5, -2.0, 3.0]),
    (np.array([7, -9], "<i4").tobytes(), 0x80, [7, -9]),
    (np.array([7, -9, 300, 0], "<i2").tobytes(), 0xC0, [7, -9, 300, 0]),
    (np.array([5, 0b10010], "<i4").tobytes() + np.array([1.5, 2.5], "<f8").tobytes(), 0x08, [0, 1.5, 0, 0, 2.5]),
    (np.array([4, 0b1001], "<i4").tobytes() + np.array([7, -9], "<i2").tobytes(), 0xC8, [7, 0, 0, -9]),
    # one value at 3; a run of two from 0; one value, repeated twice, from 5
    (np.array([8, 3, 3], "<i4").tobytes() + np.array([9.5], "<f8").tobytes() + np.array([0, 2], "<i4").tobytes()
     + np.array([1.5, 2.5], "<f8").tobytes() + np.array([-5, -2], "<i4").tobytes() + np.array([4.5], "<f8").tobytes(),
     0x10, [1.5, 2.5, 0, 9.5, 0, 4.5, 4.5, 0])])
def test_records_are_unpacked_however_their_zeros_are_left_out(data, flags, expected):
    values, counts = unpack(words(data, flags), np.array([0]), len(expected))
    assert counts[0] == len(expected) and values[0].tolist() == expected
    meshio = pytest.importorskip("meshioplusplus.ansys_rst._ansys_rst")
    reader = meshio._File.__new__(meshio._File)
    reader.words = words(data, flags)
    reader.data = reader.words.tobytes()
    assert reader.record(0)[0].tolist() == expected


def test_a_record_compressed_by_zlib_is_refused_with_what_to_do(tmp_path):
    path = cube().write(tmp_path / "file.rst")
    raw = np.frombuffer(path.read_bytes(), "<i4").copy()
    at = raw[103 + 2 + 14]  # the order of nodes
    raw[at + 1] = np.int32(np.uint32(0xA0000000))
    path.write_bytes(raw.tobytes())
    assert "/FCOMP" in refused(path, tmp_path, UnsupportedError, "zlib").remedy
