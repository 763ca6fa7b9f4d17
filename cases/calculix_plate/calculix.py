"""Where the results come from: a CalculiX with user materials that is built here, or files that somebody computed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "plugins" / "sources"
LIBRARY = "libJ2EVP.so"
BUILD = HERE / "build_ccx.sh"
MARK = b"invalid material name"  # part of a message that only a CalculiX with user materials has


class NotBuilt(Exception):  # noqa: N818
    """CalculiX or the UMAT cannot be built here; the message says why."""


def find_calculix(given: Path | None, folder: Path) -> Path:
    """The program: the one given, else one that is built into the folder.

    Raises
    ------
    NotBuilt : why not.
    """
    if given is not None:
        program = shutil.which(given)
        if program is None:
            raise NotBuilt(f"there is no program {given}")
        if MARK not in Path(program).read_bytes():
            raise NotBuilt(f"{program} was built without user materials (-DCALCULIX_EXTERNAL_BEHAVIOURS_SUPPORT)")
        return Path(program).resolve()
    done = subprocess.run([str(BUILD), str(folder)], text=True, check=False, stderr=subprocess.PIPE)
    if done.returncode:
        raise NotBuilt(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the build script failed")
    return folder.resolve() / "ccx"


def compile_umat(folder: Path) -> None:
    """The UMAT of plugins/sources as a shared library in the folder.

    Raises
    ------
    NotBuilt : no make, no C compiler, or what the compiler says.
    """
    if shutil.which("make") is None or shutil.which("cc") is None:
        raise NotBuilt("the UMAT needs make and a C compiler (Debian: make, gcc)")
    done = subprocess.run(["make", "-s", "-C", str(SOURCES), f"OUT={folder.resolve()}", LIBRARY], text=True,
                          check=False, capture_output=True)
    if done.returncode:
        raise NotBuilt(f"the UMAT does not compile: {done.stderr.strip()}")


def environment(folder: Path, program: Path | None) -> dict[str, str]:
    """Variables with which the commands find program and library: CalculiX looks for libraries in LD_LIBRARY_PATH,
    romlib for those that a ROM or a snapshots file names in ROMLIB_LIBRARY_PATH alone.
    """
    first = [] if program is None else [str(program.parent)]
    paths = {"PATH": [*first, str(Path(sys.executable).parent), os.environ.get("PATH", "")],
             **{name: [str(folder.resolve()), os.environ.get(name, "")]
                for name in ("LD_LIBRARY_PATH", "ROMLIB_LIBRARY_PATH")}}
    return {name: os.pathsep.join(filter(None, parts)) for name, parts in paths.items()}


@dataclass(frozen=True)
class Shipped:
    """Results that somebody computed: the folder `calculix` of the files that ROMLIB_TEST_DATA names.

    They are of another plate (180 C3D10), with one training run, and the decks have the same UMAT.
    """

    folder: Path

    @classmethod
    def find(cls) -> Shipped | None:
        """The folder where it is there, else None."""
        named = os.environ.get("ROMLIB_TEST_DATA")
        folder = Path(named) / "calculix" if named else None
        return cls(folder) if folder is not None and (folder / "plate_train.frd").is_file() else None

    def copy(self, names: tuple[str, ...], target: Path) -> None:
        """Decks and results of these names into the folder where commands run."""
        for name in names:
            for suffix in (".inp", ".frd"):
                shutil.copyfile(self.folder / f"{name}{suffix}", target / f"{name}{suffix}")


def fallback_message(reason: str, shipped: Shipped | None) -> str:
    """What is said where CalculiX cannot be built."""
    if shipped is None:
        return (f"{reason}\nThere are no results to take instead: ROMLIB_TEST_DATA names no folder with "
                "calculix/plate_train.frd.\n  to do: build CalculiX elsewhere and give it with --ccx, or set "
                "ROMLIB_TEST_DATA")
    return f"{reason}\nResults that were computed elsewhere are taken instead: {shipped.folder}"


def study_text(training: tuple[str, ...]) -> str:
    """The study of this folder, with these training runs in place of its own."""
    text = (HERE / "study.toml").read_text()
    first, last = text.index("[[training]]"), text.index("[offline]")
    runs = "".join(f'[[training]]\nsnapshots = "{name}.vtkhdf"\n' for name in training)
    return f"{text[:first]}{runs}\n{text[last:]}"
