from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import romlib
from romlib.archive.romfile import fields_path
from romlib.errors import FileFormatError, InputError
from romlib.loads.forces import unit_force
from romlib.loads.nodal_temperature import NodalTemperature
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import partition
from romlib.model import (
    BodyForce,
    Case,
    Centrifugal,
    Constraint,
    Material,
    Model,
    ParameterTable,
    Temperature,
    ThermalExpansion,
    Traction,
)

YOUNG, POISSON, YIELD, HARDENING = 2.0e5, 0.3, 200.0, 4.0e3
ELASTIC = Material(law="elastic", parameters={"young": YOUNG, "poisson": POISSON})
MISES = Material(law="mises", parameters={
    "young": YOUNG, "poisson": POISSON, "yield": YIELD, "linear_hardening": HARDENING})
STRETCHES = (affine(0), affine(1), affine(2))
PULL = Traction(faces="xmax", direction=(1, 0, 0))


def bar(tmp_path, model, modes=STRETCHES, *, mesh=None, liftings=None, pieces=1, **options):
    """A loaded ROM of a box 2 x 1 x 1; by default its modes are the three uniform stretches."""
    whole = mesh or box_mesh("hex8", (4, 1, 1), (2.0, 1.0, 1.0))
    parts = [whole] if pieces == 1 else partition(whole, pieces)
    rom, data = hand_made_rom(parts, model, modes, liftings=liftings, **options)
    return romlib.load(write_both(tmp_path / "bar.rom", rom, data))


def test_with_all_degrees_of_freedom_as_modes_the_finite_element_solution_is_reproduced(tmp_path):
    mesh = box_mesh("hex8", (2, 2, 1), (2.0, 1.0, 1.0))
    model = Model(materials={"a": ELASTIC.model_copy(update={"density": 2.0})}, loads={
        "pull": Traction(faces="xmax", direction=(1, 0.3, 0)), "weight": BodyForce(direction=(0, -1, 0)),
        "spin": Centrifugal(center=(0, 0, 0), axis=(0, 1, 0))},
        amplitudes={"pull": "50*t", "weight": 2.0, "spin": "3*t"})
    free = np.flatnonzero(np.repeat(~np.isin(np.arange(mesh.n_node), mesh.node_tags["xmin"]), 3))

    def unit(dof):
        def field(points):
            u = np.zeros(points.size)
            u[dof] = 1.0
            return u.reshape(-1, 3)
        return field

    rom = bar(tmp_path, model, [unit(dof) for dof in free], mesh=mesh)
    found = rom.solve(times=[0.0, 0.5, 1.0]).displacement(-1).ravel()

    operator = StrainOperator(mesh)
    b = operator.strain_matrix()
    moduli = np.linalg.inv(1 / YOUNG * np.block([
        [(1 + POISSON) * np.eye(3) - POISSON, np.zeros((3, 3))], [np.zeros((3, 3)), (1 + POISSON) * np.eye(3)]]))
    stress_matrix = np.kron(np.diag(operator.weights), moduli)
    stiffness = (b.T @ (stress_matrix @ b.toarray()))[np.ix_(free, free)]
    force = sum(factor * unit_force(model.loads[name], mesh, model.materials, operator, name=name)
                for name, factor in {"pull": 50.0, "weight": 2.0, "spin": 9.0}.items()).ravel()[free]
    exact = np.linalg.solve(stiffness, force)
    np.testing.assert_allclose(found[free], exact, rtol=1e-7, atol=1e-10 * np.abs(exact).max())
    assert not found[np.setdiff1d(np.arange(found.size), free)].any()


