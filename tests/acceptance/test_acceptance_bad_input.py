"""What is wrong with the input is said with file and place; the exit status tells, and no half file is left.

Where several ranks run, none waits for ever: `started` gives each run a time limit.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

FAILED, WRONG_INPUT = 1, 2
LIMIT = 60.0  # seconds; a run at two ranks takes a few

STUDY = """
[study]
name = "bad"
[[training]]
snapshots = "cube.vtkhdf"
name = "deck"
[offline]
pod_tolerance = 1e-6
cubature_tolerance = 1e-3
"""


@pytest.fixture
def refused(romlib_command, tmp_path) -> Callable[..., str]:
    """Run a command that has to fail: the words that its message has to have; nothing may be left in the folder."""
    def run(*arguments: object, words: tuple[str, ...], code: int = WRONG_INPUT, ranks: int = 1, **options) -> str:
        before = _files(tmp_path)
        done = (romlib_command(*arguments) if ranks == 1 and not options
                else romlib_command.started(*arguments, ranks=ranks, limit=LIMIT, **options))
        assert done.exit_code == code, f"{done}"
        assert done.stderr.count("error: ") == 1, f"said once, whatever the ranks: {done}"
        assert "Traceback" not in done.stderr and "fault of romlib" not in done.stderr, f"{done}"
        message = done.stderr[done.stderr.index("error: "):]
        missing = [word for word in words if not re.search(word, message)]
        assert not missing, f"the message lacks {missing}: {done}"
        assert _files(tmp_path) == before, f"files were left: {done}"
        return message
    return run


def _files(folder: Path) -> dict[str, int | None]:
    """Size of each file, and folders, which are scratch space if they are new."""
    return {str(path.relative_to(folder)): path.stat().st_size if path.is_file() else None
            for path in folder.rglob("*")}


# -- Zset's files


@pytest.fixture
def deck(sequential, tmp_path) -> Path:
    """A copy of the computation, to be damaged."""
    folder = tmp_path / "deck"
    folder.mkdir()
    for path in sequential.iterdir():
        shutil.copyfile(path, folder / path.name)
    return folder / "cube.inp"


def _cut(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1000])


def _promise_more(folder: Path) -> None:
    with open(folder / "cube.ut", "a") as stream:
        stream.write("12 1 1 11 2.200000000000000e+00\n")


def _unknown_element(folder: Path) -> None:
    path = folder / "cube.geof"
    path.write_text(re.sub(r"(?m)^7 c3d8 ", "7 c3d9 ", path.read_text()))


def _nan(folder: Path, name: str, position: int) -> None:
    values = np.fromfile(folder / name, ">f4")
    values[position] = np.nan
    values.tofile(folder / name)


NODE_RECORD, IP_RECORD = 343 * 6, 1728 * 19  # numbers
DAMAGES = {
    "truncated .node": (lambda folder: _cut(folder, "cube.node"), (r"file: .*cube\.node", "record 11", "truncated")),
    "truncated .integ": (lambda folder: _cut(folder, "cube.integ"), (r"file: .*cube\.integ", "record 11", "truncated")),
    "more records promised": (_promise_more, (r"file: .*cube\.node", "record 12", "promises more records")),
    "unknown element": (_unknown_element, (r"file: .*cube\.geof", r"line \d+", "c3d9", "c3d20")),
    "no material file": (lambda folder: (folder / "mat").unlink(),
                         (r"file: .*mat\b", r"cube\.inp, line \d+", "does not exist")),
    "NaN at a node": (lambda folder: _nan(folder, "cube.node", 5 * NODE_RECORD + 343 + 99),
                      (r"file: .*cube\.node", "record 6, variable U2, node 100", "not finite")),
    "NaN at a point": (lambda folder: _nan(folder, "cube.integ", 7 * IP_RECORD + 10),
                       (r"file: .*cube\.integ", "record 8, variable ", "element 1, point", "not finite")),
}


@pytest.mark.data
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_computation_is_refused(refused, deck, tmp_path, damage):
    spoil, words = DAMAGES[damage]
    spoil(deck.parent)
    refused("convert", "zset", deck, "-o", tmp_path / "cube.vtkhdf", words=words)


@pytest.mark.data
def test_failed_conversion_leaves_the_older_file(refused, romlib_command, deck, tmp_path):
    target = tmp_path / "cube.vtkhdf"
    assert romlib_command("convert", "zset", deck, "-o", target).exit_code == 0
    content = target.read_bytes()
    _nan(deck.parent, "cube.node", 10 * NODE_RECORD + 5)  # in the last record
    refused("convert", "zset", deck, "-o", target, words=("record 11",))
    assert target.read_bytes() == content


@pytest.mark.data
def test_nan_in_an_xdmf_series_is_refused(refused, data_dir, tmp_path):
    for suffix in (".xdmf", ".h5"):
        shutil.copyfile(data_dir / "kratos_plate" / f"test_A110{suffix}", tmp_path / f"test_A110{suffix}")
    with h5py.File(tmp_path / "test_A110.h5", "a") as file:
        vectors = [name for name in file if file[name].shape == (2499, 3) and file[name].dtype.kind == "f"]
        assert len(vectors) == 42  # coordinates and 41 displacements
        file[vectors[-1]][77, 1] = np.nan
    refused("convert", "meshio", tmp_path / "test_A110.xdmf", "-o", tmp_path / "plate.vtkhdf",
            words=(r"file: .*test_A110", "displacement", "77", "finite"))


# -- files of romlib, studies, laws


@pytest.fixture
def study(parallel_cube, tmp_path) -> Path:
    """A good study of the cube in two pieces, in a folder of its own."""
    shutil.copyfile(parallel_cube(2), tmp_path / "cube.vtkhdf")
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.mark.data
@pytest.mark.parametrize("ranks", [1, 2])
def test_misspelt_key_is_named(refused, study, ranks):
    study.write_text(STUDY.replace("cubature_tolerance", "cubature_tolerence"))
    refused("offline", study, "-o", study.with_name("cube.rom"), ranks=ranks, words=(
        r"file: .*study\.toml", r"place: offline\.cubature_tolerence", "did you mean 'cubature_tolerance'"))


@pytest.mark.data
@pytest.mark.parametrize("ranks", [1, 2])
def test_snapshots_of_a_newer_schema_are_refused(refused, study, ranks):
    with h5py.File(study.with_name("cube.vtkhdf"), "a") as file:
        file["romlib"].attrs["schema_version"] = 99
    refused("offline", study, "-o", study.with_name("cube.rom"), ranks=ranks, words=(
        r"file: .*cube\.vtkhdf", "schema_version", "newer version of romlib", "at most"))


@pytest.mark.data
def test_damaged_snapshots_stop_all_ranks(refused, study):
    _cut(study.parent, "cube.vtkhdf")
    refused("offline", study, "-o", study.with_name("cube.rom"), ranks=2, words=(r"file: .*cube\.vtkhdf", "truncated"))


@pytest.mark.data
@pytest.mark.parametrize("suffix", [".rom", ".fields.rom"])
def test_rom_of_a_newer_schema_is_refused(refused, train_cube, tmp_path, suffix):
    """The fields file is opened when full fields are asked for, which the run without them does not notice."""
    rom = train_cube("1e-5")
    for each in (".rom", ".fields.rom"):
        shutil.copyfile(rom.with_suffix(each), tmp_path / f"cube{each}")
    with h5py.File(tmp_path / f"cube{suffix}", "a") as file:
        file.attrs["schema"] = 99
    refused("online", tmp_path / "cube.rom", "--case", "cube", "-o", tmp_path / "result.vtkhdf", words=(
        rf"file: .*cube{re.escape(suffix)}", "place: attribute schema", "newer version of romlib"))


LAWS = '''
"""Laws of another package that fail where they are told to."""

from dataclasses import replace

import numpy as np

from romlib.laws.elastic import ElasticLaw


class Stubborn(ElasticLaw):
    """Elastic, and never converges in one cell once the strain there exceeds a limit."""

    name = "stubborn"

    @classmethod
    def from_parameters(cls, parameters):
        own = {key: parameters[key] for key in ("cell", "limit")}
        law = super().from_parameters({key: value for key, value in parameters.items() if key not in own})
        law.cell, law.limit = own["cell"], own["limit"]
        return law

    def integrate(self, increment, state0, tangent=True):
        result = super().integrate(increment, state0, tangent)
        there = (increment.cells == self.cell) | (self.cell < 0)
        failed = np.flatnonzero(there & (np.linalg.norm(increment.strain1, axis=1) > self.limit))
        if not len(failed):
            return result
        return replace(result, failed_points=failed, dt_factor=0.5, message="the local equation did not converge")
'''
MATERIAL = """
[materials.mat]
cells = "all"
law = "stubborn"
density = 1e-8
parameters = {{ young = 200000, poisson = 0.3, cell = {cell}, limit = {limit} }}
"""


@pytest.fixture(scope="module")
def other_package(tmp_path_factory) -> Path:
    """A folder where a package with these laws is installed."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "stubborn_laws.py").write_text(LAWS)
    info = folder / "stubborn_laws-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stubborn-laws\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[romlib.laws]\nstubborn = stubborn_laws:Stubborn\n")
    return folder


