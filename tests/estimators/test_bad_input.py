"""Every kind of bad input against every method: the exact message, or that it works.

The kinds are those of the table in the reliability promises: each row names them.
"""

import numpy as np
import pytest
from estimator_data import LABELS, NUMBERS, X, changed
from scipy import sparse

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

METHODS = ("fit", "partial_fit", "predict", "predict_proba", "score")
METHODS_OF = {"MLPClassifier": METHODS, "MLPRegressor": ("fit", "partial_fit", "predict", "score")}
TARGETS = {"MLPClassifier": LABELS, "MLPRegressor": NUMBERS}
SCIKIT_LEARNS_WORDS = (
    "In scikit-learn's words: Solver produced non-finite parameter weights. "
    "The input data may contain large values and need to be preprocessed."
)


def call(name, method, X_bad, y=None, sample_weight=None, first=X, **arguments):
    """Run one method; those that need a fitted estimator get one that was fitted to good data."""
    estimator = getattr(gn, name)(max_iter=2, random_state=0, **arguments)
    good = TARGETS[name]
    y = good[: _rows(X_bad)] if y is None else y
    if method == "partial_fit" and name == "MLPClassifier":
        return estimator.partial_fit(X_bad, y, sample_weight, classes=np.unique(good))
    if method in ("fit", "partial_fit"):
        return getattr(estimator, method)(X_bad, y, sample_weight)
    estimator.fit(first, good)
    if method == "score":
        return estimator.score(X_bad, y, sample_weight)
    return getattr(estimator, method)(X_bad)


def _rows(array):
    shape = np.shape(array) if not sparse.issparse(array) else array.shape
    return shape[0] if shape else 1


# ------------------------------------------------------------------------------------------ X
BAD_X = {
    "NaN": (
        changed(X, (17, 1), np.nan),
        InputError,
        ("X has 1 missing value (NaN), at row 17, column 1.\n{0}() needs finite numbers.\n"
        "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."),
    ),
    "several NaN": (
        changed(X, ([3, 4], [1, 2]), np.nan),
        InputError,
        ("X has 2 missing values (NaN), first at row 3, column 1.\n{0}() needs finite numbers.\n"
        "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."),
    ),
    "infinity": (
        changed(X, (2, 0), -np.inf),
        InputError,
        ("X has 1 infinite value, at row 2, column 0.\n{0}() needs finite numbers.\n"
        "Remove those rows, or clip them (np.clip)."),
    ),
    "NaN in a sparse matrix": (
        sparse.csr_matrix(changed(X, (17, 1), np.nan)),
        InputError,
        ("X has 1 missing value (NaN), at row 17, column 1.\n{0}() needs finite numbers.\n"
        "Remove those rows, or fill them (sklearn.impute.SimpleImputer)."),
    ),
    "too large for float32": (
        changed(X, (5, 2), 1e39),
        InputError,
        "X has 1 value too large for float32, at row 5, column 2: 1e+39.\n" + SCIKIT_LEARNS_WORDS + "\n"
        'Scale the values down, or use dtype="float64".',
    ),
    "text": (
        changed(X, (4, 1), "red", object),
        InputTypeError,
        ("X has text in column 1, first at row 4: 'red'.\n{0}() needs numbers.\n"
        "Encode the column (sklearn.preprocessing.OneHotEncoder or OrdinalEncoder), or leave it out."),
    ),
    "numerals": (
        X.round(1).astype(str).astype(object),
        InputTypeError,
        ("X has text in column 0, first at row 0: '0.1'.\n{0}() needs numbers.\n"
        "These are numbers written as text: pass np.asarray(X, dtype=float)."),
    ),
    "something else": (
        changed(X, (4, 1), {"a": 1}, object),
        InputTypeError,
        ("X has a dict in column 1, first at row 4: {{'a': 1}}.\n"
        "{0}() needs numbers. An argument must be a string or a number.\n"
        "Turn it into numbers, or leave it out."),
    ),
    "dates": (
        np.full((20, 3), "2020-01-01", "M8[D]"),
        InputTypeError,
        ("X has dates (datetime64[D]).\n{0}() needs numbers. An argument must be a string or a number.\n"
        "Turn them into numbers, such as days: X.astype('datetime64[D]').astype(int)."),
    ),
    "complex": (
        X + 1j,
        InputError,
        ("X has complex numbers. Complex data not supported.\n{0}() needs real numbers.\n"
        "Pass the real and the imaginary parts as separate columns."),
    ),
    "one axis": (
        X[:, 0],
        ShapeError,
        ("X has shape (20,); {0}() needs a table, (examples, features).\nReshape your data: X.reshape(-1, 1) "
        "if it is one feature, X.reshape(1, -1) if it is one example."),
    ),
    "three axes": (
        X[None],
        ShapeError,
        ("X has shape (1, 20, 3); {0}() needs a table, (examples, features).\n"
        "Reshape your data: X.reshape(len(X), -1)."),
    ),
    "no rows": (
        X[:0],
        InputError,
        ("X has 0 rows (shape (0, 3)).\n{0}() needs at least one example.\n"
        "Check how the data were read and filtered."),
    ),
    "no columns": (
        X[:, :0],
        InputError,
        ("X has 0 feature(s) (shape=(20, 0)) while a minimum of 1 is required.\n"
        "Check how the columns were chosen."),
    ),
    "ragged": (
        [[1, 2, 3], [1, 2]],
        ShapeError,
        (
            "X is ragged: row 0 has 3 values, row 1 has 2.\n{0}() needs rows of equal shape.\n"
            "Pad them, or cut them."
        ),
    ),
    "a number": (
        3.0,
        ShapeError,
        "X is one number, 3.0.\n{0}() needs an array, a list of rows or a data frame.",
    ),
    "None": (
        None,
        InputTypeError,
        "X is None.\n{0}() needs an array, a list of rows or a data frame.",
    ),
    "a file's name": (
        "a.csv",
        InputTypeError,
        ("X is a str: 'a.csv'.\n{0}() needs an array, a list of rows or a data frame.\n"
        "Read it or convert it first."),
    ),
}  # fmt: skip


