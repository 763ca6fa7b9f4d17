"""A UMAT that crashes, ends the process or hangs, in a process of its own and in ours."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from romlib_plugins import _umat_guard
from romlib_plugins.umat import UmatLaw
from umat_example import J2EVP, compiled, increment, link

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


@pytest.mark.parametrize("statement", ["_exit(0);", "_Exit(0);", "quick_exit(0);", "inner();"])
def test_an_exit_that_runs_no_functions_is_not_silent_either(tmp_path, statement):
    """Also one in a library that the library needs."""
    (tmp_path / "inner.c").write_text("#include <unistd.h>\nvoid inner(void) { _exit(0); }\n")
    link(tmp_path / "inner.c", tmp_path / "libinner.so")
    library = compiled(tmp_path, "ELASTIC; if (*noel == 103 && *npt == 2) { " + statement + " }",
                       before="void inner(void);\n#include <stdlib.h>\n")
    if statement == "inner();":
        subprocess.run(["cc", "-shared", "-fPIC", f"{library}.c", "-o", str(library), str(tmp_path / "libinner.so")],
                       check=True)
    script = UNGUARDED.format(folder=os.path.dirname(__file__), library=str(library), threads=1)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert "the UMAT ended the process" in done.stderr and "cell 103, integration point 2" in done.stderr
    law = law_of(library)
    with pytest.raises(LawError, match="exit status 0"):
        law.integrate(increment(np.zeros((40, 6))), np.zeros((40, 0)))


def test_a_child_of_the_umat_may_exit(tmp_path):
    body = "ELASTIC; if (*npt == 1) { pid_t child = fork(); if (!child) _exit(7); int status; " \
           "waitpid(child, &status, 0); statev[0] = WEXITSTATUS(status); }"
    library = compiled(tmp_path, body, before="#include <sys/wait.h>\n#include <unistd.h>\n")
    law = law_of(library, guarded=False, depvar=1)
    assert (law.integrate(increment(np.zeros((1, 6))), np.zeros((1, 1))).state == 7.0).all()


def gone(process: int) -> bool:
    """Whether no process of this number runs any more (a zombie does not run)."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


LOOPING = """
import sys, threading, numpy as np
sys.path.insert(0, {folder!r})
from umat_example import increment
from romlib_plugins.umat import UmatLaw
def run():
    law = UmatLaw.from_parameters({{"library": {library!r}, "guarded": {guarded}, "threads": {threads}}})
    print(law._call._worker._process.pid if {guarded} else 0, flush=True)
    law.integrate(increment(1e-3 * np.ones((40, 6)), time=0.5), np.zeros((40, 0)))
if {aside}:
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
else:
    run()
"""


@pytest.fixture
def looping(tmp_path):
    """Start a process whose UMAT loops: the process, once it is in the loop, and the number of its worker."""
    started = []

    def start(**how):
        started.append(_looping(tmp_path, **how))
        return started[-1]

    yield start
    for process, _ in started:
        process.kill()


def _looping(tmp_path, guarded, aside=False, threads=1):
    library = compiled(tmp_path, f"ELASTIC; if (*npt == 3) {{ FILE *f = fopen(\"{tmp_path}/loops\", \"w\"); fclose(f); "
                                 "for (volatile int k = 0; ; k++); }")
    script = LOOPING.format(folder=os.path.dirname(__file__), library=str(library), guarded=guarded, aside=aside,
                            threads=threads)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    worker = int(process.stdout.readline())
    until(lambda: (tmp_path / "loops").exists())
    return process, worker


def until(condition, limit=60.0):
    """Wait for it."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
@pytest.mark.parametrize("kind, aside", [(signal.SIGTERM, False), (signal.SIGKILL, False), (signal.SIGKILL, True),
                                         (signal.SIGINT, False)])
def test_a_guarded_umat_that_loops_ends_with_romlib(looping, kind, aside):
    process, worker = looping(guarded=True, aside=aside)
    process.send_signal(kind)
    process.communicate(timeout=60)
    assert process.returncode != 0
    until(lambda: gone(worker))


def test_an_idle_worker_ends_with_a_killed_romlib(tmp_path, elastic_library):
    script = f"""
import os, signal
from romlib_plugins.umat import UmatLaw
law = UmatLaw.from_parameters({{"library": {str(elastic_library)!r}, "guarded": True}})
print(law._call._worker._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    until(lambda: gone(int(done.stdout)))


@pytest.mark.parametrize("kind, threads", [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGINT, 2)])
def test_an_unguarded_umat_that_loops_is_interrupted(looping, kind, threads):
    process, _ = looping(guarded=False, threads=threads)
    process.send_signal(kind)
    _, text = process.communicate(timeout=60)
    assert process.returncode == -kind
    if kind == signal.SIGINT:  # SIGTERM ends Python by itself, where nobody has asked for more
        assert "interrupted while the UMAT" in text and "integration point 3" in text


def test_ctrl_c_in_calls_that_return_is_python_s(tmp_path):
    """Nothing is ended by force: the exception arrives between two calls."""
    library = compiled(tmp_path, "ELASTIC; usleep(1000);")
    script = f"""
import os, signal, sys, threading, time, numpy as np
sys.path.insert(0, {os.path.dirname(__file__)!r})
from umat_example import increment
from romlib_plugins.umat import UmatLaw
law = UmatLaw.from_parameters({{"library": {str(library)!r}}})
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
end = time.monotonic() + 20.0
try:
    while time.monotonic() < end:
        law.integrate(increment(np.zeros((100, 6))), np.zeros((100, 0)))
except KeyboardInterrupt:
    time.sleep(2.0)
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")


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
