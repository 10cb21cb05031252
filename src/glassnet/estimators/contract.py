"""scikit-learn's decorators with types, and stand-ins for what its older versions lack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.utils import metaestimators

try:
    from sklearn import callback as sklearn_callback
except ImportError:  # before scikit-learn 1.9
    sklearn_callback = None

Method = TypeVar("Method", bound=Callable[..., Any])


class _NoCallbackSupport:
    """Nothing: the installed scikit-learn knows no callbacks."""


CallbackSupport: Any = (
    _NoCallbackSupport if sklearn_callback is None else sklearn_callback.CallbackSupportMixin
)


def with_callbacks(method: Method) -> Method:
    """Close scikit-learn's callbacks after ``fit``, however it ends.

    Parameters
    ----------
    method : callable

    Returns
    -------
    callable
    """
    if sklearn_callback is None:
        return method
    decorated: Method = sklearn_callback.with_callbacks(method)
    return decorated


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """A method that exists only for estimators which pass a check.

    Parameters
    ----------
    check : callable
        Takes the estimator; an AttributeError of its own says why not.

    Returns
    -------
    callable
        The decorator.
    """
    found: Callable[[Method], Method] = metaestimators.available_if(check)
    return found
