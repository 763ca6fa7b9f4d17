from __future__ import annotations

import os

import pytest
from romlib_converters.common.paths import case_path, one_path

from romlib.errors import InputError


def test_one_file_or_folder_is_a_computation(tmp_path):
    (tmp_path / "job.frd").write_text("")
    for path in (tmp_path, tmp_path / "job.frd"):
        assert one_path(path, "CalculiX", ".frd") == one_path([path], "CalculiX", ".frd") == path


def test_anything_else_is_refused_by_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for source, words in (([], "0 paths"), ([tmp_path, tmp_path], "2 paths"), (tmp_path / "no", "no such file"),
                          (tmp_path / "pipe", "a pipe")):
        with pytest.raises(InputError, match=words):
            one_path(source, "CalculiX", ".frd")


def test_a_case_is_read_from_a_deck(tmp_path):
    assert case_path(tmp_path / "job.INP").name == "job.INP"
    (tmp_path / "folder.inp").mkdir()
    for name in ("job.frd", "folder.inp"):
        with pytest.raises(InputError, match="read from a deck"):
            case_path(tmp_path / name)
