"""The state file: what is written is read to the last bit, and what is damaged or made up is refused."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from romlib.errors import RomlibError, SchemaError
from romlib.states.file import StateWriter, read_state
from romlib.states.state import NodeState, SavedState, StateBlock
from romlib.storage.opening import kind_of

rng = np.random.default_rng(5)


def block(piece=0, n=6, nodes=True):
    return StateBlock(
        piece, np.repeat(np.arange(10, 10 + n // 2), 2), np.tile([1, 2], n // 2), rng.normal(size=(n, 3)),
        np.array([0, 1] * (n // 2)), ("a", "b"), rng.normal(size=(n, 6)), rng.normal(size=(n, 6)),
        [rng.normal(size=(n // 2, 7)), np.zeros((n // 2, 0))], rng.normal(size=n), None, rng.normal(size=n),
        NodeState(np.arange(4) + 7, rng.normal(size=(4, 3)), rng.normal(size=(4, 3))) if nodes else None)


BLOCKS = [block(0), block(1, 4), block(2, 2, nodes=False)]
SAVED = SavedState(0.1 + 0.2, -1.0, "x", {"a": {"law": "mises", "young": 2e5}, "b": {"law": "elastic"}}, (), "id", {
    "gamma": rng.normal(size=3), "factors": rng.normal(size=(3, 3)), "factors_pivots": np.array([0, 2, 2], np.int32)},
    12.5, 0.25, ("push",))


@pytest.fixture
def path(tmp_path):
    with StateWriter(tmp_path / "a.state", SAVED) as writer:
        for one in BLOCKS:
            writer.write(one)
    return tmp_path / "a.state"


def test_what_is_written_is_read_to_the_last_bit(path):
    found = read_state(path)
    for name in ("time", "initial_time", "materials", "rom", "reference_force", "increment", "names"):
        assert getattr(found, name) == getattr(SAVED, name), name
    assert found.what == str(path) and set(found.run) == set(SAVED.run) and kind_of(path) == "state"
    for name, array in SAVED.run.items():
        np.testing.assert_array_equal(found.run[name], array)
    for one, of in zip(found.blocks, BLOCKS, strict=True):
        assert one.piece == of.piece and one.material_names == of.material_names and one.origin is None
        for name in ("cells", "numbers", "coordinates", "material_index", "strain", "stress", "temperature",
                     "strain_free"):
            np.testing.assert_array_equal(getattr(one, name), getattr(of, name))
        for state, expected in zip(one.states, of.states, strict=True):
            np.testing.assert_array_equal(state, expected)
        assert (one.nodes is None) == (of.nodes is None)
        if one.nodes is not None:
            np.testing.assert_array_equal(one.nodes.increment, of.nodes.increment)
    assert len(list(found.blocks)) == 3  # and again


def test_an_error_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError), StateWriter(tmp_path / "a.state", SAVED):
        1 / 0  # noqa: B018
    assert not list(tmp_path.iterdir())


def test_a_flipped_byte_is_never_read_as_something_else(path, tmp_path):
    data, refused = path.read_bytes(), 0
    for place in range(96, len(data), len(data) // 60):
        (tmp_path / "b.state").write_bytes(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1:])
        try:
            found = read_state(tmp_path / "b.state")
            blocks = list(found.blocks)
        except RomlibError:
            refused += 1
            continue
        assert found.time == SAVED.time
        for one, of in zip(blocks, BLOCKS, strict=True):
            np.testing.assert_array_equal(one.stress, of.stress)
            np.testing.assert_array_equal(one.states[0], of.states[0])
    assert refused > 10


def test_a_truncated_file_is_refused(path, tmp_path):
    data = path.read_bytes()
    (tmp_path / "b.state").write_bytes(data[:len(data) // 2])
    with pytest.raises(RomlibError):
        read_state(tmp_path / "b.state")


def resealed(path, change):
    """As whoever makes up a file would write it, checksums included."""
    from romlib.states.tables import STATE
    from romlib.storage.contents import Contents
    from romlib.storage.manifest import seal

    with h5py.File(path, "a") as file:
        del file["checksums"]
        change(file)
        seal(file, Contents(file, STATE, path), {})


def header(**changed):
    def change(file):
        value = {**json.loads(file["header"][()]), **changed}
        del file["header"]
        file.create_dataset("header", data=json.dumps(value), dtype=h5py.string_dtype())
    change.__name__ = str(changed)
    return change


@pytest.mark.parametrize("change", [
    header(time="soon"), header(reference_force=-1.0), header(increment=0.0), header(increment="x"),
    header(materials=[]), header(materials={"a": {"law": "mises"}}), header(materials={"a": {}, "b": 3}),
    header(time=float("nan")), header(names=3)], ids=lambda change: change.__name__)
def test_a_header_that_was_made_up_is_refused(path, change):
    with pytest.raises(RomlibError):
        resealed(path, change)
        list(read_state(path).blocks)


def states_of_others(file):
    del file["blocks/0/states/0"]
    file["blocks/0/states/0"] = np.zeros((2, 7))


def unknown(file):
    file["blocks/0/extra"] = np.zeros(3)


def infinite(file):
    file["blocks/0/stress"][2, 2] = np.inf


@pytest.mark.parametrize("change", [states_of_others, unknown, infinite])
def test_arrays_that_were_made_up_are_refused(path, change):
    with pytest.raises(RomlibError):
        resealed(path, change)
        list(read_state(path).blocks)


def test_a_newer_file_is_refused_with_what_to_do(path):
    with h5py.File(path, "a") as file:
        file.attrs["schema"] = 99
    with pytest.raises(SchemaError, match="newer"):
        read_state(path)
