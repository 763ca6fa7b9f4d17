from __future__ import annotations

import subprocess
import sys

import pytest

FORMATS = ("calculix", "meshio", "zset")


@pytest.mark.parametrize("name", FORMATS)
def test_a_module_of_a_format_costs_no_converter_and_no_other_format(name):
    script = (f"import romlib_converters.{name}, sys; print([one for one in sys.modules if one.startswith("
              f"'romlib_converters.') and not one.endswith('.lazy')], 'numpy' in sys.modules)\n"
              f"import importlib; importlib.import_module('romlib_converters.{name}').__all__[0]\n")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"['romlib_converters.common', 'romlib_converters.{name}'] False"


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_exports_its_converter_and_nothing_else(name):
    package = __import__(f"romlib_converters.{name}", fromlist=["x"])
    exported, = package.__all__
    assert getattr(package, exported).name == name
    with pytest.raises(AttributeError, match="has no attribute"):
        package.Absent  # noqa: B018
