"""A temperature from the results of a thermal computation, which have no displacement: Zset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from zset_files import SmallComputation

from romlib.errors import InputError
from romlib.model import TemperatureFile
from romlib.snapshots.nodal_fields import StoredTemperature

TIMES = (0.5, 1.0, 2.0)


def stored(path: Path, **options) -> StoredTemperature:
    return StoredTemperature(TemperatureFile(file=path, **options))


def test_a_node_variable_of_zset(tmp_path):
    computation = SmallComputation(tmp_path, times=TIMES)
    header = (tmp_path / "small.ut").read_text().replace("**node U1 U2 U3", "**node FLUX TP")
    (tmp_path / "small.ut").write_text(header)
    n_node = len(computation.ids)
    values = np.arange(1.0, n_node + 1) * np.array(TIMES)[:, None]
    np.stack([-values, values], axis=1).astype(">f4").tofile(tmp_path / "small.node")
    found = stored(tmp_path / "small.ut")
    np.testing.assert_allclose(found.at(computation.ids[::-1]), values[:, ::-1], rtol=1e-6)
    np.testing.assert_allclose(stored(tmp_path / "small.ut", field="FLUX").at(computation.ids[:1]), -values[:, :1])
    with pytest.raises(InputError, match="no node variable") as caught:
        stored(tmp_path / "small.ut", field="heat")
    assert "FLUX TP" in str(caught.value.expected)
