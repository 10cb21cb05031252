"""The arguments that the MLP estimators share, described once."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T", bound=type)

ARGUMENTS: dict[str, str] = {
    "hidden_layer_sizes": """\
hidden_layer_sizes : int or sequence of int, default (100,)
    The width of each hidden layer; ``()`` for none.""",
    "activation": """\
activation : str, callable or list of them, default "relu"
    ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, any name of :mod:`glassnet.activations`, or a
    NumPy function of one array; a list has one for each hidden layer.""",
    "solver": """\
solver : {{"lbfgs", "sgd", "adam"}}, name or Optimizer, default "{solver}"
    Or any other of :mod:`glassnet.optimizers`: its name, which gets ``learning_rate_init``, or an object.""",
    "alpha": """\
alpha : float, default 1e-4
    Strength of the L2 penalty ``alpha / 2 * sum(w**2)``, which is divided by the weight of the batch, as in
    scikit-learn.""",
    "batch_size": """\
batch_size : int or "auto", default "auto"
    Examples per step; ``"auto"`` is 200, or all if there are fewer. L-BFGS takes all at once.""",
    "learning_rate": """\
learning_rate : {{"constant", "invscaling", "adaptive"}} or LearningRateSchedule, default "constant"
    The words are for ``solver="sgd"``: the rate stays, falls as ``learning_rate_init / t**power_t``, or falls
    to a fifth each time that ``n_iter_no_change`` epochs bring nothing. A schedule is for any solver.""",
    "learning_rate_init": """\
learning_rate_init : float, default {rate}
    The first learning rate.""",
    "power_t": """\
power_t : float, default 0.5
    The exponent of ``"invscaling"``.""",
    "max_iter": """\
max_iter : int, default {max_iter}
    Epochs at most; for L-BFGS iterations.""",
    "shuffle": """\
shuffle : bool, default True
    A new order of the examples in each epoch.""",
    "random_state": """\
