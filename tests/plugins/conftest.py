"""Libraries that several test files call: each compiled once a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from umat_example import compiled, example


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """What romlib compiles here does not go to the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def j2evp(tmp_path_factory) -> Path:
    """libJ2EVP.so."""
    return example(tmp_path_factory.mktemp("j2evp"), "libJ2EVP.so")


@pytest.fixture(scope="session")
def elastic_library(tmp_path_factory) -> Path:
    """A UMAT without state: linear elasticity with E = 1000, nu = 0.25."""
    return compiled(tmp_path_factory.mktemp("elastic"), "ELASTIC;")
