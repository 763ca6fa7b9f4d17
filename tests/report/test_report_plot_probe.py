"""Curves of probes: which lines, with which names, in which diagram."""

from __future__ import annotations

import numpy as np
import pytest

import romlib
from romlib.errors import InputError
from romlib.results.probe import Probe
from romlib.tensors import mandel_from_vtk

pytest.importorskip("matplotlib")
TIMES = np.linspace(0.0, 2.0, 5)


def probe(name="p", values=None, **options) -> Probe:
    given = {"coordinates": np.zeros((1, 3)), "ids": np.array([7]), "numbers": np.array([2]),
             "where": "integration point 2 of cell 7", "times": TIMES, "time_unit": "s", "asked": "point 1, 2, 3"}
    return Probe(TIMES**2 if values is None else values, name=name, **{**given, **options})


def lines(axes) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_ydata() for line in axes.get_lines()}


def test_one_probe_is_a_curve_named_by_its_quantity_below_its_place(tmp_path):
    drawn = probe().plot(tmp_path / "p.png")
    axes, = drawn.figure.axes
    assert list(lines(axes)) == ["p"] and np.array_equal(lines(axes)["p"], TIMES**2)
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("time (s)", "p", "point 1, 2, 3")
    assert (tmp_path / "p.png").read_bytes() == drawn._repr_png_()


def test_several_cases_are_told_apart_by_their_labels():
    drawn = romlib.plot_probes([probe(), probe(values=2 * TIMES)], labels=["cold", "hot"], title="at the edge")
    axes, = drawn.figure.axes
    assert list(lines(axes)) == ["cold", "hot"] and drawn.figure.get_suptitle() == "at the edge"


def test_a_diagram_is_for_a_unit_and_tensors_have_plain_components():
    plain = np.arange(30.0).reshape(5, 6)
    stress = probe("stress", mandel_from_vtk(plain), tensor=True, unit="MPa",
                   components=("xx", "yy", "zz", "xy", "yz", "xz"))
    drawn = romlib.plot_probes([stress, probe(), probe("von_mises", unit="MPa")])
    first, second = drawn.figure.axes
    assert first.get_ylabel() == "stress, von_mises (MPa)" and second.get_ylabel() == "p"
    assert len(first.get_lines()) == 7 and lines(first)["stress.xz"] == pytest.approx(plain[:, 5])


def test_the_largest_of_a_tag_is_drawn_without_where_it_is():
    largest = probe(reduced="max", ids=np.arange(5), numbers=np.ones(5, int), coordinates=np.ones((5, 3)))
    axes, = romlib.plot_probes([largest]).figure.axes
    assert list(lines(axes)) == ["largest p"] and axes.get_ylabel() == "largest p"


@pytest.mark.parametrize(("arguments", "words"), [
    (([],), "no probe"), (([probe()], None), "1 label"),
    (([probe(values=np.zeros((5, 20)), ids=np.arange(20), coordinates=np.zeros((20, 3)),
             numbers=np.ones(20, int))],), "cannot be told apart")])
def test_what_cannot_be_drawn_is_refused(arguments, words):
    options = {"labels": ["a", "b"]} if len(arguments) > 1 else {}
    with pytest.raises(InputError, match=words):
        romlib.plot_probes(arguments[0], **options)
