"""Files that a run has written, told from those that it has not."""

from __future__ import annotations

from romlib.external.results import faults, marks


def test_new_and_rewritten_files_are_well(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("first")
    before = marks([new, old])
    new.write_text("x")
    old.write_text("second")
    assert faults(before) == {}


def test_absent_empty_and_old_files_are_told_apart(tmp_path):
    absent, empty, old, folder = (tmp_path / name for name in ("absent", "empty", "old", "folder"))
    old.write_text("of an earlier run")
    before = marks([absent, empty, old, folder])
    empty.touch()
    folder.mkdir()
    found = faults(before)
    assert found[absent] == found[folder] == "not there"
    assert found[empty] == "empty" and "earlier" in found[old]


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_new(tmp_path):
    import os

    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("1234")
    before = marks([path])
    other.write_text("5678")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert faults(before) == {}
