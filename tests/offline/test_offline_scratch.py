"""The scratch file keeps what it was given, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from romlib.offline.scratch import Scratch


def test_blocks_come_back_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((7, 5, 6))
    with Scratch(tmp_path) as scratch:
        for part in (rows[:3], rows[3:4], rows[4:]):
            scratch.append("0/stress", part)
        scratch.append("1/stress", rows[:2, :0])
        assert np.array_equal(scratch.read("0/stress", slice(None)), rows)
        assert np.array_equal(scratch.read("0/stress", slice(2, 6)), rows[2:6])
        assert scratch.read("0/stress", slice(3, 3)).shape == (0, 5, 6)
        assert scratch.read("1/stress", slice(0, 2)).shape == (2, 0, 6)
        assert (scratch.length("0/stress"), scratch.length("2/stress")) == (7, 0)
        with pytest.raises(ValueError, match="rows of 0/stress"):
            scratch.append("0/stress", rows[:, :4])
    assert not list(tmp_path.iterdir())


def test_arrays_that_are_forgotten_leave_the_others_as_they_were(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        for k, name in enumerate(("0/p", "1/0/modes", "1/p")):
            scratch.append(name, np.full((2, 3), k))
        scratch.forget(lambda name: name.count("/") > 1)
        scratch.append("2/0/modes", np.full((1, 3), 7.0))
        assert scratch.length("1/0/modes") == 0 and len(list(scratch.folder.iterdir())) == 3
        assert (scratch.read("1/p", slice(None)) == 2.0).all() and (scratch.read("0/p", slice(None)) == 0.0).all()
        assert (scratch.read("2/0/modes", slice(None)) == 7.0).all()


def test_an_error_leaves_no_scratch_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Scratch(tmp_path) as scratch:
        scratch.append("a", np.ones((1, 2)))
        raise RuntimeError
    assert not list(tmp_path.iterdir())


FILLS = """
import resource, sys
import subprocess
import sys
from pathlib import Path
import numpy as np
from romlib.errors import InputError
from romlib.offline.scratch import Scratch
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with Scratch(Path(sys.argv[1])) as scratch:
        scratch.needed = 2.5e9
        for k in range(100):
            scratch.append("a", np.ones((3, 1000)))
except InputError as error:
    print(error)
"""


def test_a_full_disk_is_told_with_what_is_needed_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILLS, str(tmp_path)], capture_output=True, text=True)
    for words in ("may not become as large", "about 2.5 GB", "a limit of 100.0 kB", str(tmp_path)):
        assert words in done.stdout, f"{done}"
    assert done.returncode == 0 and not list(tmp_path.iterdir())


def test_the_scratch_files_of_a_killed_training_go_with_the_next(tmp_path: Path) -> None:
    killed = FILLS.replace("scratch.needed = 2.5e9", "import os; os.kill(os.getpid(), 9)")
    assert subprocess.run([sys.executable, "-c", killed, str(tmp_path)]).returncode == -9
    assert [path.name[:16] for path in tmp_path.iterdir()] == [".romlib-scratch."]
    with Scratch(tmp_path) as scratch:
        assert list(tmp_path.iterdir()) == [scratch.folder]
    assert not list(tmp_path.iterdir())
