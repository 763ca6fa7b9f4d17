"""The stiffness matrix: B^T C B summed over points, whatever the pieces, with constrained rows taken out."""

from __future__ import annotations

import numpy as np
import pytest
from fullorder_example import bar
from scipy import sparse

from romlib.fullorder.assembly import Assembly
from romlib.fullorder.numbering import Numbering
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import split
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")


def dense(matrix):
    indptr, indices, values = matrix.getValuesCSR()
    return sparse.csr_matrix((values, indices, indptr)).toarray()


def assembled(pieces, tangents, constrained):
    operators = {p: StrainOperator(mesh) for p, mesh in pieces.items()}
    numbering = Numbering(pieces, Pieces(serial(), len(pieces)))
    assembly = Assembly(pieces, operators, numbering, constrained)
    symmetric = assembly.update(tangents)
    return dense(assembly.matrix), symmetric


@pytest.mark.parametrize("cell_type", ["hex8", "hex20", "hex27", "tet4", "tet10", "wedge6", "wedge15",
                                       "pyramid5", "pyramid13"])
def test_the_matrix_is_that_of_the_strain_operator(cell_type):
    mesh = bar(cell_type, (2, 1, 1))
    operator = StrainOperator(mesh)
    tangent = np.random.default_rng(1).normal(size=(operator.n_ip, 6, 6))
    found, symmetric = assembled({0: mesh}, {0: tangent}, np.zeros((mesh.n_node, 3), dtype=bool))
    b = operator.strain_matrix()
    expected = (b.T @ sparse.block_diag(list(operator.weights[:, None, None] * tangent)) @ b).toarray()
    assert not symmetric
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())


def test_pieces_add_up_to_the_whole():
    mesh = bar()
    pieces = dict(enumerate(split(mesh, np.arange(mesh.n_cell) % 3)))
    c = np.diag([3.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    none = np.zeros((mesh.n_node, 3), dtype=bool)
    whole, symmetric = assembled({0: mesh}, {0: np.tile(c, (8 * mesh.n_cell, 1, 1))}, none)
    parts, _ = assembled(pieces, {p: np.tile(c, (8 * piece.n_cell, 1, 1)) for p, piece in pieces.items()}, none)
    assert symmetric
    np.testing.assert_allclose(parts, whole, atol=1e-13 * np.abs(whole).max())


def test_constrained_dofs_are_decoupled_and_the_rest_is_as_it_was():
    mesh = bar(divisions=(2, 1, 1))
    held = np.random.default_rng(2).random((mesh.n_node, 3)) < 0.3
    tangent = np.tile(np.eye(6), (8 * mesh.n_cell, 1, 1))
    free, _ = assembled({0: mesh}, {0: tangent}, np.zeros_like(held))
    found, _ = assembled({0: mesh}, {0: tangent}, held)
    k = np.flatnonzero(held.ravel())
    diagonal = found[k, k]
    assert (diagonal > 0).all() and np.ptp(diagonal) == 0.0
    found[k, k] = 0.0
    assert not found[k].any() and not found[:, k].any()
    rest = np.flatnonzero(~held.ravel())
    np.testing.assert_array_equal(found[np.ix_(rest, rest)], free[np.ix_(rest, rest)])


def test_the_sum_of_owners_counts_every_rank_s_part_and_spreads_back():
    mesh = bar()
    numbering = Numbering(dict(enumerate(split(mesh, np.arange(mesh.n_cell) % 2))), Pieces(serial(), 2))
    assert numbering.n_total == numbering.n_owned == mesh.n_node
    values = np.random.default_rng(3).normal(size=(mesh.n_node, 3))
    np.testing.assert_array_equal(numbering.spread(numbering.add(values)), values)
