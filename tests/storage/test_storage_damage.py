"""Whatever is changed in a file of romlib: it is refused by name, or it answers as before."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from damaged_files import edits, sealed_anew
from small_files import KINDS, same

from romlib.archive.romfile import fields_path
from romlib.errors import FileFormatError, RomlibError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
SHARE = 150  # of the edits, one in so many is tried in the suite; the share is another for each way
FLIPS = 25


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param], request.param


@pytest.mark.parametrize("way", ["as it is", "without checksums", "with forged checksums"])
def test_an_edited_file_is_refused_or_answers_as_before(kind, way, copied):
    """Of a file without checksums, or with forged ones, the answer may differ: no value tells that it was another."""
    kind, name = kind
    path = copied(name, way == "without checksums")
    good, right, refused = path.read_bytes(), kind.ask(path), 0
    chosen = list(edits(path))[len(way) % SHARE::SHARE]
    for word, edit in chosen:
        path.write_bytes(good)
        try:
            with h5py.File(path, "r+") as file:
                edit(file)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError):
            continue  # HDF5 does not do this
        try:
            if way == "with forged checksums":
                sealed_anew(path, kind.schema)
            answer = kind.ask(path)
        except RomlibError:
            refused += 1
        else:
            assert way != "as it is" or same(answer, right), word
    assert refused > len(chosen) / 3


def test_a_changed_byte_is_noticed_or_harmless(kind, copied):
    kind, name = kind
    path = copied(name)
    good, right, rng, refused = path.read_bytes(), kind.ask(path), np.random.default_rng(3), 0
    for place, change in zip(rng.integers(len(good), size=FLIPS), rng.integers(1, 256, size=FLIPS)):
        path.write_bytes(good[:place] + bytes([good[place] ^ change]) + good[place + 1:])
        try:
            assert same(kind.ask(path), right), f"byte {place}"
        except RomlibError:
            refused += 1
    assert refused > FLIPS / 12


def test_a_truncated_file_is_refused_at_every_length(kind, copied):
    kind, name = kind
    path = copied(name)
    good = path.read_bytes()
    for length in (0, 8, 96, *np.linspace(100, len(good) - 1, 7).astype(int)):
        path.write_bytes(good[:length])
        with pytest.raises(RomlibError, match=path.name):
            kind.ask(path)


def test_a_value_that_is_changed_in_place_is_named(copied):
    path = copied("rom")
    with h5py.File(path, "r+") as file:
        file["clusters/0/strain_modes"][0, 0, 0] += 1e-9
    with pytest.raises(FileFormatError, match=r"damaged[\s\S]*x\.rom[\s\S]*/clusters/0/strain_modes"):
        KINDS["rom"].ask(path)
    path = copied("snapshots")
    with h5py.File(path, "r+") as file:
        file["romlib/pieces/1/ip_fields/stress"][1, 3, 2] += 1e-9
    with pytest.raises(FileFormatError, match=r"damaged[\s\S]*pieces/1/ip_fields/stress, block 1"):
        KINDS["snapshots"].ask(path)


def test_files_without_checksums_are_read_and_told(kind, copied):
    from romlib.cli.file_info import describe

    kind, name = kind
    right = kind.ask(copied(name))
    assert describe(copied(name))["checksums"] == "verified when read"
    assert same(kind.ask(copied(name, True)), right)
    assert describe(copied(name, True))["checksums"] == "no checksums (written by an older romlib)"


def test_a_file_that_states_an_older_version_than_it_has_is_refused(kind, copied):
    kind, name = kind
    path = copied(name)
    group, _, attribute = kind.schema.version_attribute.partition("@")
    with h5py.File(path, "r+") as file:
        file[group].attrs[attribute] = 1
    with pytest.raises(FileFormatError, match="older version of its schema"):
        kind.ask(path)


@pytest.mark.parametrize("word, place, value, words", [
    ("sum", "clusters/0/weights", 2.0, "do not sum to the volume"),
    ("material", "points/material_index", 1, r"material_index\[0\][\s\S]*less than 1"),
    ("point", "gappy/0/points", 99, r"gappy/0/points\[0\][\s\S]*less than"),
    ("column", "temperature/matrix/indices", 50, r"indices\[0\][\s\S]*less than 12"),
    ("row", "temperature/matrix/indptr", 7, "rows of a sparse matrix"),
    ("nan", "lifting/strains", np.nan, "not a finite number"),
    ("no material", "points/material_index", -1, r"below its range[\s\S]*material_index\[0\][\s\S]*at least 0"),
    ("no point", "gappy/0/points", -1, r"below its range[\s\S]*gappy/0/points\[0\][\s\S]*at least 0"),
    ("no column", "temperature/matrix/indices", -1, r"below its range[\s\S]*indices\[0\]"),
    ("no number", "points/numbers", 0, r"below its range[\s\S]*numbers\[0\][\s\S]*at least 1"),
    ("a weight that takes away", "clusters/0/weights", -1e-3, r"below its range[\s\S]*weights\[0\]"),
])
def test_values_out_of_range_are_named_without_checksums_too(copied, word, place, value, words):
    path = copied("rom", True)
    with h5py.File(path, "r+") as file:
        file[place][(0,) * file[place].ndim] = value
    with pytest.raises(FileFormatError, match=words):
        KINDS["rom"].ask(path)


def test_fields_of_another_run_are_refused_with_the_remedy(copied, tmp_path):
    """The same study on the same inputs: the fingerprints are the same, the files are not a pair."""
    from small_files import write_files

    path = copied("fields")
    (tmp_path / "again").mkdir()
    write_files(tmp_path / "again")
    path.write_bytes(fields_path(tmp_path / "again" / "x.rom").read_bytes())
    with pytest.raises(FileFormatError, match=r"belongs to another ROM[\s\S]*to do: copy the \.rom and \.fields\.rom"):
        KINDS["fields"].ask(path)


@pytest.mark.parametrize("old", ["rom", "fields"])
def test_files_of_different_versions_are_no_pair(copied, originals, old):
    path = copied("fields", True)
    new = KINDS["fields" if old == "rom" else "rom"].name
    (path.parent / new).write_bytes((originals / new).read_bytes())
    with pytest.raises(FileFormatError, match="belongs to another ROM"):
        KINDS["fields"].ask(path)
