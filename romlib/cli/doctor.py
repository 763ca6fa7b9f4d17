"""What this installation of romlib can do, found by trying it: for `romlib doctor`.

What may crash or hang (MPI, PETSc, rendering) is tried in a process of its own, with a limit of time.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from romlib.words import listed

DISTRIBUTION = "romlib-mechanics"
OK, MISSING, BROKEN, NOTE = "ok", "missing", "broken", "note"
_SECONDS = 60.0
_LOW_ROOM = 2**30  # bytes
_FOR_ALL = "everything"
# What a launcher tells its ranks: not for the ranks that are started here. Settings of the user's (OMPI_MCA_btl) stay.
_OF_A_RANK = ("OMPI_COMM", "OMPI_APP", "OMPI_MCA_orte", "OMPI_MCA_ess", "OMPI_MCA_pmix", "ORTE_", "PMIX", "PMI_",
              "PRTE", "MPI_LOCAL", "MV2_COMM")
# Programs that romlib does not need, and that `romlib external` or a user of it may call.
_SOLVERS = {"ccx": "CalculiX", "ccx_dynamic": "CalculiX", "Zrun": "Zset", "abaqus": "Abaqus", "as_run": "code_aster",
            "run_aster": "code_aster", "gmsh": "gmsh", "gfortran": "compiler of UMATs"}
# One rank speaks: the lines of two can come out as one, and then none begins with the number of ranks.
_MPI = ("from mpi4py import MPI; c = MPI.COMM_WORLD; n = c.allreduce(1); "
        "text = f'{n} {MPI.Get_library_version().split(chr(10))[0].strip(chr(0))}'; "
        "c.rank == 0 and print(text)")
_PETSC = ("from romlib.fullorder.petsc import load; p = load(); "
          "print('.'.join(map(str, p.Sys.getVersion())), 'with MUMPS' if p.Sys.hasExternalPackage('mumps') "
          "else 'without MUMPS: --linear-solver gamg')")
_PICTURE = ("from romlib.report.offscreen import import_pyvista; v = import_pyvista(); "
            "p = v.Plotter(off_screen=True, window_size=(64, 64)); p.add_mesh(v.Sphere()); "
            "i = p.screenshot(return_img=True); assert i.min() < i.max(), 'the picture is empty'; "
            "print('VTK', v.vtk_version_info, p.ren_win.GetClassName())")


@dataclass(frozen=True)
class Finding:
    """One thing. area : what it is needed for, "everything" or a word that `romlib doctor` takes.

    state : "ok"; "missing", where it may be; "broken", where it is there and does not work, or has to be there; "note".
    """

    area: str
    name: str
    state: str
    detail: str
    remedy: str = ""

    def to_dict(self) -> dict[str, str]:
        """Plain values."""
        return asdict(self)


def examine() -> list[Finding]:
    """Everything, in the order in which it is printed."""
    return [*_python(), *_packages(), *_extras(), *_mpi(), *_petsc(), *_pictures(), *_plugins(), *_programs(),
            *_threads(), *_folders()]


def areas(findings: Iterable[Finding]) -> list[str]:
    """The words that may be asked for."""
    return sorted({one.area for one in findings} - {_FOR_ALL})


def failed(findings: Iterable[Finding], asked: Iterable[str]) -> list[Finding]:
    """What is broken, and what is missing of that which was asked for."""
    wanted = set(asked)
    return [one for one in findings if one.state == BROKEN or (one.state == MISSING and one.area in wanted)]


def versions() -> dict[str, str]:
    """Of romlib, Python and what results depend on: nothing is imported, and nothing tried."""
    found = {"romlib": _version(DISTRIBUTION) or "not installed", "Python": platform.python_version()}
    for name in ("numpy", "scipy", "numba", "h5py", "pydantic", "mpi4py", "petsc4py", "meshio", "pyvista"):
        found[name] = _version(name) or "-"
    return found | {"platform": platform.platform()}


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _python() -> list[Finding]:
    import romlib

    place = f"{platform.python_version()}, {sys.executable}"
    return [Finding(_FOR_ALL, "romlib", OK, f"{romlib.__version__}, {Path(romlib.__file__).parent}"),
            Finding(_FOR_ALL, "Python", OK, f"{place}, {platform.platform()}")]


def _requirements() -> dict[str, list[str]]:
    """Distributions by extra ("" for those that are always needed), as the metadata of romlib have them."""
    found: dict[str, list[str]] = {}
    try:
        stated = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    for text in stated:
        name = re.match(r"[\w.-]+", text)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", text)
        if name is not None:
            found.setdefault(extra[1] if extra else "", []).append(name[0])
    return found


def _packages() -> list[Finding]:
    requirements = _requirements()
    if not requirements:
        return [Finding(_FOR_ALL, "packages", BROKEN, f"{DISTRIBUTION} is not installed: laws and converters are found "
                        "by its entry points", "pip install .")]
    found = []
    for name in requirements[""]:
        module = {"scikit-learn": "sklearn"}.get(name, name)
        try:
            imported = importlib.import_module(module)
        except Exception as error:  # whatever a broken package does
            found.append(Finding(_FOR_ALL, name, BROKEN, f"cannot be imported: {error}", f"pip install {name}"))
            continue
        more = f", HDF5 {imported.version.hdf5_version}" if name == "h5py" else ""
        found.append(Finding(_FOR_ALL, name, OK, f"{_version(name)}{more}"))
    return found


def _extras() -> list[Finding]:
    """Those that are tried below, of MPI and PETSc, have findings of their own."""
    found = []
    for extra, names in sorted(_requirements().items()):
        if extra in ("", "mpi", "fullorder"):
            continue
        there = [f"{name} {_version(name)}" for name in names if _version(name)]
        lacking = [name for name in names if not _version(name)]
        if lacking:
            found.append(Finding(extra, f"extra {extra}", MISSING, f"without {listed(lacking)}",
                                 f"pip install '{DISTRIBUTION}[{extra}]'"))
        else:
            found.append(Finding(extra, f"extra {extra}", OK, ", ".join(there)))
    return found


def _try(command: list[str]) -> tuple[bool, str]:
    """Whether a program ends well, and its last line, or why it does not."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OF_A_RANK)}
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS, env=environment,
                              stdin=subprocess.DEVNULL, errors="replace")
    except subprocess.TimeoutExpired:
        return False, f"no answer in {_SECONDS:.0f} s"
    except OSError as error:
        return False, str(error)
    lines = [line.strip() for line in (done.stdout if done.returncode == 0 else done.stderr).splitlines()]
    lines = [line for line in lines if line]
    if done.returncode == 0:
        return True, lines[-1] if lines else ""
    why = next((line for line in lines if "Error" in line or "error" in line), lines[-1] if lines else "")
    return False, why or f"ended with status {done.returncode}"