# What the last line says in fit, where another argument would have been a remedy.
REMEDIES_IN_FIT = {
    "NaN": (
        "Remove those rows, fill them (sklearn.impute.SimpleImputer), "
        'or pass columns="auto", missing="median".'
    ),
    "text": 'Pass columns="auto", encode the column (sklearn.preprocessing.OneHotEncoder), or leave it out.',
}
REMEDIES_IN_FIT["several NaN"] = REMEDIES_IN_FIT["NaN"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", BAD_X)
@pytest.mark.parametrize("name", METHODS_OF)
def test_bad_x(name, kind, method):
    if method not in METHODS_OF[name]:
        return
    bad, error, message = BAD_X[kind]
    if kind in REMEDIES_IN_FIT and method in ("fit", "partial_fit"):
        message = f"{message.rpartition(chr(10))[0]}\n{REMEDIES_IN_FIT[kind]}"
    with pytest.raises(error) as caught:
        call(name, method, bad, TARGETS[name] if kind == "ragged" else None)
    assert str(caught.value) == message.format(method)
    assert isinstance(caught.value, GlassnetError)
    assert isinstance(caught.value, TypeError if error is InputTypeError else ValueError)


@pytest.mark.parametrize("method", ("predict", "predict_proba", "score"))
def test_another_count_of_columns(method):
    with pytest.raises(InputError) as caught:
        call("MLPClassifier", method, X[:, :2])
    assert str(caught.value) == "X has 2 features, but MLPClassifier is expecting 3 features as input."


def test_another_count_of_columns_in_partial_fit():
    classifier = call("MLPClassifier", "partial_fit", X)
    with pytest.raises(InputError) as caught:
        classifier.partial_fit(X[:, :2], LABELS)
    assert str(caught.value) == "X has 2 features, but MLPClassifier is expecting 3 features as input."


class Frame:
    """A data frame as scikit-learn and NumPy see one, so that the tests need no package for them."""

    def __init__(self, values, columns):
        self.values, self.columns, self.shape = np.asarray(values), list(columns), np.shape(values)
        self.dtypes = [self.values.dtype] * self.shape[1]

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)

    def __len__(self):
        return len(self.values)


def test_missing_values_name_the_column_of_a_frame():
    with pytest.raises(InputError, match=r"^X has 1 missing value \(NaN\), at row 17, column 'size'\.\n"):
        call("MLPClassifier", "fit", Frame(changed(X, (17, 1), np.nan), ["age", "size", "cost"]))


