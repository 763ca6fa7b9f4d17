"""Hooks of MkDocs: pages outside of docs/ that a page links (cases, CONTRIBUTING.md, pictures) become part of the site.

The pages are written for whoever reads them in the repository, so that their links are those of the repository. In the
site, a file FOLDER/NAME outside of docs/ is `repository/FOLDER/NAME`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def in_site(path: Path) -> str:
    """Where a file of the repository is in the site: its address below docs/."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    return f"repository/{path.relative_to(ROOT).as_posix()}"


def target(source: Path, link: str) -> tuple[Path, str]:
    """The file that a link of a page leads to, and the anchor in it; of a folder, its README."""
    address, _, anchor = link.partition("#")
    path = (source.parent / address).resolve() if address else source
    return (path / "README.md" if path.is_dir() else path), anchor


def links(source: Path) -> list[str]:
    """Links of a page, without those of its code and those into the net."""
    text = FENCE.sub("", source.read_text(encoding="utf-8"))
    return [link for link in LINK.findall(text) if "://" not in link and not link.startswith("mailto:")]


def outside() -> list[Path]:
    """Files outside of docs/ that its pages lead to, directly or by one another."""
    found: list[Path] = []
    waiting = [path for path in DOCS.rglob("*.md") if not in_site(path).startswith(("repository/", "tools/"))]
    while waiting:
        page = waiting.pop()
        for link in links(page):
            path, _ = target(page, link)
            if path.is_file() and path.is_relative_to(ROOT) and in_site(path).startswith("repository/") \
                    and path not in found:
                found.append(path)
                if path.suffix == ".md":
                    waiting.append(path)
    return sorted(found)


def on_files(files: Files, config: Any) -> Files:
    """Add what lies outside of docs/."""
    for path in outside():
        files.append(File.generated(config, in_site(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links of the repository into those of the site."""
    source = Path(page.file.abs_src_path)
    here = Path(page.file.src_uri).parent

    def one(match: re.Match[str]) -> str:
        if "://" in match[1] or match[1].startswith(("mailto:", "#")):
            return match[0]
        path, anchor = target(source, match[1])
        if not path.is_relative_to(ROOT):
            return match[0]
        address = Path(os.path.relpath(in_site(path), here)).as_posix()
        return f"]({address}{'#' + anchor if anchor else ''})"

    parts, last = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(one, markdown[last:fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*parts, LINK.sub(one, markdown[last:])])