def test_a_plastic_bar_follows_the_closed_form_on_loading_and_unloading(tmp_path):
    model = Model(materials={"a": MISES}, loads={"pull": PULL},
                  amplitudes={"pull": {"time": [0, 1, 2], "value": [0, 320, 0]}})
    solution = bar(tmp_path, model, dual={"stress": (6, True), "p": (1, False)}).solve(times=np.linspace(0, 2, 21))
    stress = np.interp(solution.times, [0, 1, 2], [0, 320, 0])
    peak = np.minimum.accumulate(-stress) * -1.0
    p = np.maximum(peak - YIELD, 0.0) / HARDENING
    u = solution.displacement()
    nodes = solution.probe("displacement", point=(2.0, 1.0, 1.0))
    np.testing.assert_allclose(nodes.values[:, 0], 2.0 * (stress / YOUNG + p), atol=1e-8)
    np.testing.assert_allclose(nodes.values[:, 1], -POISSON * stress / YOUNG - 0.5 * p, atol=1e-8)
    np.testing.assert_allclose(solution.field("p")[..., 0], np.tile(p[:, None], 32), atol=1e-8)
    np.testing.assert_allclose(solution.field("stress")[:, :, 0], np.tile(stress[:, None], 32), atol=1e-5)
    np.testing.assert_allclose(solution.von_mises(), np.tile(stress[:, None], 32), atol=1e-5)
    assert u.shape == (21, 20, 3) and p[-1] > 0.02


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(-1.4, 1.4), min_size=2, max_size=6))
def test_any_load_history_obeys_isotropic_hardening(tmp_path, peaks):
    model = Model(materials={"a": MISES}, loads={"pull": PULL})
    history = np.concatenate([[0.0], YIELD * np.array(peaks)])
    times = np.arange(len(history), dtype=float)
    solution = bar(tmp_path, model, dual={"p": (1, False)}).solve(
        times=times, amplitudes={"pull": {"time": list(times), "value": list(history)}})
    p = np.maximum(np.maximum.accumulate(np.abs(history)) - YIELD, 0.0) / HARDENING
    np.testing.assert_allclose(solution.at_points("p")[:, 0, 0], p, atol=1e-8)


def test_a_prescribed_displacement_stretches_the_bar_and_reports_its_reaction(tmp_path):
    stretch = Constraint(nodes="xmax", components=("x",), kind="prescribed")
    model = Model(materials={"a": MISES}, constraints={"stretch": stretch},
                  amplitudes={"stretch": {"time": [0, 1, 2], "value": [0, 0.01, 0.0]}})
    solution = bar(tmp_path, model, (affine(1), affine(2)), liftings={"stretch": lambda x: 0.5 * affine(0)(x)}).solve(
        times=np.linspace(0, 2, 41))
    strain = 0.5 * np.interp(solution.times, [0, 1, 2], [0, 0.01, 0.0])
    up = solution.times <= 1.0
    expected = np.where(YOUNG * strain <= YIELD, YOUNG * strain,
                        YIELD + (strain - YIELD / YOUNG) * YOUNG * HARDENING / (YOUNG + HARDENING))
    np.testing.assert_allclose(solution.reactions["stretch"][up], expected[up], rtol=1e-6, atol=1e-6)
    unloading = (solution.times > 1.0) & (solution.times < 1.3)
    np.testing.assert_allclose(
        solution.reactions["stretch"][unloading], expected[20] - YOUNG * (strain[20] - strain[unloading]), rtol=1e-6)
    np.testing.assert_allclose(solution.probe("displacement", node=5).values[:, 0], 2.0 * strain, atol=1e-12)
    assert solution.cutbacks.sum() == 0


ALPHA = ParameterTable(temperature=(0.0, 100.0), value=(1e-5, 2e-5))
HEATED = ThermalExpansion(coefficient=ALPHA, reference_temperature=20.0)


def expansion(t, t0=50.0):
    """alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref), written out."""
    def secant(x):
        return (1e-5 + 1e-7 * x) * (x - 20.0)
    return secant(t) - secant(t0)


def heated_model(**loads):
    material = ELASTIC.model_copy(update={"thermal_expansion": HEATED})
    return Model(materials={"a": material}, loads={"heat": Temperature(field=1.0), **loads},
                 amplitudes={"heat": "50 + 40*t"}, initial_temperature=50.0)


def test_free_thermal_expansion_has_no_stress_and_converges_without_force(tmp_path):
    solution = bar(tmp_path, heated_model()).solve(times=np.linspace(0, 1, 5))
    expected = expansion(50.0 + 40.0 * solution.times)
    np.testing.assert_allclose(solution.coordinates, np.tile(expected[:, None], 3), atol=1e-12)
    assert np.abs(solution.at_points("stress")).max() < 1e-8 * YOUNG * expected[-1]
    assert solution.iterations.sum() <= 10