@pytest.mark.parametrize("method", ("fit", "predict", "predict_proba", "score"))
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ["years", "size", "cost"],
            (
                "The feature names should match those that were passed during fit.\n"
                "Feature names unseen at fit time:\n- years\n"
                "Feature names seen at fit time, yet now missing:\n- age\n"
            ),
        ),
        (
            ["size", "age", "cost"],
            (
                "The feature names should match those that were passed during fit.\n"
                "Feature names must be in the same order as they were in fit.\n"
            ),
        ),
    ],
)
def test_other_names_of_columns(columns, message, method):
    pandas = pytest.importorskip("pandas")
    good, bad = (pandas.DataFrame(X, columns=names) for names in (["age", "size", "cost"], columns))
    if method == "fit":  # which starts anew, except for a warm start
        assert call("MLPClassifier", "fit", bad).feature_names_in_.tolist() == columns
        return
    with pytest.raises(InputError) as caught:
        call("MLPClassifier", method, bad, LABELS, first=good)
    assert str(caught.value) == message


# ------------------------------------------------------------------------------------------ y and weights
LENGTHS = "need the same number of rows: one per example.\nCheck that they were split and filtered together."
ONE_WEIGHT = "{0}() needs one weight, 0 or more, for each of 20 examples"
BAD_Y = {  # kind: (y for the classifier, y for the regressor, weights, error, message)
    "NaN in y": (
        changed(LABELS, 3, np.nan, float), changed(NUMBERS, 3, np.nan), None, InputError,
        "y has 1 missing value (NaN), at row 3.\n{0}() needs finite numbers.\nRemove those rows.",
    ),
    "infinity in y": (
        changed(LABELS, 3, np.inf, float), changed(NUMBERS, 3, np.inf), None, InputError,
        "y has 1 infinite value, at row 3.\n{0}() needs finite numbers.\nRemove those rows.",
    ),
    "lengths of X and y": (
        LABELS[:15], NUMBERS[:15], None, InputError, "X has 20 rows and y has 15.\nX and y " + LENGTHS,
    ),
    "length of the weights": (
        LABELS, NUMBERS, np.ones(15), InputError,
        "X has 20 rows, y has 20 and sample_weight has 15.\nX, y and sample_weight " + LENGTHS,
    ),
    "a negative weight": (
        LABELS, NUMBERS, changed(np.ones(20), 4, -1.0), InputError,
        "sample_weight has 1 value below 0, at row 4: -1.0.\n" + ONE_WEIGHT
        + ".\nUse 0 to leave an example out.",
    ),
    "only zero weights": (
        LABELS, NUMBERS, np.zeros(20), InputError,
        "sample_weight is zero for every example.\n{0}() needs at least one positive weight.",
    ),
    "a NaN weight": (
        LABELS, NUMBERS, changed(np.ones(20), 4, np.nan), InputError,
        "sample_weight has 1 missing value (NaN), at row 4.\n{0}() needs finite numbers.\nRemove those rows.",
    ),
    "weights of two axes": (
        LABELS, NUMBERS, np.ones((20, 2)), ShapeError,
        "sample_weight has shape (20, 2).\n" + ONE_WEIGHT + ": shape (20,).",
    ),
    "y is a number": (
        3, 3, None, ShapeError, "y is one number, 3.\n{0}() needs an array, a list of rows or a data frame.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("method", ("fit", "partial_fit", "score"))
@pytest.mark.parametrize("kind", BAD_Y)
@pytest.mark.parametrize("name", METHODS_OF)
def test_bad_y_and_weights(name, kind, method):
    labels, numbers, weights, error, message = BAD_Y[kind]
    with pytest.raises(error) as caught:
        call(name, method, X, labels if name == "MLPClassifier" else numbers, weights)
    assert str(caught.value) == message.format(method)
    assert isinstance(caught.value, GlassnetError)


NO_TARGET = "{} requires y to be passed, but the target y is None."


@pytest.mark.parametrize("method", ("fit", "partial_fit", "score"))
@pytest.mark.parametrize("name", METHODS_OF)
def test_no_target(name, method):
    estimator = call(name, "partial_fit", X)
    with pytest.raises(InputError) as caught:
        getattr(estimator, method)(X, None)
    assert str(caught.value) == NO_TARGET.format(name)


@pytest.mark.parametrize("method", ("fit", "partial_fit"))
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            NUMBERS,
            (
                "Unknown label type: y is continuous, with a fraction first at row 0: 0.1257302210933933.\n"
                "MLPClassifier needs classes.\n"
                "To predict a quantity use a regressor; to make classes of it, bin it (np.digitize)."
            ),
        ),
        (
            changed(LABELS, 7, None, object),
            "y has 1 missing value, at row 7.\n{0}() needs a label for every example.",
        ),
        (
            np.array(["a", 1] * 10, object),
            (
                "y mixes labels of several types: int, str.\nLabels need an order.\n"
                "Make all of them text: y.astype(str)."
            ),
        ),
        (LABELS + 1j, "y has complex numbers. Complex data not supported.\n{0}() needs labels."),
    ],
)
def test_what_is_no_label(y, message, method):
    with pytest.raises(InputError) as caught:
        call("MLPClassifier", method, X, y)
    assert str(caught.value) == message.format(method)


