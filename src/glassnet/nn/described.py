"""Small objects that know how they were made: initializers, regularizers, constraints."""

from __future__ import annotations

import inspect
from typing import Any


class Described:
    """Base of objects that keep their constructor's arguments as attributes of the same names."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, so that ``type(self)(**config)`` makes an equal object.

        Returns
        -------
        dict
        """
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        known = inspect.signature(type(self)).parameters.values()
        values = [(p.name, getattr(self, p.name, p.default), p.default) for p in known]
        changed = [f"{name}={value!r}" for name, value, default in values if value != default]
        return f"{type(self).__name__}({', '.join(changed)})"
