"""A solver's mesh by ids as romlib's, or a refusal that names the id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import romlib_converters.common.build as building
from romlib_converters.common.build import build, mesh_of
from romlib_converters.common.history import IdValues, SolverCells, SolverMesh
from synthetic_history import HEX, IDS, POINTS, TOP_FIRST, WEDGE, solver_mesh

from romlib.errors import FileFormatError, InputError, RomlibError, UnsupportedError
from romlib.mesh.operator import StrainOperator

FILE = Path("job.results")


def test_the_mesh_has_the_volume_of_its_cells():
    mesh = mesh_of(solver_mesh(FILE))
    assert StrainOperator(mesh).weights.sum() == pytest.approx(2.5)
    assert [block.cell_type for block in mesh.blocks] == ["hex8", "wedge6"]


def test_cells_of_one_type_in_several_parts_are_one_block():
    parts = tuple(SolverCells(HEX, np.array([k]), IDS[[nodes]]) for k, nodes in zip((30, 7), TOP_FIRST))
    mesh = mesh_of(solver_mesh(FILE, cells=parts, face_sets={}, cell_arrays={}))
    assert [block.n_cell for block in mesh.blocks] == [2] and mesh.cell_ids.tolist() == [30, 7]


def test_cells_that_are_looked_at_one_at_a_time_are_the_same_and_the_first_wrong_one_is_named(monkeypatch):
    whole = build(solver_mesh(FILE)).mesh
    monkeypatch.setattr(building, "_CELLS_AT_ONCE", 1)
    mesh = build(solver_mesh(FILE)).mesh
    np.testing.assert_array_equal(mesh.points, whole.points)
    for one, other in zip(mesh.blocks, whole.blocks, strict=True):
        np.testing.assert_array_equal(one.connectivity, other.connectivity)
        np.testing.assert_array_equal(mesh.node_ids[one.connectivity], mesh.node_ids[other.connectivity])
    with pytest.raises(FileFormatError, match=r"cell 7[\s\S]*node 12345"):
        build(solver_mesh(FILE, cells=(SolverCells(HEX, np.array([30, 7]), STRANGE),), **BARE))
    turned = np.concatenate([IDS[TOP_FIRST][:1], TURNED[1:]])
    with pytest.raises(InputError, match="cell 7"):
        build(solver_mesh(FILE, cells=(SolverCells(HEX, np.array([30, 7]), turned),), **BARE))


def test_what_the_solver_has_is_not_changed_by_the_mesh_that_is_made_of_it():
    """Without a copy where nothing is left out; then nothing of it may be written into."""
    given = solver_mesh(FILE, node_ids=IDS[:14], points=POINTS[:14], node_sets={})
    before = [given.points.copy(), given.node_ids.copy(), *(cells.nodes.copy() for cells in given.cells)]
    build(given)
    build(solver_mesh(FILE))
    for one, other in zip(before, [given.points, given.node_ids, *(cells.nodes for cells in given.cells)]):
        np.testing.assert_array_equal(one, other)


def test_a_rule_that_the_user_knows_replaces_the_elements():
    mesh = mesh_of(solver_mesh(FILE), {"hex8": "hex_gauss_1"})
    assert mesh.blocks[0].quadrature == "hex_gauss_1"
    with pytest.raises(InputError, match="another shape"):
        mesh_of(solver_mesh(FILE), {"hex8": "tet_1"})


TWICE = IDS.copy()
TWICE[4] = 70
CELLS = (SolverCells(HEX, np.array([30, 30]), IDS[TOP_FIRST]),)
STRANGE = IDS[TOP_FIRST].copy()
STRANGE[1, 3] = 12345
TURNED = IDS[TOP_FIRST][:, [4, 5, 6, 7, 0, 1, 2, 3]]
NAN = POINTS.copy()
NAN[3, 2] = np.nan
BARE = {"face_sets": {}, "cell_arrays": {}}


@pytest.mark.parametrize("changed, kind, words", [
    ({"node_ids": TWICE}, FileFormatError, "node 70"),
    ({"node_ids": IDS.astype(float)}, FileFormatError, "integer id"),
    ({"points": NAN}, FileFormatError, "node 11"),
    ({"points": 1e30 * POINTS}, FileFormatError, "out of all proportion"),
    ({"cells": CELLS, **BARE}, FileFormatError, "cell 30"),
    ({"cells": (SolverCells(HEX, np.array([30, 7]), STRANGE),), **BARE}, FileFormatError, "node 12345"),
    ({"cells": (SolverCells(HEX, np.array([30, 7]), IDS[TOP_FIRST][:, :6]),), **BARE}, FileFormatError, "hex8"),
    ({"cells": (SolverCells(HEX, np.array([30, 7]), TURNED),), **BARE}, InputError, "cell 30, 7"),
    ({"cells": (SolverCells(HEX, np.array([30, 7]), IDS[TOP_FIRST], "hourglass"),), **BARE}, UnsupportedError,
     "hourglass"),
    ({"cells": (), **BARE}, UnsupportedError, "2 MASS21"),
    ({"node_sets": {"X": np.array([12345])}}, FileFormatError, "node 12345"),
    ({"face_sets": {"X": (np.array([30]), np.array([6]))}}, FileFormatError, "no such face"),
    ({"kinematics": "plane stress"}, UnsupportedError, "plane stress"),
])
def test_what_contradicts_itself_is_refused_by_name(changed, kind, words):
    with pytest.raises(kind, match=words):
        build(solver_mesh(FILE, **changed))


def test_bodies_that_touch_are_said_and_a_mesh_of_single_cells_is_refused():
    points = np.concatenate([POINTS[:12], POINTS[:12]])
    apart = np.array(TOP_FIRST)
    apart[1] += 12
    ids = np.arange(24) * 3 + 5
    mesh = SolverMesh(FILE, ids, points, (SolverCells(HEX, np.array([1, 2]), ids[apart]),))
    with pytest.raises(UnsupportedError, match="every cell is one of its own"):
        build(mesh)
    prism = np.array([[2, 12, 5, 8, 13, 11]])
    more = SolverMesh(FILE, np.append(ids, [900, 901]), np.concatenate([points, POINTS[12:14]]), (
        SolverCells(HEX, np.array([1, 2]), ids[apart]),
        SolverCells(WEDGE, np.array([3]), np.append(ids, [900, 901])[np.where(prism == 12, 24, np.where(
            prism == 13, 25, prism + 12))])))
    note = next(one for one in build(more).omissions if one.name == "bodies_that_touch")
    assert "2 bodies" in note.description and "4 places" in note.description


def test_a_set_called_skin_keeps_its_faces_under_another_name():
    mesh = mesh_of(solver_mesh(FILE, face_sets={"skin": (np.array([30]), np.array([5]))}))
    assert list(mesh.face_tags) == ["skin_of_the_solver"]


def test_every_refusal_names_the_file():
    with pytest.raises(RomlibError) as caught:
        build(solver_mesh(FILE, cells=(SolverCells(HEX, np.array([30, 7]), TURNED),), **BARE))
    assert "job.results" in str(caught.value)


def test_values_of_faces_are_those_of_their_own_faces_where_others_are_left_out():
    """Cell 99 is no solid; a face that is there twice has the value of the first."""
    numbers = {"PRESSED": (np.array([99, 7, 30, 7]), np.array([5, 5, 5, 5]))}
    values = {"PRESSED": {"p": np.array([9.0, 7.0, 30.0, 8.0])}}
    mesh = mesh_of(solver_mesh(FILE, face_sets=numbers, face_values=values))
    tag = mesh.face_tags["PRESSED"]
    faces = mesh.points[tag.blocks[0].connectivity].mean(axis=1)
    assert {float(x): p for x, p in zip(faces[:, 0], tag.arrays["p"])} == {0.5: 30.0, 1.5: 7.0}


def test_what_has_no_value_is_minus_one_or_nan_and_never_zero():
    arrays = {"material": IdValues(np.array([12, 99]), np.array([2, 5])),
              "angle": IdValues(np.array([30]), np.array([45.0]))}
    mesh = mesh_of(solver_mesh(FILE, cell_arrays=arrays, node_arrays={"t": IdValues(IDS[:1], np.array([20.0]))}))
    assert mesh.cell_ids.tolist() == [30, 7, 12]
    assert mesh.cell_arrays["material"].tolist() == [-1, -1, 2]
    assert np.array_equal(mesh.cell_arrays["angle"], [45.0, np.nan, np.nan], equal_nan=True)
    assert np.isnan(mesh.node_arrays["t"]).sum() == mesh.n_node - 1
