"""Differences of two models, in words and numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from identity_example import MODEL, box, model

from romlib.identity.cases import model_differences
from romlib.identity.compare import Comparison, thermal
from romlib.identity.contents import identity_of
from romlib.model import Identity

BOX = box()


def identity(mesh=BOX, **changes: object) -> Identity:
    return identity_of([mesh], model(**changes))


def said(first: Identity, second: Identity) -> list[str]:
    return [f"{one.what}: {one.first} / {one.second}"
            for found in model_differences(first, second).values() for one in found]


def with_material(name: str, **changes: object) -> dict:
    return {"materials": {**MODEL["materials"], name: {**MODEL["materials"][name], **changes}}}


def test_a_material_differs_parameter_by_parameter():
    parameters = {**MODEL["materials"]["left"]["parameters"], "young": 2000.0}
    del parameters["poisson"]
    found = said(identity(), identity(**with_material("left", parameters=parameters, law="elastic")))
    assert found == ["material 'left', law: mises / elastic", "material 'left', young: 1000 / 2000",
                     "material 'left', poisson: 0.25 / none"]


def test_materials_are_the_same_by_their_cells_whatever_their_names():
    renamed = {f"{name} of steel": entry for name, entry in MODEL["materials"].items()}
    assert said(identity(), identity(materials=renamed)) == []
    swapped = {"left": MODEL["materials"]["right"], "right": MODEL["materials"]["left"]}
    assert said(identity(), identity(materials=swapped)) == []
    (lost,) = said(identity(), identity(materials={"left": MODEL["materials"]["left"]}))
    assert lost == "material 'right': on 12 cells of its own / no such material"


def test_a_density_counts_where_something_acts_on_masses():
    light = with_material("left", density=1.0)
    without = {name: load for name, load in MODEL["loads"].items() if load["kind"] not in ("body_force", "centrifugal")}
    silent = {"materials": {**MODEL["materials"], "left": {
        key: value for key, value in MODEL["materials"]["left"].items() if key != "density"}}}
    assert said(identity(), identity(**light)) == ["material 'left', density: 2 / 1"]
    assert said(identity(loads=without), identity(loads=without, **light)) == ["material 'left', density: 2 / 1"]
    assert said(identity(loads=without), identity(loads=without, **silent)) == []
    assert said(identity(), identity(**silent)) == ["material 'left', density: 2 / none"]


def test_a_library_is_the_same_by_its_hash_or_else_by_its_name():
    def umat(**parameters: object) -> Identity:
        return identity(materials={"m": {"law": "umat", "parameters": {"props": [1.0], **parameters}}})

    assert said(umat(library="/a/lib.so"), umat(library="/b/lib.so")) == []
    assert said(umat(library="/a/lib.so"), umat(library="other.so")) == [
        "material 'm', library: lib.so / other.so"]
    assert said(umat(library="lib.so", sha256="aa"), umat(library="new.so", sha256="aa")) == []
    assert said(umat(library="lib.so", sha256="aa"), umat(library="lib.so", sha256="bb")) == [
        "material 'm', sha256: aa / bb"]
    assert said(umat(library="lib.so", sha256="aa"), umat(library="lib.so")) == []


def test_a_constraint_that_differs_is_named_with_its_line():
    constraints = {**MODEL["constraints"], "clamp": {"nodes": "xmin", "components": ["x", "y"]}}
    other = identity_of([BOX], model(constraints=constraints), sources={"constraints.clamp": "a.inp, line 7"})
    (found,) = said(identity(), other)
    assert found.startswith("the degrees of freedom that are fixed or prescribed; constraint 'clamp' (a.inp, line 7)")
    assert found.endswith(": 60 of them / 48 of them")


def test_fixing_what_the_other_prescribes_holds_the_same():
    fixed = {**MODEL["constraints"], "end": {"nodes": "xmax", "components": ["x", "z"]}}
    assert said(identity(), identity(constraints=fixed)) == []


def test_an_initial_temperature_counts_where_a_material_feels_it():
    warm = {"initial_temperature": 300.0}
    (found,) = said(identity(), identity(**warm))
    assert found == "the initial temperature: 20.2 in the mean of the nodes / 300 in the mean of the nodes"
    cold = {"materials": {"m": {"law": "elastic", "parameters": {"young": 1.0, "poisson": 0.3}}}}
    assert said(identity(**cold), identity(**cold, **warm)) == []
    assert thermal(identity()) and not thermal(identity(**cold))
    assert thermal(identity(materials={"m": {"law": "my own", "parameters": {}}}))


def test_other_units_are_another_model_where_both_are_stated():
    metres = identity_of([BOX], model(units="m, N, Pa, s"))
    (found,) = said(identity(), metres)
    assert found.startswith("the units: mm, N, MPa, s, degC / m, N, Pa, s")
    assert said(identity(), metres.model_copy(update={"units": ""})) == []


def test_coordinates_may_be_rounded_and_forces_on_faces_with_them():
    rounded = replace(BOX, points=BOX.points * (1 + 3e-7) + 1e-7)
    first, second = identity(), identity(rounded)
    assert said(first, second) == [] and Comparison(first, second).same(first.loads["pull"], second.loads["pull"])
    (found,) = said(first, identity(replace(BOX, points=BOX.points * 1.01)))
    assert found.startswith("the nodes of the mesh, by id and coordinates (by about 0.0")
    moved = identity(replace(BOX, points=BOX.points * 1.001)).model_copy(update={"tolerance": 0.01})
    assert said(first, moved) == []  # the solver moves nodes by that much itself


def test_a_multiple_of_a_pattern_is_told_by_its_factor():
    loads = {**MODEL["loads"], "pull": {**MODEL["loads"]["pull"], "value": -2.5},
             "spin": {**MODEL["loads"]["spin"], "speed": 6.0}, "point": {**MODEL["loads"]["point"],
                                                                       "direction": [0, 1e-3, -1]}}
    first, second = identity(), identity(loads=loads)
    factors = {name: Comparison(first, second).factor(first.loads[name], second.loads[name]) for name in loads}
    assert factors == {"pull": pytest.approx(-2.5), "spin": pytest.approx(2.0), "point": None, "push": 1.0,
                       "weight": 1.0, "heat": 1.0}


def test_a_force_is_the_same_whether_a_deck_calls_it_a_pressure_or_a_traction():
    as_traction = {**MODEL["loads"], "pull": {"kind": "pressure", "faces": "ymax", "value": -2.0},
                   "push": {"kind": "traction", "faces": "ymax", "direction": [0, 1, 0]}}
    found = identity(loads=as_traction)
    comparison = Comparison(found, found)
    assert comparison.factor(found.loads["push"], found.loads["pull"]) == pytest.approx(2.0)
    assert comparison.factor(found.loads["push"], found.loads["point"]) is None
    assert comparison.factor(found.loads["weight"], found.loads["pull"]) is None


def with_cells(change) -> Identity:
    (block,) = BOX.blocks
    return identity(replace(BOX, blocks=(change(block),)))


def test_cells_that_differ_are_told_by_their_rule_their_nodes_or_the_order_of_these():
    whole = identity()
    (reduced,) = said(whole, with_cells(lambda block: replace(block, quadrature="hex_gauss_27")))
    assert "integration rule" in reduced and "24 with rule hex_gauss_8" in reduced and "rule hex_gauss_27" in reduced
    turned = np.array(BOX.blocks[0].connectivity)
    turned[5] = turned[5][[1, 2, 3, 0, 5, 6, 7, 4]]
    (order,) = said(whole, with_cells(lambda block: replace(block, connectivity=turned)))
    assert "the order of the nodes of some cells (their connectivity)" in order and "in about 1 of them" in order
    moved = np.array(BOX.blocks[0].connectivity)
    moved[5, 0] = moved[0, 0]
    (nodes,) = said(whole, with_cells(lambda block: replace(block, connectivity=moved)))
    assert nodes.startswith("the nodes of some cells (their connectivity)")
    assert "about 1 of them on other nodes" in nodes
