"""Fields from reduced coordinates, liftings and values at points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from sheared_box import ELASTIC, MISES, exact_displacement, meshes

import romlib
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model, Traction
from romlib.solution.reader import FieldsReader
from romlib.tensors import von_mises


def test_the_displacement_is_lifting_plus_modes(solution):
    for piece, mesh in enumerate(meshes(solution)):
        np.testing.assert_allclose(
            solution.displacement(piece=piece), exact_displacement(solution, mesh.points), atol=1e-15)
    assert np.abs(solution.coordinates[-1]).min() > 1e-5


def test_the_strain_is_that_of_the_displacement(solution):
    for piece, mesh in enumerate(meshes(solution)):
        expected = StrainOperator(mesh).strain(exact_displacement(solution, mesh.points))
        np.testing.assert_allclose(solution.field("strain", piece=piece), expected, atol=1e-14)


def test_gappy_fields_agree_with_the_law_at_the_selected_points(solution):
    pieces, ips = solution.rom.points.pieces, solution.rom.points.ips
    for name in ("stress", "p"):
        own = solution.at_points(name)
        for piece in np.unique(pieces):
            np.testing.assert_allclose(solution.field(name, piece=piece)[:, ips[pieces == piece]],
                                       own[:, pieces == piece], atol=1e-6)
    assert solution.at_points("p").max() > 1e-4


def test_von_mises_is_that_of_the_stress(solution):
    np.testing.assert_allclose(solution.von_mises(2, 0), von_mises(solution.field("stress", 2, 0)))


def test_unknown_fields_are_refused_with_those_that_exist(solution):
    with pytest.raises(InputError, match=r"'backstress'[\s\S]*stress"):
        solution.field("backstress", piece=0)


def test_a_field_is_nan_where_the_material_lacks_it(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    mesh.cell_tags.update(soft=np.array([0]), stiff=np.array([1]))
    model = Model(materials={"soft": MISES.model_copy(update={"cells": "soft"}), "stiff": ELASTIC},
                  loads={"pull": Traction(faces="xmax", direction=(1, 0, 0))}, amplitudes={"pull": "300*t"})
    rom, data = hand_made_rom([mesh], model, [affine(0), affine(1), affine(2)], dual={"p": (1, False)})
    rom.gappy["p"].points = np.arange(8)
    rom.gappy["p"].operator, rom.gappy["p"].basis = np.full((1, 8), 1 / 8), np.ones((1, 8))
    data[0][3]["p"][:, 8:] = np.nan
    solution = romlib.load(write_both(tmp_path / "two.rom", rom, data)).solve(times=[0.0, 0.5, 1.0])
    p = solution.field("p")
    assert np.isfinite(p[:, :8]).all() and np.isnan(p[:, 8:]).all()
    assert np.isnan(solution.at_points("p")[:, 8:]).all()
    solution.write(tmp_path / "out.vtkhdf", ["p"])


def test_the_fields_file_is_opened_once_a_probe_and_once_for_a_whole_file(solution, tmp_path, monkeypatch):
    """Opening it looks at every object of every piece."""
    reader = FieldsReader(solution.rom, solution.reader.fields_path, solution.reader.path)
    opened, opening = [], reader.open
    monkeypatch.setattr(reader, "open", lambda: opened.append(opening()) or opened[-1])
    solution = replace(solution, reader=reader)
    for call in (lambda: solution.probe("displacement", point=(0.3, 0.2, 0.1)), lambda: solution.probe("p", tag="skin"),
                 lambda: solution.field("strain"), lambda: solution.write(tmp_path / "a.vtkhdf")):
        opened.clear()
        call()
        assert len(opened) == 1
        with pytest.raises(Exception, match=r"identifier is not of specified type|closed"):  # nothing stays open
            opened[0].modes(0)
    opened.clear()
    for name in ("displacement", "strain", "p"):  # what is kept needs no file
        solution.probe(name, **({"tag": "skin"} if name == "p" else {"point": (0.3, 0.2, 0.1)}))
        solution.field(name, 2)
    assert len(opened) <= 1  # the strain of the probe's place, which was not asked for before
