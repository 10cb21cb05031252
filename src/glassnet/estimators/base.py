"""What the MLP estimators share: reading data, training one network or several, scores."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from glassnet.errors import InputError
from glassnet.estimators import inputs, parameters, runs, sklearn_callbacks, tables
from glassnet.estimators.building import dense_layers
from glassnet.estimators.contract import CallbackSupport
from glassnet.estimators.objectives import Objective
from glassnet.estimators.runs import Examples
from glassnet.estimators.saving import Saving
from glassnet.optim.optimizer import Optimizer
from glassnet.train import threads
from glassnet.train.data import Dataset

ROWS = 4096  # computed at a time in a prediction


def is_stochastic(estimator: Any) -> bool:
    """Whether training goes batch by batch, as ``partial_fit`` needs it."""
    if estimator.solver == "lbfgs" or getattr(estimator.solver, "full_batch", False):
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class BaseMLP(Saving, CallbackSupport, BaseEstimator):  # type: ignore[misc]
    """The machinery of the MLP estimators; subclasses know what targets are."""

    _goal: Objective
    _max_one_hot: int | None = 16  # categories of a column; more are embedded in the network
    _metrics: Sequence[Any] = ()  # what ``model_.history`` is to hold beside the loss

    # ------------------------------------------------------------------------------------ fitting
    def _fit(self, X: Any, y: Any, where: str, given: dict[str, Any], incremental: bool = False) -> Self:
        """Read the data and train.

        Parameters
        ----------
        X, y : arrays
        where : str
            ``"fit()"`` or ``"partial_fit()"``.
        given : dict
            ``sample_weight``, ``X_val``, ``y_val``, ``sample_weight_val``, ``classes`` where they apply.
        incremental : bool
            Whether this is one more epoch of ``partial_fit``.
        """
        parameters.check(self)
        if incremental and self.early_stopping:
            raise InputError("partial_fit does not support early_stopping=True")
        first = "model_" not in vars(self) or not (self.warm_start or incremental)
        examples, validation = self._read(X, y, where, given, first, incremental)
        metadata = {name: value for name, value in given.items() if value is not None}
        task = sklearn_callbacks.bridge(self, X, y, metadata) if not incremental else None
        with self._threads():
            self._train_all(examples, validation, first, incremental, task)
        sklearn_callbacks.finish(task)
        return self

    def _read(
        self, X: Any, y: Any, where: str, given: dict[str, Any], first: bool, incremental: bool
    ) -> tuple[Examples, Examples | None]:
        """The training examples, and those to validate with, if given."""
        full_batch = self.solver == "lbfgs" or (isinstance(self.solver, Optimizer) and self.solver.full_batch)
        inputs.read_target(y, type(self).__name__)
        if first:
            dtype = inputs.computing_type(self.dtype, X, full_batch)
            self._float = inputs.float_type(X)
            tables.remember_target(self, y)
        else:
            dtype = self.model_.dtype
        table = tables.read(self, X, where, reset=first, dtype=dtype)
        if not incremental and not tables.is_encoded(self):
            inputs.warn_of_constant_columns(table, X)
        target = self._read_target(y, table, where, given.get("classes"), first, incremental)
        examples = self._examples(table, target, given.get("sample_weight"), where, "sample_weight")
        return examples, self._validation(given, where, dtype)

    def _examples(self, table: Any, target: Any, weights: Any, where: str, name: str) -> Examples:
        names = ("X", "y") if name == "sample_weight" else ("X_val", "y_val")
        own = inputs.read_weights(weights, where, name, **dict(zip(names, (table, target), strict=True)))
        factors = self._class_factors(target) if name == "sample_weight" else None
        combined = own if factors is None else factors if own is None else own * factors
        return Examples(table, target, combined)

    def _class_factors(self, target: np.ndarray) -> np.ndarray | None:
        """The weight of each example by its class; None for regressors."""
        return None

    def _validation(self, given: dict[str, Any], where: str, dtype: Any) -> Examples | None:
        X, y = given.get("X_val"), given.get("y_val")
        if X is None and y is None:
            return None
        if X is None or y is None:
            raise InputError(f"{where} got {'y_val' if X is None else 'X_val'} alone.\nPass X_val and y_val.")
        table = tables.read(self, X, where, reset=False, dtype=dtype, name="X_val")
        target = self._encode(y, "y_val", where)
        return self._examples(table, target, given.get("sample_weight_val"), where, "sample_weight_val")

    def _read_target(
        self, y: Any, table: np.ndarray, where: str, classes: Any, first: bool, incremental: bool
    ) -> np.ndarray:
        raise NotImplementedError

    def _encode(self, y: Any, name: str, where: str) -> np.ndarray:
        raise NotImplementedError

    def _train_all(
        self, examples: Examples, validation: Examples | None, first: bool, incremental: bool, task: Any
    ) -> None:
        """Train this estimator's network, then those of the other members."""
        seeds = runs.generator_of(self.random_state)
        given = self.__dict__.pop("_given", {})
        if first:
            self.estimators_: list[Self] = []
        runs.train(self, examples, validation, first, incremental, seeds, task, given)
        if first:
            self.estimators_ = [self._member() for _ in range(int(self.n_ensemble) - 1)]
        for member in self.estimators_:
            own = np.random.RandomState(seeds.randint(2**31))
            runs.train(member, examples, validation, first, incremental, own, None, {})

    def _member(self) -> Self:
        """A copy of this estimator, for a network of its own."""
        member = copy.copy(self)
        member.n_ensemble, member.verbose, member.callbacks = 1, False, None
        member.estimators_ = []
        del member.model_
        return member

    @contextlib.contextmanager
    def _threads(self) -> Iterator[None]:
        """At most ``threads`` threads for matrix products, if it is given."""
        if self.threads is None:
            yield
            return
        with threads.at_most(int(self.threads)):
            yield

    # ------------------------------------------------------------------------------------ scores
    def _all_scores(self, X: Any, where: str) -> list[np.ndarray]:
        """The outputs of each network."""
        if "model_" not in vars(self):  # scikit-learn's own look takes as long as a row's prediction
            check_is_fitted(self)
        members: list[Any] = [self, *self.estimators_]
        with self._threads():
            found = [
                [member.model_._predicted(Dataset((table,)), ROWS) for member in members]
                for table in tables.read_parts(self, X, where, self.model_.dtype)
            ]
        return [inputs.joined(parts) for parts in zip(*found, strict=True)]

    # ------------------------------------------------------------------------------------ weights
    @property
    def coefs_(self) -> list[np.ndarray]:
        """The kernels, first layer to last; setting them changes what the estimator predicts."""
        return self._shown("kernel")

    @coefs_.setter
    def coefs_(self, values: Any) -> None:
        self._set("kernel", values)

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases, first layer to last; setting them changes what the estimator predicts."""
        return self._shown("bias")

    @intercepts_.setter
    def intercepts_(self, values: Any) -> None:
        self._set("bias", values)

    def _shown(self, name: str) -> list[np.ndarray]:
        if "model_" in vars(self):
            return [self._as_seen(getattr(layer, name).value) for layer in dense_layers(self.model_)]
        if name in vars(self).get("_given", {}):
            found: list[np.ndarray] = self._given[name]
            return found
        shown = {"kernel": "coefs_", "bias": "intercepts_"}[name]
        raise AttributeError(f"{type(self).__name__} has no {shown} before fit().")

    def _as_seen(self, value: np.ndarray) -> np.ndarray:
        """The array itself, or a copy in X's type that cannot be written to, because nobody would see it."""
        if value.dtype == self._float:
            return value
        shown = value.astype(self._float)
        shown.flags.writeable = False
        return shown

    def _set(self, name: str, values: Any) -> None:
        if "model_" not in vars(self):  # before the first fit: where training is to start
            self._given = {**vars(self).get("_given", {}), name: values}
            return
        layers = dense_layers(self.model_)
        keys = [getattr(layer, name).key for layer in layers]
        if len(values) != len(keys):
            raise InputError(f"{len(keys)} layers need {len(keys)} arrays; got {len(values)}.")
        self.model_.set_parameters(dict(zip(keys, values, strict=True)))

    @property
    def _optimizer(self) -> Any:
        return self.model_.optimizer

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tables.tag(self, tags)
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags
