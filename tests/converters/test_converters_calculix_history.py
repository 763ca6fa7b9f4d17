"""Whatever a deck's steps, amplitudes and OP say, romlib's loads at any time are what the solver applies."""

from __future__ import annotations

import numpy as np
import pytest
from calculix_solver import LoadCard, SolverStep, Table, history, text, times_of
from hypothesis import given, settings
from hypothesis import strategies as st
from romlib_converters._calculix_deck import read_deck
from romlib_converters._calculix_model import ModelBuilder

from romlib.errors import FileFormatError, UnsupportedError
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import force_factor, unit_force
from romlib.loads.temperature import initial_temperature, temperature_at, temperature_terms
from romlib.mesh.operator import StrainOperator
from romlib.model import ArrayReference, Pressure, TableAmplitude, UnitSystem

SAMPLES = [0.25, 0.5, 0.75, 1.0]
value = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])


@st.composite
def tables(draw):
    """A step-time and a total-time amplitude; times on the samples, jumps among them."""
    found = []
    for name, total in (("A", False), ("B", True)):
        times = sorted(draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, 2.0]), min_size=1, max_size=5)))
        times = [t for k, t in enumerate(times) if times[:k].count(t) < 2]
        found.append(Table(name, [(t, draw(value)) for t in times], total))
    return found


@st.composite
def loads(draw, fields, targets=("LEFT", "TOP", "1", "7")):
    """Steps with cards; cards of one step have the same amplitude, as the solver demands for one place."""
    declared = draw(tables())
    steps = []
    for _ in range(draw(st.integers(1, 3))):
        amplitude = draw(st.sampled_from([None, *declared]))
        cards = [LoadCard([(draw(st.sampled_from(targets)), draw(fields), draw(value))
                           for _ in range(draw(st.integers(1, 3)))], amplitude, draw(st.booleans()))
                 for _ in range(draw(st.integers(0, 2)))]
        steps.append(SolverStep(draw(st.sampled_from([0.5, 1.0, 2.0])), cards, draw(st.booleans())))
    return steps, declared


def build(folder, content):
    path = folder / "deck.inp"
    path.write_text(content)
    deck = read_deck(path)
    times = np.concatenate([[0.0], *(step.increments for step in deck.steps)])
    return ModelBuilder(deck, times).build(UnitSystem(), [])


@given(case=loads(st.sampled_from([(1,), (2,), (3,)])))
@settings(max_examples=80)
def test_concentrated_forces_follow_the_deck(tmp_path_factory, case):
    steps, declared = case
    mesh, model = build(tmp_path_factory.mktemp("f"), text("CLOAD", steps, declared))
    found = history(steps, SAMPLES, adds=True, removes=False)
    expected = np.zeros((len(found), 8, 3))
    for k, (_, acting) in enumerate(found):
        for (node, axis), amount in acting.items():
            expected[k, node - 1, axis - 1] = amount
    operator = StrainOperator(mesh)
    total = np.zeros_like(expected)
    for name, load in model.loads.items():
        factor = force_factor(load, evaluate(model.amplitudes[name], times_of(found)))
        total += factor[:, None, None] * unit_force(load, mesh, model.materials, operator, name=name)
    np.testing.assert_allclose(total, expected, atol=1e-9)


@given(case=loads(st.sampled_from([(1,), (2,), (3,)])), first=st.lists(value, min_size=3, max_size=3))
@settings(max_examples=80)
def test_prescribed_displacements_follow_the_deck(tmp_path_factory, case, first):
    steps, declared = case
    for k, step in enumerate(steps):  # the same places in every step: first all of them, then what changes
        for card in step.cards:
            card.new = card.new and k > 0
            card.rows = [(target, (axis[0], axis[0]), amount) for target, axis, amount in card.rows]
        whole = LoadCard([("NALL", (axis, axis), first[axis - 1]) for axis in (1, 2, 3)])
        if k == 0 or any(card.new for card in step.cards[:1]):
            step.cards.insert(0, whole)
            whole.new = k > 0
    mesh, model = build(tmp_path_factory.mktemp("b"), text("BOUNDARY", steps, declared))
    found = history(steps, SAMPLES, adds=False, removes=True)
    expected = np.zeros((len(found), 8, 3))
    for k, (_, acting) in enumerate(found):
        for (node, axis, _), amount in acting.items():
            expected[k, node - 1, axis - 1] = amount
    held = np.full_like(expected, np.nan)
    for name, constraint in model.constraints.items():
        nodes = mesh.node_tags[constraint.nodes]
        for axis in ("xyz".index(c) for c in constraint.components):
            if constraint.kind == "fixed":  # sets that are fixed as a whole may share nodes
                assert not np.nan_to_num(held[:, nodes, axis]).any()
                held[:, nodes, axis] = 0.0
                continue
            assert np.isnan(held[:, nodes, axis]).all()  # no other degree of freedom twice
            size = (mesh.node_arrays[constraint.value.array][nodes, axis]
                    if isinstance(constraint.value, ArrayReference) else constraint.value)
            held[:, nodes, axis] = evaluate(model.amplitudes[name], times_of(found))[:, None] * size
    np.testing.assert_allclose(held, expected, atol=1e-9)


