"""Sparse matrices: predicted in parts, and refused where a dense copy would not fit into memory."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

import glassnet as gn
from glassnet.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore")  # short trainings, constant columns

MANY = sparse.random(40_000, 100, 0.01, "csr", random_state=np.random.RandomState(0))


def test_a_sparse_matrix_is_predicted_in_parts():
    labels = MANY[:, 0].toarray()[:, 0] > 0
    for estimator in (
        gn.MLPClassifier(4, max_iter=1, tol=1, random_state=0), gn.NetworkClassifier(epochs=1),
        gn.HiddenFeatures(gn.MLPClassifier(4, max_iter=1, tol=1, random_state=0)),
    ):  # fmt: skip
        estimator.fit(MANY[:500], labels[:500])
        use = estimator.transform if hasattr(estimator, "transform") else estimator.predict_proba
        dense = MANY.toarray()
        tracemalloc.start()
        found = use(MANY)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert np.array_equal(found, use(dense))
        assert np.array_equal(found, use(MANY.tocoo()))
        assert peak < 0.5 * MANY.shape[0] * MANY.shape[1] * 4 + found.nbytes  # two parts of ten


def test_a_bad_entry_far_down_a_sparse_matrix():
    fitted = gn.MLPClassifier(4, max_iter=1, random_state=0).fit(MANY[:500], np.arange(500) % 2)
    bad = MANY.copy()
    bad[5000, 7] = np.nan
    with pytest.raises(InputError) as caught:
        fitted.predict(bad)
    assert str(caught.value).startswith(
        "X has 1 missing value (NaN), at row 5000, column 7.\npredict() needs"
    )


@pytest.mark.parametrize(
    ("method", "remedy"),
    [("fit", "partial_fit() with some rows at a time"), ("partial_fit", "fewer rows at a time")],
)
def test_a_sparse_matrix_that_does_not_fit_into_memory(method, remedy):
    wide = sparse.csr_matrix((1_000_000, 10_000_000), dtype=np.float32)
    with pytest.raises(InputError) as caught:
        getattr(gn.MLPRegressor(), method)(wide, np.zeros(1_000_000))
    assert str(caught.value) == (
        f"X is sparse, 1,000,000 × 10,000,000; {method}() makes it dense: 37,252.9 GiB of memory.\n"
        f"Use {remedy}, or fewer columns (TruncatedSVD, SelectKBest)."
    )
