"""What is generated in docs/ is what the code says now, and the site is built without a warning."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from docs_page import ROOT


def test_generated_pages_are_up_to_date():
    done = subprocess.run([sys.executable, str(ROOT / "docs" / "tools"), "--check"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_site_is_built_without_a_link_that_leads_nowhere(tmp_path):
    pytest.importorskip("material")
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
                          cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert done.returncode == 0, done.stderr
    first = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "romlib" in first
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "fonts.googleapis.com" not in text and "cdn" not in text.lower().split("<body")[0], page