@given(case=loads(st.just(())), start=st.sampled_from([[20.0], [20.0, 50.0]]))
@settings(max_examples=80)
def test_temperatures_follow_the_deck(tmp_path_factory, case, start):
    steps, declared = case
    initial = {(node,): start[node % len(start)] for node in range(1, 9)}
    head = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\n" + "".join(f"{node},{t}\n" for (node,), t in initial.items())
    mesh, model = build(tmp_path_factory.mktemp("t"), text("TEMPERATURE", steps, declared, head))
    found = history(steps, SAMPLES, adds=False, removes=False, initial=initial)
    expected = np.array([[acting[node + 1,] for node in range(8)] for _, acting in found])
    at_rest = np.array([initial[node + 1,] for node in range(8)])
    np.testing.assert_allclose(initial_temperature(model, mesh), at_rest)
    terms = temperature_terms(model, mesh)
    if terms:
        np.testing.assert_allclose(temperature_at(terms, model.amplitudes, times_of(found)), expected, atol=1e-9)
        np.testing.assert_allclose(temperature_at(terms, model.amplitudes, np.array([0.0]))[0], at_rest, atol=1e-9)
    else:
        np.testing.assert_allclose(np.broadcast_to(at_rest, expected.shape), expected)


GRAVITY = ["", "*DLOAD\nEALL,GRAV,1.,0.,0.,1.\n", "*DLOAD\nEALL,GRAV,1.,0.,0.,1.\nEALL,GRAV,1.,1.,0.,0.\n"]


@pytest.mark.parametrize(("bodies", "node"), list(zip(GRAVITY, (2, 5, 8))), ids=["none", "one", "two"])
@pytest.mark.parametrize(("later", "given", "others", "kept"), [
    ([], (), [300.0, 120.0, 60.0], 60.0),
    ([LoadCard([], new=True)], (), [20.0, 8.0, 4.0], [50.0, 40.0, 20.0]),
    ([LoadCard([("LEFT", (), 20.0)], new=True)], (1, 4, 5, 8), [20.0, 8.0, 4.0], [50.0, 40.0, 20.0])],
    ids=["nothing", "taken away", "in part given again"])
def test_an_amplitude_that_a_later_step_goes_on_with_is_held_at_one_node(
        tmp_path, bodies, node, later, given, others, kept):
    """Numbers of CalculiX 2.20 at 0.25, 0.5 and 1 of the second step, for none, one and two body loads."""
    table = Table("A", [(0.0, 0.0), (0.25, 1.0), (0.5, 0.4), (1.0, 0.2)])
    steps = [SolverStep(1.0, [LoadCard([("NALL", (), 300.0)], table)]), SolverStep(1.0, later)]
    content = text("TEMPERATURE", steps, [table], "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,20.\n")
    mesh, model = build(tmp_path, content.replace("NALL,300.0\n", f"NALL,300.0\n{bodies}"))
    found = temperature_at(temperature_terms(model, mesh), model.amplitudes, np.array([1.25, 1.5, 2.0])).T
    for k in range(1, 9):  # what is given again ramps from what it was
        np.testing.assert_allclose(found[k - 1], kept if k == node or k in given else others, rtol=1e-9)
    notes = [one.description for one in model.omissions if one.name == "temperature_held"]
    assert len(notes) == (node not in given)
    assert all("step 2" in one and f"not at node {node}:" in one and "*TEMPERATURE" in one for one in notes)


