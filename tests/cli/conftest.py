"""Files of trained models for the tests of the commands that use them."""

from __future__ import annotations

import pytest
import saved_models

from glassnet.cli import main


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A folder with models and tables; not to be written to."""
    folder = tmp_path_factory.mktemp("saved")
    saved_models.write(folder)
    return folder


@pytest.fixture
def glassnet(capsysbinary, monkeypatch, saved):
    """Run a command line in that folder: exit code, stdout, stderr."""
    monkeypatch.chdir(saved)

    def call(*words):
        with pytest.raises(SystemExit) as stop:
            main([*map(str, words)], prog_name="glassnet")
        out, err = capsysbinary.readouterr()
        return stop.value.code, out.decode(), err.decode()

    return call