random_state : int, RandomState or None, default None
    Decides the first weights (those of scikit-learn), the order of examples, dropout, what is held out.
    None starts from fresh entropy and leaves NumPy's global generator alone.""",
    "tol": """\
tol : float, default 1e-4
    What counts as an improvement of loss or validation score; for L-BFGS, the gradient that ends it.""",
    "verbose": """\
verbose : bool, int or "bar", default False
    Print a line per epoch, as scikit-learn does, or show a live bar.""",
    "warm_start": """\
warm_start : bool, default False
    ``fit`` goes on from the weights of the last one.""",
    "momentum": """\
momentum : float, default 0.9
    For ``solver="sgd"``.""",
    "nesterovs_momentum": """\
nesterovs_momentum : bool, default True
    For ``solver="sgd"``.""",
    "early_stopping": """\
early_stopping : bool, default False
    Stop when the score on held-out examples no longer improves, and keep the best weights. They are
    ``validation_fraction`` of the training data, or ``X_val``, ``y_val`` of ``fit``.""",
    "validation_fraction": """\
validation_fraction : float, default 0.1
    The share held out for early stopping.""",
    "beta_1": """\
beta_1 : float, default 0.9
    For ``solver="adam"``.""",
    "beta_2": """\
beta_2 : float, default 0.999
    For ``solver="adam"``.""",
    "epsilon": """\
epsilon : float, default 1e-8
    For ``solver="adam"``.""",
    "n_iter_no_change": """\
n_iter_no_change : int or inf, default 10
    Epochs without improvement before training stops.""",
    "max_fun": """\
max_fun : int, default 15000
    Evaluations of the loss at most, for L-BFGS.""",
    "scale_target": """\
scale_target : {{"auto"}} or bool, default "auto"
    Train for y in standard deviations from its mean, which is what losses are reported for, then; predictions
    come in the units of y. ``"auto"``: with ``columns``, where the loss is one of differences.""",
    "dropout": """\
dropout : float or list of float, default 0
    The share of each hidden layer's outputs that training sets to zero; a list has one for each layer.""",
    "batch_norm": """\
batch_norm : bool, default False
    Batch normalization in each hidden layer, before its activation. Each step moves the running statistics
    by a tenth.""",
    "kernel_initializer": """\
kernel_initializer : str or Initializer, default None
    One of :mod:`glassnet.initializers`; biases then start at zero. None is scikit-learn's: Glorot's uniform
    distribution for kernels and biases.""",
    "l1": """\
l1 : float, default 0
    Strength of the L1 penalty ``l1 * sum(abs(w))``, scaled as ``alpha`` is.""",
    "max_norm": """\
max_norm : float, default None
    The largest norm of a hidden unit's incoming weights.""",
    "class_weight": """\
class_weight : dict, "balanced" or None, default None
    Label → weight, multiplied by sample weights; ``"balanced"`` gives each class the same total.""",
    "columns": """\
columns : {{"auto"}}, FrameEncoder or None, default None
    How the columns of a data frame become numbers: ``"auto"`` for :class:`FrameEncoder`, or one with options
    of yours. None takes numbers as they are.""",
    "missing": """\
missing : {{"error", "median", "mean"}}, default "error"
    What ``columns="auto"`` does with missing values: an error, or a fill and an indicator; see
    :class:`FrameEncoder`.""",
    "callbacks": """\
callbacks : list of Callback, default None
    Of :mod:`glassnet.callbacks`. scikit-learn's own go to ``set_callbacks``.""",
    "n_ensemble": """\
n_ensemble : int, default 1
    So many networks are trained from different first weights; their probabilities, or outputs, are averaged.
    ``coefs_``, ``loss_curve_`` and other records are those of the first.""",
    "dtype": """\
dtype : {{"auto", "float32", "float64"}}, default "auto"
    What is computed in. ``"auto"`` is float32, but float64 for L-BFGS and for tables of up to 10,000 numbers,
    unless X is float32. Predictions and coefficients come in X's type.""",
    "backend": """\
backend : str, default "auto"
    What runs the training step; see :meth:`glassnet.Model.compile`.""",
    "threads": """\
threads : int or None, default None
    Threads for matrix products at most, and for compiled loops as many, whose results depend on that number;
    None leaves it to us: one for small networks.""",
    "quantiles": """\
quantiles : sequence of float or None, default None
    Predict these quantiles of y, such as ``(0.05, 0.5, 0.95)``, instead of its mean.""",
}

ATTRIBUTES = """\
model_ : Sequential
    The network: ``model_.source()`` is the program of its training step.
coefs_, intercepts_ : list of ndarray
    Kernels and biases, first layer to last.
loss_ : float
    The loss of the last epoch, penalties included.
loss_curve_ : list of float
    The loss of each epoch.
best_loss_ : float or None
    The lowest of them; None with early stopping.
validation_loss_curve_ : list of float
    The loss on the examples held out, if there are any.
validation_scores_ : list of float or None
    Accuracy or R² on them, epoch by epoch, with early stopping.
best_validation_score_ : float or None
    The highest of them.
n_iter_ : int
    Epochs of the last call; for L-BFGS iterations.
n_layers_ : int
    Input and output count, too.
n_outputs_ : int
out_activation_ : str
    "softmax", "logistic", "exp" or "identity".
t_ : int
    Examples seen in training.
n_features_in_ : int
feature_names_in_ : ndarray of str
    If X had names.
target_name_ : str
    If y was a column of a data frame, with a name.
encoder_ : FrameEncoder
    With ``columns``: what became of them."""


def describe(*names: str, **values: object) -> Callable[[T], T]:
    """A decorator that fills ``{arguments}`` and ``{attributes}`` in a class's docstring.

    Parameters
    ----------
    *names : str
        The arguments to describe, in the constructor's order.
    **values
        Defaults that differ from class to class.
    """

    def fill(cls: T) -> T:
        text = "\n".join(ARGUMENTS[name].format(**values) for name in names)
        indent = "    "
        doc = cls.__doc__ or ""
        doc = doc.replace("{arguments}", textwrap.indent(text, indent).lstrip())
        cls.__doc__ = doc.replace("{attributes}", textwrap.indent(ATTRIBUTES, indent).lstrip())
        return cls

    return fill
