"""A file is one file, runs no code, and takes no more memory than it is worth."""

from __future__ import annotations

import struct
import subprocess
import sys

import h5py
import numpy as np
import pytest
from small_files import KINDS

from romlib.errors import FileFormatError
from romlib.storage.opening import kind_of

PLACES = {"snapshots": "romlib/pieces/1/node_ids", "rom": "clusters/0/weights", "fields": "pieces/1/mesh/node_ids"}
MEMORY = """
import resource, sys
from romlib.errors import RomlibError
sys.path[:0] = sys.argv[3:]
from small_files import KINDS
from pathlib import Path
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    KINDS[sys.argv[1]].ask(Path(sys.argv[2]))
except RomlibError as error:
    print(error)
    print("MiB:", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def link_soft(file, place):
    file.move(place, "elsewhere")
    file[place] = h5py.SoftLink("/elsewhere")


def link_external(file, place):
    del file[place]
    file[place] = h5py.ExternalLink("other.h5", "/values")


def link_twice(file, place):
    file[f"{place}_2"] = file[place]


def circle(file, place):
    group = file[place].parent
    group["circle"] = group


def named_type(file, place):
    file[place].parent["kind"] = np.dtype("f8")


def external_values(file, place):
    shape, kind = file[place].shape, file[place].dtype
    del file[place]
    file.create_dataset(place, shape, kind, external=[("other.bin", 0, 10**6)])


def virtual_values(file, place):
    shape, kind = file[place].shape, file[place].dtype
    del file[place]
    layout = h5py.VirtualLayout(shape, kind)
    layout[...] = h5py.VirtualSource("other.h5", "/values", shape)
    file.create_virtual_dataset(place, layout)


def unknown_filter(file, place):
    values = file[place][()]
    del file[place]
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(values.shape)
    properties.set_filter(32008, h5py.h5z.FLAG_OPTIONAL, (0, 2))
    space, kind = h5py.h5s.create_simple(values.shape), h5py.h5t.py_create(values.dtype)
    h5py.Dataset(h5py.h5d.create(file.id, place.encode(), kind, space, properties))[...] = values


def pairs(file, place):
    values = file[place][()]
    del file[place]
    file[place] = np.zeros(values.shape, dtype=[("a", "f8"), ("b", "f8")])


EDITS = {link_soft: "a soft link", link_external: "a link to another file", link_twice: "several names",
         circle: "several names", named_type: "neither a group nor a dataset", external_values: "in another file",
         virtual_values: "virtual dataset", unknown_filter: "filter 32008", pairs: "compound"}


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_what_leaves_the_file_is_refused_by_name_and_not_followed(kind, edit, copied, monkeypatch):
    path = copied(kind, True)
    monkeypatch.chdir(path.parent)
    with h5py.File("other.h5", "w") as other, h5py.File(path, "r+") as file:
        other["values"] = file[PLACES[kind]][()]
        edit(file, PLACES[kind])
    with pytest.raises(FileFormatError, match=EDITS[edit]) as caught:
        KINDS[kind].ask(path)
    assert path.name in str(caught.value) and "place: /" in str(caught.value)


def test_a_view_of_another_file_is_refused(copied):
    path = copied("snapshots", True)
    with h5py.File(path, "r+") as file:
        shape = file["VTKHDF/PointData/flag"].shape
        del file["VTKHDF/PointData/flag"]
        layout = h5py.VirtualLayout(shape, "i8")
        layout[...] = h5py.VirtualSource("other.h5", "/romlib/pieces/0/node_ids", shape)
        file.create_virtual_dataset("VTKHDF/PointData/flag", layout)
    with pytest.raises(FileFormatError, match=r"PointData/flag[\s\S]*other\.h5"):
        KINDS["snapshots"].ask(path)


def test_the_kind_of_a_file_is_told_without_following_links(copied, tmp_path):
    assert [kind_of(copied(kind)) for kind in KINDS] == list(KINDS)
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["romlib"] = h5py.ExternalLink(str(tmp_path / "x.vtkhdf"), "/romlib")
    assert kind_of(tmp_path / "links.h5") == ""


def test_the_folders_of_plugins_are_there_again_after_a_file_was_opened(copied):
    before = [h5py.h5pl.get(k) for k in range(h5py.h5pl.size())]
    KINDS["rom"].ask(copied("rom"))
    assert [h5py.h5pl.get(k) for k in range(h5py.h5pl.size())] == before


def never_written(path):
    with h5py.File(path, "r+") as file:
        del file["clusters/0/strain_modes"]
        file.create_dataset("clusters/0/strain_modes", (10**6, 96, 6), "f8", chunks=(1, 96, 6), fillvalue=1.0)


def packed(path):
    with h5py.File(path, "r+") as file:
        n_point = len(file["clusters/0/weights"])
        del file["clusters/0/strain_modes"]
        dataset = file.create_dataset("clusters/0/strain_modes", (50_000, n_point, 6), "f8", compression="gzip",
                                      chunks=(10_000, n_point, 6))
        for begin in range(0, 50_000, 10_000):
            dataset[begin:begin + 10_000] = 0.0


def long_text(path):
    with h5py.File(path) as file:
        offset = file["manifest"].id.get_offset()
    content = bytearray(path.read_bytes())
    content[offset:offset + 4] = struct.pack("<I", 2**32 - 1)
    path.write_bytes(content)


def long_attribute(path):
    with h5py.File(path) as file:
        length = len(file.attrs["fingerprint"])
    content = bytearray(path.read_bytes())
    begin = content.index(b"fingerprint\0")
    offset = content.index(struct.pack("<I", length), begin + 40)
    content[offset:offset + 4] = struct.pack("<I", 2**31)
    path.write_bytes(content)


@pytest.mark.parametrize("change", [never_written, packed, long_text, long_attribute], ids=lambda f: f.__name__)
def test_a_small_file_takes_little_memory(change, copied, request):
    path = copied("rom", True)
    change(path)
    assert path.stat().st_size < 2**21
    folders = [str(request.path.parent), str(request.path.parent.parent)]
    run = subprocess.run([sys.executable, "-c", MEMORY, "rom", str(path), *folders], capture_output=True, text=True)
    assert "x.rom" in run.stdout, run.stderr
    assert int(run.stdout.rpartition("MiB:")[2]) < 50