def test_a_bar_held_at_both_ends_is_compressed_by_heat(tmp_path):
    solution = bar(tmp_path, heated_model(), (affine(1), affine(2))).solve(times=np.linspace(0, 1, 5))
    expected = -YOUNG * expansion(50.0 + 40.0 * solution.times)
    np.testing.assert_allclose(solution.at_points("stress")[:, 3, 0], expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(solution.at_points("stress")[:, 3, 1:], 0.0, atol=1e-5)


def test_a_new_nodal_temperature_replaces_the_loads(tmp_path):
    rom = bar(tmp_path, heated_model())
    times = np.linspace(0, 1, 5)
    expected = rom.solve(times=times).coordinates
    ids = rom.archive.temperature.node_ids
    table = (50.0 + 40.0 * times)[:, None] * np.ones(len(ids))
    for temperature in (NodalTemperature(times, table), NodalTemperature([0.0, 1.0], table[[0, -1]], ids),
                        NodalTemperature(times, table, ids[::-1])):
        np.testing.assert_allclose(rom.solve(times=times, temperature=temperature).coordinates, expected, atol=1e-12)
        full = rom.solve(times=times, temperature=temperature, hyper_reduction=False)
        np.testing.assert_allclose(full.coordinates, expected, atol=1e-12)
    hotter = rom.solve(times=times, temperature=NodalTemperature(times, 2.0 * table)).coordinates
    beyond_the_table = 2e-5 * (180.0 - 20.0) - (1e-5 + 1e-7 * 50.0) * 30.0
    np.testing.assert_allclose(hotter[-1], beyond_the_table, rtol=1e-9)
    with pytest.raises(InputError, match="not given"):
        rom.solve(times=times, temperature=NodalTemperature(times, table[:, 1:], ids[1:]))
    with pytest.raises(InputError, match="wrong number of nodes"):
        rom.solve(times=times, temperature=NodalTemperature(times, table[:, 1:]))


def test_a_temperature_gradient_bends_the_field_linearly(tmp_path):
    rom = bar(tmp_path, heated_model())
    with rom.open_fields() as fields:
        mesh = fields.mesh(0)
        mesh_x = dict(zip(mesh.node_ids, mesh.points[:, 0]))
    ids = rom.archive.temperature.node_ids
    table = np.stack([np.full(len(ids), 50.0), 50.0 + np.array([mesh_x[i] for i in ids])])
    held = rom.solve(times=[0.0, 1.0], temperature=NodalTemperature([0.0, 1.0], table, ids))
    x = rom.archive.points.coordinates[:, 0]
    mean = np.average(expansion(50.0 + x), weights=rom.archive.clusters[0].weights)
    np.testing.assert_allclose(held.coordinates[-1], mean, rtol=1e-8)


def test_without_temperature_loads_the_initial_temperature_sets_the_parameters(tmp_path):
    material = Material(law="elastic", parameters={
        "young": {"temperature": [0.0, 100.0], "value": [1e5, 3e5]}, "poisson": 0.0})
    model = Model(materials={"a": material}, loads={"pull": PULL}, amplitudes={"pull": "t"}, initial_temperature=75.0)
    solution = bar(tmp_path, model).solve(times=[0.0, 1.0])
    np.testing.assert_allclose(solution.coordinates[-1], [1.0 / 2.5e5, 0.0, 0.0], rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize("pieces", [1, 2])
def test_full_integration_equals_the_reduced_one_when_all_points_are_kept(tmp_path, pieces):
    model = Model(materials={"a": MISES}, loads={"pull": PULL}, amplitudes={"pull": "320*sin(3*t)"})
    rom = bar(tmp_path, model, pieces=pieces, dual={"stress": (6, True), "p": (1, False)})
    kept, full = (rom.solve(times=np.linspace(0, 2, 12), hyper_reduction=flag) for flag in (True, False))
    np.testing.assert_allclose(kept.coordinates, full.coordinates, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(kept.at_points("p"), full.at_points("p"), atol=1e-10)
    for piece in range(pieces):
        np.testing.assert_allclose(kept.field("stress", piece=piece), full.field("stress", piece=piece), atol=1e-5)
        np.testing.assert_allclose(full.field("plastic_strain", -1, piece)[:, 0], full.field("p", -1, piece)[:, 0])


def test_amplitudes_are_numbers_formulas_or_tables_and_the_model_s_where_not_given(tmp_path):
    model = Model(materials={"a": ELASTIC}, loads={"pull": PULL, "lift": Traction(faces="ymax", direction=(0, 1, 0))},
                  amplitudes={"pull": "10*t", "lift": 0.0})
    rom = bar(tmp_path, model, cases={"double": Case(times=[0.0, 1.0], amplitudes={"pull": "20*t"})})
    stretch = 10.0 / YOUNG

    def last(case=None, **options):
        times = {} if case else {"times": [0.0, 1.0]}
        return rom.solve(case, **times, **options).coordinates[-1, 0]
    assert last() == pytest.approx(stretch)
    assert last(amplitudes={"pull": 20}) == pytest.approx(2 * stretch)
    assert last(amplitudes={"pull": "30*t**2"}) == pytest.approx(3 * stretch)
    assert last(amplitudes={"pull": {"time": [0, 2], "value": [0, 80]}}) == pytest.approx(4 * stretch)
    assert last("double") == pytest.approx(2 * stretch)
    assert last("double", amplitudes={"lift": 20.0}) == pytest.approx((2 - 2 * POISSON) * stretch)
    assert last(Case(times=[0.0, 1.0], amplitudes={"pull": 5.0})) == pytest.approx(0.5 * stretch)
    assert rom.solve("double").amplitudes["pull"].expression == "20*t"


def test_what_is_unknown_or_missing_is_named_with_what_is_known(tmp_path):
    model = Model(materials={"a": ELASTIC}, loads={"pull": PULL})
    rom = bar(tmp_path, model, cases={"slow": Case(times=[0.0, 1.0])})
    with pytest.raises(InputError, match=r"no load 'pul'[\s\S]*one of pull\s[\s\S]*did you mean 'pull'\?"):
        rom.solve(times=[0.0, 1.0], amplitudes={"pul": 1.0})
    with pytest.raises(InputError, match="train on a run that has this load"):
        rom.solve(times=[0.0, 1.0], amplitudes={"gravity": 1.0})
    with pytest.raises(InputError, match=r"'pull' has no amplitude"):
        rom.solve(times=[0.0, 1.0])
    with pytest.raises(InputError, match=r"'fast'\s+place: case\s+expected: one of slow\s[\s\S]*give times"):
        rom.solve("fast")
    with pytest.raises(InputError, match=r"did you mean 'slow'\?"):
        rom.solve("slwo")
    with pytest.raises(InputError, match="case or its times"):
        rom.solve(amplitudes={"pull": 1.0})
    with pytest.raises(InputError, match=r"amplitudes\['pull'\]"):
        rom.solve(times=[0.0, 1.0], amplitudes={"pull": {"time": [0, 1], "value": [1]}})
    with pytest.raises(InputError, match="times of a run"):
        rom.solve(times=[1.0, 0.0], amplitudes={"pull": 1.0})


def test_the_rom_alone_solves_and_says_where_its_fields_file_should_be(tmp_path):
    model = Model(materials={"a": MISES}, loads={"pull": PULL}, amplitudes={"pull": "300*t"})
    rom = bar(tmp_path, model)
    fields_path(tmp_path / "bar.rom").unlink()
    solution = rom.solve(times=[0.0, 0.5, 1.0])
    assert solution.at_points("p").max() > 0.02
    for action in (lambda: solution.displacement(), lambda: solution.probe("p", node=1),
                   lambda: rom.solve(times=[0.0, 1.0], hyper_reduction=False)):
        with pytest.raises(InputError, match=r"bar\.fields\.rom"):
            action()


def test_the_fields_file_of_another_rom_is_refused(tmp_path):
    model = Model(materials={"a": ELASTIC}, loads={"pull": PULL}, amplitudes={"pull": "300*t"})
    bar(tmp_path, model, fingerprint="old")
    other = fields_path(tmp_path / "bar.rom").read_bytes()
    rom = bar(tmp_path, model, fingerprint="new")
    fields_path(tmp_path / "bar.rom").write_bytes(other)
    with pytest.raises(FileFormatError, match="another ROM"):
        rom.solve(times=[0.0, 1.0]).displacement()


def test_importing_romlib_imports_nothing_heavy():
    code = "import sys, romlib; print([m for m in ('numpy', 'scipy', 'h5py', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_case_is_solved_and_probed_without_mpi_petsc_offline_or_converters(tmp_path):
    model = Model(materials={"a": MISES}, loads={"pull": PULL}, amplitudes={"pull": "300*t"})
    bar(tmp_path, model, dual={"p": (1, False)})
    code = (
        "import sys, romlib\n"
        f"solution = romlib.load({str(tmp_path / 'bar.rom')!r}).solve(times=[0.0, 0.5, 1.0])\n"
        "assert solution.probe('p', point=(0.1, 0.1, 0.1)).values[-1] > 0.02\n"
        f"solution.write({str(tmp_path / 'out.vtkhdf')!r})\n"
        "banned = ('mpi4py', 'petsc4py', 'romlib.offline', 'romlib.parallel', 'romlib_converters', 'matplotlib')\n"
        "print([name for name in sys.modules if name.startswith(banned)])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
