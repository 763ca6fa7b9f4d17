"""The conformance kit: a sound converter passes, and each thing that can be wrong with one is named."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.testing import check_converter

ROOT = Path(__file__).resolve().parent.parent.parent
TIMES = [0.0, 0.5, 2.0]


def field(points, time):
    x, y, z = points.T
    return time * np.column_stack([x * y, z - x, 2 * y])


@pytest.fixture(scope="module")
def npz():
    """The module of the example package."""
    spec = importlib.util.spec_from_file_location("npz_example", ROOT / "docs/example_plugin/romlib_example/npz.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["npz_example"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def archive(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    np.savez(tmp_path / "bar.npz", points=mesh.points, hex8=mesh.blocks[0].connectivity, times=np.array(TIMES),
             displacement=np.array([field(mesh.points, time) for time in TIMES]))
    return tmp_path / "bar.npz"


KNOWN = {"displacement": field, "times": TIMES, "n_node": 12, "n_cell": 2}


def test_the_converter_of_the_example_conforms(npz, archive):
    report = check_converter(npz.NpzConverter(), archive, **KNOWN, mutations=300)
    assert report.converter == "npz" and report.n_step == 3 and report.n_cell == 2
    assert report.displacement_error < 1e-12 and report.peak_bytes > 0 and report.size > 1000
    assert sum(report.verdicts.values()) == 300 and report.verdicts["refused"] > 150


@pytest.mark.parametrize(("wrong", "words"), [
    ({"displacement": lambda x, t: 1.01 * field(x, t)}, "displacement: differs from the known one by 9.9"),
    ({"times": [0.0, 0.5]}, "times: expected"), ({"times": [0.0, 0.5, 2.1]}, "times: expected"),
    ({"n_node": 13}, "expected 13 nodes, found 12"), ({"n_cell": 1}, "expected 1 cell, found 2")])
def test_what_the_author_knows_is_compared(npz, archive, wrong, words):
    with pytest.raises(InputError) as error:
        check_converter(npz.NpzConverter(), archive, **{**KNOWN, **wrong}, mutations=0)
    assert words in str(error.value) and "'npz' does not do what romlib needs" in str(error.value)


def broken(npz, kind):
    """The example's converter with one fault."""
    sound = npz.NpzConverter

    class Broken(sound):
        def can_read(self, path):
            if kind == "can_read raises":
                return path.open("rb").read(2) == b"PK"
            if kind == "can_read answers with something else":
                return sound.can_read(self, path) or None
            return False if kind == "own files are not recognised" else sound.can_read(self, path)

        def convert(self, source, target, *, pieces=None, units=None, options=None, progress=None):
            given = {"pieces": pieces, "units": units, "options": options, "progress": progress}
            if kind == "options are ignored":
                given["options"] = None
            if kind == "units are ignored":
                given["units"] = None
            if kind == "pieces are ignored":
                given["pieces"] = None
            if kind == "progress is never called":
                given["progress"] = None
            if kind == "progress counts down" and progress is not None:
                given["progress"] = lambda done, total: progress(total - done + 1, total)
            if kind == "errors of progress are swallowed" and progress is not None:
                def swallowing(done, total):
                    with contextlib.suppress(Exception):
                        progress(done, total)
                given["progress"] = swallowing
            if kind == "a file is left":
                (target.parent / "notes.txt").write_text("x")
            if kind == "another result each time":
                with np.load(source) as arrays:
                    changed = {**arrays, "times": arrays["times"] + (0.0 if source.with_name("seen").exists() else 0.1)}
                source.with_name("seen").touch()
                source = source.with_name("changed.npz")
                np.savez(source, **changed)
            if kind == "inputs are changed":
                source.write_bytes(source.read_bytes() + b"\0")
            try:
                sound.convert(self, source, target, **given)
            except Exception as error:
                if kind == "errors are not romlib's":
                    raise KeyError("x") from error
                if kind == "errors name no file" and isinstance(error, InputError):
                    raise InputError("something is wrong") from None
                if kind == "a failure leaves its output":
                    target.write_bytes(b"x")
                raise

    if kind == "suffix without a dot":
        Broken.suffixes = ("npz",)
    if kind == "no name":
        Broken.name = ""
    return Broken()


FAULTS = {
    "can_read raises": "can_read: raises", "can_read answers with something else": "expected True or False, found None",
    "own files are not recognised": "bar.npz is not recognised", "options are ignored": "an unknown option: accepted",
    "units are ignored": "units: those given are not in the file", "pieces are ignored": "pieces: expected 2, found 1",
    "progress is never called": "progress: expected rising", "progress counts down": "progress: expected rising",
    "errors of progress are swallowed": "is swallowed", "a file is left": "notes.txt",
    "another result each time": "a second run writes something else", "inputs are changed": "changes the files",
    "errors are not romlib's": "KeyError instead of a romlib error", "errors name no file": "names no file",
    "a failure leaves its output": "is left behind", "suffix without a dot": "suffixes: expected", "no name": "name:",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_of_a_converter_is_named(npz, archive, kind):
    with pytest.raises(InputError) as error:
        check_converter(broken(npz, kind), archive, mutations=25)
    assert FAULTS[kind] in str(error.value)


def test_a_mesh_that_is_none_is_named(npz, archive):
    with np.load(archive) as arrays:
        changed = {**arrays, "hex8": arrays["hex8"][:, [4, 5, 6, 7, 0, 1, 2, 3]]}
    np.savez(archive, **changed)
    with pytest.raises(InputError, match="Jacobian of a cell"):
        check_converter(npz.NpzConverter(), archive, mutations=0)


def test_what_is_no_converter_is_told_what_it_lacks():
    with pytest.raises(InputError, match="it lacks name, suffixes, can_read, convert"):
        check_converter(object(), __file__)