@pytest.mark.data
@pytest.mark.parametrize("cell", [3, 210])  # one in each of the pieces: the other rank has no trouble of its own
def test_law_that_fails_in_the_check_stops_all_ranks(refused, study, other_package, cell):
    study.write_text(STUDY + MATERIAL.format(cell=cell, limit=1e-6))
    refused("offline", study, "-o", study.with_name("cube.rom"), ranks=2, code=FAILED, path=other_package, words=(
        r"check failed: .*cube\.vtkhdf", "replay", rf"cell {cell}\b", r"point \d", r"time \d"))


@pytest.mark.data
def test_law_that_fails_in_the_replay_stops_all_ranks(refused, study, other_package):
    study.write_text(STUDY + 'stress = "replay"\n' + MATERIAL.format(cell=210, limit=1e-6))
    refused("offline", study, "-o", study.with_name("cube.rom"), "--skip-check", ranks=2, path=other_package, words=(
        r"file: .*cube\.vtkhdf", "material 'mat'", r"cell 210\b", r"point \d", r"time \d", "did not converge"))


@pytest.mark.data
def test_law_that_fails_online_ends_the_run(romlib_command, refused, study, other_package):
    """Beyond the strain of the training every step is cut until none is left; the message names time and point."""
    study.write_text(STUDY + MATERIAL.format(cell=-1, limit=0.01))
    rom = study.with_name("cube.rom")
    trained = romlib_command.started("offline", study, "-o", rom, "--skip-check", path=other_package)
    assert trained.exit_code == 0, f"{trained}"
    case = study.with_name("case.toml")
    case.write_text('times = { stop = 0.4, step = 0.1 }\namplitudes.pressure = "1e5*t"\n')
    refused("online", rom, "--case-file", case, "-o", study.with_name("result.vtkhdf"), code=FAILED,
            path=other_package, words=("a constitutive law failed", "cut", r"cell \d+", r"point \d", r"time: 0\.0"))


@pytest.mark.data
def test_more_ranks_than_pieces_share_a_file_that_is_cut_as_it_is_read(romlib_command, study):
    done = romlib_command.started("offline", study, "-o", study.with_name("cube.rom"), ranks=3)
    assert done.exit_code == 0, f"{done}"
    assert study.with_name("cube.rom").is_file()