@pytest.mark.parametrize(("bodies", "steps", "amplitudes", "noted"), [
    (3, 2, 1, True), (2, 2, 1, False), (3, 1, 1, False), (3, 2, 0, False)])
def test_body_loads_by_which_the_solver_leaves_its_table_of_temperatures_are_noted(
        tmp_path, bodies, steps, amplitudes, noted):
    """Three body loads mean node 11, and the cube has eight; at the end of the last step it does not matter."""
    axes = ["1.,0.,0.", "0.,1.,0.", "0.,0.,1."][:bodies]
    gravity = "*DLOAD\n" + "".join(f"EALL,GRAV,1.,{axis}\n" for axis in axes)
    content = text("TEMPERATURE", [SolverStep(1.0, [LoadCard([("NALL", (), 300.0)])])] * steps,
                   [Table("A", [(0.0, 1.0)])][:amplitudes], "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,20.\n")
    _, model = build(tmp_path, content.replace("NALL,300.0\n", f"NALL,300.0\n{gravity}", 1))
    notes = [one.description for one in model.omissions if one.name == "temperature_beyond"]
    assert len(notes) == noted and all("step 2" in one and "3 body loads" in one and "node 11" in one for one in notes)


@given(case=loads(st.sampled_from([("P1",), ("P2",), ("P6",)]), targets=("1", "EALL")))
@settings(max_examples=60)
def test_pressures_follow_the_deck(tmp_path_factory, case):
    steps, declared = case
    content = text("DLOAD", steps, declared)
    mesh, model = build(tmp_path_factory.mktemp("p"), content)
    for step in steps:
        for card in step.cards:
            card.rows = [("1", fields, amount) for _, fields, amount in card.rows]  # one element
    found = history(steps, SAMPLES, adds=True, removes=False, listed=True)
    # outward area vectors of the faces 1-2-3-4, 5-8-7-6, 4-8-5-1, by hand
    outward = {"P1": (0, 0, -1), "P2": (0, 0, 1), "P6": (-1, 0, 0)}
    expected = np.zeros((len(found), 3))
    for k, (_, acting) in enumerate(found):
        expected[k] = -np.sum([amount * np.array(outward[face]) for (_, face), amount in acting.items()] or [[0, 0, 0]],
                              axis=0)
    total = np.zeros_like(expected)
    for name, load in model.loads.items():
        assert isinstance(load, Pressure)
        force = unit_force(load, mesh, model.materials, StrainOperator(mesh), name=name).sum(axis=0)
        total += evaluate(model.amplitudes[name], times_of(found))[:, None] * force
    np.testing.assert_allclose(total, expected, atol=1e-9)


def test_sets_that_share_nodes_are_fixed_by_their_names(tmp_path):
    rows = [("NALL", (axis, axis), -2.0) for axis in (1, 2, 3)] + [("LEFT", (2, 2), 0.0), ("TOP", (2, 2), 0.0)]
    mesh, model = build(tmp_path, text("BOUNDARY", [SolverStep(1.0, [LoadCard(rows)])], []))
    fixed = {name: constraint for name, constraint in model.constraints.items() if constraint.kind == "fixed"}
    assert {name: (one.nodes, one.components) for name, one in fixed.items()} == {
        "LEFT_y": ("LEFT", ("y",)), "TOP_y": ("TOP", ("y",))}
    moved = [mesh.node_tags[one.nodes] for one in model.constraints.values() if "y" in one.components and one not in
             fixed.values()]
    assert np.concatenate(moved).tolist() == [1, 2]  # those of neither set


def test_a_deck_of_one_amplitude_keeps_its_table_and_its_name(tmp_path):
    table = Table("CYC", [(0.0, 0.0), (1.0, 1.0), (3.0, -1.0)], total=True)
    steps = [SolverStep(1.0, [LoadCard([("TOP", (2, 2), 0.5)], table)]) for _ in range(3)]
    _, model = build(tmp_path, text("BOUNDARY", steps, [table]))
    assert set(model.amplitudes) == set(model.constraints) == {"CYC"}
    assert model.amplitudes["CYC"] == TableAmplitude(time=(0.0, 1.0, 3.0), value=(0.0, 0.5, -0.5))
    assert (model.constraints["CYC"].nodes, model.constraints["CYC"].value) == ("TOP", 1.0)


