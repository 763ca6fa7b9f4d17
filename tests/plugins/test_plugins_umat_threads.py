"""Several threads with one law, one library, one ROM: what each gets does not depend on the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from romlib_plugins.umat import UmatLaw
from umat_example import J2EVP, compiled, increment

import romlib
from romlib.laws.registry import build_law
from romlib.model import Material

# Works in a variable of the library (SAVE), and lets others run in between.
SAVES = """static double kept[6]; ELASTIC; memcpy(kept, stress, 48); if (*npt == 1) sched_yield();
    for (int a = 0; a < 6; a++) stress[a] = 2.0 * kept[a];"""
N = 8


def in_threads(function, arguments):
    with ThreadPoolExecutor(N) as pool:
        return list(pool.map(function, arguments))


def test_runs_of_one_rom_with_a_umat_are_the_same_in_eight_threads(trained, monkeypatch):
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(trained / "lib"))
    rom = romlib.load(trained / "bar.rom")
    times = np.linspace(0.0, 1.0, 11)
    factors = [80.0 * (1.0 + 0.05 * k) for k in range(40)]

    def run(factor):
        solution = rom.solve(times=times, amplitudes={"pull": f"{factor}*sin(2*pi*t)"})
        return solution.coordinates, solution.at_points("stress"), solution.at_points("p")

    alone = [run(factor) for factor in factors]
    for found, expected in zip(in_threads(run, factors * 6), alone * 6):
        assert all(np.array_equal(a, b) for a, b in zip(found, expected))


def test_a_rom_that_is_first_used_in_eight_threads_gives_the_same(trained, monkeypatch):
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(trained / "lib"))
    for _ in range(3):
        rom = romlib.load(trained / "bar.rom")
        found = in_threads(lambda _, rom=rom: rom.solve("bar").coordinates, range(N))
        assert all(np.array_equal(found[0], other) for other in found)


@pytest.mark.parametrize("changed", [{}, {"guarded": True}])
def test_a_library_with_saved_variables_is_called_by_one_thread_at_a_time(tmp_path, changed):
    """Also by two laws: the variables are the library's."""
    library = compiled(tmp_path, SAVES, before="#include <sched.h>\n")
    laws = [UmatLaw.from_parameters({"library": str(library), "name": name, **changed}) for name in ("A", "B")]
    strains = [1e-3 * np.random.default_rng(k).normal(size=(400, 6)) for k in range(N)]
    none = np.zeros((400, 0))
    expected = [laws[0].integrate(increment(strain), none).stress for strain in strains]
    for _ in range(10):
        found = in_threads(lambda k: laws[k % 2].integrate(increment(strains[k]), none).stress, range(N))
        assert all(np.array_equal(a, b) for a, b in zip(found, expected))


def test_a_library_that_is_declared_safe_is_called_by_many_threads_at_once(j2evp):
    law = UmatLaw.from_parameters({"library": str(j2evp), **J2EVP, "threads": 3})
    strains = [5e-3 * np.random.default_rng(k).normal(size=(n, 6)) for k, n in enumerate((2, 500, 7, 1001) * 4)]

    def run(strain):
        result = law.integrate(increment(strain), law.initial_state(len(strain)))
        return result.stress, result.tangent, result.state

    expected = [run(strain) for strain in strains]
    for found, wanted in zip(in_threads(run, strains * 5), expected * 5):
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted))


@pytest.mark.parametrize("law, parameters", [
    ("mises", {"young": 2e5, "poisson": 0.3, "curve": {"p": [0.0, 0.01, 0.1], "stress": [100.0, 200.0, 220.0]}}),
    ("chaboche", {"young": 2e5, "poisson": 0.3, "K": 100.0, "n": 5.0, "R0": 100.0,
                  "kinematic": [{"C": 1e4, "D": 50.0}]}),
])
def test_built_in_laws_have_nothing_that_threads_share(law, parameters):
    one = build_law(Material(law=law, parameters=parameters))
    strains = [4e-3 * np.random.default_rng(k).normal(size=(300, 6)) for k in range(40)]

    def run(strain):
        result = one.integrate(increment(strain), one.initial_state(len(strain)))
        return result.stress, result.tangent, result.state

    expected = [run(strain) for strain in strains]
    for found, wanted in zip(in_threads(run, strains), expected):
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted))
