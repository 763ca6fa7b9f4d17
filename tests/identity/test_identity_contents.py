"""What a model is, by its content: independent of how it is written down, and sensitive to every change of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_example import MODEL, box, model, reordered

from romlib.identity.cases import model_differences
from romlib.identity.compare import Comparison, relative
from romlib.identity.contents import identity_of, material_content
from romlib.identity.distributed import distributed_identity
from romlib.identity.sketch import N_SKETCH, project
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.partition import partition
from romlib.model import Identity, Material, Model
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces

BOX, WHOLE = box(), identity_of([box()], model())


def unlike(first: Identity, second: Identity) -> set[str]:
    """Names of what differs: sections of `model_differences`, and loads."""
    found = {about for about, differences in model_differences(first, second).items() if differences}
    comparison = Comparison(first, second)
    return found | {name for name, part in second.driven.items() if not comparison.same(first.driven[name], part)}


@pytest.mark.parametrize("n_piece", [2, 3, 7])
def test_the_cut_into_pieces_does_not_matter(n_piece):
    pieces = partition(BOX, n_piece)
    assert not unlike(WHOLE, identity_of(pieces, model()))
    ranks = distributed_identity(model(), Pieces(serial(), n_piece), lambda p: pieces[p],
                                 1 + max(int(p.shared_index.max()) for p in pieces))
    assert not unlike(WHOLE, ranks) and ranks.held.count == WHOLE.held.count


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_nodes_and_cells_does_not_matter(seed):
    assert not unlike(WHOLE, identity_of([reordered(BOX, seed)], model()))


def test_the_names_of_tags_and_arrays_do_not_matter():
    def named(tags: dict) -> dict:
        return {f"{name}_2": tag for name, tag in tags.items()}

    def text(value: object) -> object:
        if isinstance(value, dict):
            return {key: f"{entry}_2" if key in ("nodes", "faces", "cells", "array") else text(entry)
                    for key, entry in value.items()}
        return value

    renamed = replace(BOX, node_tags=named(BOX.node_tags), cell_tags=named(BOX.cell_tags),
                      face_tags=named(BOX.face_tags), node_arrays=named(BOX.node_arrays))
    assert not unlike(WHOLE, identity_of([renamed], Model.model_validate(text(MODEL))))


def test_two_sets_that_fix_the_same_are_one_that_fixes_it():
    halves = replace(BOX, node_tags={**BOX.node_tags, "some": BOX.node_tags["xmin"][:5]})
    constraints = {**MODEL["constraints"], "clamp": {"nodes": "xmin", "components": ["x", "y"]},
                   "more": {"nodes": "xmin", "components": ["z"]}, "again": {"nodes": "some", "components": ["x"]}}
    assert not unlike(WHOLE, identity_of([halves], model(constraints=constraints)))


def changed_mesh(mesh: Mesh, what: str, k: int) -> Mesh:
    """The mesh with one thing changed; k chooses which."""
    (block,) = mesh.blocks
    if what == "point":
        points = mesh.points.copy()
        points[k % mesh.n_node, k % 3] += 1e-3
        return replace(mesh, points=points)
    if what == "id":
        ids = mesh.node_ids.copy()
        ids[k % mesh.n_node] += 1000
        return replace(mesh, node_ids=ids)
    if what in ("connectivity", "quadrature", "formulation", "temperature_interpolation"):
        nodes = block.connectivity.copy()
        row, a = k % len(nodes), k % 8
        nodes[row, [a, (a + 1) % 8]] = nodes[row, [(a + 1) % 8, a]]
        other = {"connectivity": nodes, "quadrature": "hex_gauss_27", "formulation": "B-bar",
                 "temperature_interpolation": "mean"}[what]
        return replace(mesh, blocks=(replace(block, **{what: other}),))
    kind, name = what.split(":")
    if kind == "array":
        array = mesh.node_arrays[name].copy()
        array.reshape(mesh.n_node, -1)[k % mesh.n_node] *= 1.001
        return replace(mesh, node_arrays={**mesh.node_arrays, name: array})
    if kind == "faces":
        (faces,) = mesh.face_tags[name].blocks
        less = np.delete(faces.connectivity, k % len(faces.connectivity), axis=0)
        return replace(mesh, face_tags={**mesh.face_tags, name: FaceSet((FaceBlock(faces.face_type, less),))})
    tags = getattr(mesh, kind)
    return replace(mesh, **{kind: {**tags, name: np.delete(tags[name], k % len(tags[name]))}})


CHANGES = {
    "point": "mesh", "id": "mesh", "connectivity": "mesh", "quadrature": "mesh", "formulation": "mesh",
    "temperature_interpolation": "mesh", "array:field": "heat", "array:initial": "initial state",
    "node_tags:corner": "point", "node_tags:xmin": "constraints", "node_tags:zmax": "constraints",
    "node_tags:xmax": "constraints", "cell_tags:left": "materials", "faces:ymin": "push", "faces:ymax": "pull"}


@settings(max_examples=150, deadline=None)
@given(what=st.sampled_from(sorted(CHANGES)), k=st.integers(0, 500), n_piece=st.sampled_from([1, 2]))
def test_any_change_of_the_mesh_its_sets_or_its_fields_is_found(what, k, n_piece):
    changed = changed_mesh(BOX, what, k)
    pieces = [changed] if n_piece == 1 or what == "connectivity" else partition(changed, n_piece)
    assert CHANGES[what] in unlike(WHOLE, identity_of(pieces, model()))


NUMBERS = [
    ("materials", "left", "parameters", "young"), ("materials", "left", "parameters", "curve", 0, "stress", 1),
    ("materials", "right", "parameters", "young", "value", 0), ("materials", "left", "density"),
    ("materials", "right", "thermal_expansion", "coefficient"), ("loads", "pull", "direction", 1),
    ("loads", "pull", "direction", 2), ("loads", "point", "direction", 2), ("loads", "weight", "direction", 2),
    ("loads", "spin", "center", 1), ("loads", "spin", "axis", 0), ("loads", "spin", "speed")]


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(NUMBERS), change=st.sampled_from(["sign", "a little", "more"]))
def test_any_change_of_a_number_of_the_model_is_found(path, change):
    def edited(value, rest):
        if not rest:
            return {"sign": -value - 0.3, "a little": value * 1.0001 + 3e-4, "more": value * 3 + 1}[change]
        entries = dict(value) if isinstance(value, dict) else list(value)
        entries[rest[0]] = edited(entries[rest[0]], rest[1:])
        return entries

    if path[-1] == "density" and change == "sign":
        return  # a density is not negative
    found = unlike(WHOLE, identity_of([BOX], Model.model_validate(edited(MODEL, path))))
    assert found == {path[1] if path[0] == "loads" else "materials"}


def test_a_constraint_that_moves_otherwise_is_found_although_it_holds_the_same():
    for other in (0.5, {"array": "field"}):
        constraints = {**MODEL["constraints"], "end": {**MODEL["constraints"]["end"], "value": other}}
        assert unlike(WHOLE, identity_of([BOX], model(constraints=constraints))) == {"end"}


def test_the_size_of_the_difference_is_estimated():
    random = np.random.default_rng(3)
    keys = random.integers(0, 2**63, 4000).astype(np.uint64)
    one = random.normal(size=(4000, 3))
    for size in (1e-3, 0.3, 1.0):
        other = one + size * np.linalg.norm(one) * (d := random.normal(size=one.shape)) / np.linalg.norm(d)
        parts = [WHOLE.nodes.model_copy(update={"sketch": tuple(project(keys, v)), "norm": float(np.linalg.norm(one))})
                 for v in (one, other)]
        assert relative(*parts) == pytest.approx(size, rel=0.4)  # three standard deviations of 32 projections


def test_what_people_read_are_resultants_means_and_counts():
    loads = WHOLE.loads
    assert loads["pull"].value == pytest.approx((0.0, 8.0, 4.0)) and loads["point"].value == pytest.approx((0, 0, -3))
    assert loads["heat"].value == pytest.approx((BOX.node_arrays["field"].mean(),))
    assert loads["weight"].value == pytest.approx((0, 0, -9.81)) and loads["weight"].count == 12
    assert WHOLE.held.count == 3 * len(BOX.node_tags["xmin"]) + 2 * len(BOX.node_tags["xmax"])
    assert WHOLE.nodes.value == pytest.approx((2.0, 0.5, 1.0)) and WHOLE.cells.value[2] == 24
    one = replace(BOX, node_tags={**BOX.node_tags, "corner": np.array([7])})
    assert identity_of([one], model()).loads["point"].content == {
        "node": int(BOX.node_ids[7]), "force": [0.0, 0.0, -1.0]}


def test_what_a_file_alone_does_not_say_is_marked_and_harms_nothing_else():
    loads = {**MODEL["loads"], "pull": {"kind": "traction", "faces": "from the study", "direction": [1, 0, 0]}}
    found = identity_of([BOX], model(loads=loads))
    assert found.loads["pull"].unknown and not found.loads["push"].unknown
    assert Identity.model_validate_json(found.model_dump_json()) == found
    assert unlike(found, found) == set() and unlike(WHOLE, found) == {"pull"}


def test_units_and_the_mesh_alone_are_an_identity():
    mesh = box_mesh("tet10", (1, 1, 1))
    found = identity_of([mesh], Model(units="m, N, Pa, s"))
    assert found.units.startswith("m, N, Pa") and found.cells.value[1] == 6 and len(found.nodes.sketch) == N_SKETCH
    assert not found.driven and found.held.count == 0 and found.held.sketch == ()


def test_a_piece_without_cells_of_a_block_is_no_special_case():
    (block,) = BOX.blocks
    empty = CellBlock("tet4", np.empty((0, 4), np.int64), np.empty(0, np.int64), "tet_1")
    assert not unlike(WHOLE, identity_of([replace(BOX, blocks=(block, empty))], model()))


def test_a_material_is_its_law_and_its_numbers():
    one = Material(law="umat", parameters={
        "library": "/home/me/libA.so", "sha256": "ab", "props": [1, 2.0], "guarded": True, "name": "A"},
        thermal_expansion={"coefficient": 1e-5, "reference_temperature": 20.0})
    assert material_content(one) == {"law": "umat", "library": "libA.so", "sha256": "ab", "props": [1.0, 2.0],
                                     "thermal_expansion": {"coefficient": 1e-5}}
