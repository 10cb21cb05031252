"""Settings that hold for every test: one thread, no window, repeatable cases, untouched global generators."""

from __future__ import annotations

import os
import random

# Before NumPy is loaded, and inherited by the programs that tests start: tests compare numbers bit for bit,
# and several workers on few cores must not fight for them.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # so that scikit-learn's checks of estimators leave none out

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("tests", deadline=None, derandomize=True)
settings.register_profile("campaign", deadline=None, max_examples=10_000, print_blob=True)
settings.load_profile("tests")


def pytest_ignore_collect(collection_path, config):
    """Tests against peers need Keras, JAX and PyTorch: they are not even imported unless `-m peers` asks."""
    asked = "peers" in config.option.markexpr.replace("not peers", "")
    return True if "peers" in collection_path.parts and not asked else None


def global_generators() -> tuple[object, ...]:
    """Return the state of Python's and NumPy's global generators in a form that can be compared."""
    name, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 - read, so as to see that nobody wrote it
    return random.getstate(), name, keys.tobytes(), tuple(rest)


@pytest.fixture(autouse=True)
def global_generators_untouched():
    """Fail any test during which a global random generator was drawn from or seeded."""
    before = global_generators()
    yield
    untouched = global_generators() == before  # outside the assertion: pytest would print both states
    assert untouched, "the test, or what it called, used a global random generator"
