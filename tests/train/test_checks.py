"""Bad input: every case has one clear error, and good input of any form gives the same numbers."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions

import numpy as np
import pytest
import scipy.sparse

from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError
from glassnet.train.checks import as_array, as_integers, check_lengths

nan, inf = np.nan, np.inf
VALUES = [[1, 0, 3], [4, 5, 6]]
# The last lines of errors, by what is wrong.
MISSING = "fit() needs finite numbers.\nRemove those rows, or fill them (sklearn.impute.SimpleImputer)."
INFINITE = "fit() needs finite numbers.\nRemove those rows, or clip them (np.clip)."
REMOVE = "fit() needs finite numbers.\nRemove those rows."
TEXT = (
    "fit() needs numbers.\n"
    "Encode the column (sklearn.preprocessing.OneHotEncoder or OrdinalEncoder), or leave it out."
)
LABELS = "fit() needs numbers.\nEncode labels as whole numbers (sklearn.preprocessing.LabelEncoder)."
OBJECT = "fit() needs numbers.\nTurn it into numbers, or leave it out."
LIMIT = 'fit() computes in float32, which ends at 3.4e+38.\nScale the values down, or use dtype="float64".'
DATES = "fit() needs numbers.\nTurn them into numbers, such as days: X.astype('datetime64[D]').astype(int)."
RAGGED = "fit() needs rows of equal shape.\nPad them, or cut them."
NOT_ROWS = "fit() needs an array, a list of rows or a data frame."
UNREAD = "fit() needs an array, a list of rows or a data frame.\nRead it or convert it first."
SPARSE = "fit() needs a dense array.\nPass X.toarray()."
EMPTY = "fit() needs at least one example.\nCheck how the data were read and filtered."


class Frame:
    """What the checks know of a data frame: an array and the names of its columns."""

    def __init__(self, data, columns, names="columns"):
        self.data = data
        setattr(self, names, columns)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.data, dtype)


class NAType:
    """Behaves like pandas.NA."""

    def __float__(self):
        raise TypeError("float() argument must be a string or a real number, not 'NAType'")


class Broken:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("the device is gone\nand more")


def unaligned(values):
    raw = np.zeros(values.nbytes + 1, np.uint8)
    array = raw[1:].view(values.dtype).reshape(values.shape)
    array[...] = values
    assert not array.flags.aligned
    return array


def read_only(values):
    values.flags.writeable = False
    return values


GOOD = {
    "list": VALUES,
    "tuple": tuple(map(tuple, VALUES)),
    "float32": np.array(VALUES, np.float32),
    "float64": np.array(VALUES, np.float64),
    "float16": np.array(VALUES, np.float16),
    "long double": np.array(VALUES, np.longdouble),
    "int8": np.array(VALUES, np.int8),
    "uint64": np.array(VALUES, np.uint64),
    "big-endian float": np.array(VALUES, ">f4"),
    "big-endian int": np.array(VALUES, ">i8"),
    "Fortran order": np.asfortranarray(np.array(VALUES, np.float32)),
    "transposed": np.array(VALUES, np.float32).T.copy().T,
    "strided": np.repeat(np.array(VALUES, np.float32), 2, axis=1)[:, ::2],
    "backward": np.array(VALUES[::-1], np.float32)[::-1],
    "unaligned": unaligned(np.array(VALUES, np.float32)),
    "read-only": read_only(np.array(VALUES, np.float32)),
    "objects": np.array(VALUES, object),
    "mixed objects": np.array(
        [[True, 0.0, 3], [np.float32(4), decimal.Decimal(5), fractions.Fraction(6)]], object
    ),
    "frame": Frame(VALUES, ["a", "b", "c"]),
    "masked, nothing hidden": np.ma.array(VALUES, mask=False),
    "matrix": np.asmatrix(VALUES),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", GOOD)
def test_every_form_of_the_same_numbers_gives_the_same_array(name, dtype):
    expected = np.array(VALUES, dtype)
    if name == "mixed objects":
        expected[0, 0] = 1.0
    array = as_array(GOOD[name], "X", where="fit()", dtype=dtype)
    np.testing.assert_array_equal(array, expected, strict=True)
    assert type(array) is np.ndarray
    assert array.flags.c_contiguous
    assert array.flags.aligned


@pytest.mark.parametrize("name", [name for name, X in GOOD.items() if isinstance(X, np.ndarray)])
def test_the_input_is_not_changed(name):
    before = (GOOD[name].copy(), GOOD[name].dtype, GOOD[name].flags.c_contiguous, GOOD[name].flags.writeable)
    as_array(GOOD[name], "X", where="fit()")
    after = (GOOD[name], GOOD[name].dtype, GOOD[name].flags.c_contiguous, GOOD[name].flags.writeable)
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_a_fitting_array_is_not_copied(tmp_path):
    X = np.array(VALUES, np.float32)
    assert np.shares_memory(as_array(X, "X", where="fit()"), X)
    X.tofile(tmp_path / "X")
    mapped = np.memmap(tmp_path / "X", np.float32, mode="r", shape=X.shape)
    array = as_array(mapped, "X", where="fit()")
    assert np.shares_memory(array, mapped)
    np.testing.assert_array_equal(array, X, strict=True)


def test_booleans_one_dimension_and_many():
    np.testing.assert_array_equal(
        as_array([True, False], "y", where="fit()"), np.float32([1, 0]), strict=True
    )
    assert as_array(np.zeros((2, 3, 4, 5)), "X", where="fit()").shape == (2, 3, 4, 5)


def test_finite_numbers_whose_sum_overflows_are_fine():
    X = np.full((100, 100), 3e38, np.float32)
    assert as_array(X, "X", where="fit()") is not None
    X[0] = -3e38
    np.testing.assert_array_equal(as_array(X, "X", where="fit()"), X, strict=True)


BAD = {
    InputError: [
        ([[1, 2], [nan, 3]], "X has 1 missing value (NaN), at row 1, column 0.", MISSING),
        ([[1, 2], [3, nan], [nan, nan]], "X has 3 missing values (NaN), first at row 1, column 1.", MISSING),
        ([[1, inf], [-inf, 3]], "X has 2 infinite values, first at row 0, column 1.", INFINITE),
        (
            [[1, inf], [nan, nan]],
            "X has 2 missing values (NaN) and 1 infinite value, first at row 0, column 1.",
            MISSING,
        ),
        ([1, nan], "X has 1 missing value (NaN), at row 1.", REMOVE),
        (
            np.where(np.arange(8).reshape(2, 2, 2) > 4, nan, 0),
            "X has 3 missing values (NaN), first at row 1, position (0, 1).",
            MISSING,
        ),
        (np.float32([[inf, 0], [-inf, 0]]), "X has 2 infinite values, first at row 0, column 0.", INFINITE),
        (
            [[1, 2], [3, 1e39]],
            "X has 1 value too large for float32, at row 1, column 1: 1e+39.",
            LIMIT,
        ),
        (
            np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [1, 0]]),
            "X has 1 missing value (NaN), at row 1, column 0.",
            MISSING,
        ),
        ([[1, None]], "X has 1 missing value (NaN), at row 0, column 1.", MISSING),
        (np.array([[1, NAType()]], object), "X has 1 missing value (NaN), at row 0, column 1.", MISSING),
        ([[10**400, -(10**400)]], "X has 2 infinite values, first at row 0, column 0.", INFINITE),
        (
            Frame([[1, 2], [nan, 3]], ["age", "height"]),
            "X has 1 missing value (NaN), at row 1, column 'age'.",
            MISSING,
        ),
        (
            Frame([[1, nan]], ["age", "height"], names="column_names"),
            "X has 1 missing value (NaN), at row 0, column 'height'.",
            MISSING,
        ),
        (Frame([[1, nan]], [10, 20]), "X has 1 missing value (NaN), at row 0, column 20.", MISSING),
        (
            np.array([1j]),
            "Complex data not supported: X is complex128.",
            "fit() needs real numbers.\nPass the real and the imaginary parts as separate columns.",
        ),
        ([], "X has 0 rows (shape (0,)).", EMPTY),
        (np.zeros((0, 4)), "X has 0 rows (shape (0, 4)).", EMPTY),
        (
            np.zeros((3, 0)),
            "X has 0 feature(s) (shape=(3, 0)) while a minimum of 1 is required.",
            "Check how the columns were chosen.",
        ),
    ],
    InputTypeError: [
        (np.ma.array([["a", "b"]], mask=[[1, 0]]), "X has text in column 1, first at row 0: 'b'.", TEXT),
        (
            Frame([[1, "red"], [2, "blue"]], ["age", "color"]),
            "X has text in column 'color', first at row 0: 'red'.",
            TEXT,
        ),
        ([[1.5, "red"], [2.5, "blue"]], "X has text in column 1, first at row 0: 'red'.", TEXT),
        (np.array([["1", 2], ["x", 3]], object), "X has text in column 0, first at row 1: 'x'.", TEXT),
        (["cat", "dog"], "X has text, first at row 0: 'cat'.", LABELS),
        ([b"cat"], "X has text, first at row 0: b'cat'.", LABELS),
        (
            [["1", "2"]],
            "X has text in column 0, first at row 0: '1'.",
            "fit() needs numbers.\nThese are numbers written as text: pass np.asarray(X, dtype=float).",
        ),
        (
            [["x" * 99]],
            "X has text in column 0, first at row 0: 'xxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxx'.",
            TEXT,
        ),
        (np.array([[1, {"a": 2}]], object), "X has a dict in column 1, first at row 0: {'a': 2}.", OBJECT),
        (
            np.array([dt.timedelta(1)], object),
            "X has a timedelta, first at row 0: datetime.timedelta(days=1).",
            OBJECT,
        ),
        (
            np.array([1, np.timedelta64(1, "s")], object),
            "X has a timedelta64, first at row 1: datetime.timedelta(seconds=1).",
            OBJECT,
        ),
        (np.array([1, 1j], object), "X has a complex, first at row 1: 1j.", OBJECT),
        (
            np.array(["2020-01-01"], "M8[ns]"),
            "X has dates (datetime64[ns]).",
            DATES,
        ),
        (
            np.array([5], "m8[s]"),
            "X has durations (timedelta64[s]).",
            "fit() needs numbers.\nTurn them into numbers, such as seconds: X / np.timedelta64(1, 's').",
        ),
        (np.array([(1, 2.0)], "i4,f4"), "X has a tuple, first at row 0: (1, 2.0).", OBJECT),
        (scipy.sparse.csr_matrix(np.eye(3)), "X is a sparse csr_matrix of shape (3, 3).", SPARSE),
        (scipy.sparse.coo_array(np.eye(3)), "X is a sparse coo_array of shape (3, 3).", SPARSE),
        (None, "X is None.", NOT_ROWS),
        ({"a": [1]}, "X is a dict: {'a': [1]}.", UNREAD),
        ("data.csv", "X is a str: 'data.csv'.", UNREAD),
        (Broken(), "X (Broken) cannot be read as an array: the device is gone", NOT_ROWS),
    ],
    ShapeError: [
        ([[1, 2], [3, 4, 5]], "X is ragged: row 0 has 2 values, row 1 has 3.", RAGGED),
        ([[1], 2], "X is ragged.", RAGGED),
        (3.5, "X is one number, 3.5.", NOT_ROWS),
        (np.array(3), "X is one number, 3.", NOT_ROWS),
    ],
}


@pytest.mark.parametrize("kind, X, first, rest", [(kind, *row) for kind, rows in BAD.items() for row in rows])
def test_bad_arrays(kind, X, first, rest):
    with pytest.raises(GlassnetError) as caught:
        as_array(X, "X", where="fit()", dtype=np.float32)
    assert (type(caught.value), str(caught.value)) == (kind, f"{first}\n{rest}")
    assert len(rest.splitlines()) <= 2


def test_large_values_fit_in_float64():
    assert as_array([1e300], "X", where="fit()", dtype=np.float64)[0] == 1e300


@pytest.mark.parametrize(
    "X, options",
    [
        ([0, 1, 2], {}),
        ([0.0, 1.0, 2.0], {"below": 3}),
        (np.array([0, 1, 2], ">i2"), {}),
        (np.array([0, 1, 2], np.float16), {"below": 3}),
        (np.array([0, 1, 2], object), {}),
        (np.array([0, 9, 1, 9, 2, 9])[::2], {"below": 3}),
        (Frame([0, 1, 2], None), {}),
    ],
)
def test_whole_numbers_of_any_form(X, options):
    array = as_integers(X, "y", where="fit()", **options)
    np.testing.assert_array_equal(array, np.array([0, 1, 2], np.int64), strict=True)
    assert array.flags.c_contiguous


def test_whole_numbers_of_other_types():
    np.testing.assert_array_equal(as_integers([True, False], "y", where="fit()"), [1, 0])
    np.testing.assert_array_equal(as_integers([-3, 3], "y", where="fit()"), [-3, 3])
    assert as_integers([3], "y", where="fit()", dtype=np.uint8).dtype == np.uint8


BAD_INTEGERS = [
    (
        [0, 1.5, 2.5],
        {},
        InputError,
        "y has 2 values with a fraction, first at row 1: 1.5.",
        (
            "fit() needs whole numbers here, such as labels.\n"
            "To predict a quantity, use a loss for it, such as squared_error."
        ),
    ),
    ([0, nan], {}, InputError, "y has 1 missing value (NaN), at row 1.", REMOVE),
    (
        [0, 5, -1],
        {"below": 3},
        InputError,
        "y has 2 values outside 0 to 2, first at row 1: 5.",
        "fit() needs whole numbers from 0 to 2.\nNumber them from 0 (sklearn.preprocessing.LabelEncoder).",
    ),
    (
        [0, 7],
        {"below": 5, "remedy": "Embedding needs input_dim=8."},
        InputError,
        "y has 1 value outside 0 to 4, at row 1: 7.",
        "fit() needs whole numbers from 0 to 4.\nEmbedding needs input_dim=8.",
    ),
    (
        [1, 256],
        {"dtype": np.uint8},
        InputError,
        "y has 1 value outside 0 to 255, at row 1: 256.",
        "fit() needs whole numbers from 0 to 255.\nUse smaller numbers.",
    ),
    (
        np.array([2**63], np.uint64),
        {},
        InputError,
        "y has 1 value outside -9223372036854775808 to 9223372036854775807, at row 0: 9223372036854775808.",
        "fit() needs whole numbers from -9223372036854775808 to 9223372036854775807.\nUse smaller numbers.",
    ),
    (
        [1e300],
        {},
        InputError,
        "y has 1 value outside -9007199254740992 to 9007199254740992, at row 0: 1e+300.",
        "fit() needs whole numbers from -9007199254740992 to 9007199254740992.\nUse smaller numbers.",
    ),
    (["a", "b"], {}, InputTypeError, "y has text, first at row 0: 'a'.", LABELS),
    ([], {}, InputError, "y has 0 rows (shape (0,)).", EMPTY),
]


@pytest.mark.parametrize("X, options, kind, first, rest", BAD_INTEGERS)
def test_bad_integers(X, options, kind, first, rest):
    with pytest.raises(GlassnetError) as caught:
        as_integers(X, "y", where="fit()", **options)
    assert (type(caught.value), str(caught.value)) == (kind, f"{first}\n{rest}")


@pytest.mark.parametrize(
    "lengths, found, names",
    [
        ({"X": 100, "y": 99}, "X has 100 rows and y has 99", "X and y"),
        (
            {"X": 1, "y": 2, "sample_weight": 3},
            "X has 1 row, y has 2 and sample_weight has 3",
            "X, y and sample_weight",
        ),
        (
            {"X": 4, "y": None, "sample_weight": 5},
            "X has 4 rows and sample_weight has 5",
            "X and sample_weight",
        ),
    ],
)
def test_lengths_differ(lengths, found, names):
    with pytest.raises(InputError) as caught:
        check_lengths(**{name: n if n is None else np.zeros(n) for name, n in lengths.items()})
    needs = f"{names} need the same number of rows: one per example."
    assert str(caught.value) == f"{found}.\n{needs}\nCheck that they were split and filtered together."


def test_lengths_agree():
    assert check_lengths(X=np.zeros((3, 2)), y=[1, 2, 3], sample_weight=None) is None
    assert check_lengths() is None
