"""Pictures of sections: no axis out of the plane, and words for what x, y and zz are."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from romlib import report
from romlib.mesh.kinematics import AXISYMMETRIC, PLANE_STRAIN
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.model import Model
from romlib.report.plot_difference import draw_difference
from romlib.report.plot_field import axis_names, draw_field, section_in_words, titled
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter

SQUARE = Mesh(np.array([[1, 0], [2, 0], [2, 1], [1, 1]], dtype=float),
              (CellBlock("quad4", np.array([[0, 1, 2, 3]]), np.array([1]), "quad_gauss_4"),), np.arange(1, 5),
              kinematics=AXISYMMETRIC)


@pytest.fixture
def written(tmp_path):
    def write(kinematics):
        mesh, path = replace(SQUARE, kinematics=kinematics), tmp_path / f"{kinematics}.vtkhdf"
        with SnapshotsWriter(path, [mesh], Model(), np.array([0.0, 1.0]),
                             {"displacement": FieldSpec("node", 2)}) as out:
            for step in range(2):
                out.write("displacement", step, 0, 0.01 * step * mesh.points)
        return path

    return write


def test_the_title_of_a_section_says_what_it_stands_for(written):
    with Snapshots(written(AXISYMMETRIC)) as ring, Snapshots(written(PLANE_STRAIN)) as plate:
        assert "x is the radius" in section_in_words(ring) and "zz round it" in titled("", ring)
        assert titled("one", plate) == "case one  ·  plane strain.vtkhdf  ·  plane strain"
        assert axis_names(ring)[0] == "x = r" and axis_names(plate) == ("x", "y", "z")


def test_the_report_of_a_result_says_what_its_section_stands_for(written, tmp_path, monkeypatch):
    monkeypatch.setattr("romlib.study.reporting._pictures", lambda *_: [])
    page = report(written(AXISYMMETRIC), tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.search("section</b></td><td[^>]*>axisymmetric: x is the radius", page)


def test_the_cross_of_coordinates_of_a_section_has_x_and_y_alone(written, monkeypatch):
    pytest.importorskip("pyvista", reason="pyvista is not installed")
    from matplotlib.axes import Axes

    said, plain_text = [], Axes.text

    def text(axes, x, y, words, **options):
        said.append(words)
        return plain_text(axes, x, y, words, **options)

    monkeypatch.setattr(Axes, "text", text)
    with Snapshots(written(AXISYMMETRIC)) as ring, Snapshots(written(PLANE_STRAIN)) as plate:
        draw_field(plate, "displacement", step=1)
        assert {"x", "y"} <= set(said) and "z" not in said
        said.clear()
        draw_difference(ring, ring, "displacement.x")
        assert {"x = r", "y"} <= set(said) and "z" not in said
