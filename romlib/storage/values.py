"""The values of an array against its row of the table: finite, in range, unique, increasing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from romlib.errors import FileFormatError
from romlib.storage.schema import Item


def check_values(item: Item, array: np.ndarray, path: str, file: str | Path, high: int | None = None) -> None:
    """Refuse values that the table does not allow.

    Parameters
    ----------
    high : what `item.high` is in this file, exclusive; None: no bound.

    Raises
    ------
    FileFormatError : the first value that is wrong, with its position.
    """
    if not array.size:
        return
    if array.dtype.kind == "f":
        check_finite(array, path, file, nan=item.nan)
    if array.dtype.kind == "b":
        return
    if item.low is not None and (low := array < item.low).any():
        _refuse("a value is below its range", array, low, path, file, f"at least {item.low:g}")
    if high is not None and int(array.max()) >= high:
        _refuse("a value is beyond its range", array, array >= high, path, file, f"less than {high}")
    if array.dtype.kind == "u" and int(array.max()) > np.iinfo(np.int64).max:
        _refuse("a value is beyond its range", array, array > np.iinfo(np.int64).max, path, file, "less than 2^63")
    flat = array.ravel()
    if item.increasing and (falls := flat[1:] <= flat[:-1]).any():
        _refuse("the values must increase", array[1:], falls, path, file, f"more than {flat[np.argmax(falls)]}")
    if item.unique:
        check_unique(flat, path, file)


def check_finite(array: np.ndarray, path: str, file: str | Path, *, nan: bool) -> None:
    """Refuse infinite values, and NaN where it has no meaning."""
    if nan:
        if np.isinf(array).any():
            _refuse("a value is infinite", array, np.isinf(array), path, file, "finite numbers, or NaN: no value")
    elif not np.isfinite(array).all():
        _refuse("a value is not a finite number", array, ~np.isfinite(array), path, file, "finite numbers")


def check_unique(ids: np.ndarray, path: str, file: str | Path) -> None:
    """Refuse an id that occurs twice; ids : (n,)."""
    if len(ids) < 2 or (np.diff(ids) > 0).all():  # increasing, as most are: no need to sort
        return
    order = np.sort(ids)
    twice = order[1:] == order[:-1]
    if twice.any():
        raise FileFormatError("an id occurs twice", file=file, place=path, expected="each once",
                              found=int(order[np.argmax(twice)]))


def _refuse(what: str, array: np.ndarray, wrong: np.ndarray, path: str, file: str | Path, expected: str) -> None:
    where = tuple(int(k) for k in np.unravel_index(int(np.argmax(wrong)), array.shape))
    position = ", ".join(map(str, where))
    raise FileFormatError(what, file=file, place=f"{path}[{position}]", expected=expected,
                          found=str(array[where]))
