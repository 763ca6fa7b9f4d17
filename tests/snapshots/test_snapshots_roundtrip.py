"""What is written into a snapshots file is read back."""

from __future__ import annotations

import hashlib
from dataclasses import fields as dataclass_fields

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snapshots_example import FIELDS, MODEL, TIMES, mixed_mesh  # type: ignore[import-not-found]

from romlib.errors import InputError
from romlib.snapshots import Snapshots, SnapshotsWriter, info
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.meshes import read_mesh, write_mesh
from romlib.snapshots.schema import key, name_of
from romlib.snapshots.tables import MESH_SCOPES, mesh_items, mesh_relations
from romlib.storage.contents import Contents
from romlib.storage.schema import FileSchema
from romlib.tensors import vtk_from_mandel


def assert_same(a, b, place=""):
    """Two descriptions of a mesh are equal, in values, shapes and kinds of number."""
    assert type(a) is type(b), place
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, place
        np.testing.assert_array_equal(a, b, err_msg=place)
    elif isinstance(a, dict):
        assert set(a) == set(b), place
        for name in a:
            assert_same(a[name], b[name], f"{place}/{name}")
    elif isinstance(a, tuple):
        assert len(a) == len(b), place
        for k, pair in enumerate(zip(a, b)):
            assert_same(*pair, f"{place}/{k}")
    elif hasattr(a, "__dataclass_fields__"):
        for f in dataclass_fields(a):
            assert_same(getattr(a, f.name), getattr(b, f.name), f"{place}/{f.name}")
    else:
        assert a == b, place


def test_meshes_are_read_as_written(example):
    with Snapshots(example["path"]) as snapshots:
        for piece, mesh in enumerate(example["pieces"]):
            found = snapshots.mesh(piece)
            if mesh.shared_index is None:  # one piece: nothing is shared
                assert (found.shared_index == -1).all()
                found = type(found)(**{**found.__dict__, "shared_index": None})
            assert_same(found, mesh)


def test_fields_are_read_as_written(example):
    with Snapshots(example["path"]) as snapshots:
        assert snapshots.fields == FIELDS
        for name, pieces in example["values"].items():
            for piece, values in enumerate(pieces):
                found = snapshots.read(name, piece)
                assert found.dtype == np.float64
                np.testing.assert_allclose(found, values, rtol=1e-14, atol=0)  # exact, but for the factor sqrt 2
                np.testing.assert_array_equal(snapshots.read(name, piece, slice(1, 3)), found[1:3])
                np.testing.assert_array_equal(snapshots.read(name, piece, 2), found[2])
                assert snapshots.read(name, piece, slice(2, 2)).shape == (0, *found.shape[1:])


def test_vectors_and_scalars_lose_nothing(example):
    with Snapshots(example["path"]) as snapshots:
        for name in ("displacement", "temperature", "p"):
            np.testing.assert_array_equal(snapshots.read(name, 0), example["values"][name][0])


def test_tensors_are_plain_components_in_vtk_order_on_disk(example):
    with h5py.File(example["path"]) as file:
        stored = file["romlib/pieces/0/ip_fields/stress"][()]
    np.testing.assert_allclose(stored, vtk_from_mandel(example["values"]["stress"][0]), rtol=1e-15)


def test_header_is_read_as_written(example):
    with Snapshots(example["path"]) as snapshots:
        np.testing.assert_array_equal(snapshots.times, TIMES)
        assert snapshots.model == MODEL
        assert (snapshots.solver, snapshots.fingerprint) == ("Solver 3", "abc")
        assert (snapshots.n_step, snapshots.n_piece) == (len(TIMES), len(example["pieces"]))
        whole = mixed_mesh()
        assert (snapshots.n_node_total, snapshots.n_cell_total) == (whole.n_node, whole.n_cell)
        assert snapshots.n_ip_total == 8 * 8 + 4
        assert [snapshots.n_ip(p) for p in range(snapshots.n_piece)] == example["n_ip"]
        assert [snapshots.n_node(p) for p in range(snapshots.n_piece)] == [m.n_node for m in example["pieces"]]
        if snapshots.n_piece > 1:
            ids = np.concatenate([mesh.node_ids for mesh in example["pieces"]])
            assert snapshots.n_shared == (np.unique(ids, return_counts=True)[1] > 1).sum()


def test_order_of_writes_does_not_change_the_file(tmp_path, write_example):
    contents = []
    for seed in (1, 2):
        path = write_example(tmp_path / f"{seed}.vtkhdf", 3, seed)["path"]
        with Snapshots(path) as snapshots:
            contents.append([snapshots.read(name, p) for name in FIELDS for p in range(3)])
    for a, b in zip(*contents):
        np.testing.assert_array_equal(a, b)


