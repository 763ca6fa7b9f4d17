"""A UMAT that crashes, ends the process or hangs, in a process of its own and in ours."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from romlib_plugins import _umat_guard
from romlib_plugins.umat import UmatLaw
from umat_example import J2EVP, compiled, increment

from romlib.errors import LawError
from romlib.laws.guarded import guarded_materials, guarded_model
from romlib.laws.registry import build_law
from romlib.model import Material, Model

STRAIN = 2e-3 * np.random.default_rng(3).normal(size=(20, 6))


def law_of(library, guarded=True, **changed):
    return UmatLaw.from_parameters({"library": str(library), "guarded": guarded, **changed})


def test_a_guarded_law_gives_the_same_to_the_last_bit(j2evp):
    guarded, plain = law_of(j2evp, **J2EVP), law_of(j2evp, guarded=False, **J2EVP)
    state = plain.initial_state(20)
    for n, tangent, warm in ((20, True, False), (7, False, True), (20, True, True)):
        given = increment(STRAIN[:n], temperature0=np.full(n, 20.0) if warm else None,
                          temperature1=np.full(n, 30.0) if warm else None)
        a, b = (law.integrate(given, state[:n], tangent) for law in (guarded, plain))
        assert np.array_equal(a.stress, b.stress) and np.array_equal(a.state, b.state)
        assert a.tangent is b.tangent if b.tangent is None else np.array_equal(a.tangent, b.tangent)


def test_a_failed_point_is_data_there_too(tmp_path):
    law = law_of(compiled(tmp_path, "ELASTIC; if (*npt == 3) *pnewdt = 0.25;"))
    result = law.integrate(increment(STRAIN), np.zeros((20, 0)))
    assert result.failed_points.tolist() == [2, 10, 18] and result.dt_factor == 0.25


@pytest.mark.parametrize("statement, words", [
    ("*(volatile int *)0 = 1;", ("signal 11 (SIGSEGV)",)),
    ("abort();", ("SIGABRT",)),
    ("printf(\"no such table\\n\"); exit(0);", ("exit status 0 (STOP or exit)", "no such table")),
    ("fprintf(stderr, \"STOP 3\\n\"); exit(3);", ("exit status 3", "STOP 3")),
])
def test_a_crash_is_an_error_that_names_the_call(tmp_path, statement, words):
    law = law_of(compiled(tmp_path, f"ELASTIC; if (*noel == 101 && *npt == 3) {{ {statement} }}"))
    with pytest.raises(LawError) as error:
        law.integrate(increment(STRAIN, time=0.5, dt=0.125), np.zeros((20, 0)))
    text = str(error.value)
    for word in (*words, "cell 101, integration point 3", "time 0.5", "call 11 of 20", "libTEST.so"):
        assert word in text, text
    good = law.integrate(increment(STRAIN[:8]), np.zeros((8, 0)))  # the next one has a new process
    assert good.ok and np.abs(good.stress).max() > 0.0


def test_threads_do_not_hide_which_call_it_was(tmp_path):
    library = compiled(tmp_path, "ELASTIC; if (*noel == 103 && *npt == 2) abort();")
    law = law_of(library, threads=2)
    with pytest.raises(LawError, match="cell 103, integration point 2"):
        law.integrate(increment(np.zeros((40, 6))), np.zeros((40, 0)))


def test_a_call_that_hangs_is_an_error(tmp_path, monkeypatch):
    law = law_of(compiled(tmp_path, "ELASTIC; if (*npt == 4) for (;;) sleep(1);"))
    law.integrate(increment(STRAIN[:1]), np.zeros((1, 0)))
    monkeypatch.setattr(_umat_guard, "TIMEOUT", 0.5)
    with pytest.raises(LawError, match=r"hangs: one call took more than 0\.5 s") as error:
        law.integrate(increment(STRAIN), np.zeros((20, 0)))
    assert "cell 100, integration point 4" in str(error.value)


def test_a_library_that_crashes_while_it_is_loaded(tmp_path):
    before = "extern void abort(void);\n__attribute__((constructor)) static void first(void) { abort(); }\n"
    with pytest.raises(LawError, match=r"SIGABRT.*(\n.*)*while it was loaded"):
        law_of(compiled(tmp_path, "ELASTIC;", before=before))


def test_errors_of_the_other_process_are_those_of_this_one(tmp_path, elastic_library):
    with pytest.raises(LawError, match="no function 'nowhere' of its own") as error:
        law_of(elastic_library, symbol="nowhere")
    assert "umat_" in str(error.value)
    law = law_of(compiled(tmp_path, "ELASTIC; statev[0] = 1.0;"))
    with pytest.raises(LawError, match="writes past its state variables"):
        law.integrate(increment(STRAIN), np.zeros((20, 0)))


def test_laws_with_the_same_parameters_share_a_process_that_ends_with_them(elastic_library):
    gc.collect()
    first, second = law_of(elastic_library), law_of(elastic_library)
    process = first._call._worker._process
    assert second._call._worker._process is process and process.poll() is None
    del first, second
    gc.collect()
    assert process.poll() is not None


def test_the_process_knows_nothing_of_mpi(tmp_path, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "0")
    monkeypatch.setenv("PMIX_RANK", "0")
    body = 'ELASTIC; statev[0] = getenv("OMPI_COMM_WORLD_RANK") != NULL || getenv("PMIX_RANK") != NULL;'
    law = law_of(compiled(tmp_path, body), depvar=1)
    assert not law.integrate(increment(STRAIN), np.ones((20, 1))).state.any()


def test_materials_are_guarded_where_their_law_knows_how(elastic_library):
    umat = Material(law="umat", parameters={"library": str(elastic_library)})
    steel = Material(law="elastic", parameters={"young": 1.0, "poisson": 0.3})
    refused = Material(law="umat", parameters={"library": str(elastic_library), "guarded": False})
    unknown = Material(law="of another package")
    found = guarded_materials({"umat": umat, "steel": steel, "refused": refused, "unknown": unknown})
    assert found["umat"].parameters["guarded"] is True and found["steel"] == steel
    assert found["refused"] == refused and found["unknown"] == unknown
    with guarded_model(Model(materials={"umat": umat, "steel": steel})) as model:
        process = build_law(model.materials["umat"])._call._worker._process
        assert process.poll() is None
    gc.collect()
    assert process.poll() is not None


UNGUARDED = """
import sys, numpy as np
sys.path.insert(0, {folder!r})
from umat_example import increment
from romlib_plugins.umat import UmatLaw
law = UmatLaw.from_parameters({{"library": {library!r}, "threads": {threads}}})
law.integrate(increment(1e-3 * np.ones((40, 6)), time=0.5), np.zeros((40, 0)))
print("went on")
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_the_end_of_the_process_is_never_silent(tmp_path, threads):
    library = compiled(tmp_path, "ELASTIC; if (*noel == 103 && *npt == 2) exit(0);")
    script = UNGUARDED.format(folder=os.path.dirname(__file__), library=str(library), threads=threads)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert "the UMAT ended the process" in done.stderr and "cell 103, integration point 2" in done.stderr
    library = compiled(tmp_path, "ELASTIC;")
    calm = UNGUARDED.format(folder=os.path.dirname(__file__), library=str(library), threads=threads)
    done = subprocess.run([sys.executable, "-c", calm], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


def test_it_works_under_mpirun(tmp_path, j2evp):
    if shutil.which("mpirun") is None:
        pytest.skip("no mpirun")
    pytest.importorskip("mpi4py")
    library = compiled(tmp_path, "ELASTIC; if (*npt == 3 && *noel == 101) raise(SIGFPE);")
    script = f"""
import sys, numpy as np
sys.path.insert(0, {os.path.dirname(__file__)!r})
from mpi4py import MPI
from umat_example import increment
from romlib.errors import LawError
from romlib_plugins.umat import UmatLaw
law = UmatLaw.from_parameters({{"library": {str(library)!r}, "guarded": True}})
rank, found = MPI.COMM_WORLD.rank, ""
try:
    law.integrate(increment(1e-3 * np.ones((20, 6)))  if rank == 1 else increment(1e-3 * np.ones((5, 6))),
                  np.zeros((20 if rank == 1 else 5, 0)))
except LawError as error:
    found = str(error)
gathered = MPI.COMM_WORLD.gather(found)
if rank == 0:
    assert gathered[0] == "" and "SIGFPE" in gathered[1] and "cell 101" in gathered[1], gathered
    print("both ranks went on")
"""
    launcher = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(launcher)}
    environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_NUM_THREADS": "1"}
    start = time.monotonic()
    done = subprocess.run(["mpirun", "--oversubscribe", "-n", "2", sys.executable, "-c", script], capture_output=True,
                          text=True, env=environment, check=False, timeout=120)
    assert done.stdout.strip() == "both ranks went on", done.stderr
    assert time.monotonic() - start < 60
