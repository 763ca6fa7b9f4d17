"""Every block of every page is run, in the order of the page, in a folder of its own.

In the source of a page, with $REPOSITORY and $PLATE for the folders of the repository and of a small trained plate
(study.toml, train_100.vtkhdf, ..., reference.vtkhdf, plate.rom, result.vtkhdf); `page_runner.py` has the details:

    <!-- run:                        what the page takes for granted
    cp $PLATE/* .
    -->
    <!-- not run: REASON -->         before a block that cannot be run here
    <!-- needs: ccx, mpirun -->      programs or modules without which the page is skipped
    <!-- slow -->                    more than half a minute: not in the default run
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docs_page import DOCS, PAGES, PLUGIN, ROOT, environment, page
from page_runner import reasons, steps

# by tests of their own
RUN_ELSEWHERE = {"tutorial.md", "how-to/ansys.md", "how-to/zset.md", "how-to/umat.md", "plugins.md"}
PLATE = """
from pathlib import Path
import plate
plate.quarter_plate.__defaults__ = (4, 7, 1)
from generate import generate
from romlib.study import Study
generate(Study.read("study.toml"), "held_out", Path("."))
"""


@pytest.fixture(scope="session")
def plate(tmp_path_factory) -> Path:
    """A folder with a small plate: study, training runs, reference, ROM and a result of it."""
    folder = tmp_path_factory.mktemp("plate")
    shutil.copy(ROOT / "cases" / "plate_demo" / "study.toml", folder)
    inside = environment(ROOT / "cases" / "plate_demo")
    commands = [[sys.executable, "-c", PLATE], ["romlib", "offline", "study.toml", "-o", "plate.rom"],
                ["romlib", "online", "plate.rom", "--case", "held_out", "-o", "result.vtkhdf"]]
    for command in commands:
        done = subprocess.run(command, cwd=folder, env=inside, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
    return folder


def parameters() -> list[pytest.ParameterSet]:
    """The pages that have something to run."""
    found = []
    for name in PAGES:
        if name not in RUN_ELSEWHERE and steps(page(name)):
            slow = re.search("^<!-- slow -->$", page(name), re.MULTILINE)
            found.append(pytest.param(name, marks=[pytest.mark.slow] if slow else [], id=name))
    return found


@pytest.mark.parametrize("name", parameters())
def test_the_blocks_of_a_page_run_one_after_another(name, plate, tmp_path):
    text = page(name)
    for needed in re.findall(r"^<!-- needs: (.*) -->$", text, re.MULTILINE):
        for program in needed.split(", "):
            if shutil.which(program) is None and importlib.util.find_spec(program) is None:
                pytest.skip(f"the page needs {program}")
    inside = {**environment(), "REPOSITORY": str(ROOT), "PLATE": str(plate)}
    runner = Path(__file__).with_name("page_runner.py")
    done = subprocess.run([sys.executable, str(runner), str(DOCS / name)], cwd=tmp_path, env=inside, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:]


def test_few_blocks_are_not_run_and_each_says_why():
    said = [reason for name in PAGES for reason in reasons(page(name))]
    assert len(said) <= 12
    assert all(len(reason) > 10 for reason in said)


def test_every_comment_that_directs_a_test_is_understood():
    """A misspelt one would leave a page unrun."""
    known = re.compile(r"<!-- (run:\n.*?\n-->|not run: [^\n]+ -->\n+```(bash|python)|needs: [\w, ]+ -->|slow -->|"
                       r"generated: [^\n]+ -->|end -->)", re.DOTALL)
    for name in PAGES:
        for comment in re.finditer("<!--", page(name)):
            assert known.match(page(name), comment.start()), f"{name}: {page(name)[comment.start():][:80]}"


def test_the_folder_of_the_example_is_no_page():
    assert PLUGIN.is_dir() and not any(name.startswith("example_plugin") for name in PAGES)