def _mpi() -> list[Finding]:
    area, install = "mpi", f"pip install '{DISTRIBUTION}[mpi]' (Debian: apt-get install python3-mpi4py openmpi-bin)"
    if importlib.util.find_spec("mpi4py") is None:
        return [Finding(area, "mpi4py", MISSING, "offline, check and solve run on one rank", install)]
    works, said = _try([sys.executable, "-P", "-c", _MPI])
    if not works:
        return [Finding(area, "mpi4py", BROKEN, said, "install the MPI that it was built for, or " + install)]
    found = [Finding(area, "mpi4py", OK, f"{_version('mpi4py')}, {said.partition(' ')[2]}")]
    launcher = shutil.which("mpirun") or shutil.which("mpiexec")
    if launcher is None:
        return [*found, Finding(area, "mpirun", MISSING, "neither mpirun nor mpiexec is on the path",
                                "install the programs of the MPI above (Debian: apt-get install openmpi-bin)")]
    works, said = _try([launcher, *_oversubscribe(launcher), "-n", "2", sys.executable, "-P", "-c", _MPI])
    if works and said.startswith("2 "):
        return [*found, Finding(area, "mpirun", OK, f"two ranks of {launcher} see each other")]
    why = f"each of two ranks is alone: {launcher} is of another MPI than mpi4py" if works else said
    return [*found, Finding(area, "mpirun", BROKEN, why, "start ranks with the mpirun of the MPI above; in a job of a "
                            "cluster, with its launcher")]