@pytest.mark.parametrize(("keyword", "rows"), [
    ("BOUNDARY", [("TOP", (1, 1), 0.3), ("LEFT", (2, 2), -0.6)]), ("CLOAD", [("TOP", (1,), 0.3), ("1", (2,), -7.0)]),
    ("DLOAD", [("1", ("P1",), 5.0), ("1", ("P3",), 3.0)])])
def test_decks_that_differ_in_size_have_the_same_loads(tmp_path, keyword, rows):
    """So that runs of different size can train one model, and a case of one be solved by the other's."""
    def model_of(size):
        scaled = [(target, fields, size * amount) for target, fields, amount in rows]
        return build(tmp_path, text(keyword, [SolverStep(1.0, [LoadCard(scaled)])], []))

    (small, one), (large, other) = model_of(0.5), model_of(-4.0)
    assert one.loads == other.loads and one.constraints == other.constraints
    assert all(np.allclose(small.node_arrays[name], large.node_arrays[name], rtol=1e-15) for name in small.node_arrays)
    for name, amplitude in one.amplitudes.items():
        assert np.allclose(np.array(amplitude.value) * -8.0, other.amplitudes[name].value)


@pytest.mark.parametrize("body", ["CENTRIF,400.,1.,0.,0.,0.,0.,2.", "GRAV,3.,0.,0.,-5."])
def test_body_loads_do_the_work_of_the_solver(tmp_path, body):
    """omega^2 ramps: the amplitude of the speed is its root, exact at every increment; gravity is normalised."""
    mesh, model = build(tmp_path, text("DLOAD", [SolverStep(1.0), SolverStep(1.0)], []).replace(
        "0.25,1.0\n", f"0.25,1.0\n*DLOAD\nEALL,{body}\n", 1))
    (name, load), = model.loads.items()
    times = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0])
    factor = force_factor(load, evaluate(model.amplitudes[name], times))
    force = unit_force(load, mesh, model.materials, StrainOperator(mesh), name=name).sum(axis=0)
    # density 2, volume 1; the centre of the cube is half a length from the axis through (1, 0, 0) along z
    whole = 2.0 * np.array([400.0 * (-0.5), 400.0 * 0.5, 0.0] if body.startswith("C") else [0.0, 0.0, -3.0])
    assert factor[4] == pytest.approx(400.0 if body.startswith("C") else 3.0)
    ramp = np.minimum(times, 1.0)
    np.testing.assert_allclose(factor[:, None] * force, ramp[:, None] * whole, atol=1e-10)
    between = np.linspace(0.01, 0.99, 57)
    between = force_factor(load, evaluate(model.amplitudes[name], between)) - between * factor[4]
    assert np.abs(between).max() <= 2.6e-5 * factor[4]


@pytest.mark.parametrize(("cards", "said"), [
    ([[LoadCard([("TOP", (3, 3), 0.1)])], [LoadCard([("LEFT", (1, 1), 0.1)])]], "step 2"),
    ([[LoadCard([("TOP", (3, 3), 0.1)])], [LoadCard([("LEFT", (1, 1), 0.0)], new=True)]], "step 2"),
])
def test_a_constraint_that_comes_or_goes_is_refused(tmp_path, cards, said):
    with pytest.raises(UnsupportedError, match=f"(?s)begins or ends.*{said}"):
        build(tmp_path, text("BOUNDARY", [SolverStep(1.0, one) for one in cards], []))


@pytest.mark.parametrize(("change", "error", "said"), [
    (("*CLOAD", "*CLOAD,AMPLITUDE=Z"), FileFormatError, "no amplitude of this name.*found: Z"),
    (("*CLOAD", "*CLOAD,USER"), UnsupportedError, "USER"),
    (("TOP,", "NONE,"), FileFormatError, r"no node set.*\*CLOAD.*found: NONE"),
    (("*STATIC,DIRECT", "*DYNAMIC"), UnsupportedError, r"\*DYNAMIC"),
    (("*STATIC,DIRECT", "*STATIC,TIME RESET"), UnsupportedError, "total time"),
    (("*STATIC,DIRECT\n", "** none\n"), UnsupportedError, "without a procedure"),
])
def test_what_a_step_cannot_mean_is_named(tmp_path, change, error, said):
    content = text("CLOAD", [SolverStep(1.0, [LoadCard([("TOP", (3,), 1.0)])])], [])
    assert change[0] in content
    with pytest.raises(error, match=f"(?s){said}"):
        build(tmp_path, content.replace(*change))
