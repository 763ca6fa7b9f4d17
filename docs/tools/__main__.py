"""Remake what is generated in docs/: `python docs/tools`. With --check: say what is stale, and change nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import api_page
import command_page
import key_tables

DOCS = Path(__file__).resolve().parents[1]


def generated() -> dict[Path, str]:
    """Every generated page as it should be."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
    with_tables = {path: key_tables.filled(text) for path, text in texts.items() if "<!-- generated: " in text}
    whole = {"commands.md": command_page.page(), "api.md": api_page.page()}
    return {**{DOCS / "reference" / name: text for name, text in whole.items()}, **with_tables}


def main() -> int:
    """Write the pages, or compare them."""
    pages = generated()
    stale = [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path} is stale: python docs/tools makes it anew")
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
