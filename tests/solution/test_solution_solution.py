"""A solved case: what it was, steps and pieces of its fields, and how it is written."""

from __future__ import annotations

import numpy as np
import pytest
from sheared_box import exact_displacement, meshes

from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.snapshots.reader import Snapshots


def test_steps_are_chosen_like_rows_of_an_array(solution):
    full = solution.field("stress", piece=0)
    for steps in (-1, slice(1, 3), [4, 0]):
        np.testing.assert_allclose(solution.field("stress", steps, 0), full[steps], rtol=1e-12, atol=1e-9)
    with pytest.raises(InputError, match="no such step"):
        solution.displacement(6, piece=0)


def test_reactions_do_the_work_that_the_loads_do_not(solution):
    """Virtual work along the lifting: stress x strain of the lifting over the volume, less the load's."""
    stress = solution.at_points("stress")
    internal = np.einsum("tpk,p,pk->t", stress, solution.rom.clusters[0].weights, solution.rom.lifting.strains[0])
    # the traction along x on y = 1 moves by 0.5 x: its work is 100 t x the integral of 0.5 x over the face
    np.testing.assert_allclose(solution.reactions["stretch"], internal - 100.0 * solution.times * 1.0, rtol=1e-9)


def test_a_written_solution_reads_back_as_a_snapshots_file(solution, tmp_path):
    solution.write(tmp_path / "out.vtkhdf", ["displacement", "stress", "p", "von_mises", "strain"])
    with Snapshots(tmp_path / "out.vtkhdf") as file:
        np.testing.assert_allclose(file.times, solution.times)
        assert file.fields["stress"].tensor and not file.fields["p"].tensor
        for piece in range(file.n_piece):
            for name in file.fields:
                np.testing.assert_allclose(file.read(name, piece), solution.field(name, piece=piece), atol=1e-12)
        assert file.model.amplitudes["push"].expression == "100*t"


def test_by_default_displacement_and_all_dual_fields_are_written(solution, tmp_path):
    solution.write(tmp_path / "out.vtkhdf")
    with Snapshots(tmp_path / "out.vtkhdf") as file:
        assert set(file.fields) == {"displacement", "stress", "p"}


def test_an_unknown_field_leaves_no_file(solution, tmp_path):
    with pytest.raises(InputError, match="backstress"):
        solution.write(tmp_path / "out.vtkhdf", ["displacement", "backstress"])
    assert list(tmp_path.iterdir()) == []


def test_a_solution_shows_itself_in_one_line(solution):
    shown = repr(solution)
    assert len(shown) < 250 and "\n" not in shown
    assert "6 times from 0 to 1" in shown and "3 modes" in shown


def test_the_whole_mesh_is_what_is_given_unless_a_piece_is_asked_for(solution):
    """Its order is that of the mesh: nodes once by ascending id, cells and points piece by piece."""
    parts, mesh = meshes(solution), solution.mesh
    stresses = [solution.field("stress", piece=piece) for piece in range(len(parts))]
    np.testing.assert_array_equal(solution.field("stress"), np.concatenate(stresses, axis=1))
    assert solution.von_mises().max() == max(solution.von_mises(piece=p).max() for p in range(len(parts)))
    np.testing.assert_array_equal(mesh.node_ids, np.unique(np.concatenate([part.node_ids for part in parts])))
    np.testing.assert_allclose(solution.displacement(), exact_displacement(solution, mesh.points), atol=1e-15)
    np.testing.assert_allclose(solution.displacement(2), exact_displacement(solution, mesh.points)[2], atol=1e-15)
    expected = StrainOperator(mesh).strain(solution.displacement())
    np.testing.assert_allclose(solution.field("strain"), expected, atol=1e-14)
    assert solution.mesh is mesh is not None  # read once


def test_a_piece_that_does_not_exist_is_refused(solution):
    with pytest.raises(InputError, match="no piece 7"):
        solution.von_mises(steps=1, piece=7)


def test_a_field_that_does_not_fit_into_memory_is_refused_before_it_is_made(solution, monkeypatch):
    expected = solution.field("stress", -1)
    monkeypatch.setattr("romlib.blocks._ALWAYS_FITS", 0)
    monkeypatch.setattr("romlib.blocks.free_memory", lambda: expected.nbytes + 1)
    np.testing.assert_array_equal(solution.field("stress", -1), expected)
    with pytest.raises(InputError, match=r"of 6 steps does not fit into memory[\s\S]*steps=\.\.\.[\s\S]*probe"):
        solution.field("stress")
    monkeypatch.setattr("romlib.blocks.free_memory", lambda: None)  # nobody says
    assert len(solution.field("stress")) == 6
