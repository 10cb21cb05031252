"""Compiled programs are kept in a folder of the test run's own."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory):
    """Where this run keeps machine code: the same program is compiled once."""
    given = os.environ.get("GLASSNET_CACHE_DIR")
    return given or str(tmp_path_factory.mktemp("programs"))


@pytest.fixture(autouse=True)
def own_cache(cache_folder, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE_DIR", cache_folder)
