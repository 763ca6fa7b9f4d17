"""What the pages name: commands and options, targets and packages, links, scripts, messages, exit statuses."""

from __future__ import annotations

import functools
import re
import signal
import unicodedata

import pytest
import typer
from docs_page import DOCS, PAGES, PLUGIN, README, ROOT, page, tables

from romlib.cli import app

OF_OTHERS = {"--system-site-packages", "--oversubscribe", "--no-binary"}  # options of pip, venv and mpirun


@functools.cache
def options_of(command: str) -> set[str]:
    """The options of a command of romlib, from its own parser."""
    group = typer.main.get_command(app)
    parser = group if command == "" else group.commands[command]  # type: ignore[attr-defined]
    return {option for parameter in parser.params for option in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help", "-h"}


def commands_of(text: str) -> list[tuple[str, list[str]]]:
    """Command and options of everything in a page that begins with `romlib` in code."""
    code = re.findall(r"^```(?:sh|bash)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    code += re.findall(r"^ {4}((?:romlib|mpirun) .*)$", text, re.MULTILINE)
    code += [line for line in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]
    found = []
    for line in "\n".join(code).splitlines():
        for call in re.findall(r"(?:^|(?<=\s))romlib ([a-z]\w*)([^;&#]*)", line):
            found.append((call[0], re.findall(r"(?<=\s)--?[a-z][\w-]*", call[1])))
    return found


def test_every_command_and_option_named_exists():
    texts = [README, (PLUGIN / "README.md").read_text(), *map(page, PAGES)]
    named = [call for text in texts for call in commands_of(text)]
    assert len(named) > 30
    group = typer.main.get_command(app)
    for command, options in named:
        assert command in group.commands, command  # type: ignore[attr-defined]
        assert set(options) <= options_of(command), f"romlib {command} {options}"
    everywhere = set().union(*(options_of(command) for command in ["", *group.commands]))  # type: ignore[attr-defined]
    prose = set().union(*(re.findall(r"`(--[a-z][\w-]*)", text) for text in texts)) - OF_OTHERS
    assert prose <= everywhere


def test_every_command_of_romlib_is_named():
    group = typer.main.get_command(app)
    by_hand = [call for name in PAGES if name != "reference/commands.md" for call in commands_of(page(name))]
    assert set(group.commands) <= {command for command, _ in by_hand}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["meshio", "calculix"])
def test_the_options_of_a_converter_are_documented(name):
    module = pytest.importorskip(f"romlib_converters.{name}.converter")
    table = next(t for t in tables(page(f"how-to/{name}.md")) if any(f"convert {name}" in head for head in t[0]))
    cells = [next(iter(row.values())) for row in table]
    names = re.findall(r"(\w+)=", " ".join(re.sub(r"=\{[^}]*\}", "=", cell) for cell in cells))
    assert sorted(names) == sorted(module._OPTIONS)


def test_targets_of_make_extras_and_packages_are_those_of_the_files():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|^ {4}|^)make (\w+)", README + page("installation.md"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    packages = re.search(r"^PACKAGES := (.*)$", makefile.replace("\\\n", " "), re.MULTILINE)
    assert packages is not None
    listed = next(t for t in tables(page("installation.md")) if "Debian package" in t[0])
    assert {name for row in listed for name in re.findall(r"`([\w-]+)`", row["Debian package"])} == set(
        packages[1].split())
    extras = next(t for t in tables(page("installation.md")) if "extra" in t[0])
    setup = (ROOT / "setup.cfg").read_text()
    requirements = setup[setup.index("[options.extras_require]"):setup.index("[options.entry_points]")]
    assert {row["extra"].strip("`") for row in extras} == set(re.findall(r"^(\w+) =$", requirements, re.MULTILINE))
    for row in extras:
        name, wanted = row["extra"].strip("`"), row["adds"].split(", ")
        block = re.search(rf"^{name} =\n((?: +\S.*\n)+)", setup, re.MULTILINE)
        assert block is not None, name
        assert sorted(re.findall(r"^ +([\w-]+)", block[1], re.MULTILINE)) == sorted(wanted)


def test_the_readme_is_short():
    assert (ROOT / "README.md").stat().st_size <= 12_000


def test_exit_statuses_are_those_of_the_command_line():
    from romlib.cli import failures

    table = next(t for t in tables(page("reference/output.md")) if "status" in t[0])
    meanings = {int(status): row["meaning"] for row in table for status in row["status"].split(",")}
    assert set(meanings) == {0, failures.FAILED, failures.WRONG_INPUT, failures.UNEXPECTED,
                             128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert "check" in meanings[failures.FAILED] and "input" in meanings[failures.WRONG_INPUT]


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as the usual hosts make them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE):
        plain = unicodedata.normalize("NFC", heading.lower())
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md",
                                  PLUGIN / "README.md", *sorted((ROOT / "cases").glob("*/README.md"))],
                         ids=lambda path: f"{path.parent.name}-{path.name}")
def test_links_resolve(path):
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if "://" in link:
            continue
        address, _, anchor = link.partition("#")
        target = path.parent / address if address else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_picture_is_shown_and_small():
    pictures = set((DOCS / "images").glob("*.png"))
    shown = {DOCS / name for text in [README, *map(page, PAGES)] for name in re.findall(r"(images/[\w.]+)\)", text)}
    assert pictures == shown
    assert all(picture.stat().st_size < 200_000 for picture in pictures)


def test_scripts_and_studies_named_exist():
    for text in [README, *map(page, PAGES)]:
        for name in re.findall(r"(?:python |`)((?:benchmarks|cases|docs|tests)/[\w./]+)", text):
            assert (ROOT / name).exists(), name


def test_measurements_of_the_check_are_those_listed():
    from romlib.check.items import MEANING

    table = next(t for t in tables(page("reference/output.md")) if "measurement fails" in t[0])
    listed = {name for row in table for name in re.findall(r"`([a-z_ ]+?)(?: \.\.\.)?`", row["measurement fails"])}
    assert listed - {"state"} == set(MEANING)


def test_messages_listed_are_raised_somewhere():
    files = [path for folder in ("romlib", "converters", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]
    sources = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text() for path in files))  # parts of one message
    sources = re.sub(r"\{[^{}]*\}", "...", sources)
    for row in next(t for t in tables(page("messages.md")) if "message" in t[0]):
        words = [re.escape(part.strip()) for part in re.sub(r" \(.*\)$", "", row["message"]).split("...")]
        assert re.search(".{1,40}?".join(words), sources), row["message"]
