"""What may be read as a file: a regular file, and nothing that waits, never ends or cannot be there."""

from __future__ import annotations

import os
import socket

import pytest

from romlib.errors import InputError, StudyError
from romlib.files import file_or_folder, is_file, kind_of, regular_file, shown


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sound").write_text("x")
    (tmp_path / "link").symlink_to("sound")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    return tmp_path


def test_a_regular_file_and_a_link_to_one_are_read(folder):
    for name in ("sound", "link"):
        assert regular_file(folder / name) == folder / name and is_file(folder / name)
        assert regular_file(str(folder / name)) == folder / name


@pytest.mark.parametrize(("name", "words"), [
    ("missing", "there is none"), ("dangling", "there is none"), ("sound/x", "there is none"), ("folder", "a folder"),
    ("pipe", "a pipe"), ("device", "a device"), ("loop", "symbolic links"), ("a\0b", "zero byte"),
    ("x" * 5000, "name too long"), ("socket", "a socket")])
def test_anything_else_is_refused_by_what_it_is(folder, name, words, monkeypatch):
    monkeypatch.chdir(folder)  # the path of a socket is short
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    with listener, pytest.raises(StudyError) as error:
        regular_file(name, "there is none", error=StudyError, remedy="look again")
    message = str(error.value)
    assert words.lower() in message.lower() and "\0" not in message and len(message) < 500
    assert not is_file(folder / name)


@pytest.mark.parametrize(("name", "remedy"), [
    ("soud", "did you mean 'sound'?"), ("SOUND", "did you mean 'sound'?"), ("result.rom", "run it again"),
    ("nowhere_at_all/sound", "there is no folder")])
def test_a_file_that_is_not_there_is_answered_with_a_similar_name_or_what_makes_it(folder, name, remedy):
    with pytest.raises(InputError, match="no such file") as error:
        regular_file(folder / name, remedy="run it again")
    assert remedy in error.value.remedy


def test_what_a_converter_may_be_given(folder):
    for name in ("sound", "folder", "missing", "out_*.vtu"):
        assert file_or_folder(folder / name) == folder / name
    for name in ("pipe", "device", "loop"):
        with pytest.raises(InputError):
            file_or_folder(folder / name)


def test_a_file_without_the_right_to_read_it_is_refused(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        regular_file(folder / "sound")


def test_kinds_are_told_apart_and_paths_shown_short(folder):
    assert kind_of(folder / "sound") == "file" and kind_of(folder / "missing") is None
    assert len(shown("x" * 10_000)) < 310 and shown("a\0b") == "a\\0b" and shown(folder) == str(folder)
