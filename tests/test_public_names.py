"""The exported names, written out, and a docstring with a summary for each of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import FunctionType, ModuleType

import pytest

import glassnet

# One sorted list per public module, as in its __all__. A change here is a change of the public interface:
# it belongs in CHANGELOG.md.
PUBLIC = {
    "glassnet": [
        "Array", "Chunks", "Ensemble", "FrameEncoder", "Graph", "HiddenFeatures", "History", "Input", "Layer",
        "LinearClassifier", "MLPClassifier", "MLPRegressor", "Model", "NetworkClassifier",
        "NetworkRegressor", "Sequential", "activations", "callbacks", "check_gradients", "composite",
        "constraints", "datasets", "diagnose", "errors", "export", "grad", "initializers",
        "layer_statistics",
        "layers", "load", "losses", "metrics", "one_hot", "optimizers", "pick", "plot_decision_regions",
        "plot_templates", "regularizers", "sanity_checks", "schedules", "search_ladder", "source",
        "stop_gradient", "templates", "trace", "value_and_grad",
    ],
    "glassnet.activations": [
        "celu", "elu", "erf", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid",
        "hard_silu", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu",
        "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign",
        "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh", "tanh_shrink", "threshold",
    ],
    "glassnet.callbacks": [
        "CSVLogger", "Callback", "EarlyStopping", "LambdaCallback", "LearningRateScheduler",
        "MLflowLogger", "ParameterAverage", "ProgressBar", "ReduceLROnPlateau", "TensorBoard",
    ],
    "glassnet.constraints": [
        "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get",
    ],
    "glassnet.datasets": [
        "Dataset", "Images", "cifar10", "load", "mnist", "names", "spiral", "tutorial",
    ],
    "glassnet.errors": [
        "DataFileError", "DivergenceError", "DivergenceWarning", "GlassnetError", "InputError",
        "InputTypeError", "ModelFileError", "NotBuiltError", "ShapeError", "TraceError",
        "UnknownNameError",
    ],
    "glassnet.export": ["register_skl2onnx", "to_c", "to_numpy", "to_onnx", "to_pytorch"],
    "glassnet.initializers": [
        "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer",
        "InverseSqrt", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal",
        "RandomUniform", "Sparse", "TruncatedNormal", "VarianceScaling", "Zeros", "get",
    ],
    "glassnet.layers": [
        "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "BatchNormalization",
        "BiasTrick", "ColumnEmbedding", "Concatenate", "Dense", "Dot", "DropConnect", "Dropout", "ELU",
        "Embedding", "Flatten", "GaussianDropout", "GaussianNoise", "GroupNormalization", "Layer",
        "LayerNormalization", "LeakyReLU", "Maximum", "Maxout", "MeanSubtraction", "MinMaxScaling",
        "Minimum", "Multiply", "Normalization", "PCA", "PReLU", "Permute", "RMSNormalization", "ReLU",
        "RepeatVector", "Rescaling", "Reshape", "Softmax", "Subtract", "UnitNormalization",
        "VanillaDropout", "Whitening", "covariance",
    ],
    "glassnet.losses": [
        "AbsoluteError", "BinaryCrossEntropy", "BinaryCrossentropy", "BinaryFocalCrossentropy",
        "BinaryHinge", "Bins", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
        "CategoricalGeneralizedCrossEntropy", "CategoricalHinge", "CosineSimilarity", "Focal", "Gamma",
        "GaussianNLL", "HierarchicalSoftmax", "Hinge", "Huber", "KLDivergence", "L1Regression",
        "L2Regression", "LogCosh", "Loss", "MeanAbsoluteError", "MeanAbsolutePercentageError",
        "MeanSquaredError", "MeanSquaredLogarithmicError", "MulticlassHinge", "Ordinal", "Poisson",
        "Quantile", "SoftmaxCrossEntropy", "SparseCategoricalCrossentropy", "SquaredError",
        "SquaredHinge", "SumOfSquares", "Tree", "Tweedie", "absolute_error", "binary_cross_entropy",
        "binary_crossentropy", "binary_focal_crossentropy", "binary_hinge", "categorical_crossentropy",
        "categorical_focal_crossentropy", "categorical_generalized_cross_entropy", "categorical_hinge",
        "cosine_similarity", "entropy", "focal", "gamma", "gaussian_nll", "get", "hierarchical_softmax",
        "hinge", "huber", "kl_divergence", "l1_regression", "l2_regression", "log_cosh",
        "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
        "mean_squared_logarithmic_error", "multiclass_hinge", "ordinal", "poisson", "quantile",
        "softmax_cross_entropy", "sparse_categorical_crossentropy", "squared_error", "squared_hinge",
        "sum_of_squares", "tweedie",
    ],
    "glassnet.metrics": [
        "Accuracy", "BinaryAccuracy", "Metric", "Scorer", "TopKAccuracy", "accuracy", "binary_accuracy",
        "cosine_similarity", "get", "mean_absolute_error", "mean_squared_error", "top_k_accuracy",
    ],
    "glassnet.optimizers": [
        "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "Lion", "Nadam", "Optimizer",
        "RMSprop", "SGD", "get",
    ],
    "glassnet.regularizers": [
        "HalfL2", "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "get",
    ],
    "glassnet.schedules": [
        "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
        "LearningRateSchedule", "OneCycle", "PiecewiseConstantDecay", "PolynomialDecay", "StepDecay",
    ],
}  # fmt: skip

METHODS = (FunctionType, classmethod, staticmethod, property)


def summary(text: str | None) -> str:
    """Return the first line of a docstring if it is one that a person wrote as a summary, else ''."""
    first = (text or "").strip().partition("\n")[0].strip()
    return first if first.endswith((".", "?", "!")) else ""


def methods(cls: type) -> Iterator[tuple[str, str | None]]:
    """Yield the public methods and properties that glassnet gives ``cls``, with their nearest docstring."""
    ours = [vars(base) for base in cls.__mro__ if base.__module__.startswith("glassnet")]
    for name in sorted({name for members in ours for name in members if not name.startswith("_")}):
        versions = [members[name] for members in ours if name in members]
        if isinstance(versions[0], METHODS):
            yield name, next((version.__doc__ for version in versions if version.__doc__), None)


def undocumented(module: ModuleType) -> list[str]:
    """List the exported names of a module, and the methods of its classes, that lack a summary."""
    values = [(name, getattr(module, name)) for name in module.__all__ if name != "__version__"]
    missing = [name for name, value in values if not summary(value.__doc__)]
    classes = [(name, value) for name, value in values if isinstance(value, type)]
    return missing + [f"{name}.{m}" for name, cls in classes for m, text in methods(cls) if not summary(text)]


@pytest.mark.parametrize("name", PUBLIC)
def test_exported_names(name):
    assert sorted(importlib.import_module(name).__all__) == PUBLIC[name]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_documented(name):
    assert undocumented(importlib.import_module(name)) == []


def test_table_names_every_public_module():
    modules = [name for name in glassnet.__all__ if isinstance(getattr(glassnet, name), ModuleType)]
    assert sorted(["glassnet", *(f"glassnet.{name}" for name in modules)]) == sorted(PUBLIC)


def test_undocumented_sees_what_is_missing():
    module = ModuleType("glassnet.sample")
    text = '''
class Base:
    """A base."""
    def known(self): "Known."
    def missing(self): pass
    def _hidden(self): pass
class Derived(Base):
    def known(self): pass
class Plain(Base):
    "no summary line"
def good():
    """Return
    something."""
def fine(): "Do it."
'''
    exec(text, vars(module))
    module.__all__ = ["Base", "Derived", "Plain", "good", "fine"]
    assert undocumented(module) == [
        "Derived", "Plain", "good", "Base.missing", "Derived.missing", "Plain.missing",
    ]  # fmt: skip
