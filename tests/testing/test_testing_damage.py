"""Damage: repeatable by seed and number, of every kind, and always damage."""

from __future__ import annotations

from random import Random

import h5py
import numpy as np
import pytest

from romlib.errors import InputError
from romlib.testing import damage_bytes, damage_hdf5
from romlib.testing.mutation import Files, mutate

TEXT = b"*NODE\n1, 0.5, 1e-3\n2, 1.5, 2.0\n*STEP\nname here\n"


def tree(folder):
    """What lies in a folder: by name, the content, or the kind of what is no file."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else path.is_dir()
            for path in folder.rglob("*")}


@pytest.fixture
def hdf5(tmp_path):
    path = tmp_path / "sound" / "a.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        file["group/values"] = np.arange(12.0).reshape(4, 3)
        file["ids"] = np.arange(5)
        file.attrs["version"] = 1
        file["group"].attrs["name"] = "x"
    return path


@pytest.mark.parametrize("content", [TEXT, b"", b"\n", bytes(range(256)) * 8, b"\0" * 100])
def test_every_damage_of_bytes_changes_them(content):
    seen = set()
    for number in range(300):
        damaged, words = damage_bytes.damage(Random(number), content)
        assert damaged != content and words
        seen.add(damaged)
    assert len(seen) > 3


def test_a_text_is_damaged_in_its_lines_numbers_and_words():
    words = [damage_bytes.damage(Random(number), TEXT)[1] for number in range(400)]
    for kind in ("line", "number", "word", "truncated to", "bit", "swapped", "byte order mark", "UTF-16"):
        assert any(kind in one for one in words), kind


def test_the_same_seed_and_number_give_the_same_damage(hdf5, tmp_path):
    (hdf5.parent / "b.txt").write_bytes(TEXT)
    files = Files.of([hdf5.parent])
    folders = [tmp_path / name for name in ("one", "two", "other")]
    words = []
    for folder, seed in zip(folders, (1, 1, 2)):
        for number in range(60):
            (folder / str(number)).mkdir(parents=True)
            words.append(mutate(files, seed, number, folder / str(number)))
    assert words[:60] == words[60:120] != words[120:]
    texts = [{name: content for name, content in tree(folder).items() if name.endswith(".txt")}
             for folder in folders[:2]]
    assert texts[0] == texts[1]
    assert tree(hdf5.parent) == {"a.h5": hdf5.read_bytes(), "b.txt": TEXT}  # the sound files stay


def test_every_part_of_an_hdf5_file_is_reached(hdf5, tmp_path):
    words = []
    for number in range(400):
        copy = tmp_path / f"{number}.h5"
        copy.write_bytes(hdf5.read_bytes())
        words.append(damage_hdf5.damage(Random(number), copy))
    for part in ("/group/values", "/ids", "attribute version", "attribute name of /group", "/group removed"):
        assert any(part in one for one in words), part
    for kind in ("external link", "soft link to itself", "virtual", "external file", "type replaced", "shape",
                 "null dataset", "stored", "hard link", "renamed", "entry", "swapped", "link to its parent"):
        assert any(kind in one for one in words), kind


def test_files_keep_their_places_beside_each_other(tmp_path):
    for name in ("deck.inp", "meshes/a.geof", "meshes/b.geof"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    files = Files.of([tmp_path / "deck.inp", tmp_path])
    assert files.folder == tmp_path and files.names == ("deck.inp", "meshes/a.geof", "meshes/b.geof")
    with pytest.raises(InputError, match="no such file"):
        Files.of([tmp_path / "absent"])
    with pytest.raises(InputError, match="nothing to damage"):
        Files.of([])
