"""Time of the law `umat`, against the same UMAT called in a loop in C: the overhead of calling it from romlib.

    python benchmarks/umat.py [--points 8000] [--repeats 80]

Compiles the J2 law of plugins/sources and the loop of benchmarks/umat_loop.c, and integrates one increment in which
half of the points flow, with tangents. The two take turns, so that what else the machine does meets both; the figure
is the ratio of the shortest times. Exit status 1 where it is above 1.3. A few seconds.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from romlib_plugins.umat import UmatLaw

from romlib.laws.law import Increment
from romlib.tensors import mandel_from_umat_strain, umat_strain_from_mandel

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 1.3
PROPS = (200000.0, 0.3, 150.0, 100.0, 50.0, 1000.0, 300.0, 5.0)
DEPVAR = 7


def compiled(folder: Path) -> tuple[Path, ctypes.CDLL]:
    """The law and the loop, with the same optimisation."""
    subprocess.run(["make", "-s", "-C", ROOT / "plugins" / "sources", "libJ2EVP.so", f"OUT={folder}"], check=True)
    loop = folder / "libloop.so"
    source = ROOT / "benchmarks" / "umat_loop.c"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", source, "-o", loop], check=True)
    return folder / "libJ2EVP.so", ctypes.CDLL(str(loop))


class Peer:
    """The loop in C on arrays in UMAT order."""

    def __init__(self, loop: ctypes.CDLL, law: ctypes.CDLL, strain: np.ndarray) -> None:
        n = len(strain)
        self.stress, self.state = np.empty((n, 6)), np.empty((n, DEPVAR))
        self.tangent = np.empty((n, 36))
        self._given = [np.array(PROPS), np.zeros((n, 6)), umat_strain_from_mandel(strain), np.zeros((n, 6)),
                       np.zeros((n, DEPVAR)), np.zeros((n, 3))]
        props, *given = (ctypes.c_void_p(array.ctypes.data) for array in self._given)
        found = (ctypes.c_void_p(array.ctypes.data) for array in (self.stress, self.state, self.tangent))
        self._arguments = [law.J2EVP, n, DEPVAR, props, len(PROPS), *given, ctypes.c_double(1.0), *found]
        self._loop = loop.loop

    def __call__(self) -> None:
        assert self._loop(*self._arguments) == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=8000, help="integration points")
    parser.add_argument("--repeats", type=int, default=80, help="timed calls of each")
    arguments = parser.parse_args()
    rng, n = np.random.default_rng(0), arguments.points
    strain = mandel_from_umat_strain(rng.normal(size=(n, 6)) * rng.choice([1e-4, 3e-3], size=(n, 1)))
    with tempfile.TemporaryDirectory() as folder:
        path, loop = compiled(Path(folder))
        law = UmatLaw.from_parameters({"library": str(path), "symbol": "J2EVP", "props": PROPS, "depvar": DEPVAR})
        peer = Peer(loop, ctypes.CDLL(str(path)), strain)
        increment = Increment(np.zeros((n, 6)), strain, np.zeros((n, 6)), None, None, 0.0, 1.0, 1 + np.arange(n) // 8,
                              1 + np.arange(n) % 8, np.zeros((n, 3)))
        state = law.initial_state(n)
        ours, theirs = [], []
        for _ in range(arguments.repeats + 1):  # the first time compiles, or loads what was compiled
            start = time.perf_counter()
            result = law.integrate(increment, state)
            middle = time.perf_counter()
            peer()
            ours.append(middle - start)
            theirs.append(time.perf_counter() - middle)
    assert np.abs(result.state[:, 0] - peer.state[:, 0]).max() < 1e-15
    a, b = min(ours[1:]) / n, min(theirs[1:]) / n
    flowing = (peer.state[:, 0] > 0).mean()
    print(f"{n} points, {100 * flowing:.0f} % flow, with tangents, shortest of {arguments.repeats}")
    print(f"law umat   {1e9 * a:7.1f} ns a point")
    print(f"loop in C  {1e9 * b:7.1f} ns a point")
    print(f"ratio      {a / b:7.3f}   (at most {LIMIT})")
    return 0 if a / b <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
