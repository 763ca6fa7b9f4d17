"""romlib.check, romlib.life, ... are functions, although folders of romlib have their names."""

from __future__ import annotations

import subprocess
import sys

import pytest

import romlib

SCRIPT = """
import importlib, inspect, romlib
name = {name!r}
before = getattr(romlib, name)
room = importlib.import_module(f"romlib.{{name}}")
importlib.import_module(f"romlib.{{name}}.{{{module!r}}}")
after = getattr(romlib, name)
assert after is room and callable(after), after
assert inspect.signature(after) == inspect.signature(before)
assert after.__doc__ == before.__doc__
assert getattr(after, {module!r}).__name__ == f"romlib.{{name}}.{{{module!r}}}"
try:
    after("/no/such/file.vtkhdf", {more})
except romlib.RomlibError as error:
    assert "/no/such/file.vtkhdf" in str(error), error
else:
    raise AssertionError("the function was not called")
"""


@pytest.mark.parametrize("name, module, more", [
    ("check", "options", ""), ("life", "table", ""), ("report", "curves", "'page.html'")])
def test_a_function_stays_one_when_its_folder_is_imported(name, module, more):
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(name=name, module=module, more=more)], text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_name_is_the_same_object_before_and_after_its_folder_is_imported():
    script = """
import importlib, pathlib, romlib
folders = [name for name in romlib.__all__ if (pathlib.Path(romlib.__file__).parent / name).is_dir()]
assert len(folders) >= 4, folders
for name in folders:
    before = getattr(romlib, name)
    assert before is importlib.import_module(f"romlib.{name}") is getattr(romlib, name) and callable(before), name
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_name_of_romlib_can_be_had():
    for name in romlib.__all__:
        assert getattr(romlib, name) is not None
