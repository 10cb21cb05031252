"""scikit-learn's tests of its MLP, as they are installed, run on our two classes in place of its own."""

from pathlib import Path

import pytest
from sklearn.neural_network import tests as sklearn_tests

from glassnet.estimators import MLPClassifier, MLPRegressor

# What reaches into private attributes of scikit-learn's classes, and why ours have none of the kind.
PRIVATE = {
    "test_gradient": "calls _loss_grad_lbfgs; our gradients are programs, checked in tests/grad",
}

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
FILE = Path(sklearn_tests.__file__).with_name("test_mlp.py")
TEXT = FILE.read_text(encoding="utf-8")

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn's tests ask for the warnings they want


@pytest.fixture
def global_random_seed():
    return 42


def load():
    """The tests of the installed module, with our classes behind the names of theirs."""
    assert TEXT.count(IMPORT) == 1
    namespace = {"__name__": "test_mlp", "MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}
    exec(compile(TEXT.replace(IMPORT, "\n"), str(FILE), "exec"), namespace)
    return {name: value for name, value in namespace.items() if name.startswith("test_")}


TESTS = load()
globals().update({name: test for name, test in TESTS.items() if name not in PRIVATE})


def test_the_list_of_private_tests_is_true():
    assert set(PRIVATE) <= set(TESTS)
    assert len(TESTS) >= 40
    for name in PRIVATE:
        with pytest.raises(AttributeError):
            TESTS[name]()
