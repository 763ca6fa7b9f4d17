"""The room that a training will take: close to what it takes, and refused where it is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from small_problem import bar, pulled_bar, solve, write

from romlib.archive.romfile import fields_path
from romlib.errors import InputError
from romlib.offline.dual import DualHistory
from romlib.offline.options import OfflineOptions
from romlib.offline.room import Room
from romlib.offline.scratch import Scratch
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm, serial
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.space import DiskFullError

T = TypeVar("T")
TIMES = np.linspace(0.0, 1.0, 21)
UNITS = {"bytes": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder, mesh, model = tmp_path_factory.mktemp("room"), bar(), pulled_bar()
    u, _ = solve(mesh, model, TIMES)
    return {n: write(folder / f"bar{n}.vtkhdf", mesh, model, TIMES, u, n) for n in (1, 3)}


def run(file: Path, output: Path, said: list[str], scratch: Path | None = None, **options: object) -> None:
    snapshots = Snapshots(file)
    training = TrainingSet([PreparedSnapshots.of(snapshots)])
    train(training, OfflineOptions.model_validate({"dual_fields": ("stress", "p"), **options}), output, serial(),
          progress=said.append, scratch_folder=scratch)


def figures(line: str) -> list[float]:
    """The numbers of bytes in a line, before what is free."""
    line = re.sub(r"([\d.]+) to ([\d.]+) (bytes|kB|MB|GB)", r"\1 \3 to \2 \3", line)
    return [float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+) (bytes|kB|MB|GB)", line)][:-1]


@pytest.mark.parametrize("n_piece", [1, 3])
@pytest.mark.parametrize("training", ["snapshots", "full_rom"])
def test_the_estimate_is_within_a_fifth_of_what_a_training_takes(
    files: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_piece: int, training: str
) -> None:
    taken: list[int] = []
    leave = Scratch.__exit__
    monkeypatch.setattr(Scratch, "__exit__", lambda self, *error: (
        taken.append(sum(path.stat().st_size for path in self.folder.iterdir())), leave(self, *error))[1])
    said: list[str] = []
    run(files[n_piece], tmp_path / "x.rom", said, cubature_training=training)
    before, known = (figures(line) for line in said if line.startswith("disk"))
    output = (tmp_path / "x.rom").stat().st_size + fields_path(tmp_path / "x.rom").stat().st_size
    least, most, *_ = before
    assert 0.8 * least <= taken[0] <= 1.2 * most
    scratch, written = known
    assert abs(scratch - taken[0]) <= 0.2 * taken[0]
    # HDF5's own of each piece, and the ROM, matter in files as small as these.
    assert abs(written - output) <= 0.2 * output + 150_000 * n_piece


def test_a_training_that_has_no_room_is_refused_before_it_begins(
    files: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("romlib.offline.room.free_bytes", lambda folder: 100_000)
    said: list[str] = []
    with pytest.raises(DiskFullError, match=r"not enough room[^$]*room for at least[^$]*100\.0 kB free[^$]*--scratch"):
        run(files[1], tmp_path / "x.rom", said)
    assert not said and not list(tmp_path.iterdir())


def test_scratch_files_go_where_the_user_says(files: dict[int, Path], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    said: list[str] = []
    run(files[1], tmp_path / "x.rom", said, tmp_path / "elsewhere")
    assert re.fullmatch(r"disk: .* of scratch, .* of output, by the number of modes; .* free", said[0])
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "x.rom", "x.fields.rom"}
    assert not list((tmp_path / "elsewhere").iterdir())
    with pytest.raises(InputError, match="scratch files cannot be written"):
        run(files[1], tmp_path / "y.rom", said, tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["bar1.vtkhdf", "x.fields.rom"])
def test_a_rom_goes_neither_over_a_training_file_nor_under_the_name_of_a_fields_file(
    files: dict[int, Path], name: str
) -> None:
    before = files[1].read_bytes()
    with pytest.raises(InputError, match=r"would replace an input|name is that of a fields file"):
        run(files[1], files[1].with_name(name), [])
    assert files[1].read_bytes() == before


def test_the_fields_file_goes_over_no_training_file(files: dict[int, Path], tmp_path: Path) -> None:
    (tmp_path / "x.fields.rom").symlink_to(files[1])
    before = files[1].read_bytes()
    with pytest.raises(InputError, match="would replace an input"):
        run(files[1], tmp_path / "x.rom", [])
    assert files[1].read_bytes() == before


class OtherHost(Comm):
    """A rank on a host that does not see the folder of the output; rank 0 says which disk it is."""

    def on_root(self, function: Callable[[], T]) -> T:
        return ("first host", 1)  # type: ignore[return-value]


def test_a_rank_need_not_see_the_folder_of_the_output(files: dict[int, Path], tmp_path: Path) -> None:
    """What rank 0 alone writes is for rank 0 to look at: any other rank would fail by itself, and the rest wait."""
    snapshots = Snapshots(files[1])
    training = TrainingSet([PreparedSnapshots.of(snapshots)])
    with Scratch(tmp_path) as scratch:
        history = DualHistory(training, ["stress"], OfflineOptions().stress, scratch)
        room = Room(training, history, OfflineOptions(), [0], scratch, tmp_path / "nowhere" / "x.rom")
        room.claim(*room.least_and_most(), OtherHost(), lambda line: None)
        assert room.output_bytes > 0