@pytest.mark.parametrize("method", ("fit", "partial_fit", "score"))
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (
            np.array(["red"] * 20, object), InputTypeError,
            ("y has text, first at row 0: 'red'.\n{0}() needs numbers.\n"
            "Encode labels as whole numbers (sklearn.preprocessing.LabelEncoder)."),
        ),
        (
            changed(NUMBERS, 3, 1e300), InputError,
            ("y has 1 value too large for float32, at row 3: 1e+300.\n"
            "{0}() computes in float32, which ends at 3.4e+38.\n"
            'Scale the values down, or use dtype="float64".'),
        ),
    ],
)  # fmt: skip
def test_what_is_no_number(y, error, message, method):
    with pytest.raises(error) as caught:
        call("MLPRegressor", method, X, y)
    assert str(caught.value) == message.format(method)


# ------------------------------------------------------------------------------------------ labels never seen
UNSEEN = {
    "partial_fit": (
        lambda: call("MLPClassifier", "partial_fit", X).partial_fit(X, LABELS + 1),
        (
            "y has 1 label never seen at fit: 2, first at row 1.\n"
            "`y` has classes not in `self.classes_`: partial_fit() knows 0, 1.\n"
            "Pass all labels at the first call: partial_fit(X, y, classes=...), or fit again."
        ),
    ),
    "fit, warm": (
        lambda: call("MLPClassifier", "fit", X, warm_start=True).fit(X, LABELS + 1),
        (
            "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
            "Previously got [0 1], `y` has [1 2]"
        ),
    ),
    "fit, y_val": (
        lambda: gn.MLPClassifier().fit(X, LABELS, X_val=X, y_val=LABELS + 1),
        (
            "y_val has 1 label never seen at fit: 2, first at row 1.\n"
            "`y_val` has classes not in `self.classes_`: fit() knows 0, 1.\n"
            "Validate with examples of the classes that are trained."
        ),
    ),
    "score": (
        lambda: call("MLPClassifier", "score", X, LABELS.astype(str)),
        "y has none of the labels seen at fit: it holds '0', '1'.\nscore() knows 0, 1.",
    ),
}


@pytest.mark.parametrize("kind", UNSEEN)
def test_a_label_never_seen(kind):
    run, message = UNSEEN[kind]
    with pytest.raises(InputError) as caught:
        run()
    assert str(caught.value) == message


def test_a_rare_label_that_the_training_part_lacks_counts_as_wrong():
    classifier = gn.MLPClassifier(solver="lbfgs", random_state=0).fit(X, LABELS)
    assert classifier.score(X, changed(LABELS, 0, 7)) == classifier.score(X, LABELS) - 1 / 20


# ------------------------------------------------------------------------------------------ what works
def memmap(tmp_path):
    X.tofile(tmp_path / "X.bin")
    return np.memmap(tmp_path / "X.bin", X.dtype, "r", shape=X.shape)


