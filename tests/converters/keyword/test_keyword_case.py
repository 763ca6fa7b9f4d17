"""A deck without results, of Abaqus and of CalculiX: its times, its amplitudes, where it says them; its mesh alone."""

from __future__ import annotations

import pytest
from keyword_decks import CONVERTERS, CUBE, PLAIN, both, read, step

from romlib.errors import InputError

LOADED = PLAIN + step("*CLOAD\nTIP, 3, 7.\n") + step("*BOUNDARY\nTIP, 1, 1, 0.1\n", "0.4, 1.")


@both
def test_the_case_of_a_deck_has_every_increment_and_says_where_things_are(solver, tmp_path):
    free = LOADED.replace("TIP, 1, 1, 0.1", "TIP, 2, 2, 0.")  # which begins in the second step
    text = PLAIN + step("*CLOAD\nTIP, 3, 7.\n") + step("", "0.4, 1.")
    found = read(solver, tmp_path, text)
    assert found.case.times.instants().tolist() == pytest.approx([0.0, 0.5, 1.0, 1.4, 1.8, 2.0])
    assert found.case.description == f"{'Abaqus' if solver == 'abaqus' else 'CalculiX'} deck job.inp"
    assert set(found.case.amplitudes) == set(found.model.loads) == {"force_TIP_z"}
    lines = text.splitlines()
    assert found.sources["loads.force_TIP_z"] == f"line {lines.index('*CLOAD') + 1} of job.inp, *CLOAD"
    held = f"line {lines.index('*BOUNDARY') + 1} of job.inp, *BOUNDARY"
    assert found.sources["constraints.FOOT_xyz"] == found.sources["prescribed.FOOT_xyz"] == held
    assert found.sources["materials.STEEL"].endswith("*MATERIAL")
    with pytest.raises(InputError, match="begins or ends"):
        read(solver, tmp_path, free)


@both
def test_increments_that_the_solver_chooses_are_those_of_the_beginning_and_it_is_said(solver, tmp_path):
    (tmp_path / "job.inp").write_text(PLAIN + step(procedure="*STATIC"))
    case = CONVERTERS[solver]().read_case(tmp_path / "job.inp")
    assert case.times.instants().tolist() == [0.0, 0.5, 1.0]
    assert case.description.endswith("; increments as the first of each step")
    for first, second in (("*STATIC", "*STATIC, DIRECT"), ("*STATIC, DIRECT", "*STATIC")):
        (tmp_path / "job.inp").write_text(PLAIN + step(procedure=first) + step(procedure=second))
        assert "as the first of each" in CONVERTERS[solver]().read_case(tmp_path / "job.inp").description


@both
def test_a_mesh_alone_needs_neither_materials_nor_steps(solver, tmp_path):
    (tmp_path / "job.inp").write_text(CUBE + "*MATERIAL, NAME=M\n*ELASTIC\nx\n")
    mesh = CONVERTERS[solver]().read_mesh(tmp_path / "job.inp", quadrature={"hex8": "hex_gauss_27"})
    assert [block.quadrature for block in mesh.blocks] == ["hex_gauss_27"] and mesh.n_cell == 2
    assert set(mesh.node_tags) >= {"NALL", "FOOT", "TIP"} and set(mesh.cell_tags) == {"EALL", "FIRST", "LAST"}
    assert {name: faces.n_face for name, faces in mesh.face_tags.items()} == {"HEAD": 2, "skin": 10}
    with pytest.raises(InputError, match="quadrature"):
        CONVERTERS[solver]().read_mesh(tmp_path / "job.inp", quadrature={"hex8": "tet_4"})
