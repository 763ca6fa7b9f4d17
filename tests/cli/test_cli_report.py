"""romlib report: what is on the page, what is refused, and how a browser shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from bounded_bar import LIFE, write_rom
from terminal import as_json, run

import romlib
from romlib.archive.romfile import read_rom
from romlib.errors import InputError

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
               None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A ROM with bounds, a result of it, and their report."""
    folder = tmp_path_factory.mktemp("report")
    write_rom(folder / "bar.rom")
    run("online", folder / "bar.rom", "--case", "pull", "-o", folder / "result.vtkhdf")
    (folder / "life.toml").write_text(LIFE)
    run("report", folder / "bar.rom", folder / "result.vtkhdf", "--case", "weak", "--study", folder / "life.toml",
        "-o", folder / "page.html")
    return folder


@pytest.fixture(scope="module")
def page(folder) -> str:
    return (folder / "page.html").read_text(encoding="utf-8")


def words(page: str) -> str:
    """What a reader sees, roughly."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.S))).split())


def test_the_page_has_every_section_and_the_numbers_of_the_rom(folder, page):
    heads = re.findall(r"<h2[^>]*>([^<]*)</h2>", page)
    assert heads == ["bar.rom: The reduced model", "bar.rom: What it was made of",
                     "bar.rom: The check of the runs", "bar.rom: Errors", "bar.rom: Cubature",
                     "bar.rom: Singular values", "bar.rom: What bounds of errors rest on", "bar.rom: Cases",
                     "bar.rom: Case weak", "result.vtkhdf: the run", "result.vtkhdf: curves",
                     "result.vtkhdf: bounds of its errors", "result.vtkhdf: fields", "result.vtkhdf: life", "Versions"]
    archive, said = read_rom(folder / "bar.rom"), words(page)
    assert archive.manifest.fingerprint in said and f"integration points of {archive.manifest.n_ip}" in said
    assert said.index("Over runs that a ROM of the others was not trained with") < said.index(
        "Over the runs that the ROM was trained with")  # held-out errors and those over the training, said apart
    assert "pull is outside the training runs from time" in said  # of the result, and of the case
    assert f"romlib, this page {romlib.__version__}" in said


def test_life_is_on_the_page_where_there_are_fatigue_curves(folder, page):
    found = romlib.life(folder / "result.vtkhdf", study=folder / "life.toml")
    assert words(page).count("Hot spots by damage") == 2 and f"{found.spots[0].damage:.4g}" in words(page)


def test_everything_is_within_the_page(page):
    assert set(re.findall(r'src="([a-z]+):', page)) == {"data"}
    assert "<script" not in page and "<link" not in page and "url(" not in page
    assert page.count("data:image/svg+xml") >= 5


def test_pictures_say_where_the_largest_value_is(folder, page):
    pytest.importorskip("pyvista")
    if "No picture of" in page:
        pytest.skip("nothing here renders without a screen")
    said = words(page)
    assert page.count("data:image/png") == 4
    places = re.findall(r"Largest value of the run: (\S+) MPa at cell (\d+), point (\d+), at", said)
    with romlib.open(folder / "result.vtkhdf") as results:
        assert any(float(value) == pytest.approx(results.von_mises().max(), rel=1e-3) for value, _, _ in places)


def test_names_from_files_cannot_become_part_of_the_page(folder, tmp_path):
    archive = tmp_path / "nasty.rom"
    shutil.copy(folder / "bar.rom", archive)
    from romlib.archive.romfile import write_rom as rewrite

    rom = read_rom(archive)
    rom.manifest.inputs = {"<script>alert(1)</script>": "abc"}
    rom.manifest.study = "</pre><img src=http://example.org/x onerror=alert(1)>"
    rom.manifest.accepted = ["<b onclick=x>"]
    rewrite(archive, rom)
    page = romlib.report(archive, tmp_path / "nasty.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "<img src=http" not in page and "<b onclick" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_rom_without_its_fields_file_has_a_report_that_says_so(folder, tmp_path):
    shutil.copy(folder / "bar.rom", tmp_path / "alone.rom")
    said = words(romlib.report(tmp_path / "alone.rom", tmp_path / "alone.html").read_text())
    assert "fields file (.fields.rom), which is not beside the ROM" in said and "no pictures" in said


def test_what_a_report_cannot_be_made_of_is_refused(folder, tmp_path):
    before = (folder / "bar.rom").read_bytes()
    assert "did you mean 'weak'" in run("report", folder / "bar.rom", "--case", "weka", "-o", tmp_path / "x.html",
                                        code=2).stderr
    run("report", folder / "bar.rom", "-o", folder / "bar.rom", code=2)
    run("report", folder / "bar.fields.rom", "-o", tmp_path / "x.html", code=2)
    run("report", folder / "life.toml", "-o", tmp_path / "x.html", code=2)
    assert "cases are those of a ROM" in run("report", folder / "result.vtkhdf", "--case", "weak", "-o",
                                             tmp_path / "x.html", code=2).stderr
    with pytest.raises(InputError, match="a report needs"):
        romlib.report([], tmp_path / "x.html")
    assert (folder / "bar.rom").read_bytes() == before and not list(tmp_path.iterdir())


def test_json_names_the_page_and_without_fatigue_curves_there_is_no_life(folder, tmp_path):
    said = as_json("report", folder / "result.vtkhdf", "-o", tmp_path / "r.html")
    assert said["size"] == (tmp_path / "r.html").stat().st_size
    assert "Hot spots" not in (tmp_path / "r.html").read_text()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt-get install chromium")
def test_a_browser_shows_the_page_with_its_pictures(folder, tmp_path):
    """The screenshot is no empty page: there are colours, those of curves and pictures, over a good part of it."""
    from matplotlib.image import imread

    browser = [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run([*browser, "--hide-scrollbars", "--window-size=1100,9000",
                            f"--screenshot={tmp_path / 'page.png'}", (folder / "page.html").as_uri()],
                           capture_output=True, text=True, timeout=120, check=False)
    assert (tmp_path / "page.png").is_file(), shown.stderr
    pixels = imread(tmp_path / "page.png")[..., :3]
    assert pixels.shape == (9000, 1100, 3)
    saturated = (pixels.max(axis=2) - pixels.min(axis=2) > 0.3)
    drawn = saturated.reshape(90, 100, 1100).any(axis=(1, 2))
    assert drawn.mean() > 0.2  # curves and pictures, which are what has colours


def test_a_page_is_not_written_under_the_name_of_another_kind_of_file(folder, tmp_path):
    assert "expected: .html" in run("report", folder / "result.vtkhdf", "-o", tmp_path / "a.pdf", code=2).stderr
    assert not list(tmp_path.iterdir())
