"""Optional packages: imported when used, with an error that says how to install them."""

from __future__ import annotations

from typing import Any

from glassnet.errors import GlassnetError
from glassnet.random import same_random_state


def pyplot(where: str) -> Any:
    """Matplotlib's pyplot.

    Parameters
    ----------
    where : str
        What needs it, such as ``"History.plot()"``.

    Raises
    ------
    GlassnetError
        Matplotlib is not installed.
    """
    try:
        with same_random_state():
            from matplotlib import pyplot as plt
    except ImportError as error:
        raise GlassnetError(
            f'{where} needs matplotlib, which is not installed.\nInstall it: pip install "glassnet[plot]"'
        ) from error
    return plt