def test_info_describes_the_file(example):
    described = info(example["path"])
    assert described["counts"] == {"nodes": 36, "cells": 12, "integration_points": 68,
                                   "pieces": len(example["pieces"]),
                                   "shared_nodes": described["counts"]["shared_nodes"]}
    assert described["steps"] == {"count": 4, "first": 0.0, "last": 2.0}
    assert {row["quadrature"]: row["cells"] for row in described["blocks"]} == {"hex_gauss_8": 8, "hex_gauss_1": 4}
    assert described["tags"]["cells"] == {"hard": 3}
    assert described["tags"]["faces"]["skin"] == mixed_mesh().face_tags["skin"].n_face
    assert described["arrays"] == {
        "nodes": ["normal/x.y", "symx"], "cells": ["active", "group"], "faces": ["skin: value"]}
    assert described["omissions"][0]["name"] == "springs"
    assert {row["name"]: row["unit"] for row in described["fields"]}["stress"] == "MPa"


MESH_FILE = FileSchema(
    "mesh", mesh_items("/meshes/<p>", whole=True), version=1, version_attribute="", checksums="/sums",
    scopes=MESH_SCOPES, relations=lambda contents, _: mesh_relations(contents, "/meshes/0", "0", whole=True))


def test_a_mesh_alone_goes_through_a_group(tmp_path):
    mesh = mixed_mesh()
    with h5py.File(tmp_path / "mesh.h5", "w") as file:
        write_mesh(file.create_group("meshes/0"), mesh)
        assert_same(read_mesh(Contents(file, MESH_FILE, tmp_path / "mesh.h5"), "/meshes/0"), mesh)


def test_arrays_of_a_mesh_may_have_no_value_somewhere(tmp_path):
    """NaN is what converters put where the solver has no value; infinite numbers are none."""
    mesh = mixed_mesh()
    mesh.node_arrays["known"] = np.where(mesh.points[:, 0] > 1.0, np.nan, 2.0)
    mesh.cell_arrays["angle"] = np.where(np.arange(mesh.n_cell) % 2, np.nan, 3.0)
    mesh.face_tags["skin"].arrays["value"][3] = np.nan
    path = tmp_path / "a.vtkhdf"
    with SnapshotsWriter(path, [mesh], MODEL, TIMES, {}):
        pass
    with Snapshots(path) as found:
        for name in ("node_arrays", "cell_arrays", "face_tags"):
            assert_same(getattr(found.mesh(0), name), getattr(mesh, name), name)
    mesh.node_arrays["known"][0] = np.inf
    with pytest.raises(InputError, match=r"infinite(?s:.*)known"), SnapshotsWriter(path, [mesh], MODEL, TIMES, {}):
        pass


def test_damaged_mesh_group_names_the_part(tmp_path):
    with h5py.File(tmp_path / "mesh.h5", "w") as file:
        write_mesh(file.create_group("meshes/0"), mixed_mesh())
        del file["meshes/0/blocks/1/cell_ids"]
        with pytest.raises(InputError, match="/meshes/0/blocks/1/cell_ids"):
            read_mesh(Contents(file, MESH_FILE, tmp_path / "mesh.h5"), "/meshes/0")


def test_arrays_of_text_are_refused(tmp_path):
    mesh = mixed_mesh()
    mesh.node_arrays["label"] = np.array(["a"] * mesh.n_node)
    with h5py.File(tmp_path / "mesh.h5", "w") as file, pytest.raises(InputError, match="label"):
        write_mesh(file.create_group("piece"), mesh)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_name_has_a_key_of_its_own(name):
    assert "/" not in key(name)
    assert key(name) != "."
    assert name_of(key(name)) == name


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_fingerprint_depends_on_contents_and_options_only(tmp_path_factory, a, b):
    folder = tmp_path_factory.mktemp("fingerprint")
    for name, content in (("a", a), ("copy", a), ("b", b)):
        (folder / name).write_bytes(content)
    assert fingerprint([folder / "a"]) == fingerprint([folder / "copy"])
    assert (fingerprint([folder / "a"]) == fingerprint([folder / "b"])) == (a == b)
    assert fingerprint([folder / "a"], {"x": 1, "y": 2}) == fingerprint([folder / "a"], {"y": 2, "x": 1})
    assert fingerprint([folder / "a"], {"x": 1}) != fingerprint([folder / "a"], {"x": 2})
    expected = hashlib.sha256(hashlib.sha256(a).digest() + b"{}").hexdigest()
    assert fingerprint([folder / "a"]) == expected
