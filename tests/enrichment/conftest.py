"""A small study with a trained ROM, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from enrichment_example import make

import romlib
from romlib.fullorder import petsc
from romlib.parallel.comm import world


@pytest.fixture(scope="session")
def hot_bar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with study.toml, the training runs, and x.rom; the same for every rank."""
    comm = world()
    petsc.load()  # by all ranks together, before rank 0 solves alone
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("hot_bar"))
    comm.on_root(lambda: make(folder))
    with romlib.train(folder / "study.toml", comm, output=folder / "x.rom", skip_check=True) as trained:
        trained.write()
    return folder


@pytest.fixture
def own_bar(hot_bar: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it that a test may change."""
    comm = world()

    def copy() -> Path:
        folder = tmp_path_factory.mktemp("own_bar")
        for file in hot_bar.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        return folder

    return comm.on_root(copy)
