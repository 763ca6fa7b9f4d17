from __future__ import annotations

from pathlib import Path

import pytest
from romlib_converters.common.kinds import KINDS, refuse_no_history

from romlib.errors import UnsupportedError


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_refused_with_its_reason_and_what_would_be_needed(kind):
    with pytest.raises(UnsupportedError) as caught:
        refuse_no_history(kind, Path("job.rst"), place="set 3", found="ANTYPE 2")
    words = str(caught.value)
    assert words.startswith(f"{kind} results are no history of displacements: ")
    assert all(part in words for part in ("job.rst", "set 3", "ANTYPE 2", "quasi-static", "to do"))


def test_a_kind_without_explanation_is_refused_by_its_name():
    with pytest.raises(UnsupportedError, match="acoustic results are no history of displacements\n"):
        refuse_no_history("acoustic", Path("job.rst"))
