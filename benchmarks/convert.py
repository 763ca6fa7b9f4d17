"""Speed and memory of reading large results: a million nodes, 20 records, against reading the bytes alone.

    python benchmarks/convert.py [--nodes 1000000] [--steps 20] [--formats exodus,abaqus,xdmf,vtu] [--folder FOLDER]
                                 [--repeats 3] [--reading-only]

Writes a block of hexahedra that moves, in each format that a script can write, and measures in a process of its own:

- raw: all bytes of the files, read once in blocks of 64 MiB (the files are in the system's cache then, for all alike);
- first: the converter's own part of a small file, which loads the libraries and compiled loops that it needs;
- read: the same of the large one, opening the files and reading every record;
- convert: the whole of it, with mesh, checks, skin, and the snapshots file;
- read / raw: the median of the ratios of `--repeats` pairs, one right after the other, since the machine's load varies;
- memory: the peak of the process that converts, with all records and with two: it must not grow with the records.

Prints a table; the exit status says whether reading took at most `--most` times the raw read, and whether memory grew
by less than two records. Takes minutes, and some gigabytes of disk, which are removed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy loads its BLAS

import argparse
import contextlib
import importlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from convert_writers import MODULES, WRITERS, box
from rich.console import Console
from rich.table import Table

BLOCK = 64 << 20
OPTIONS = {"calculix": {"elements": {"he8": "C3D8"}}}  # what files of a converter do not say
SMALL = 1000  # nodes of the file that is read first


class _ReadEnoughError(Exception):
    """All records were read: what comes after is not measured."""


def read_alone(history: Any, *_: object, **__: object) -> None:
    """In place of `convert_history`: every record, and nothing else."""
    for step in range(len(history.times)):
        history.read(step)
    raise _ReadEnoughError


def read_series_alone(source: Path) -> None:
    """The mesh and every record of a series of the converter meshio."""
    from romlib_converters.meshio.open import open_series

    with open_series(source) as series:
        series.mesh()
        for step in range(series.n_step):
            series.read(step)


def read_frd_alone(source: Path) -> None:
    """Every displacement of a .frd, whose converter reads no history by ids."""
    from romlib_converters.calculix.frd import read_frd

    results = read_frd(source)
    for record in results.records:
        results.read(record.blocks["DISP"])


def run(what: str, format: str, source: Path, files: list[Path]) -> float:
    """Seconds of one thing."""
    name = MODULES[format]
    module = importlib.import_module(f"romlib_converters.{name}.converter")
    converter = next(value() for key, value in vars(module).items() if key == f"{name.capitalize()}Converter")
    if what == "read":
        module.convert_history = read_alone
    buffer = bytearray(BLOCK if what == "raw" else 0)
    start = time.perf_counter()
    if what == "raw":
        for path in files:
            with open(path, "rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass
    elif what == "read" and name == "meshio":
        read_series_alone(source)
    elif what == "read" and name == "calculix":
        read_frd_alone(source)
    else:
        with contextlib.suppress(_ReadEnoughError):
            converter.convert(source, source.with_name(f"{format}.vtkhdf"), options=OPTIONS.get(name))
    return time.perf_counter() - start


def measure(what: str, format: str, source: Path, files: list[Path]) -> dict[str, float]:
    """Seconds and peak memory of one thing, in this process; before a reading, of a small file and of the raw read."""
    first = raw = 0.0
    if what == "read":
        folder = source.parent / "small"
        folder.mkdir(exist_ok=True)
        small = WRITERS[format](folder, *box(SMALL), 2)
        first, raw = run(what, format, small[0], small), run("raw", format, source, files)
    return {"seconds": run(what, format, source, files), "first": first, "raw": raw,
            "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


def in_child(what: str, format: str, files: list[Path]) -> dict[str, float]:
    """The same in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--measure", json.dumps([what, format, *map(str, files)])],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{what} of {format} failed:\n{done.stdout}\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def speed(format: str, files: list[Path], repeats: int) -> dict[str, float]:
    """Seconds of the raw read and of the reading, the shortest of each, and the median of their ratios."""
    in_child("raw", format, files)  # into the system's cache
    found = [in_child("read", format, files) for _ in range(repeats)]
    return {"bytes": sum(path.stat().st_size for path in files),
            "ratio": statistics.median(one["seconds"] / one["raw"] for one in found),
            "read": min(one["seconds"] for one in found)} | {
                name: min(one[name] for one in found) for name in ("first", "raw")}


def of_format(format: str, points: np.ndarray, cells: np.ndarray, folder: Path, given: argparse.Namespace
              ) -> dict[str, float]:
    """All figures of a format; its files are removed."""
    found = dict.fromkeys(("peak of all", "peak of 2", "convert"), float("nan"))
    for n in (given.steps,) if given.reading_only else (2, given.steps):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        files = WRITERS[format](folder, points, cells, n)
        if n == given.steps:
            found |= speed(format, files, given.repeats)
        if not given.reading_only:
            done = in_child("convert", format, files)
            found[f"peak of {'all' if n == given.steps else '2'}"] = done["peak"]
            found["convert"] = done["seconds"]
    shutil.rmtree(folder)
    return found


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--formats", default=",".join(WRITERS))
    parser.add_argument("--folder", type=Path, default=Path("out/convert"))
    parser.add_argument("--most", type=float, default=3.0, help="reading may take so many times the raw read")
    parser.add_argument("--repeats", type=int, default=3, help="of the raw read and the reading")
    parser.add_argument("--reading-only", action="store_true", help="no conversions: neither their time nor memory")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        what, format, *files = json.loads(given.measure)
        print(json.dumps(measure(what, format, Path(files[0]), [Path(path) for path in files])))
        return 0
    points, cells = box(given.nodes)
    record = 24 * len(points)
    table = Table(box=None, title=f"{len(points)} nodes, {len(cells)} hexahedra, {given.steps} records")
    for column in ("format", "MB", "raw, s", "first, s", "read, s", "read / raw", "convert, s", "peak, MB",
                   "with 2 records, MB"):
        table.add_column(column, justify="left" if column == "format" else "right")
    good = True
    for format in given.formats.split(","):
        Console(stderr=True).print(f"{format} ...")
        one = of_format(format, points, cells, given.folder, given)
        ratio, grown = one["ratio"], one["peak of all"] - one["peak of 2"]
        good = good and ratio <= given.most and (given.reading_only or grown < 2 * record)
        table.add_row(format, f"{one['bytes'] / 1e6:.0f}", f"{one['raw']:.2f}", f"{one['first']:.2f}",
                      f"{one['read']:.2f}", f"{ratio:.1f}",
                      f"{one['convert']:.1f}", f"{one['peak of all'] / 1e6:.0f}", f"{one['peak of 2'] / 1e6:.0f}")
    Console().print(table)
    Console().print(f"one record of displacement: {record / 1e6:.0f} MB")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
