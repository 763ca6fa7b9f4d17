"""Outputs appear whole, together, and over nothing but regular files."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from romlib.errors import InputError
from romlib.snapshots.atomic import atomic_target, atomic_targets, refuse_as_output, write_atomically
from romlib.snapshots.leftovers import remember, remove_live


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def write(target: Path, text: str = "new") -> None:
    with atomic_target(target) as temporary:
        temporary.write_text(text)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with atomic_target(target) as temporary:
        assert temporary.parent == tmp_path and temporary.is_file() and not target.exists()
        temporary.write_text("new")
    assert names(tmp_path) == {"a.txt"} and target.read_text() == "new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(error), atomic_target(target) as temporary:
        temporary.write_text("half")
        raise error
    assert names(tmp_path) == {"a.txt"} and target.read_text() == "old"


def test_several_files_are_renamed_in_their_order_after_all_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, replace, sync = [], os.replace, os.fsync
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append(Path(b).name), replace(a, b)))
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("sync"), sync(descriptor)))
    with atomic_targets(tmp_path / "b", tmp_path / "a") as (b, a):
        a.write_text("a")
        b.write_text("b")
    assert done == ["sync", "sync", "b", "a", "sync"]
    assert (tmp_path / "a").read_text() == "a" and (tmp_path / "b").read_text() == "b"


@pytest.mark.parametrize(("number", "words"), [
    (errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "quota"), (errno.EIO, "Input/output error"),
    (errno.EROFS, "Read-only file system")])
@pytest.mark.parametrize("call", ["open", "fchmod", "fsync", "replace"])
def test_whatever_call_of_the_system_fails_the_file_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str, call: str
) -> None:
    (tmp_path / "a").write_text("old")
    real = getattr(os, call)

    def fails(path: object, *arguments: object, **options: object) -> object:
        if isinstance(path, Path) and path.parent != tmp_path:
            return real(path, *arguments, **options)
        raise OSError(number, os.strerror(number), path)

    with pytest.raises(InputError, match=words) as raised, monkeypatch.context() as patched:
        patched.setattr(os, call, fails)
        write_atomically(tmp_path / "a", b"new")
    assert raised.value.file == tmp_path / "a" and ".part" not in str(raised.value)
    assert names(tmp_path) == {"a"} and (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt()])
def test_where_the_last_cannot_be_renamed_the_others_are_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool, error: BaseException
) -> None:
    if old:
        (tmp_path / "fields").write_text("old")
        (tmp_path / "rom").write_text("old")
    replace = os.replace

    def failing(source: Path, target: Path) -> None:
        if Path(target).name == "rom":
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    expected = InputError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected), atomic_targets(tmp_path / "fields", tmp_path / "rom") as temporaries:
        for temporary in temporaries:
            temporary.write_text("new")
    assert names(tmp_path) == ({"fields", "rom"} if old else set())
    assert all(path.read_text() == "old" for path in tmp_path.iterdir())


def test_what_comes_after_the_last_rename_takes_nothing_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("romlib.snapshots.atomic._sync_folder", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt), atomic_targets(tmp_path / "fields", tmp_path / "rom") as temporaries:
        for temporary in temporaries:
            temporary.write_text("new")
    assert names(tmp_path) == {"fields", "rom"}


def test_the_target_of_a_link_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    (tmp_path / "link").symlink_to("there/file")
    (tmp_path / "dangling").symlink_to("there/new")
    write(tmp_path / "link")
    write(tmp_path / "dangling")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "dangling").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new" == (tmp_path / "there" / "new").read_text()
    assert names(tmp_path / "there") == {"file", "new"}


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "loop", "device", "folder in no folder", "nul"])
def test_only_regular_files_are_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(os.path.relpath(target))  # a short path: they may have 100 bytes
    elif kind == "folder":
        target.mkdir()
    elif kind == "loop":
        target.symlink_to("y")
        (tmp_path / "y").symlink_to("x")
    elif kind == "device":
        target.symlink_to("/dev/null")
    elif kind == "folder in no folder":
        target = tmp_path / "none" / "x"
    else:
        target = Path(f"{tmp_path}/x\0y")
    before = names(tmp_path), os.lstat("/dev/null")
    for refuses in (write, refuse_as_output):
        with pytest.raises(InputError, match=r"output file|name of a file"):
            refuses(target)
    assert (names(tmp_path), os.lstat("/dev/null")[:3]) == (before[0], before[1][:3])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_dev_null_itself_is_refused_by_what_it_is() -> None:
    with pytest.raises(InputError, match="device"):
        write(Path("/dev/null"))
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_permissions_of_an_existing_file_stay(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "a"
    target.touch()
    target.chmod(mode)
    write(target)
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_that_the_mask_allows(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everything")
def test_a_write_protected_file_and_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").touch(0o400)
    with pytest.raises(InputError, match="write-protected"):
        write(tmp_path / "a")
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be created"):
        write(tmp_path / "b")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(("number", "said"), [
    (errno.EROFS, r"Read-only file system[\s\S]*that can be written to"),
    (errno.EACCES, r"Permission denied[\s\S]*chmod u\+w")])
def test_a_file_that_cannot_be_written_to_is_refused_with_the_systems_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    (tmp_path / "a").write_text("old")

    def refused(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(InputError, match=said):
        write(tmp_path / "a")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_text() == "old"


def test_other_hard_links_keep_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    os.link(tmp_path / "a", tmp_path / "b")
    write(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "new" and (tmp_path / "b").read_text() == "old"


def test_one_file_cannot_be_two_outputs(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to("a")
    os.link(tmp_path / "a", tmp_path / "c")
    for other in ("a", "b", "c", "./a"):
        with pytest.raises(InputError, match="same file"), atomic_targets(tmp_path / "a", tmp_path / other):
            pytest.fail("they are the same")


def test_temporary_names_are_random_and_short_enough_for_any_target(tmp_path: Path) -> None:
    target = tmp_path / ("ü" * 127)  # 254 bytes, of 255
    with atomic_target(target) as first, atomic_target(target) as second:
        assert first != second and all(len(os.fsencode(path.name)) < 256 for path in (first, second))
    assert names(tmp_path) == {target.name}


def test_a_signal_handler_can_remove_what_is_open(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "0").touch()
    remember(scratch)
    with pytest.raises(InputError, match="No such file"), atomic_target(tmp_path / "a"):
        remove_live()
        assert names(tmp_path) == set()
