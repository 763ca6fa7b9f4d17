"""What the tests let a child process do."""

from __future__ import annotations

import os
import time

import numpy as np

from romlib.errors import UnsupportedError


def read(file, factor):
    yield "text", file.read_text()
    for step in range(3):
        yield f"u{step}", factor * step * np.ones((4, 3))


def table(file):
    return {"ids": np.array([5, 3])}


def crash(file):
    os.abort()


def hang(file):
    print("still reading")
    time.sleep(60)


def swallow(file):
    return {"all": np.ones(1 << 40)}


def damaged(file):
    raise ValueError("unexpected end of the record")


def refuse(file):
    raise UnsupportedError("modal results", file=file, place="set 2", remedy="another analysis")
