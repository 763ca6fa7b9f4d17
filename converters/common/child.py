"""A reader that may crash, hang, or take all memory, run in a process of its own.

`in_child("package.module:function", file, ...)` calls `function(file, ...)` there. It returns, or yields one after the
other, pairs of a name and an array or a JSON value; each is stored at once, so that the child holds one, and the parent
maps arrays into memory when it looks at them. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from romlib import errors
from romlib.errors import FileFormatError, InputError

_SECONDS, _BYTES_PER_SECOND = 120.0, 1e6  # what a reader may take, and more for a large file
_MEMORY, _TIMES = 8 << 30, 20  # bytes of address space, and more for a large file
_REFUSED = 3  # exit status of the child where the function has raised
_INDEX = "index.json"


class ChildResult:
    """What a function in a child process has given, by name. Valid in the `with` statement of `in_child`."""

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self._folder, self._index = folder, index

    def __contains__(self, name: str) -> bool:
        return name in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __getitem__(self, name: str) -> Any:
        entry = self._index[name]
        if "array" in entry:
            return np.load(self._folder / entry["array"], mmap_mode="r", allow_pickle=False)
        return entry["json"]


@contextlib.contextmanager
def in_child(
    function: str, file: Path, *arguments: Any, reader: str, seconds: float | None = None, memory: int | None = None
) -> Iterator[ChildResult]:
    """Run `function(file, *arguments)` in a child process.

    Parameters
    ----------
    function : "package.module:name". arguments : JSON values. reader : name of the library, for messages.
    seconds : time limit; None: two minutes, and more for a large file. memory : limit of address space in bytes; None:
        8 GiB, and more for a large file.

    Raises
    ------
    FileFormatError : the child crashed, ran out of time or memory, or the library raised; with its words. An error of
    romlib's own that the function raises comes as an InputError of the same parts.
    """
    size = _size(file)
    limit = _SECONDS + size / _BYTES_PER_SECOND if seconds is None else seconds
    most = _MEMORY + _TIMES * size if memory is None else memory
    with tempfile.TemporaryDirectory(prefix="romlib-reader-") as folder:
        task = json.dumps([function, str(file), list(arguments), folder, most])
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", __name__], input=task.encode(), timeout=limit, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
        except subprocess.TimeoutExpired as error:
            raise FileFormatError(f"{reader} does not come to an end with this file", file=file,
                                  found=f"nothing after {limit:.0f} s", remedy="the file may be damaged") from error
        index = Path(folder) / _INDEX
        if done.returncode or not index.is_file():
            raise _failure(Path(folder), done, file, reader)
        yield ChildResult(Path(folder), json.loads(index.read_text()))


def _failure(folder: Path, done: subprocess.CompletedProcess[bytes], file: Path, reader: str) -> InputError:
    stored = folder / "error.json"
    if done.returncode == _REFUSED and stored.is_file():
        parts = json.loads(stored.read_text())
        kind = getattr(errors, parts.pop("kind"), InputError)
        error: InputError = kind(parts.pop("what"), **parts)
        return error
    words = " ".join(done.stdout.decode("utf-8", "replace").split())[-300:]
    crash = f"{reader} crashed (signal {-done.returncode})" if done.returncode < 0 else f"exit status {done.returncode}"
    return FileFormatError(f"{reader} cannot read this file", file=file, found=": ".join(filter(None, [crash, words])),
                           expected="a whole file that this library reads",
                           remedy="the file may be damaged, or of a version that the library does not know")


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(one.stat().st_size for one in path.iterdir() if one.is_file())
    return path.stat().st_size


def _limit(most: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # where the system has no such limit
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def main() -> None:
    """The child: the task on stdin, results in its folder."""
    function, file, arguments, place, most = json.loads(sys.stdin.read())
    folder = Path(place)
    _limit(most)
    module, _, name = function.partition(":")
    try:
        given = getattr(importlib.import_module(module), name)(Path(file), *arguments)
        index: dict[str, Any] = {}
        for key, value in given.items() if isinstance(given, dict) else given:
            if isinstance(value, np.ndarray):
                index[key] = {"array": f"{len(index)}.npy"}
                np.save(folder / index[key]["array"], value, allow_pickle=False)
            else:
                index[key] = {"json": value}
        (folder / _INDEX).write_text(json.dumps(index))
    except InputError as error:
        parts = {key: None if value is None else str(value) for key, value in (
            ("what", error.what), ("file", error.file), ("place", error.place), ("expected", error.expected),
            ("found", error.found), ("remedy", error.remedy))}
        (folder / "error.json").write_text(json.dumps({"kind": type(error).__name__, **parts}))
        sys.exit(_REFUSED)
    except Exception as error:  # whatever a reader of a damaged file raises
        text = str(error)
        sys.exit(type(error).__name__ + (f": {text}" if text else ""))


if __name__ == "__main__":
    main()
