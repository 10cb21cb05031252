"""What the two estimators with a network of the user's share: building it, training it, its options."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from glassnet import random
from glassnet.errors import DivergenceError, InputError, UnknownNameError, suggest
from glassnet.estimators import inputs, parameters, tables
from glassnet.estimators.objectives import Objective
from glassnet.estimators.runs import TrainingDivergedError, generator_of
from glassnet.estimators.saving import Saving
from glassnet.model import Model, Sequential
from glassnet.nn import losses
from glassnet.nn.core import Dense
from glassnet.optim.adam import Adam


class BaseNetwork(Saving, BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share: parameters, building, fitting."""

    _goal: Objective
    _max_one_hot: int | None = None  # the user's network takes numbers, so all categories have columns

    def __init__(
        self,
        build: Callable[..., Model] | Model | None = None,
        *,
        epochs: int = 10,
        batch_size: int | str = 32,
        validation_split: float = 0.0,
        shuffle: bool = True,
        random_state: Any = None,
        warm_start: bool = False,
        columns: Any = None,
        missing: str = "error",
        callbacks: Any = None,
        verbose: Any = 0,
        **options: Any,
    ) -> None:
        self.build = build
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.shuffle = shuffle
        self.random_state = random_state
        self.warm_start = warm_start
        self.columns = columns
        self.missing = missing
        self.callbacks = callbacks
        self.verbose = verbose
        for name, value in options.items():
            setattr(self, name, value)

    # scikit-learn reads parameters from the signature of __init__; the network's own come in as **options.
    @classmethod
    def _get_param_names(cls) -> list[str]:
        parameters = inspect.signature(cls.__init__).parameters.values()
        return sorted(p.name for p in parameters if p.name not in ("self", "options"))

    @property
    def _options(self) -> dict[str, Any]:
        """The network's own parameters: attributes that are neither the estimator's nor made by ``fit``."""
        own = self._get_param_names()
        return {k: v for k, v in vars(self).items() if k not in own and k[0] != "_" and k[-1] != "_"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, those of the network included.

        Parameters
        ----------
        deep : bool, default True
            Kept for scikit-learn; there are no nested estimators.

        Returns
        -------
        dict
        """
        return {**{name: getattr(self, name) for name in self._get_param_names()}, **self._options}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; names that are not the estimator's own go to ``build``.

        Parameters
        ----------
        **params
            Name and value.

        Returns
        -------
        self
        """
        for name, value in params.items():
            setattr(self, name, value)
        return self

    # ------------------------------------------------------------------------------------ building
    def _built(self, features: int, outputs: int, dtype: Any) -> Model:
        """A compiled network of the user's, or the default one."""
        if self.build is None:
            if self._options:
                raise self._unknown_option(next(iter(self._options)), ())
            model: Any = self._default(outputs, dtype)
        elif isinstance(self.build, Model):
            model = copy.deepcopy(self.build)
        else:
            self._check_options(self.build)
            model = self.build(inputs=features, outputs=outputs, **self._options)
        if getattr(model, "loss_function", None) is None:
            raise InputError(
                f"build answered {type(model).__name__}; it must answer a compiled model.\n"
                "End it with: model.compile(optimizer, loss); return model."
            )
        if self.random_state is not None:
            _seed(model, int(generator_of(self.random_state).randint(2**31)))
        built: Model = model
        return built

    def _default(self, outputs: int, dtype: Any) -> Sequential:
        model = Sequential([Dense(100, "relu"), Dense(outputs)], dtype=np.dtype(dtype).name)
        model.compile(Adam(0.01), self._default_loss())
        return model

    def _default_loss(self) -> losses.Loss:
        raise NotImplementedError

    def _check_options(self, build: Callable[..., Any]) -> None:
        known = inspect.signature(build).parameters
        if any(p.kind is p.VAR_KEYWORD for p in known.values()):
            return
        for name in self._options:
            if name not in known:
                raise self._unknown_option(name, [n for n in known if n not in ("inputs", "outputs")])

    def _unknown_option(self, name: str, known: Any) -> UnknownNameError:
        everything = [*self._get_param_names(), *known]
        return UnknownNameError(
            f"{type(self).__name__}: unknown parameter {name!r}. {suggest(name, everything)}"
        )

    # ------------------------------------------------------------------------------------ fitting
    def _fit(self, X: Any, y: Any, where: str, given: dict[str, Any], incremental: bool = False) -> Self:
        """Read the data, build the network if it is time for that, train."""
        parameters.check(self)
        first = "model_" not in vars(self) or not (self.warm_start or incremental)
        inputs.read_target(y, type(self).__name__)
        dtype = inputs.computing_type("auto", X, False) if first else self.model_.dtype
        table = tables.read(self, X, where, reset=first, dtype=dtype)
        if not incremental and not tables.is_encoded(self):
            inputs.warn_of_constant_columns(table, X)
        target = self._read_target(y, where, given.get("classes"), first, incremental)
        own = inputs.read_weights(given.get("sample_weight"), where, X=table, y=target)
        if first:
            tables.remember_target(self, y)
            self.model_: Any = self._built(table.shape[1], self._outputs(target), dtype)
            if not self.model_.built:
                self.model_.build((None, table.shape[1]))
            self._goal = self._objective(self.model_)
            self.loss_curve_: list[float] = []
        factors = self._class_factors(target)
        weights = own if factors is None else factors if own is None else own * factors
        self._train(table, target, weights, self._held_out(given), 1 if incremental else int(self.epochs))
        return self

    def _train(self, table: Any, target: Any, weights: Any, validation: Any, epochs: int) -> None:
        size = min(200, len(table)) if self.batch_size == "auto" else int(self.batch_size)
        try:
            self.history_ = self.model_.fit(
                table,
                self._goal.targets(target),
                batch_size=size,
                epochs=epochs,
                verbose="auto" if self.verbose == "bar" else int(self.verbose),
                callbacks=self.callbacks,
                validation_split=self.validation_split,
                validation_data=validation,
                shuffle=bool(self.shuffle),
                sample_weight=weights,
            )
        except DivergenceError as error:
            raise TrainingDivergedError(str(error)) from None
        curve = self.history_.history.get("loss", [])
        self.loss_curve_ += curve
        self.n_iter_ = len(self.history_.epoch)
        if curve:
            self.loss_ = curve[-1]

    def _class_factors(self, target: np.ndarray) -> np.ndarray | None:
        return None

    def _held_out(self, given: dict[str, Any]) -> tuple[Any, ...] | None:
        X, y = given.get("X_val"), given.get("y_val")
        if X is None and y is None:
            return None
        where = "fit()"
        if X is None or y is None:
            raise InputError(f"fit() got {'y_val' if X is None else 'X_val'} alone.\nPass X_val and y_val.")
        table = tables.read(self, X, where, reset=False, dtype=self.model_.dtype, name="X_val")
        target = self._encode(y, "y_val", where)
        weights = given.get("sample_weight_val")
        own = inputs.read_weights(weights, where, "sample_weight_val", X_val=table, y_val=target)
        return (table, self._goal.targets(target), *([] if own is None else [own]))

    def _all_scores(self, X: Any, where: str) -> list[np.ndarray]:
        check_is_fitted(self)
        parts = tables.read_parts(self, X, where, self.model_.dtype)
        return [inputs.joined([self.model_.predict(table) for table in parts])]

    # What subclasses know.
    def _outputs(self, target: np.ndarray) -> int:
        raise NotImplementedError

    def _objective(self, model: Model) -> Objective:
        raise NotImplementedError

    def _read_target(self, y: Any, where: str, classes: Any, first: bool, incremental: bool) -> np.ndarray:
        raise NotImplementedError

    def _encode(self, y: Any, name: str, where: str) -> np.ndarray:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tables.tag(self, tags)
        tags.target_tags.required = True
        return tags


def _seed(model: Any, seed: int) -> None:
    """Give a model another seed; weights that exist already are drawn again."""
    model.seed = seed
    for weight, _ in model.weights() if model.built else ():
        weight.initialize(random.parameter_generator(seed, weight.key), model.dtype)
