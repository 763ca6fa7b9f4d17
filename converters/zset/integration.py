"""How Zset integrates laws over an increment (*integration), as far as romlib's implicit Euler differs from it."""

from __future__ import annotations

from collections.abc import Iterable

from romlib_converters.zset.tree import Block

from romlib.model import Omission

EULER = "theta_method_a"  # with its first parameter, theta, at one


def is_euler(scheme: Block) -> bool:
    """Whether a scheme is one step of implicit Euler an increment, as romlib's laws are integrated."""
    words = scheme.words
    return bool(words) and words[0].text == EULER and len(words) > 1 and words[1].try_number() == 1.0


def scheme_notes(schemes: Iterable[Block]) -> list[Omission]:
    """What to say of the schemes of materials that remember their history: nothing of those that are romlib's own.

    schemes : keywords *integration, each once or several times.
    """
    other = {(scheme.file, scheme.line): scheme for scheme in schemes if not is_euler(scheme)}
    if not other:
        return []
    found = "; ".join(f"*integration {' '.join(word.text for word in scheme.words)} (line {scheme.line} of "
                      f"{scheme.file.name})" for scheme in other.values())
    return [Omission(name="integration", does_work=False, description=(
        f"{found} is another scheme than the one step of implicit Euler an increment ({EULER} 1.) by which romlib "
        "integrates laws: stress and internal variables differ by an error that falls with the length of the "
        "increments"))]