def _oversubscribe(launcher: str) -> list[str]:
    """Open MPI starts no more ranks than there are cores, unless told to."""
    works, said = _try([launcher, "--version"])
    return ["--oversubscribe"] if works and ("Open MPI" in said or "open-mpi" in said) else []


def _petsc() -> list[Finding]:
    if importlib.util.find_spec("petsc4py") is None:
        return [Finding("solve", "petsc4py", MISSING, "romlib solve and romlib certify need it",
                        f"pip install '{DISTRIBUTION}[fullorder]' (Debian: apt-get install python3-petsc4py)")]
    works, said = _try([sys.executable, "-P", "-c", _PETSC])
    return [Finding("solve", "petsc4py", OK if works else BROKEN, f"PETSc {said}" if works else said,
                    "" if works else "reinstall petsc4py for this Python and MPI")]


def _pictures() -> list[Finding]:
    if importlib.util.find_spec("pyvista") is None:
        return [Finding("pictures", "pictures", MISSING, "romlib plot needs pyvista and matplotlib",
                        f"pip install '{DISTRIBUTION}[plot]'")]
    works, said = _try([sys.executable, "-P", "-c", _PICTURE])
    return [Finding("pictures", "pictures", OK if works else BROKEN, said, "" if works else (
        "Debian: apt-get install libegl1 libgl1 libgl1-mesa-dri libxrender1; elsewhere EGL with a driver, or OSMesa"))]


def _plugins() -> list[Finding]:
    from romlib.report.installed import installed_plugins

    found = []
    for kind, rows in installed_plugins().items():
        ready = [row["name"] for row in rows if row["state"] == "ready"]
        found.append(Finding(_FOR_ALL, kind, OK if ready else BROKEN, listed(ready), "" if ready else "pip install ."))
        for row in rows:
            if row["state"] != "ready":
                is_ours = row["package"].startswith(DISTRIBUTION)
                found.append(Finding("converters" if is_ours else _FOR_ALL, f"{kind[:-1]} {row['name']}",
                                     MISSING if is_ours else BROKEN, f"{row['package']}: {row['state']}",
                                     "install what it lacks, or uninstall its package"))
    return found


def _programs() -> list[Finding]:
    there = {name: shutil.which(name) for name in _SOLVERS}
    found = [f"{_SOLVERS[name]} ({path})" for name, path in there.items() if path]
    return [Finding("solvers", "programs", OK if found else MISSING, listed(found, "no solver or mesher on the path"),
                    "" if found else "romlib needs none: it reads what yours has written")]


def _threads() -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    stated = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    text = f"{cores} cores; {listed(stated, 'no variable of threads is set')}"
    if cores > 1 and os.environ.get("OMP_NUM_THREADS") != "1":
        return [Finding(_FOR_ALL, "threads", NOTE, text, "export OMP_NUM_THREADS=1 before mpirun: one thread a rank "
                        "is faster than ranks that share cores")]
    return [Finding(_FOR_ALL, "threads", OK, text)]


def _folders() -> list[Finding]:
    import numba

    found = []
    temporary = Path(tempfile.gettempdir())
    free = shutil.disk_usage(temporary).free
    found.append(Finding(_FOR_ALL, "temporary files", OK if free >= _LOW_ROOM else NOTE,
                         f"{temporary}, {_gigabytes(free)} free", "" if free >= _LOW_ROOM else
                         "MPI and the solver write there: set TMPDIR to a folder with more room"))
    stated = os.environ.get("NUMBA_CACHE_DIR") or getattr(numba.config, "CACHE_DIR", "")
    import romlib

    cache = Path(stated) if stated else Path(romlib.__file__).parent / "mesh" / "__pycache__"
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if os.access(place, os.W_OK):
        found.append(Finding(_FOR_ALL, "compiled code", OK, f"numba keeps it in {cache}"))
    else:
        found.append(Finding(_FOR_ALL, "compiled code", NOTE, f"numba cannot write into {cache}, and uses a folder of "
                             "the user instead", "set NUMBA_CACHE_DIR to a folder that is yours, so that code is "
                             "compiled once"))
    return found


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB"


def as_rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """For JSON."""
    return [one.to_dict() for one in findings]
