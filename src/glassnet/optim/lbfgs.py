"""L-BFGS: SciPy chooses the steps, the printed program computes loss and gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.registry import non_negative
from glassnet.nn.sizes import whole_number
from glassnet.optim.optimizer import Arrays, Optimizer


class LBFGS(Optimizer):
    """Limited-memory BFGS on all examples at once, with SciPy's line search.

    One epoch of ``fit`` is a run of up to ``max_iter`` iterations over the whole data, whatever the batch
    size; the curvature learned in it is forgotten after it. The epoch's loss is that of the point reached.
    Best with ``dtype="float64"``.

    Parameters
    ----------
    max_iter : int, default 20
        Iterations per epoch.
    max_eval : int, optional
        Evaluations of the loss per epoch; by default 20 times ``max_iter``.
    tolerance_grad : float, default 1e-7
        Stop when no entry of the gradient is larger.
    tolerance_change : float, default 1e-9
        Stop when the loss changes by less, relatively.
    history_size : int, default 10
        Pairs of steps and gradient changes remembered.
    name : str, optional

    References
    ----------
    D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989. The
    arguments are those of PyTorch's ``LBFGS``; the driver is :func:`scipy.optimize.minimize`.

    Examples
    --------
    >>> def value_and_gradient(parameters):
    ...     e = parameters["w"] - 3
    ...     return float((e**2).sum()), {"w": 2 * e}
    >>> LBFGS().minimize(value_and_gradient, {"w": np.zeros(2)})
    {'w': array([3., 3.])}
    """

    full_batch = True
    end: tuple[int, int, str] = (0, 0, "")  # the last run's iterations, SciPy's status (0: fine) and words

    def __init__(
        self,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 10,
        name: str | None = None,
    ) -> None:
        super().__init__(1.0, (), name=name)
        self.max_iter = whole_number(max_iter, "max_iter", "LBFGS")
        self.max_eval = None if max_eval is None else whole_number(max_eval, "max_eval", "LBFGS")
        self.tolerance_grad = non_negative(tolerance_grad, "tolerance_grad", "LBFGS")
        self.tolerance_change = non_negative(tolerance_change, "tolerance_change", "LBFGS")
        self.history_size = whole_number(history_size, "history_size", "LBFGS")

    def minimize(
        self, value_and_gradient: Callable[[dict[str, np.ndarray]], tuple[float, Arrays]], parameters: Arrays
    ) -> dict[str, np.ndarray]:
        """Up to ``max_iter`` iterations on plain arrays.

        Parameters
        ----------
        value_and_gradient : callable
            Takes parameters by key, answers a number and its gradient by key.
        parameters : mapping of str to ndarray
            Where to start.

        Returns
        -------
        dict
            The parameters reached.
        """

        def packed(w: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradients = value_and_gradient(_unpacked(w, parameters))
            return value, _packed({key: gradients[key] for key in parameters})

        return _unpacked(self.minimize_vector(packed, _packed(parameters)), parameters)

    def minimize_vector(
        self, value_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]], w: np.ndarray
    ) -> np.ndarray:
        """The same for one vector of float64."""
        from scipy.optimize import minimize

        options = {
            "maxiter": self.max_iter,
            "maxfun": self.max_eval or 20 * self.max_iter,
            "maxcor": self.history_size,
            "gtol": self.tolerance_grad,
            "ftol": self.tolerance_change,
        }
        result = minimize(value_and_gradient, w, method="L-BFGS-B", jac=True, options=options)
        self.end = int(result.nit), int(result.status), str(result.message)
        found: np.ndarray = result.x
        return found

    def init(self, parameters: Arrays) -> NoReturn:
        self._refuse()

    def update(self, parameters: Arrays, gradients: Arrays, state: Mapping[str, Any]) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise InputError(
            "LBFGS cannot step from one gradient: its line search evaluates the loss at several points.\n"
            "Use model.fit(), or optimizer.minimize(value_and_gradient, parameters) on plain arrays."
        )

    def __repr__(self) -> str:
        return f"LBFGS(max_iter={self.max_iter}, history_size={self.history_size})"


def _packed(arrays: Arrays) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(array, float)) for array in arrays.values()])


def _unpacked(w: np.ndarray, like: Arrays) -> dict[str, np.ndarray]:
    arrays, start = {}, 0
    for key, array in like.items():
        arrays[key] = w[start : start + array.size].reshape(array.shape).astype(array.dtype)
        start += array.size
    return arrays
