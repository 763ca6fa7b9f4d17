"""What the page on UMATs says, pasted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from umat_example import needs

from romlib.laws.registry import build_law
from romlib.model import Material
from romlib.study import Study

ROOT = Path(__file__).resolve().parent.parent.parent
SECTION = (ROOT / "docs" / "how-to" / "umat.md").read_text(encoding="utf-8")


def test_the_example_is_compiled_checked_and_read(tmp_path):
    needs("cc")
    needs("gfortran")
    (make,) = re.findall(r"^(make .*?) *#.*$", SECTION, re.MULTILINE)
    subprocess.run(["bash", "-c", make.replace("OUT=$PWD", f"OUT={tmp_path}")], cwd=ROOT, check=True)
    (script,) = re.findall(r"^```python\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("LawReport(law='umat', tangent_error=")
    (study,) = re.findall(r"^```toml\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    (tmp_path / "study.toml").write_text(study)
    law = build_law(Study.read(tmp_path / "study.toml").materials["steel"])
    assert law.path == tmp_path / "libJ2EVP.so" and set(law.state_variables) == {"p", "plastic_strain"}
    table = dict(re.findall(r"^\| `(lib\w+\.so)` \| `(\w+)` \|", SECTION, re.MULTILINE))
    assert set(table) == {path.name for path in tmp_path.glob("*.so")}
    for library, symbol in table.items():
        build_law(Material(law="umat", parameters={"library": str(tmp_path / library), "symbol": symbol}))