ROUND = X.round()
SAME = {
    "whole numbers": (ROUND, lambda path: ROUND.astype(int)),
    "bool": ((X > 0).astype(float), lambda path: X > 0),
    "big-endian": (X, lambda path: X.astype(">f8")),
    "float16": (X.astype(np.float16).astype(float), lambda path: X.astype(np.float16)),
    "Fortran order": (X, lambda path: np.asfortranarray(X)),
    "a read-only memory map": (X, memmap),
    "not contiguous": (X, lambda path: np.repeat(X, 2, axis=1)[:, ::2]),
    "objects": (X, lambda path: X.astype(object)),
    "lists": (X, lambda path: X.tolist()),
    "sparse rows": (X, lambda path: sparse.csr_matrix(X)),
    "sparse columns": (X, lambda path: sparse.csc_array(X)),
    "a frame": (X, lambda path: Frame(X, "abc")),
}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("kind", SAME)
def test_the_same_numbers_in_another_form_give_the_same_results(kind, tmp_path):
    plain, form = SAME[kind]
    other = form(tmp_path)
    before = repr(other)
    one = gn.MLPClassifier(max_iter=5, random_state=0).fit(plain, LABELS)
    two = gn.MLPClassifier(max_iter=5, random_state=0).fit(other, LABELS)
    assert np.array_equal(one.predict_proba(plain), two.predict_proba(other))
    assert one.score(plain, LABELS) == two.score(other, LABELS)
    one.partial_fit(plain, LABELS)
    two.partial_fit(other, LABELS)
    assert np.array_equal(one.coefs_[0], two.coefs_[0])
    assert repr(other) == before


@pytest.mark.parametrize("kind", ["str", "object", "bytes", "bool", "float"])
def test_labels_of_any_kind_come_back(kind):
    labels = {
        "str": np.array(["no", "yes"])[LABELS],
        "object": np.array(["no", "yes"], object)[LABELS],
        "bytes": np.array([b"no", b"yes"])[LABELS],
        "bool": LABELS.astype(bool),
        "float": LABELS * 2.0,
    }[kind]
    classifier = gn.MLPClassifier(max_iter=5, early_stopping=True, random_state=0).fit(X, labels)
    assert classifier.predict(X).dtype == labels.dtype
    assert set(classifier.predict(X).tolist()) <= set(labels.tolist())
    assert classifier.classes_.tolist() == sorted(set(labels.tolist()))


def test_one_sample():
    assert gn.MLPClassifier(max_iter=2).fit(X[:1], LABELS[:1]).predict(X[:2]).tolist() == [0, 0]
    assert gn.MLPRegressor(max_iter=2).fit(X[:1], NUMBERS[:1]).predict(X[:2]).shape == (2,)


def test_a_batch_larger_than_the_data():
    with pytest.warns(UserWarning, match="^Got `batch_size` less than 1 or larger than sample size"):
        large = gn.MLPClassifier(batch_size=1000, max_iter=5, random_state=0).fit(X, LABELS)
    whole = gn.MLPClassifier(max_iter=5, random_state=0).fit(X, LABELS)
    assert np.array_equal(large.coefs_[0], whole.coefs_[0])


def test_a_last_batch_of_one_with_batch_normalization():
    classifier = gn.MLPClassifier(batch_norm=True, batch_size=19, max_iter=3).fit(X, LABELS)
    assert np.isfinite(classifier.predict_proba(X)).all()


def test_one_class():
    classifier = gn.MLPClassifier(max_iter=5).fit(X, np.full(20, "a"))
    assert classifier.predict(X[:2]).tolist() == ["a", "a"]
    assert classifier.predict_proba(X[:2]).tolist() == [[1.0], [1.0]]


def test_a_class_that_a_batch_lacks():
    classifier = gn.MLPClassifier(random_state=0)
    classifier.partial_fit(X, LABELS, classes=[0, 1, 2])
    assert classifier.predict_proba(X).shape == (20, 3)
    classifier.partial_fit(X[:2], [2, 2])
    assert classifier.classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", METHODS_OF)
def test_constant_columns_are_named_once(name):
    constant = np.hstack([X, np.full((20, 2), 3.0)])
    with pytest.warns(UserWarning, match="constant") as caught:
        estimator = getattr(gn, name)(max_iter=2, tol=0, random_state=0).fit(constant, TARGETS[name])
    messages = [str(w.message) for w in caught if "constant" in str(w.message)]
    assert messages == [
        (
            "X has 2 constant columns: 3, 4.\n"
            "A column with a single value says nothing about y; it may be left out."
        )
    ]
    assert np.isfinite(estimator.predict(constant).astype(float)).all()


def test_divergence_keeps_the_last_finite_weights():
    regressor = gn.MLPRegressor(solver="sgd", learning_rate_init=1e6, random_state=0)
    with pytest.raises(ValueError, match=r"^training diverged at step ") as caught:
        regressor.fit(X, NUMBERS)
    assert isinstance(caught.value, gn.errors.DivergenceError)
    assert np.isfinite(regressor.coefs_[0]).all()
